import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { ChannelKind } from '../contract/kinds.ts';
import { AppFunction } from './app-function.ts';
import type { Configuration } from './config/schema.ts';
import { EmptySecret } from './empty-secret.ts';
import { allowKeyThrough } from './encryption-key.ts';
import type { Installation } from './installation.ts';

export interface IncidentsProps {
  readonly installation: Installation;
  readonly alerts: Configuration['alerts'];
}

/** Carries alerts from the topic to the channels that SNS does not serve itself. */
export class Incidents extends Construct {
  readonly notifier: AppFunction;
  /** The secret to fill with Slack's webhook address after the deployment; none without Slack. */
  readonly slackWebhookSecret: EmptySecret | undefined;

  constructor(scope: Construct, id: string, props: IncidentsProps) {
    super(scope, id);
    const { installation, alerts } = props;
    const { commons, encryptionKey, stateTable, alertTopic } = installation;
    if (alerts.slack !== undefined) {
      this.slackWebhookSecret = new EmptySecret(this, 'SlackWebhook', {
        encryptionKey,
        description: "Address of Slack's incoming webhook: fill it by hand",
      });
    }
    const slackWebhookSecret = this.slackWebhookSecret?.secretArn;
    this.notifier = new AppFunction(this, 'Notifier', {
      name: 'notifier',
      description: 'Posts alerts to Slack, once for each state of an incident',
      commons: slackWebhookSecret === undefined ? commons : { ...commons, variables: { ...commons.variables, slackWebhookSecret } },
      timeout: Duration.seconds(60),
    });
    stateTable.grantItems(this.notifier);
    for (const grant of Object.values(this.#channelGrants())) grant();
    alertTopic.topic.addSubscription(new LambdaSubscription(this.notifier.function, { deadLetterQueue: this.notifier.deadLetterQueue }));
  }

  /** What each channel needs of the notifier's role: a new channel must say so here. */
  #channelGrants(): Record<ChannelKind, () => void> {
    return {
      // SNS delivers email itself.
      email: () => undefined,
      'slack-webhook': () => {
        if (this.slackWebhookSecret === undefined || this.slackWebhookSecret.encryptionKey === undefined) return;
        this.notifier.allow(
          new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.slackWebhookSecret.secretArn] }),
        );
        allowKeyThrough('secretsmanager', this.slackWebhookSecret.encryptionKey, this.notifier);
      },
    };
  }
}
