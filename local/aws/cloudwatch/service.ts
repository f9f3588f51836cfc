import {
  DescribeAlarms$,
  errorTypeRegistries,
  GetMetricData$,
  GetMetricStatistics$,
  ListMetrics$,
  PutMetricData$,
} from '@aws-sdk/client-cloudwatch';
import type {
  DescribeAlarmsInput,
  DescribeAlarmsOutput,
  GetMetricDataInput,
  GetMetricDataOutput,
  GetMetricStatisticsInput,
  GetMetricStatisticsOutput,
  ListMetricsInput,
  ListMetricsOutput,
  PutMetricDataInput,
} from '@aws-sdk/client-cloudwatch';
import { page } from '../pages.ts';
import { operation } from '../service.ts';
import type { Checked, Service } from '../service.ts';
import { createAlarms, type Alarms } from './alarms.ts';
import { createMetrics } from './metrics.ts';
import type { Metric, MetricName } from './metrics.ts';
import { readPut } from './put.ts';
import { getMetricData, getMetricStatistics, metricsAskedFor } from './read.ts';
import type { StatisticSet } from './series.ts';

interface ObservedMetric extends MetricName {
  /** Each minute with data, all units together, in order. */
  readonly minutes: readonly (StatisticSet & { readonly at: number })[];
}
export interface MetricsObserver {
  metrics(): readonly ObservedMetric[];
  /** What the bill is made of: metrics asked for by GetMetricData, and calls of PutMetricData. */
  cost(): { readonly metricsAskedFor: number; readonly puts: number };
}

export function cloudWatch(): { service: Service; observer: MetricsObserver; alarms: Alarms } {
  const metrics = createMetrics();
  const alarms = createAlarms();
  let [asked, puts] = [0, 0];

  const operations = [
    operation<PutMetricDataInput, object>(PutMetricData$, (input, { now }) => {
      metrics.put(readPut(input, now), now);
      puts += 1;
      return {};
    }),
    operation<GetMetricDataInput, GetMetricDataOutput>(GetMetricData$, (input, call) => {
      asked += metricsAskedFor(input);
      return getMetricData(metrics, input, call);
    }),
    operation<GetMetricStatisticsInput, GetMetricStatisticsOutput>(GetMetricStatistics$, (input, call) =>
      getMetricStatistics(metrics, input, call),
    ),
    operation<DescribeAlarmsInput, DescribeAlarmsOutput>(DescribeAlarms$, (input) => alarms.describe(input)),
    operation<ListMetricsInput, ListMetricsOutput>(ListMetrics$, (input, { now }) => {
      const listed = metrics.all().filter((metric) => matches(metric, input, now));
      const { items, nextToken } = page(listed, 500, input.NextToken, 'InvalidParameterValueException');
      return {
        Metrics: items.map((metric) => ({
          Namespace: metric.namespace,
          MetricName: metric.name,
          Dimensions: metric.dimensions.map(({ name, value }) => ({ Name: name, Value: value })),
        })),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    }),
  ];

  return {
    service: {
      name: 'cloudwatch',
      protocol: { kind: 'json', version: '1.0', target: 'GraniteServiceVersion20100801', queryCompatible: true },
      errors: errorTypeRegistries,
      throttle: { code: 'ThrottlingException', message: 'Rate exceeded' },
      internalError: 'InternalServiceFault',
      operations,
    },
    alarms,
    observer: { metrics: () => metrics.all().map(observed), cost: () => ({ metricsAskedFor: asked, puts }) },
  };
}

function matches(metric: Metric, input: Checked<ListMetricsInput>, now: number): boolean {
  if (input.Namespace !== undefined && input.Namespace !== metric.namespace) return false;
  if (input.MetricName !== undefined && input.MetricName !== metric.name) return false;
  // Metrics without data for two weeks are not listed; PT3H narrows that down.
  const silentMs = now - metric.lastPutAt;
  if (silentMs > (input.RecentlyActive === 'PT3H' ? 3 : 14 * 24) * 3_600_000) return false;
  return (input.Dimensions ?? []).every((filter) =>
    metric.dimensions.some(({ name, value }) => name === filter.Name && (filter.Value === undefined || filter.Value === value)),
  );
}

function observed(metric: Metric): ObservedMetric {
  const byMinute = new Map<number, StatisticSet>();
  for (const series of metric.byUnit.values()) {
    const range = series.range();
    if (range === undefined) continue;
    series.visit(range.from, range.to, (minute, hour, at) => {
      const [sum, count, min, max] = [hour.sum[at] ?? 0, hour.count[at] ?? 0, hour.min[at] ?? 0, hour.max[at] ?? 0];
      const old = byMinute.get(minute);
      byMinute.set(
        minute,
        old === undefined
          ? { sum, count, min, max }
          : { sum: old.sum + sum, count: old.count + count, min: Math.min(old.min, min), max: Math.max(old.max, max) },
      );
    });
  }
  const { namespace, name, dimensions } = metric;
  const minutes = [...byMinute].sort(([a], [b]) => a - b).map(([minute, set]) => ({ at: minute * 60_000, ...set }));
  return { namespace, name, dimensions, minutes };
}
