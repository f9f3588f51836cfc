import { DescribeAlarms$, errorTypeRegistries, GetMetricData$, PutMetricData$ } from '@aws-sdk/client-cloudwatch';
import type {
  DescribeAlarmsInput,
  DescribeAlarmsOutput,
  GetMetricDataInput,
  GetMetricDataOutput,
  PutMetricDataInput,
} from '@aws-sdk/client-cloudwatch';
import { operation } from '../service.ts';
import type { Service } from '../service.ts';
import { createAlarms, type Alarms } from './alarms.ts';
import { createMetrics } from './metrics.ts';
import type { MetricName } from './metrics.ts';
import { readPut } from './put.ts';
import { getMetricData } from './read.ts';
import type { Series } from './series.ts';

const MINUTE_MS = 60_000;

interface ObservedMetric extends MetricName {
  /** Each minute with data, all units together, in order. */
  readonly minutes: readonly { readonly at: number; readonly sum: number; readonly count: number }[];
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
    operation<PutMetricDataInput, object>(PutMetricData$, ['Namespace', 'MetricData'], (input, { now }) => {
      metrics.put(readPut(input, now));
      puts += 1;
      return {};
    }),
    operation<GetMetricDataInput, GetMetricDataOutput>(
      GetMetricData$,
      ['MetricDataQueries', 'StartTime', 'EndTime', 'ScanBy', 'MaxDatapoints', 'NextToken'],
      (input, call) => {
        // The bill counts these, however many points come back.
        asked += input.MetricDataQueries.length;
        return getMetricData(metrics, input, call);
      },
    ),
    operation<DescribeAlarmsInput, DescribeAlarmsOutput>(DescribeAlarms$, ['AlarmNames', 'MaxRecords'], (input) => alarms.describe(input)),
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
    observer: {
      metrics: () =>
        metrics.all().map(({ namespace, name, dimensions, byUnit }) => ({
          namespace,
          name,
          dimensions,
          minutes: minutesOf([...byUnit.values()]),
        })),
      cost: () => ({ metricsAskedFor: asked, puts }),
    },
  };
}

function minutesOf(all: readonly Series[]): ObservedMetric['minutes'] {
  const byMinute = new Map<number, { sum: number; count: number }>();
  for (const series of all) {
    const { from, to } = series.range();
    series.visit(from, to, (minute, sum, count) => {
      const old = byMinute.get(minute);
      byMinute.set(minute, { sum: (old?.sum ?? 0) + sum, count: (old?.count ?? 0) + count });
    });
  }
  return [...byMinute].sort(([a], [b]) => a - b).map(([minute, each]) => ({ at: minute * MINUTE_MS, ...each }));
}
