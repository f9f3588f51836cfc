import { ListSubscriptionsByTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import { awsCall } from './calls.ts';

/** Who hears of what is published on a topic. */
export interface TopicSubscription {
  /** `email`, `lambda`, … */
  readonly protocol: string;
  readonly endpoint: string;
  /** An unconfirmed one hears nothing. */
  readonly confirmed: boolean;
}

export async function subscriptionsOf(client: SNSClient, topicArn: string): Promise<readonly TopicSubscription[]> {
  const found: TopicSubscription[] = [];
  let next: string | undefined;
  do {
    const page = await awsCall('sns:ListSubscriptionsByTopic', () =>
      client.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn, ...(next === undefined ? {} : { NextToken: next }) })),
    );
    for (const { Protocol = '', Endpoint = '', SubscriptionArn } of page.Subscriptions ?? []) {
      found.push({ protocol: Protocol, endpoint: Endpoint, confirmed: SubscriptionArn?.startsWith('arn:') === true });
    }
    next = page.NextToken;
  } while (next !== undefined && next !== '');
  return found;
}
