import type { GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult, StatusCode } from '@aws-sdk/client-cloudwatch';
import type { ResultFault } from '../intercept.ts';
import { AwsError, notOffered, refuseOthers } from '../service.ts';
import type { Call, Checked } from '../service.ts';
import { metricName } from './metrics.ts';
import type { Metrics } from './metrics.ts';

const MINUTE_MS = 60_000;
/** Custom metrics of one minute live for 15 days. */
const LIFE_MS = 15 * 24 * 60 * MINUTE_MS;
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
    if (query === undefined) continue;
    const { times, values } = answer(metrics, query, { startMs, endMs }, input.ScanBy !== 'TimestampAscending', call);
    const from = index === token.query ? token.offset : 0;
    const to = Math.min(times.length, from + left);
    left -= to - from;
    const complete = to === times.length;
    results.push({
      Id: query.Id,
      Label: query.MetricStat?.Metric.MetricName ?? query.Id,
      Timestamps: times.slice(from, to).map((time) => new Date(time)),
      Values: values.slice(from, to),
      StatusCode: complete ? 'Complete' : 'PartialData',
    });
    if (!complete) return { MetricDataResults: results, NextToken: writeToken(index, to) };
    if (left === 0 && index + 1 < queries.length) return { MetricDataResults: results, NextToken: writeToken(index + 1, 0) };
  }
  return { MetricDataResults: results };
}

function answer(
  metrics: Metrics,
  query: Checked<MetricDataQuery>,
  range: { readonly startMs: number; readonly endMs: number },
  newestFirst: boolean,
  call: Call,
): { readonly times: readonly number[]; readonly values: readonly number[] } {
  refuseOthers(query, ['Id', 'MetricStat'], `cloudwatch:GetMetricData ${query.Id}`);
  const { Metric: metric, Period: periodSeconds, Stat: stat, Unit: unit } = query.MetricStat ?? {};
  if (metric === undefined) throw new AwsError('ValidationError', `The query ${query.Id} has neither MetricStat nor Expression.`);
  if (periodSeconds !== 60) throw notOffered(`cloudwatch:GetMetricData ${query.Id}: a period of ${periodSeconds ?? 0} s: 60 s is offered`);
  if (stat !== 'Sum' && stat !== 'SampleCount') throw notOffered(`cloudwatch:GetMetricData ${query.Id}: the statistic ${stat ?? ''}`);
  // Of several units AWS answers one, and does not say which.
  if (unit === undefined) throw notOffered(`cloudwatch:GetMetricData ${query.Id}: a query that names no unit`);
  const found = metrics.series(metricName(metric.Namespace ?? '', metric.MetricName ?? '', metric.Dimensions), unit, call.stale);
  const times: number[] = [];
  const values: number[] = [];
  // A period that is too short for the age of its start answers with nothing, newer points included (API_GetMetricData).
  if (call.now - range.startMs <= LIFE_MS) {
    // Nothing lies further ahead than the two hours that a put may be early.
    const endMs = Math.min(range.endMs, call.now + 180 * MINUTE_MS);
    // AWS rounds the start down.
    found?.visit(Math.floor(range.startMs / MINUTE_MS), Math.ceil(endMs / MINUTE_MS), (minute, sum, count) => {
      times.push(minute * MINUTE_MS);
      values.push(stat === 'Sum' ? sum : count);
    });
  }
  return newestFirst ? { times: times.reverse(), values: values.reverse() } : { times, values };
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
