import { GetMetricDataCommand, paginateGetMetricData } from '@aws-sdk/client-cloudwatch';
import type { GetMetricDataCommandInput, MetricStat } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { aws, DAY, HOUR, MINUTE, refusal } from './clients.ts';
import { at, put, queryOf, read } from './metrics.ts';
import { long } from '../../support/long.ts';

describe('GetMetricData', () => {
  test('tells metrics apart by dimensions, whatever their order', async () => {
    const clients = await aws();
    const [a, b] = [
      { Name: 'Key', Value: 'prod' },
      { Name: 'Model', Value: 'x' },
    ];
    await put(clients, { MetricName: 'Tokens', Value: 1, Dimensions: [a, b] }, { MetricName: 'Tokens', Value: 2, Dimensions: [b, a] });
    await put(clients, { MetricName: 'Tokens', Value: 7, Dimensions: [a] }, { MetricName: 'Tokens', Value: 9 });
    const { MetricDataResults: results } = await clients.metrics.send(
      new GetMetricDataCommand({
        StartTime: at(clients, HOUR),
        EndTime: at(clients, -HOUR),
        MetricDataQueries: [[b, a], [a], []].map((Dimensions, index) => queryOf(`q${index}`, 'Tokens', { Metric: { Dimensions } })),
      }),
    );
    expect(results?.map((result) => [result.Id, result.Values])).toEqual([
      ['q0', [3]],
      ['q1', [7]],
      ['q2', [9]],
    ]);
    expect(clients.aws.inspect.metrics.cost()).toEqual({ metricsAskedFor: 3, puts: 2 });
  });

  test('a metric in two units is two series', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 1, Unit: 'Count' }, { MetricName: 'Tokens', Value: 2, Unit: 'Bytes' });
    const of = async (Unit: 'Count' | 'Bytes' | 'None') =>
      (await read(clients, { more: { MetricDataQueries: [queryOf('q', 'Tokens', { Unit })] } })).values;
    expect([await of('Count'), await of('Bytes'), await of('None')]).toEqual([[1], [2], []]);
  });

  test('a start before the life of its points answers with nothing, newer points included', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 4 });
    expect((await read(clients, { agoMs: 15 * DAY })).values).toEqual([4]);
    expect((await read(clients, { agoMs: 15 * DAY + MINUTE })).values).toEqual([]);
  });

  test.each([
    ['result-internal-error', 'InternalError', []],
    ['result-partial', 'PartialData', [2]],
    ['result-forbidden', 'Forbidden', []],
  ] as const)('a call that succeeds can end its last result with %s', async (fault, status, values) => {
    const clients = await aws();
    for (const minutes of [2, 1]) await put(clients, { MetricName: 'Tokens', Value: minutes, Timestamp: at(clients, minutes * MINUTE) });
    clients.aws.intercept.inject({ operation: 'GetMetricData', fault });
    expect(await read(clients)).toMatchObject({ status, values });
    expect(await read(clients)).toMatchObject({ status: 'Complete' });
  });

  test('the start is part of the answer, the end is not', async () => {
    const clients = await aws();
    for (const minutes of [10, 5, 0])
      await put(clients, { MetricName: 'Tokens', Value: minutes, Timestamp: at(clients, minutes * MINUTE) });
    const more = { StartTime: at(clients, 10 * MINUTE - 30_000), EndTime: at(clients, 0) };
    expect((await read(clients, { more })).values).toEqual([10, 5]);
  });

  test('newest first is the default, and pages go on where they stopped', async () => {
    const clients = await aws();
    for (let minute = 0; minute < 7; minute += 1) {
      await put(
        clients,
        { MetricName: 'A', Value: minute, Timestamp: at(clients, minute * MINUTE) },
        { MetricName: 'B', Value: 10 + minute, Timestamp: at(clients, minute * MINUTE) },
      );
    }
    const pages: (readonly [string | undefined, string | undefined, number[] | undefined])[][] = [];
    const ask = {
      StartTime: at(clients, HOUR),
      EndTime: at(clients, -HOUR),
      MaxDatapoints: 5,
      MetricDataQueries: ['A', 'B'].map((name) => queryOf(name.toLowerCase(), name)),
    };
    for await (const page of paginateGetMetricData({ client: clients.metrics }, ask)) {
      pages.push((page.MetricDataResults ?? []).map((result) => [result.Id, result.StatusCode, result.Values] as const));
    }
    expect(pages).toEqual([
      [['a', 'PartialData', [0, 1, 2, 3, 4]]],
      [
        ['a', 'Complete', [5, 6]],
        ['b', 'PartialData', [10, 11, 12]],
      ],
      [['b', 'Complete', [13, 14, 15, 16]]],
    ]);
  });

  test('a stale read has not seen the last put yet', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 1 });
    await put(clients, { MetricName: 'Tokens', Value: 10 });
    clients.aws.intercept.inject({ operation: 'GetMetricData', fault: 'stale' });
    expect((await read(clients)).values).toEqual([1]);
    expect((await read(clients)).values).toEqual([11]);
  });

  test('two weeks of three series come in one answer', long, async () => {
    const clients = await aws();
    const minutes = 14 * 24 * 60;
    for (let from = 0; from < minutes; from += 500) {
      const span = Array.from({ length: Math.min(500, minutes - from) }, (_, index) => from + index);
      for (const name of ['A', 'B', 'C'])
        await put(clients, ...span.map((m) => ({ MetricName: name, Value: m, Timestamp: at(clients, m * MINUTE) })));
    }
    const { MetricDataResults: results, NextToken: next } = await clients.metrics.send(
      new GetMetricDataCommand({
        StartTime: at(clients, minutes * MINUTE),
        EndTime: at(clients, -MINUTE),
        MetricDataQueries: ['A', 'B', 'C'].map((name) => queryOf(name.toLowerCase(), name)),
      }),
    );
    expect(next).toBeUndefined();
    expect(results?.map((result) => [result.Values?.length, result.Values?.[0], result.Values?.at(-1)])).toEqual(
      [1, 2, 3].map(() => [minutes, 0, minutes - 1]),
    );
  });

  test.each<[string, Partial<GetMetricDataCommandInput>, string]>([
    ['an end before the start', { StartTime: new Date(1000), EndTime: new Date(0) }, 'StartTime must be less than'],
    ['no query', { MetricDataQueries: [] }, 'between 1 and 500'],
    ['the same id twice', { MetricDataQueries: [queryOf('a', 'T'), queryOf('a', 'T')] }, 'must be unique'],
    ['an id in capitals', { MetricDataQueries: [queryOf('A', 'T')] }, 'not matching the expected pattern'],
    ['too many points', { MaxDatapoints: 100_801 }, 'MaxDatapoints must be between'],
  ])('refuses %s', async (_what, more, expected) => {
    const clients = await aws();
    expect(await refusal(read(clients, { more }))).toContain(expected);
  });

  const asking = (more: Partial<MetricStat>): Partial<GetMetricDataCommandInput> => ({ MetricDataQueries: [queryOf('a', 'T', more)] });
  test.each<[string, Partial<GetMetricDataCommandInput>, string]>([
    ['an expression', { MetricDataQueries: [{ Id: 'a', Expression: 'SUM(METRICS())' }] }, 'GetMetricData a: Expression'],
    ['ReturnData', { MetricDataQueries: [{ ...queryOf('a', 'T'), ReturnData: true }] }, 'GetMetricData a: ReturnData'],
    ['a period of five minutes', asking({ Period: 300 }), 'GetMetricData a: a period of 300 s'],
    ['a percentile', asking({ Stat: 'p99' }), 'GetMetricData a: the statistic p99'],
    ['a query that names no unit', asking({ Unit: undefined }), 'GetMetricData a: a query that names no unit'],
    ['LabelOptions', { LabelOptions: {} }, 'cloudwatch:GetMetricData: LabelOptions'],
  ])('does not offer %s', async (_what, more, expected) => {
    const clients = await aws();
    const answer = await refusal(read(clients, { more }));
    expect(answer).toContain('LocalAwsNotOffered');
    expect(answer).toContain(expected);
  });
});
