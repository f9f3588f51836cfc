import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { GetMetricDataCommand, PutMetricDataCommand, type MetricDataQuery, type MetricDatum } from '@aws-sdk/client-cloudwatch';
import { dimensionNames, metricNamespace, usageMetrics, watchedMetrics, type UsageMetric } from '../../../contract/metrics.ts';
import { minuteMs } from '../../foundation/clock.ts';
import { briefly } from '../../foundation/errors.ts';
import type { Observation } from '../../detection/detectors/rate.ts';
import type { UsageSeries } from '../../detection/ports.ts';
import { NotAccepted, type MetricSink } from '../../usage/ports.ts';
import { awsCall, statusOf } from './calls.ts';

/** CloudWatch takes up to 1,000 metrics a call, and 1 MB. */
const dataPerCall = 1000;
/** GetMetricData answers with up to 100,800 data points a call. */
const pointsPerCall = 100_800;

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

export function usageSeries(client: CloudWatchClient, installation: string): UsageSeries {
  return {
    async read(subject, from, to) {
      const queries = watchedMetrics.map((metric) => queryOf(metric.toLowerCase(), installation, subject, metric, 'Sum'));
      const series = await readSeries(client, queries, from, to);
      const minutes = new Set<number>();
      for (const points of series.values()) for (const minute of points.keys()) minutes.add(minute);
      return [...minutes]
        .sort((a, b) => a - b)
        .map((at): Observation => ({
          at,
          values: watchedMetrics.map((metric) => {
            const value = series.get(metric.toLowerCase())?.get(at);
            // Rounding undoes what adding decimal fractions left.
            return value === undefined ? null : Math.max(0, Math.round(value * 1e9) / 1e9);
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
    },
  };
}

async function readSeries(
  client: CloudWatchClient,
  queries: readonly MetricDataQuery[],
  from: number,
  to: number,
): Promise<ReadonlyMap<string, Map<number, number>>> {
  const series = new Map<string, Map<number, number>>();
  if (to <= from) return series;
  let next: string | undefined;
  do {
    const page = await awsCall('cloudwatch:GetMetricData', () =>
      client.send(
        new GetMetricDataCommand({
          MetricDataQueries: [...queries],
          StartTime: new Date(from),
          EndTime: new Date(to),
          ScanBy: 'TimestampAscending',
          MaxDatapoints: pointsPerCall,
          ...(next === undefined ? {} : { NextToken: next }),
        }),
      ),
    );
    for (const result of page.MetricDataResults ?? []) {
      const points = series.get(result.Id ?? '') ?? new Map<number, number>();
      series.set(result.Id ?? '', points);
      (result.Timestamps ?? []).forEach((timestamp, index) => points.set(timestamp.getTime(), result.Values?.[index] ?? 0));
    }
    next = page.NextToken;
  } while (next !== undefined && next !== '');
  return series;
}
