import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { ChannelKind } from '../contract/registry.ts';
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
    const { commons, stateTable, alertTopic, slackWebhookSecret } = props.installation;
    this.notifier = new AppFunction(this, 'Notifier', {
      name: 'notifier',
      description: 'Posts alerts to Slack, once for each state of an incident',
      commons,
      timeout: Duration.seconds(60),
    });
    // It forgets a failure once the alert has been delivered.
    stateTable.grantItems(this.notifier, ['GetItem', 'PutItem', 'DeleteItem']);
    // What each channel needs of the notifier's role: a new channel must say so here.
    const grants: Record<ChannelKind, () => void> = {
      // SNS delivers email itself.
      email: () => undefined,
      'slack-webhook': () => {
        if (slackWebhookSecret === undefined) return;
        slackWebhookSecret.readBy(this.notifier.role);
        this.notifier.allow(new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [slackWebhookSecret.secretArn] }));
        allowKeyThrough('secretsmanager to read', commons.encryptionKey, this.notifier);
      },
    };
    for (const grant of Object.values(grants)) grant();
    alertTopic.topic.addSubscription(new LambdaSubscription(this.notifier.function, { deadLetterQueue: this.notifier.deadLetterQueue }));
  }
}
