import { paginateListSubscriptionsByTopic, type SNSClient } from '@aws-sdk/client-sns';
import { awsPages } from './calls.ts';

/** Who hears of what is published on a topic. */
export interface TopicSubscription {
  /** `email`, `lambda`, … */
  readonly protocol: string;
  readonly endpoint: string;
  /** An unconfirmed one hears nothing. */
  readonly confirmed: boolean;
}

export async function subscriptionsOf(client: SNSClient, topicArn: string): Promise<readonly TopicSubscription[]> {
  const pages = await awsPages('sns:ListSubscriptionsByTopic', paginateListSubscriptionsByTopic({ client }, { TopicArn: topicArn }));
  return pages.flatMap(({ Subscriptions = [] }) =>
    Subscriptions.map(({ Protocol = '', Endpoint = '', SubscriptionArn }) => ({
      protocol: Protocol,
      endpoint: Endpoint,
      confirmed: SubscriptionArn?.startsWith('arn:') === true,
    })),
  );
}
