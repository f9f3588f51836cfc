import { CreateTopic$, errorTypeRegistries, ListSubscriptionsByTopic$, Publish$, Subscribe$, Unsubscribe$ } from '@aws-sdk/client-sns';
import type {
  CreateTopicInput,
  CreateTopicResponse,
  ListSubscriptionsByTopicInput,
  ListSubscriptionsByTopicResponse,
  PublishInput,
  PublishResponse,
  SubscribeInput,
  SubscribeResponse,
  UnsubscribeInput,
} from '@aws-sdk/client-sns';
import { page } from '../pages.ts';
import { AwsError, notOffered, operation } from '../service.ts';
import type { Account, Service } from '../service.ts';
import { checkMessage, eventFor, mailFor } from './delivery.ts';
import type { Mail, Publication } from './delivery.ts';
import { createTopics, invalidParameter } from './topics.ts';

/** What people's mailboxes hold, and the click on the confirmation link. */
export interface Mailbox {
  messages(): readonly Mail[];
  /** Confirms every pending email subscription of this address. Throws RangeError where none waits. */
  confirm(endpoint: string): void;
}

/** One accepted Publish, delivered to anybody or not. */
interface PublishedMessage extends Publication {
  readonly topicArn: string;
}
export interface TopicsObserver {
  published(): readonly PublishedMessage[];
  subscriptions(): readonly {
    readonly topicArn: string;
    readonly protocol: string;
    readonly endpoint: string;
    readonly confirmed: boolean;
  }[];
}

export function sns(account: Account): { service: Service; mailbox: Mailbox; observer: TopicsObserver } {
  const { randomness, functions } = account;
  const topics = createTopics(account);
  const mails: Mail[] = [];
  const published: PublishedMessage[] = [];

  const operations = [
    operation<CreateTopicInput, CreateTopicResponse>(CreateTopic$, ['Name'], (input) => ({ TopicArn: topics.create(input.Name).arn })),

    operation<SubscribeInput, SubscribeResponse>(
      Subscribe$,
      ['TopicArn', 'Protocol', 'Endpoint'],
      ({ TopicArn: topicArn, Protocol: protocol, Endpoint: endpoint = '' }) => {
        const topic = topics.find(topicArn);
        if (protocol !== 'email' && protocol !== 'lambda') throw notOffered(`sns:Subscribe of ${protocol}: email and lambda are offered`);
        if (protocol === 'lambda' ? !functions.exists(endpoint) : !endpoint.includes('@')) throw invalidParameter('Endpoint');
        const subscription = topics.subscribe(topic, protocol, endpoint);
        return { SubscriptionArn: subscription.confirmed ? subscription.arn : 'pending confirmation' };
      },
    ),

    operation<UnsubscribeInput, object>(Unsubscribe$, ['SubscriptionArn'], ({ SubscriptionArn: arn }) => {
      const topic = topics.all().find(({ subscriptions }) => subscriptions.some((each) => each.arn === arn));
      if (topic === undefined) throw new AwsError('NotFoundException', 'Subscription does not exist');
      topic.subscriptions.splice(
        topic.subscriptions.findIndex((each) => each.arn === arn),
        1,
      );
      return {};
    }),

    operation<ListSubscriptionsByTopicInput, ListSubscriptionsByTopicResponse>(
      ListSubscriptionsByTopic$,
      ['TopicArn', 'NextToken'],
      (input) => {
        const { items, nextToken } = page(topics.find(input.TopicArn).subscriptions, 100, input.NextToken, 'InvalidParameterException');
        return {
          Subscriptions: items.map(({ arn, confirmed, protocol, endpoint, topicArn }) => ({
            SubscriptionArn: confirmed ? arn : 'PendingConfirmation',
            Owner: account.accountId,
            Protocol: protocol,
            Endpoint: endpoint,
            TopicArn: topicArn,
          })),
          ...(nextToken === undefined ? {} : { NextToken: nextToken }),
        };
      },
    ),

    operation<PublishInput, PublishResponse>(
      Publish$,
      ['TopicArn', 'Subject', 'Message', 'MessageStructure', 'MessageAttributes'],
      (input, { now }) => {
        if (input.TopicArn === undefined) throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter');
        const topic = topics.find(input.TopicArn);
        const bodies = checkMessage(input);
        const message: PublishedMessage = {
          topicArn: topic.arn,
          messageId: randomness.uuid(),
          at: now,
          subject: input.Subject,
          bodies,
          attributes: input.MessageAttributes ?? {},
        };
        published.push(message);
        for (const subscription of topic.subscriptions.filter(({ confirmed }) => confirmed)) {
          if (subscription.protocol === 'email') mails.push(mailFor(subscription, message));
          else functions.invokeLater(subscription.endpoint, eventFor(subscription, message, account), 'sns');
        }
        return { MessageId: message.messageId };
      },
    ),
  ];

  return {
    service: {
      name: 'sns',
      protocol: { kind: 'query', version: '2010-03-31', xmlNamespace: 'http://sns.amazonaws.com/doc/2010-03-31/' },
      errors: errorTypeRegistries,
      throttle: { code: 'ThrottledException', message: 'Rate exceeded' },
      internalError: 'InternalErrorException',
      operations,
    },
    mailbox: {
      messages: () => mails,
      confirm(endpoint) {
        const pending = topics
          .all()
          .flatMap((topic) => topic.subscriptions)
          .filter((entry) => entry.endpoint === endpoint && !entry.confirmed);
        if (pending.length === 0) throw new RangeError(`no subscription of ${endpoint} waits for confirmation`);
        for (const subscription of pending) subscription.confirmed = true;
      },
    },
    observer: {
      published: () => published,
      subscriptions: () =>
        topics
          .all()
          .flatMap((topic) => topic.subscriptions)
          .map(({ topicArn, protocol, endpoint, confirmed }) => ({ topicArn, protocol, endpoint, confirmed })),
    },
  };
}
