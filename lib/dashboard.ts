import { AlarmStatusWidget, Dashboard as CloudWatchDashboard, GraphWidget, Metric, PeriodOverride } from 'aws-cdk-lib/aws-cloudwatch';
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { dimensionNames, metricNamespace, unattributed, usageDataAge, usageMetricNames, usageMetrics } from '../contract/metrics.ts';
import type { UsageMetric } from '../contract/metrics.ts';
import type { AppFunction } from './app-function.ts';
import type { Installation } from './installation.ts';
import type { ManagedKey } from './managed-key.ts';

export interface DashboardProps {
  readonly installation: Installation;
  readonly managedKeys: readonly ManagedKey[];
  readonly functions: readonly AppFunction[];
}

/** One page: usage and estimated cost of each managed key, and whether Key Guard itself is well. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { installation, managedKeys, functions } = props;
    const period = Duration.minutes(5);
    const unexplained = (metric: UsageMetric): Metric =>
      new Metric({
        namespace: metricNamespace,
        metricName: usageMetrics[metric].name,
        dimensionsMap: { [dimensionNames.installation]: installation.installationName, [dimensionNames.managedKey]: unattributed },
        label: unattributed,
        statistic: 'Sum',
        period,
      });
    const usage = usageMetricNames.map(
      (metric) =>
        new GraphWidget({
          title: `${usageMetrics[metric].name}: ${usageMetrics[metric].meaning}`,
          left: [...managedKeys.map((key) => key.metricUsage(metric, period)), unexplained(metric)],
          leftYAxis: { min: 0, showUnits: false },
          width: 12,
          height: 7,
        }),
    );
    const dataAge = new GraphWidget({
      title: `${usageDataAge.name}, seconds: ${usageDataAge.meaning}`,
      left: [
        new Metric({
          namespace: metricNamespace,
          metricName: usageDataAge.name,
          dimensionsMap: { [dimensionNames.installation]: installation.installationName },
          label: usageDataAge.name,
          statistic: 'Maximum',
          period,
        }),
      ],
      leftYAxis: { min: 0, showUnits: false },
      width: 12,
      height: 7,
    });
    const perFunction = (title: string, metric: (fn: AppFunction) => Metric): GraphWidget =>
      new GraphWidget({ title, left: functions.map(metric), leftYAxis: { min: 0, showUnits: false }, width: 8, height: 6 });
    const labelled = (fn: AppFunction): { readonly label: string; readonly period: Duration } => ({ label: fn.node.id, period });
    const health = [
      new AlarmStatusWidget({
        title: 'Alarms of Key Guard itself',
        alarms: functions.flatMap(({ alarms }) => alarms),
        width: 24,
        height: 4,
      }),
      perFunction('Failed runs', (fn) => fn.function.metricErrors({ ...labelled(fn), statistic: 'Sum' })),
      perFunction('Longest run, milliseconds', (fn) => fn.function.metricDuration({ ...labelled(fn), statistic: 'Maximum' })),
      perFunction('Events that could not be handled', (fn) =>
        fn.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...labelled(fn), statistic: 'Maximum' }),
      ),
    ];
    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: installation.dashboardName,
      defaultInterval: Duration.days(1),
      periodOverride: PeriodOverride.AUTO,
      widgets: [...rowsOfTwo([...usage, dataAge]), health],
    });
  }
}

function rowsOfTwo(widgets: readonly IWidget[]): IWidget[][] {
  return widgets.flatMap((_widget, index) => (index % 2 === 0 ? [widgets.slice(index, index + 2)] : []));
}
