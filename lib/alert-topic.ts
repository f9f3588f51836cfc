import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { allowKeyThrough } from './encryption-key.ts';

export interface AlertTopicProps {
  readonly topicName: string;
  readonly encryptionKey: IKey;
  /** They get readable text: publishers send one message for each protocol. */
  readonly emails: readonly string[];
}

/** Where incidents are announced, as docs/alert.schema.json describes. Anything may subscribe. */
export class AlertTopic extends Construct {
  readonly topic: Topic;
  readonly #encryptionKey: IKey;

  constructor(scope: Construct, id: string, props: AlertTopicProps) {
    super(scope, id);
    this.#encryptionKey = props.encryptionKey;
    this.topic = new Topic(this, 'Topic', { topicName: props.topicName, masterKey: props.encryptionKey, enforceSSL: true });
    for (const email of props.emails) this.topic.addSubscription(new EmailSubscription(email));
  }

  grantPublish(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [this.topic.topicArn] }));
    allowKeyThrough('sns', this.#encryptionKey, grantee);
  }
}
