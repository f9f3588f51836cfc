import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import {
  paginateGetMetricData,
  PutMetricDataCommand,
  type MetricDataQuery,
  type MetricDatum,
  type StatusCode,
} from '@aws-sdk/client-cloudwatch';
import {
  dimensionNames,
  metricNamespace,
  usageDataAge,
  usageMetrics,
  watchedMetrics,
  type UsageMetric,
} from '../../../contract/metrics.ts';
import { dayMs, minuteMs, type Clock } from '../../foundation/clock.ts';
import { briefly, KeyguardError, Unavailable } from '../../foundation/errors.ts';
import type { Observation } from '../../detection/detectors.ts';
import type { UsageSeries } from '../../detection/ports.ts';
import { NotAccepted, type MetricSink } from '../../usage/ports.ts';
import { awsCall, awsPages, statusOf } from './calls.ts';

/** CloudWatch takes up to 1,000 metrics a call, and 1 MB. */
const dataPerCall = 1000;
/** GetMetricData answers with up to 100,800 data points a call. */
const pointsPerCall = 100_800;
/**
 * Points of one minute live for 15 days, and a reading of them that begins before that answers with none at all, newer ones
 * included (API_GetMetricData). A few minutes are left for the call.
 */
const minutesLiveMs = 15 * dayMs - 5 * minuteMs;

/** `once` is a client that never repeats a call: a repeated put would be counted twice. */
export function metricSink(once: CloudWatchClient, client: CloudWatchClient, installation: string): MetricSink {
  return {
    async put(data) {
      for (let start = 0; start < data.length; start += dataPerCall) {
        const part: MetricDatum[] = data.slice(start, start + dataPerCall).map((datum) => ({
          MetricName: usageMetrics[datum.metric].name,
          Unit: usageMetrics[datum.metric].unit,
          Dimensions: dimensionsOf(installation, datum.subject),
          Timestamp: new Date(datum.minute),
          Value: datum.value,
        }));
        await awsCall(
          'cloudwatch:PutMetricData',
          () => once.send(new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: part })),
          (error) => (isRefusal(error) ? new NotAccepted(briefly(error), start) : undefined),
        );
      }
    },
    async sampleCounts(subject, from, to) {
      const counts = await readSeries(client, [queryOf('samples', installation, subject, 'inputTokens', 'SampleCount')], from, to);
      return counts.get('samples') ?? new Map();
    },
    async age(seconds, at) {
      const datum: MetricDatum = {
        MetricName: usageDataAge.name,
        Unit: usageDataAge.unit,
        Dimensions: [{ Name: dimensionNames.installation, Value: installation }],
        Timestamp: new Date(at),
        Value: seconds,
      };
      await awsCall('cloudwatch:PutMetricData', () =>
        client.send(new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: [datum] })),
      );
    },
  };
}

/**
 * Whether CloudWatch itself has said that it did not take the call: 4xx, its throttling included, and 503 under its own name for
 * it. A 500 may come after the effect, and a 503 without a name from anywhere between.
 */
function isRefusal(error: Error): boolean {
  const status = statusOf(error);
  if (status === undefined || status === 408) return false;
  return (status >= 400 && status < 500) || (status === 503 && /^(ServiceUnavailable|Throttling|SlowDown)/.test(error.name));
}

/** The sums as CloudWatch shows them, whoever wrote them. */
export function shownUsage(client: CloudWatchClient, installation: string, clock: Clock): UsageSeries {
  return {
    async read(subject, from, to) {
      const queries = watchedMetrics.map((metric) => queryOf(metric.toLowerCase(), installation, subject, metric, 'Sum'));
      const series = await readSeries(client, queries, Math.max(from, clock.now() - minutesLiveMs), to);
      const minutes = new Set<number>();
      for (const points of series.values()) for (const minute of points.keys()) minutes.add(minute);
      return [...minutes]
        .sort((a, b) => a - b)
        .map((at): Observation => ({
          at,
          values: watchedMetrics.map((metric) => {
            const value = series.get(metric.toLowerCase())?.get(at);
            // Rounding undoes what adding decimal fractions left.
            return value === undefined ? null : Math.round(value * 1e9) / 1e9;
          }),
        }));
    },
  };
}

function dimensionsOf(installation: string, subject: string): { Name: string; Value: string }[] {
  return [
    { Name: dimensionNames.installation, Value: installation },
    { Name: dimensionNames.managedKey, Value: subject },
  ];
}

function queryOf(id: string, installation: string, subject: string, metric: UsageMetric, stat: 'Sum' | 'SampleCount'): MetricDataQuery {
  return {
    Id: id,
    MetricStat: {
      Metric: { Namespace: metricNamespace, MetricName: usageMetrics[metric].name, Dimensions: dimensionsOf(installation, subject) },
      Period: minuteMs / 1000,
      Stat: stat,
      // Without it, a metric that somebody else has sent in another unit too would answer with that one or with ours.
      Unit: usageMetrics[metric].unit,
    },
  };
}

/** Every point of every query, or nothing: what is missing would pass for silence. Throws `Unavailable`. */
async function readSeries(
  client: CloudWatchClient,
  queries: readonly MetricDataQuery[],
  from: number,
  to: number,
): Promise<ReadonlyMap<string, Map<number, number>>> {
  const series = new Map<string, Map<number, number>>();
  if (to <= from) return series;
  const complete = new Set<string>();
  const pages = await awsPages(
    'cloudwatch:GetMetricData',
    paginateGetMetricData(
      // A token that comes again ends the reading, and what is not complete by then counts as not read.
      { client, stopOnSameToken: true },
      {
        MetricDataQueries: [...queries],
        StartTime: new Date(from),
        EndTime: new Date(to),
        ScanBy: 'TimestampAscending',
        MaxDatapoints: pointsPerCall,
      },
    ),
  );
  for (const { MetricDataResults = [], NextToken } of pages) {
    for (const { Id: id = '', StatusCode: status, Timestamps = [], Values = [] } of MetricDataResults) {
      // With a token for the next page more of it follows.
      if (status !== 'Complete' && (status !== 'PartialData' || NextToken === undefined || NextToken === '')) throw notRead(id, status);
      if (status === 'Complete') complete.add(id);
      const points = series.get(id) ?? new Map<number, number>();
      series.set(id, points);
      Timestamps.forEach((timestamp, index) => points.set(timestamp.getTime(), Values[index] ?? 0));
    }
  }
  const missing = queries.find(({ Id }) => Id !== undefined && !complete.has(Id));
  if (missing?.Id !== undefined) throw notRead(missing.Id, 'PartialData');
  return series;
}

/** The call succeeds, and says of each query how it ended. */
function notRead(id: string, status: StatusCode | undefined): Error {
  if (status === 'Forbidden') {
    return new KeyguardError(
      'aws-refused',
      `cloudwatch:GetMetricData: ${id}: Forbidden`,
      'check the permissions of the function and the resource',
    );
  }
  return new Unavailable('cloudwatch:GetMetricData', `${id}: ${status ?? 'no status'}`);
}
