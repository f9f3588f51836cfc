import { AwsError } from '../service.ts';
import type { Account } from '../service.ts';

export interface Subscription {
  readonly arn: string;
  readonly topicArn: string;
  readonly protocol: 'email' | 'lambda';
  readonly endpoint: string;
  confirmed: boolean;
}

interface Topic {
  readonly arn: string;
  readonly subscriptions: Subscription[];
}

export interface Topics {
  /** Makes it, or finds the one of this name. */
  create(name: string): Topic;
  /** Throws NotFoundException, and InvalidParameterException for what is no topic's ARN. */
  find(arn: string): Topic;
  all(): Topic[];
  /** The same endpoint on the same topic is the same subscription. */
  subscribe(topic: Topic, protocol: Subscription['protocol'], endpoint: string): Subscription;
}

export function createTopics(account: Account): Topics {
  const topics = new Map<string, Topic>();
  const find = (arn: string): Topic => {
    checkArn(arn);
    const topic = topics.get(arn);
    if (topic === undefined) throw new AwsError('NotFoundException', 'Topic does not exist');
    return topic;
  };
  return {
    create(name) {
      if (!/^[A-Za-z0-9_-]{1,256}$/.test(name)) throw invalidParameter('Topic Name');
      const arn = `arn:aws:sns:${account.region}:${account.accountId}:${name}`;
      const known = topics.get(arn);
      if (known !== undefined) return known;
      const topic: Topic = { arn, subscriptions: [] };
      topics.set(arn, topic);
      return topic;
    },
    find,
    all: () => [...topics.values()],
    subscribe(topic, protocol, endpoint) {
      const known = topic.subscriptions.find((entry) => entry.protocol === protocol && entry.endpoint === endpoint);
      if (known !== undefined) return known;
      const subscription: Subscription = {
        arn: `${topic.arn}:${account.randomness.uuid()}`,
        topicArn: topic.arn,
        protocol,
        endpoint,
        // A person has to say yes; a function of the same account has not.
        confirmed: protocol === 'lambda',
      };
      topic.subscriptions.push(subscription);
      return subscription;
    },
  };
}

function checkArn(arn: string): void {
  const parts = arn.split(':');
  if (parts.length < 6) throw invalidParameter(`TopicArn Reason: An ARN must have at least 6 elements, not ${parts.length}`);
  const [scheme, partition, service, region, accountId, ...name] = parts;
  const isTopic =
    scheme === 'arn' && partition !== '' && service === 'sns' && region !== '' && /^\d{12}$/.test(accountId ?? '') && name.length === 1;
  if (!isTopic || name[0] === '') throw invalidParameter('TopicArn');
}

/** SNS's way of naming what is wrong. */
export function invalidParameter(what: string): AwsError {
  return new AwsError('InvalidParameterException', `Invalid parameter: ${what}`);
}
