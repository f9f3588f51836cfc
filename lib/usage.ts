import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { metricNamespace } from '../contract/metrics.ts';
import { AppFunction } from './app-function.ts';
import type { Installation } from './installation.ts';

export interface UsageProps {
  readonly installation: Installation;
}

/** The function that turns Anthropic's usage report into metrics, each minute. */
export class Usage extends Construct {
  readonly collector: AppFunction;

  constructor(scope: Construct, id: string, props: UsageProps) {
    super(scope, id);
    const { installation } = props;
    this.collector = new AppFunction(this, 'Collector', {
      name: 'usage-collector',
      description: "Publishes the exact deltas of Anthropic's usage report as metrics",
      commons: installation.commons,
      timeout: Duration.seconds(90),
    });
    installation.stateTable.grantItems(this.collector, ['GetItem', 'Query', 'PutItem']);
    installation.adminAccess.grantUse(this.collector);
    this.collector.allow(
      new PolicyStatement({
        actions: ['cloudwatch:PutMetricData'],
        resources: ['*'], // the action knows no resources, only namespaces
        conditions: { StringEquals: { 'cloudwatch:namespace': metricNamespace } },
      }),
      // To settle a put whose fate is unknown.
      readsMetrics(),
    );
  }
}

/** CloudWatch offers neither resources nor a namespace condition for reading: what it gives away is numbers. */
export function readsMetrics(): PolicyStatement {
  return new PolicyStatement({ actions: ['cloudwatch:GetMetricData'], resources: ['*'] });
}
