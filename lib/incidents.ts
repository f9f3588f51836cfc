import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AppFunction } from './app-function.ts';
import { allowKeyThrough } from './encryption-key.ts';
import type { Installation } from './installation.ts';

export interface IncidentsProps {
  readonly installation: Installation;
}

/** Carries alerts from the topic to the channels that SNS does not serve itself. */
export class Incidents extends Construct {
  readonly notifier: AppFunction;

  constructor(scope: Construct, id: string, props: IncidentsProps) {
    super(scope, id);
    const { commons, stateTable, alertTopic, channelSecrets } = props.installation;
    this.notifier = new AppFunction(this, 'Notifier', {
      name: 'notifier',
      description: 'Posts alerts to Slack, once for each state of an incident',
      commons,
      timeout: Duration.seconds(60),
    });
    // It forgets a failure once the alert has been delivered.
    stateTable.grantItems(this.notifier, ['GetItem', 'PutItem', 'DeleteItem']);
    for (const secret of channelSecrets.values()) {
      secret.readBy(this.notifier.role);
      this.notifier.allow(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [secret.secretArn] }));
    }
    if (channelSecrets.size > 0) allowKeyThrough('secretsmanager to read', commons.encryptionKey, this.notifier);
    alertTopic.topic.addSubscription(new LambdaSubscription(this.notifier.function, { deadLetterQueue: this.notifier.deadLetterQueue }));
  }
}
