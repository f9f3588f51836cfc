import type { Checked } from '../service.ts';
import type {
  Datapoint,
  GetMetricDataInput,
  GetMetricDataOutput,
  GetMetricStatisticsInput,
  GetMetricStatisticsOutput,
  MetricDataQuery,
  MetricDataResult,
  StatusCode,
} from '@aws-sdk/client-cloudwatch';
import type { ResultFault } from '../intercept.ts';
import { AwsError } from '../service.ts';
import type { Call } from '../service.ts';
import { metricName } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import type { Buckets } from './series.ts';
import { checkPeriod, readBuckets, statistic } from './statistics.ts';

const MOST_DATAPOINTS = 100_800;

const FAULTS: Readonly<Partial<Record<ResultFault, StatusCode>>> = {
  'internal-error': 'InternalError',
  partial: 'PartialData',
  forbidden: 'Forbidden',
};

/** GetMetricData over MetricStat queries, page by page. */
export function getMetricData(metrics: Metrics, input: Checked<GetMetricDataInput>, call: Call): GetMetricDataOutput {
  const output = readPages(metrics, input, call);
  const status = call.resultFault === undefined ? undefined : FAULTS[call.resultFault];
  if (status === undefined) return output;
  const { MetricDataResults: results = [] } = output;
  const last = results.at(-1);
  const { Timestamps: times = [], Values: values = [] } = last ?? {};
  const kept = call.resultFault === 'partial' ? Math.ceil(times.length / 2) : 0;
  const failed = { ...last, Timestamps: times.slice(0, kept), Values: values.slice(0, kept), StatusCode: status };
  return { MetricDataResults: [...results.slice(0, -1), failed] };
}

function readPages(metrics: Metrics, input: Checked<GetMetricDataInput>, call: Call): GetMetricDataOutput {
  const queries = input.MetricDataQueries;
  if (queries.length === 0 || queries.length > 500) {
    throw new AwsError('ValidationError', 'The parameter MetricDataQueries must have between 1 and 500 members.');
  }
  const [startMs, endMs] = [input.StartTime.getTime(), input.EndTime.getTime()];
  if (startMs >= endMs) throw new AwsError('ValidationError', 'The parameter StartTime must be less than the parameter EndTime.');
  const room = input.MaxDatapoints ?? MOST_DATAPOINTS;
  if (room < 1 || room > MOST_DATAPOINTS) {
    throw new AwsError('ValidationError', `The parameter MaxDatapoints must be between 1 and ${MOST_DATAPOINTS}.`);
  }
  checkIds(queries);
  const token = readToken(input.NextToken);
  const results: MetricDataResult[] = [];
  let left = room;
  for (let index = token.query; index < queries.length; index += 1) {
    const query = queries[index];
    if (query === undefined || query.ReturnData === false) continue;
    const { times, values, units } = answer(metrics, query, { startMs, endMs }, input.ScanBy !== 'TimestampAscending', call);
    const from = index === token.query ? token.offset : 0;
    const to = Math.min(times.length, from + left);
    left -= to - from;
    const complete = to === times.length;
    results.push({
      Id: query.Id,
      Label: query.Label ?? query.MetricStat?.Metric.MetricName ?? query.Id,
      Timestamps: times.slice(from, to).map((time) => new Date(time)),
      Values: values.slice(from, to),
      StatusCode: complete ? 'Complete' : 'PartialData',
      ...(units > 1 ? { Messages: [{ Code: 'MultipleUnits', Value: `${units} units were found, and one of them is returned` }] } : {}),
    });
    if (!complete) return { MetricDataResults: results, NextToken: writeToken(index, to) };
    if (left === 0 && index + 1 < queries.length) return { MetricDataResults: results, NextToken: writeToken(index + 1, 0) };
  }
  return { MetricDataResults: results };
}

/** How many metrics a call asks for: the bill counts these, however many points come back. */
export function metricsAskedFor(input: Checked<GetMetricDataInput>): number {
  return input.MetricDataQueries.filter((query) => query.MetricStat !== undefined).length;
}

