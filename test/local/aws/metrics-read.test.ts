import { GetMetricDataCommand, GetMetricStatisticsCommand, ListMetricsCommand, paginateGetMetricData } from '@aws-sdk/client-cloudwatch';
import type { GetMetricDataCommandInput, GetMetricStatisticsCommandInput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, test } from 'vitest';
import { aws, DAY, HOUR, MINUTE, refusal } from './clients.ts';
import type { Clients } from './clients.ts';
import { at, put, read } from './metrics.ts';

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
        MetricDataQueries: [[b, a], [a], []].map((Dimensions, index) => ({
          Id: `q${index}`,
          MetricStat: { Metric: { Namespace: 'Guard', MetricName: 'Tokens', Dimensions }, Period: 60, Stat: 'Sum' },
        })),
      }),
    );
    expect(results?.map((result) => [result.Id, result.Values])).toEqual([
      ['q0', [3]],
      ['q1', [7]],
      ['q2', [9]],
    ]);
    expect(clients.aws.inspect.metrics.cost()).toEqual({ metricsAskedFor: 3, puts: 2 });
  });

  test('over two units answers one of them and says so; a unit that is named answers alone', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 1, Unit: 'Count' }, { MetricName: 'Tokens', Value: 2 });
    const of = async (Unit?: 'Count' | 'None') => {
      const MetricStat = { Metric: { Namespace: 'Guard', MetricName: 'Tokens' }, Period: 60, Stat: 'Sum', ...(Unit && { Unit }) };
      const { MetricDataResults: results } = await clients.metrics.send(
        new GetMetricDataCommand({
          StartTime: at(clients, HOUR),
          EndTime: at(clients, -MINUTE),
          MetricDataQueries: [{ Id: 'q', MetricStat }],
        }),
      );
      return [results?.[0]?.Values, results?.[0]?.Messages?.map(({ Code }) => Code)];
    };
    const [values, messages] = await of();
    expect([[1], [2]]).toContainEqual(values);
    expect(messages).toEqual(['MultipleUnits']);
    expect(await of('Count')).toEqual([[1], undefined]);
    expect(await of('None')).toEqual([[2], undefined]);
  });

  test('a start before the life of its points answers with nothing, newer points included', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 4 });
    const seen = async (period: number, agoMs: number) => (await read(clients, { period, agoMs })).values;
    expect(await seen(60, 15 * DAY)).toEqual([4]);
    expect(await seen(60, 15 * DAY + MINUTE)).toEqual([]);
    expect(await seen(300, 15 * DAY + MINUTE)).toEqual([4]);
    expect(await seen(300, 63 * DAY + MINUTE)).toEqual([]);
    expect(await seen(3600, 63 * DAY + MINUTE)).toEqual([4]);
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

  test('periods count from the rounded start', async () => {
    const clients = await aws();
    for (let minute = 0; minute < 10; minute += 1)
      await put(clients, { MetricName: 'Tokens', Value: 1, Timestamp: at(clients, (10 - minute) * MINUTE) });
    // From 10:20:00: five and five.
    expect(await read(clients, { period: 300, agoMs: 10 * MINUTE - 20_000 })).toEqual({
      times: ['2026-11-20T10:20', '2026-11-20T10:25'],
      values: [5, 5],
      status: 'Complete',
    });
  });

  test('one-minute points live 15 days, five-minute points 63, hours 455', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 4 });
    const count = async (period: number, ageDays: number) => (await read(clients, { period, agoMs: (ageDays + 1) * DAY })).values?.length;
    const ages: [number, (number | undefined)[]][] = [];
    let age = 0;
    for (const next of [14, 16, 62, 64, 454, 456]) {
      clients.clock.advance((next - age) * DAY);
      age = next;
      ages.push([age, [await count(60, age), await count(300, age), await count(3600, age)]]);
    }
    expect(ages).toEqual([
      [14, [1, 1, 1]],
      [16, [0, 1, 1]],
      [62, [0, 1, 1]],
      [64, [0, 0, 1]],
      [454, [0, 0, 1]],
      [456, [0, 0, 0]],
    ]);
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
      MetricDataQueries: ['A', 'B'].map((MetricName) => ({
        Id: MetricName.toLowerCase(),
        MetricStat: { Metric: { Namespace: 'Guard', MetricName }, Period: 60, Stat: 'Sum' },
      })),
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

  test('percentiles are read off the values that were sent, and a set with a spread hides them', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Values: [1, 2, 3, 4], Counts: [10, 10, 10, 10] });
    await put(clients, { MetricName: 'Tokens', Value: 100, Timestamp: at(clients, MINUTE) });
    const said = async (stat: string) => (await read(clients, { stat, period: 6 * 3600 })).values;
    expect(await said('p50')).toEqual([3]);
    expect(await said('p100')).toEqual([100]);
    await put(clients, { MetricName: 'Tokens', StatisticValues: { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 } });
    expect(await said('p50')).toEqual([]);
    expect(await said('Sum')).toEqual([203]);
  });

  test('a period over several minutes adds them up, and one hidden minute hides its percentiles', async () => {
    const clients = await aws();
    const said = async (stat: string) => (await read(clients, { stat, period: 6 * 3600 })).values;
    for (const [ago, value] of [
      [9, 5],
      [8, 1],
      [7, 9],
      [6, 4],
    ] as const) {
      await put(clients, { MetricName: 'Tokens', Value: value, Timestamp: at(clients, ago * MINUTE) });
    }
    expect([await said('Minimum'), await said('Maximum'), await said('Average')]).toEqual([[1], [9], [19 / 4]]);
    expect(await said('p50')).toEqual([4]);
    await put(clients, {
      MetricName: 'Tokens',
      StatisticValues: { SampleCount: 2, Sum: 3, Minimum: 1, Maximum: 2 },
      Timestamp: at(clients, 8 * MINUTE),
    });
    expect(await said('p50')).toEqual([]);
  });

  test('a stale read has not seen the last put yet', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 1 });
    await put(clients, { MetricName: 'Tokens', Value: 10 });
    clients.aws.intercept.inject({ operation: 'GetMetricData', fault: 'stale' });
    expect((await read(clients)).values).toEqual([1]);
    expect((await read(clients)).values).toEqual([11]);
  });

  test('two weeks of three series come in one answer', async () => {
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
        MetricDataQueries: ['A', 'B', 'C'].map((MetricName) => ({
          Id: MetricName.toLowerCase(),
          MetricStat: { Metric: { Namespace: 'Guard', MetricName }, Period: 60, Stat: 'Sum' },
        })),
      }),
    );
    expect(next).toBeUndefined();
    expect(results?.map((result) => [result.Values?.length, result.Values?.[0], result.Values?.at(-1)])).toEqual(
      [1, 2, 3].map(() => [minutes, 0, minutes - 1]),
    );
  });

  const stat = { Metric: { Namespace: 'Guard', MetricName: 'T' }, Period: 60, Stat: 'Sum' };
  test.each<[string, Partial<GetMetricDataCommandInput>, string]>([
    ['an end before the start', { StartTime: new Date(1000), EndTime: new Date(0) }, 'StartTime must be less than'],
    ['no query', { MetricDataQueries: [] }, 'between 1 and 500'],
    [
      'the same id twice',
      {
        MetricDataQueries: [
          { Id: 'a', MetricStat: stat },
          { Id: 'a', MetricStat: stat },
        ],
      },
      'must be unique',
    ],
    ['an id in capitals', { MetricDataQueries: [{ Id: 'A', MetricStat: stat }] }, 'not matching the expected pattern'],
    ['an expression', { MetricDataQueries: [{ Id: 'a', Expression: 'SUM(METRICS())' }] }, 'is an expression'],
    ['a period of 90 s', { MetricDataQueries: [{ Id: 'a', MetricStat: { ...stat, Period: 90 } }] }, 'must be a multiple of 60'],
    ['an unknown statistic', { MetricDataQueries: [{ Id: 'a', MetricStat: { ...stat, Stat: 'Median' } }] }, 'Median for parameter Stat'],
    ['too many points', { MaxDatapoints: 100_801 }, 'MaxDatapoints must be between'],
  ])('refuses %s', async (_what, more, expected) => {
    const clients = await aws();
    expect(await refusal(read(clients, { more }))).toContain(expected);
  });
});

