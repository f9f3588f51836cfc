import { Effect, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Stack } from 'aws-cdk-lib/core';
import type { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

export interface ScheduledRunProps {
  readonly run: IFunction;
  readonly every: Duration;
  /** Takes the ticks that could not be delivered. */
  readonly deadLetterQueue: IQueue;
}

/** Runs a function again and again, by a role that may do nothing else. */
export class ScheduledRun extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledRunProps) {
    super(scope, id);
    const { run, every, deadLetterQueue } = props;
    const policy = new ManagedPolicy(this, 'Policy', {
      statements: [
        new PolicyStatement({ effect: Effect.ALLOW, actions: ['lambda:InvokeFunction'], resources: [run.functionArn] }),
        new PolicyStatement({ effect: Effect.ALLOW, actions: ['sqs:SendMessage'], resources: [deadLetterQueue.queueArn] }),
      ],
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      managedPolicies: [policy],
    });
    new Schedule(this, 'Schedule', {
      schedule: ScheduleExpression.rate(every),
      // The ready-made target would also let its role invoke every version and alias of the function.
      target: {
        bind: () => ({
          arn: run.functionArn,
          role,
          deadLetterConfig: { arn: deadLetterQueue.queueArn },
          // A tick that is late is worth nothing: the next one does the same work.
          retryPolicy: { maximumEventAgeInSeconds: Math.max(60, every.toSeconds()), maximumRetryAttempts: 3 },
        }),
      },
    });
  }
}
