import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { MetricDatum } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { aws, DAY, HOUR, refusal } from './clients.ts';
import type { Clients } from './clients.ts';
import { at, put, read } from './metrics.ts';

describe('PutMetricData', () => {
  test('adds up whatever it is sent, the same put twice included', async () => {
    const clients = await aws();
    for (let times = 0; times < 2; times += 1) await put(clients, { MetricName: 'Tokens', Value: 5 }, { MetricName: 'Tokens', Value: 7.5 });
    expect((await read(clients, { stat: 'Sum' })).values).toEqual([25]);
    expect((await read(clients, { stat: 'SampleCount' })).values).toEqual([4]);
    expect(clients.aws.inspect.metrics.metrics()).toEqual([
      { namespace: 'Guard', name: 'Tokens', dimensions: [], minutes: [{ at: clients.clock.now(), sum: 25, count: 4 }] },
    ]);
  });

  test('a compressed body arrives as well as a plain one', async () => {
    const clients = await aws();
    await put(clients, ...Array.from({ length: 1000 }, () => ({ MetricName: 'Tokens', Value: 1, Timestamp: at(clients, 0) })));
    expect((await read(clients, { stat: 'SampleCount' })).values).toEqual([1000]);
  });

  test('a datum belongs to the minute of its timestamp', async () => {
    const clients = await aws();
    for (const seconds of [0, 59, 60]) {
      await put(clients, { MetricName: 'Tokens', Value: 1, Timestamp: new Date(Date.parse('2026-11-20T10:00:00Z') + seconds * 1000) });
    }
    expect(await read(clients)).toEqual({ times: ['2026-11-20T10:00', '2026-11-20T10:01'], values: [2, 1], status: 'Complete' });
  });

  test.each<[string, (clients: Clients) => MetricDatum[], string]>([
    [
      'older than two weeks',
      (c) => [{ MetricName: 'T', Value: 1, Timestamp: at(c, 14 * DAY + 1000) }],
      'no more than two weeks in the past',
    ],
    [
      'more than two hours ahead',
      (c) => [{ MetricName: 'T', Value: 1, Timestamp: at(c, -2 * HOUR - 1000) }],
      'no more than two hours in the future',
    ],
    [
      'more than 1,000 at once',
      () => Array.from({ length: 1001 }, () => ({ MetricName: 'T', Value: 1 })),
      'MetricData must not have a size greater than 1000',
    ],
    ['values in a list', () => [{ MetricName: 'T', Values: [1] }], 'does not offer cloudwatch:PutMetricData MetricData.member.2: Values'],
    [
      'a set of statistics',
      () => [{ MetricName: 'T', StatisticValues: { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 } }],
      'member.2: StatisticValues',
    ],
    ['a resolution of seconds', () => [{ MetricName: 'T', Value: 1, StorageResolution: 1 }], 'member.2: StorageResolution'],
    ['no value', () => [{ MetricName: 'T' }], 'mutually exclusive'],
    ['a value that is no number', () => [{ MetricName: 'T', Value: Number.NaN }], 'is invalid'],
    [
      'more than 30 dimensions',
      () => [{ MetricName: 'T', Value: 1, Dimensions: Array.from({ length: 31 }, (_, i) => ({ Name: `d${i}`, Value: 'v' })) }],
      'must not have a size greater than 30',
    ],
  ])('refuses %s, and with it the whole call', async (_what, data, expected) => {
    const clients = await aws();
    expect(await refusal(put(clients, { MetricName: 'Good', Value: 1 }, ...data(clients)))).toContain(expected);
    expect(clients.aws.inspect.metrics.metrics()).toEqual([]);
  });

  test("refuses AWS's own namespaces, by the error's old name too", async () => {
    const clients = await aws();
    const call = clients.metrics.send(new PutMetricDataCommand({ Namespace: 'AWS/Lambda', MetricData: [{ MetricName: 'T', Value: 1 }] }));
    await expect(call).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'The value AWS/ for parameter Namespace is invalid.',
      Error: { Code: 'InvalidParameterValue', Type: 'Sender' },
      $metadata: { httpStatusCode: 400 },
    });
  });
});