describe('GetMetricStatistics and ListMetrics', () => {
  const statistics = (clients: Clients, more: Partial<GetMetricStatisticsCommandInput> = {}) =>
    clients.metrics.send(
      new GetMetricStatisticsCommand({
        Namespace: 'Guard',
        MetricName: 'Tokens',
        StartTime: at(clients, HOUR),
        EndTime: at(clients, -HOUR),
        Period: 60,
        Statistics: ['Sum', 'Maximum'],
        ...more,
      }),
    );

  test('points come with the statistics asked for, in no order to rely on', async () => {
    const clients = await aws();
    for (const minutes of [3, 2, 1])
      await put(clients, { MetricName: 'Tokens', Values: [minutes, 10], Timestamp: at(clients, minutes * MINUTE) });
    const { Datapoints: points = [] } = await statistics(clients, { ExtendedStatistics: ['p1'] });
    expect(points.map((point) => point.Sum).sort()).toEqual([11, 12, 13]);
    expect(points.map((point) => point.Sum)).not.toEqual([13, 12, 11]);
    expect(points.every((point) => point.Maximum === 10 && point.Average === undefined)).toBe(true);
    expect(points.map((point) => point.ExtendedStatistics?.['p1']).sort()).toEqual([1, 2, 3]);
  });

  test('more than 1,440 points are refused', async () => {
    const clients = await aws();
    expect(await refusal(statistics(clients, { StartTime: at(clients, 23 * HOUR + MINUTE) }))).toContain(
      'You have requested up to 1441 datapoints, which exceeds the limit of 1440.',
    );
  });

  test('metrics are listed by name and dimension until two weeks after their last datum', async () => {
    const clients = await aws();
    await put(clients, { MetricName: 'Tokens', Value: 1, Dimensions: [{ Name: 'Key', Value: 'prod' }] }, { MetricName: 'Cost', Value: 1 });
    const list = async (more: ConstructorParameters<typeof ListMetricsCommand>[0] = {}) =>
      (await clients.metrics.send(new ListMetricsCommand({ Namespace: 'Guard', ...more }))).Metrics?.map((metric) => metric.MetricName);
    expect(await list()).toEqual(['Tokens', 'Cost']);
    expect(await list({ Dimensions: [{ Name: 'Key' }] })).toEqual(['Tokens']);
    expect(await list({ Dimensions: [{ Name: 'Key', Value: 'test' }] })).toEqual([]);
    expect(await list({ MetricName: 'Cost' })).toEqual(['Cost']);
    clients.clock.advance(4 * HOUR);
    expect(await list({ RecentlyActive: 'PT3H' })).toEqual([]);
    clients.clock.advance(14 * DAY);
    expect(await list()).toEqual([]);
  });
});