function answer(
  metrics: Metrics,
  query: Checked<MetricDataQuery>,
  range: { readonly startMs: number; readonly endMs: number },
  newestFirst: boolean,
  call: Call,
): { readonly times: number[]; readonly values: number[]; readonly units: number } {
  const stat = query.MetricStat;
  if (stat === undefined || query.Expression !== undefined) {
    throw new AwsError('ValidationError', `The local AWS answers MetricStat queries only; ${query.Id} is an expression`);
  }
  const { Namespace: namespace = '', MetricName: name = '', Dimensions: dimensions } = stat.Metric;
  checkPeriod(stat.Period);
  const { needsValues, of } = statistic(stat.Stat);
  const found = metrics.series(metricName(namespace, name, dimensions), stat.Unit, call.stale);
  // Of several units one is answered, and AWS does not say which.
  const { startMs, buckets } = readBuckets(found.slice(0, 1), { periodSeconds: stat.Period, nowMs: call.now, ...range }, needsValues);
  const times: number[] = [];
  const values: number[] = [];
  const { count } = buckets;
  const last = count.length - 1;
  for (let step = 0; step <= last; step += 1) {
    const index = newestFirst ? last - step : step;
    const value = count[index] === 0 ? undefined : of(buckets, index);
    if (value === undefined) continue;
    times.push(startMs + index * stat.Period * 1000);
    values.push(value);
  }
  return { times, values, units: found.length };
}

/** GetMetricStatistics: at most 1,440 points, in no particular order. */
export function getMetricStatistics(metrics: Metrics, input: Checked<GetMetricStatisticsInput>, call: Call): GetMetricStatisticsOutput {
  const [startMs, endMs] = [input.StartTime.getTime(), input.EndTime.getTime()];
  if (startMs >= endMs)
    throw new AwsError('InvalidParameterValueException', 'The parameter StartTime must be less than the parameter EndTime.');
  checkPeriod(input.Period);
  const most = (endMs - startMs) / (input.Period * 1000);
  if (most > 1440) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      `You have requested up to ${Math.ceil(most)} datapoints, which exceeds the limit of 1440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
  const [names, extended] = [input.Statistics ?? [], input.ExtendedStatistics ?? []];
  if (names.length + extended.length === 0) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      'At least one of the parameters Statistics and ExtendedStatistics must be specified.',
    );
  }
  const series = metrics.series(metricName(input.Namespace, input.MetricName, input.Dimensions), input.Unit, call.stale);
  const reading = { periodSeconds: input.Period, startMs, endMs, nowMs: call.now };
  const read = readBuckets(series, reading, extended.length > 0);
  const points: Datapoint[] = [];
  read.buckets.count.forEach((count, index) => {
    if (count === 0) return;
    const Timestamp = new Date(read.startMs + index * input.Period * 1000);
    points.push({ Timestamp, Unit: input.Unit ?? 'None', ...pointOf(read.buckets, index, names, extended) });
  });
  // AWS promises no order: odd ones first, so that nobody comes to rely on one.
  return { Label: input.MetricName, Datapoints: [...points.filter((_, i) => i % 2 === 1), ...points.filter((_, i) => i % 2 === 0)] };
}

function pointOf(buckets: Buckets, index: number, names: readonly string[], extended: readonly string[]): Partial<Datapoint> {
  const entries = (list: readonly string[]): [string, number][] =>
    list.flatMap((name) => {
      const value = statistic(name).of(buckets, index);
      return value === undefined ? [] : [[name, value]];
    });
  return {
    ...Object.fromEntries(entries(names)),
    ...(extended.length === 0 ? {} : { ExtendedStatistics: Object.fromEntries(entries(extended)) }),
  };
}

function checkIds(queries: readonly { readonly Id: string }[]): void {
  const ids = queries.map((query) => query.Id);
  const bad = ids.find((id) => !/^[a-z][A-Za-z0-9_]{0,254}$/.test(id));
  if (bad !== undefined)
    throw new AwsError(
      'ValidationError',
      `The value ${bad} for parameter MetricDataQueries.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
    );
  if (new Set(ids).size !== ids.length)
    throw new AwsError('ValidationError', 'The values for parameter Id in MetricDataQueries must be unique.');
}

function writeToken(query: number, offset: number): string {
  return Buffer.from(`${query}.${offset}`).toString('base64url');
}

function readToken(token: string | undefined): { readonly query: number; readonly offset: number } {
  if (token === undefined) return { query: 0, offset: 0 };
  const [query, offset] = Buffer.from(token, 'base64url').toString('utf8').split('.').map(Number);
  if (!Number.isInteger(query) || !Number.isInteger(offset))
    throw new AwsError('InvalidNextToken', 'The parameter NextToken is not valid.');
  return { query: query ?? 0, offset: offset ?? 0 };
}
