import type { GetMetricDataCommandOutput, MetricDataResult } from '@aws-sdk/client-cloudwatch';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { dimensionNames, metricNamespace } from '../../../../contract/metrics.ts';
import { metricSink, shownUsage } from '../../../../lambda/adapters/aws/metrics.ts';
import { Unavailable } from '../../../../lambda/foundation/errors.ts';
import type { Datum } from '../../../../lambda/usage/ports.ts';
import { aws, DAY, HOUR, MINUTE } from '../../../local/aws/clients.ts';

const now = Date.parse('2026-11-20T10:30:00Z');
const datum = (minute: number, value: number): Datum => ({ subject: 'production', metric: 'inputTokens', minute, value });
const outputs = (minute: number, value: number): Datum => ({ ...datum(minute, value), metric: 'outputTokens' });

async function aWatch() {
  const clients = await aws();
  const { metrics, clock } = clients;
  return { ...clients, sink: metricSink(metrics, metrics, 'keyguard'), series: shownUsage(metrics, 'keyguard', clock) };
}

describe('a result that failed in an answer that did not', () => {
  test.each([
    ['result-internal-error', Unavailable, 'InternalError'],
    ['result-partial', Unavailable, 'PartialData'],
    ['result-forbidden', Error, 'Forbidden'],
  ] as const)('%s is no silence', async (fault, kind, named) => {
    const { aws: server, sink, series } = await aWatch();
    await sink.put([datum(now - 2 * MINUTE, 5), outputs(now - 2 * MINUTE, 7), outputs(now - MINUTE, 7)]);
    server.intercept.inject({ operation: 'GetMetricData', fault, times: 2 });
    for (const snapshot of [sink.sampleCounts('production', now - HOUR, now), series.read('production', now - HOUR, now)]) {
      const error: unknown = await snapshot.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(kind);
      expect(String(error)).toContain(named);
    }
    expect((await series.read('production', now - HOUR, now)).map(({ at }) => at)).toEqual([now - 2 * MINUTE, now - MINUTE]);
  });
});

test('what was taken away is shown as it is', async () => {
  const { sink, series } = await aWatch();
  await sink.put([outputs(now - 2 * MINUTE, 7), outputs(now - 2 * MINUTE, -9)]);
  expect(await series.read('production', now - HOUR, now)).toEqual([{ at: now - 2 * MINUTE, values: [-2, null] }]);
});

test('what somebody else sends under our name in another unit is not read', async () => {
  const { metrics, sink, series } = await aWatch();
  const Dimensions = [
    { Name: dimensionNames.installation, Value: 'keyguard' },
    { Name: dimensionNames.managedKey, Value: 'production' },
  ];
  const forged = ['InputTokens', 'OutputTokens'].map((MetricName) => ({
    MetricName,
    Dimensions,
    Unit: 'Bytes' as const,
    Value: 1e6,
    Timestamp: new Date(now - 3 * MINUTE),
  }));
  await metrics.send(new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: forged }));
  await sink.put([datum(now - 2 * MINUTE, 5), outputs(now - 2 * MINUTE, 7)]);
  expect(await sink.sampleCounts('production', now - HOUR, now)).toEqual(new Map([[now - 2 * MINUTE, 1]]));
  expect((await series.read('production', now - HOUR, now)).map(({ at }) => at)).toEqual([now - 2 * MINUTE]);
});

test('a detector that was away for more than 15 days reads what there still is', async () => {
  const { sink, series } = await aWatch();
  await sink.put([outputs(now - 13 * DAY, 3), outputs(now - MINUTE, 7)]);
  expect((await series.read('production', now - 40 * DAY, now)).map(({ at }) => at)).toEqual([now - 13 * DAY, now - MINUTE]);
  expect(await series.read('production', now - 40 * DAY, now - 20 * DAY)).toEqual([]);
});

describe('pages', () => {
  const scripted = (pages: readonly Partial<GetMetricDataCommandOutput>[]) => {
    let calls = 0;
    const send = async (): Promise<unknown> => pages[Math.min(calls++, pages.length - 1)];
    const client = Object.assign(new CloudWatchClient({ region: 'us-east-1' }), { send });
    return metricSink(client, client, 'keyguard').sampleCounts('production', 0, now);
  };
  const result = (StatusCode: MetricDataResult['StatusCode'], ...minutes: number[]): MetricDataResult => ({
    Id: 'samples',
    ...(StatusCode === undefined ? {} : { StatusCode }),
    Timestamps: minutes.map((minute) => new Date(minute)),
    Values: minutes.map(() => 1),
  });

  test('are read to their end, in whatever order', async () => {
    const counts = await scripted([
      { MetricDataResults: [result('PartialData', 120_000)], NextToken: 'a' },
      { MetricDataResults: [], NextToken: 'b' },
      { MetricDataResults: [result('Complete', 60_000)] },
    ]);
    expect([...counts]).toEqual([
      [120_000, 1],
      [60_000, 1],
    ]);
  });

  test.each<[string, readonly Partial<GetMetricDataCommandOutput>[]]>([
    ['repeat a token', [{ MetricDataResults: [result('PartialData', 0)], NextToken: 'a' }]],
    ['end in the middle', [{ MetricDataResults: [result('PartialData', 0)], NextToken: 'a' }, { MetricDataResults: [] }]],
    ['leave the query out', [{ MetricDataResults: [] }]],
    ['hold no results at all', [{}]],
    ['say nothing of how it ended', [{ MetricDataResults: [result(undefined, 0)] }]],
    [
      'fail on the second page',
      [{ MetricDataResults: [result('PartialData', 0)], NextToken: 'a' }, { MetricDataResults: [result('InternalError')] }],
    ],
    [
      'fail on the first of two',
      [{ MetricDataResults: [result('InternalError')], NextToken: 'a' }, { MetricDataResults: [result('Complete', 0)] }],
    ],
  ])('that %s are no answer', async (_what, pages) => {
    await expect(scripted(pages)).rejects.toBeInstanceOf(Unavailable);
  });
});
