import { PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { MetricDatum } from '@aws-sdk/client-cloudwatch';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aws, DAY, HOUR, refusal } from './clients.ts';
import type { Clients } from './clients.ts';
import { at, put, read } from './metrics.ts';

describe('PutMetricData', () => {
  test('adds up whatever it is sent, the same put twice included', async () => {
    const clients = await aws();
    for (let times = 0; times < 2; times += 1) {
      await put(clients, { MetricName: 'Tokens', Value: 5 }, { MetricName: 'Tokens', Values: [1, 3], Counts: [2, 4] });
      await put(clients, { MetricName: 'Tokens', StatisticValues: { SampleCount: 3, Sum: 60, Minimum: 10, Maximum: 30 } });
    }
    const said = async (stat: string) => (await read(clients, { stat })).values;
    expect(await said('Sum')).toEqual([2 * (5 + 2 + 12 + 60)]);
    expect(await said('SampleCount')).toEqual([2 * (1 + 6 + 3)]);
    expect(await said('Average')).toEqual([158 / 20]);
    expect(await said('Minimum')).toEqual([1]);
    expect(await said('Maximum')).toEqual([30]);
    expect(clients.aws.inspect.metrics.metrics()).toEqual([
      { namespace: 'Guard', name: 'Tokens', dimensions: [], minutes: [{ at: clients.clock.now(), sum: 158, count: 20, min: 1, max: 30 }] },
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
    [
      'more than 150 values',
      () => [{ MetricName: 'T', Values: Array.from({ length: 151 }, () => 1) }],
      'Values must have between 1 and 150 members',
    ],
    ['values and counts that do not match', () => [{ MetricName: 'T', Values: [1, 2], Counts: [1] }], 'must be of the same size'],
    ['two kinds of value', () => [{ MetricName: 'T', Value: 1, Values: [1] }], 'mutually exclusive'],
    ['no value', () => [{ MetricName: 'T' }], 'mutually exclusive'],
    ['a value that is no number', () => [{ MetricName: 'T', Value: Number.NaN }], 'is invalid'],
    [
      'more than 30 dimensions',
      () => [{ MetricName: 'T', Value: 1, Dimensions: Array.from({ length: 31 }, (_, i) => ({ Name: `d${i}`, Value: 'v' })) }],
      'must not have a size greater than 30',
    ],
    [
      'a set with no samples',
      () => [{ MetricName: 'T', StatisticValues: { SampleCount: 0, Sum: 0, Minimum: 0, Maximum: 0 } }],
      'must be greater than 0',
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

test('any way of splitting the same values over puts gives the same statistics', async () => {
  const clients = await aws();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 }),
      async (groups) => {
        const MetricName = `Property${(round += 1)}`;
        for (const Values of groups) await put(clients, Values.length === 1 ? { MetricName, Value: Values[0] } : { MetricName, Values });
        const all = groups.flat();
        const said = async (stat: string) => (await read(clients, { stat, name: MetricName })).values?.[0];
        expect(await said('Sum')).toBe(all.reduce((sum, value) => sum + value, 0));
        expect(await said('SampleCount')).toBe(all.length);
        expect([await said('Minimum'), await said('Maximum')]).toEqual([Math.min(...all), Math.max(...all)]);
        const sorted = [...all].sort((a, b) => a - b);
        expect(await said('p50')).toBe(sorted[Math.ceil(all.length / 2) - 1]);
      },
    ),
    { numRuns: 40 },
  );
});
