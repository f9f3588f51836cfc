import {
  ConfirmSubscription$,
  CreateTopic$,
  DeleteTopic$,
  errorTypeRegistries,
  GetSubscriptionAttributes$,
  GetTopicAttributes$,
  ListSubscriptions$,
  ListSubscriptionsByTopic$,
  ListTopics$,
  Publish$,
  SetSubscriptionAttributes$,
  Subscribe$,
  Unsubscribe$,
} from '@aws-sdk/client-sns';
import type {
  ConfirmSubscriptionInput,
  ConfirmSubscriptionResponse,
  CreateTopicInput,
  CreateTopicResponse,
  DeleteTopicInput,
  GetSubscriptionAttributesInput,
  GetSubscriptionAttributesResponse,
  GetTopicAttributesInput,
  GetTopicAttributesResponse,
  ListSubscriptionsByTopicInput,
  ListSubscriptionsByTopicResponse,
  ListSubscriptionsInput,
  ListSubscriptionsResponse,
  ListTopicsInput,
  ListTopicsResponse,
  PublishInput,
  PublishResponse,
  SetSubscriptionAttributesInput,
  Subscription as SubscriptionShape,
  SubscribeInput,
  SubscribeResponse,
  UnsubscribeInput,
} from '@aws-sdk/client-sns';
import { page } from '../pages.ts';
import { AwsError, operation } from '../service.ts';
import type { Account, Service } from '../service.ts';
import { checkMessage, eventFor, mailFor, wants } from './delivery.ts';
import type { Mail, Publication } from './delivery.ts';
import { parseFilterPolicy } from './filter-policy.ts';
import { createTopics, invalidParameter } from './topics.ts';
import type { Subscription } from './topics.ts';

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

  const shape = (subscription: Subscription): SubscriptionShape => ({
    SubscriptionArn: subscription.confirmed ? subscription.arn : 'PendingConfirmation',
    Owner: account.accountId,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    TopicArn: subscription.topicArn,
  });

  const operations = [
    operation<CreateTopicInput, CreateTopicResponse>(CreateTopic$, (input) => ({
      TopicArn: topics.create(input.Name, input.Attributes ?? {}).arn,
    })),
    operation<DeleteTopicInput, object>(DeleteTopic$, (input) => {
      topics.remove(input.TopicArn);
      return {};
    }),
    operation<ListTopicsInput, ListTopicsResponse>(ListTopics$, (input) => {
      const { items, nextToken } = page(topics.all(), 100, input.NextToken, 'InvalidParameterException');
      return { Topics: items.map(({ arn }) => ({ TopicArn: arn })), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    }),
    operation<GetTopicAttributesInput, GetTopicAttributesResponse>(GetTopicAttributes$, (input) => {
      const topic = topics.find(input.TopicArn);
      const confirmed = topic.subscriptions.filter((entry) => entry.confirmed).length;
      return {
        Attributes: {
          ...Object.fromEntries(topic.attributes),
          TopicArn: topic.arn,
          Owner: account.accountId,
          SubscriptionsConfirmed: String(confirmed),
          SubscriptionsPending: String(topic.subscriptions.length - confirmed),
        },
      };
    }),

    operation<SubscribeInput, SubscribeResponse>(Subscribe$, (input) => {
      const topic = topics.find(input.TopicArn);
      const { Protocol: protocol, Endpoint: endpoint = '' } = input;
      if (protocol !== 'email' && protocol !== 'email-json' && protocol !== 'lambda') {
        throw invalidParameter(`the local AWS delivers to email, email-json and lambda, not to ${protocol}`);
      }
      if (protocol === 'lambda' ? !functions.exists(endpoint) : !endpoint.includes('@')) throw invalidParameter('Endpoint');
      for (const [name, value] of Object.entries(input.Attributes ?? {})) checkAttribute(name, value);
      const subscription = topics.subscribe(topic, protocol, endpoint);
      for (const [name, value] of Object.entries(input.Attributes ?? {})) subscription.attributes.set(name, value);
      const known = subscription.confirmed || input.ReturnSubscriptionArn === true;
      return { SubscriptionArn: known ? subscription.arn : 'pending confirmation' };
    }),
    operation<ConfirmSubscriptionInput, ConfirmSubscriptionResponse>(ConfirmSubscription$, (input) => {
      const found = topics.find(input.TopicArn).subscriptions.find((entry) => entry.confirmationToken === input.Token);
      if (found === undefined) throw invalidParameter('Token');
      found.confirmed = true;
      return { SubscriptionArn: found.arn };
    }),
    operation<UnsubscribeInput, object>(Unsubscribe$, (input) => {
      const { topic, subscription } = topics.findSubscription(input.SubscriptionArn);
      topic.subscriptions.splice(topic.subscriptions.indexOf(subscription), 1);
      return {};
    }),
    operation<ListSubscriptionsByTopicInput, ListSubscriptionsByTopicResponse>(ListSubscriptionsByTopic$, (input) => {
      const { items, nextToken } = page(topics.find(input.TopicArn).subscriptions, 100, input.NextToken, 'InvalidParameterException');
      return { Subscriptions: items.map(shape), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    }),
    operation<ListSubscriptionsInput, ListSubscriptionsResponse>(ListSubscriptions$, (input) => {
      const all = topics.all().flatMap((topic) => topic.subscriptions);
      const { items, nextToken } = page(all, 100, input.NextToken, 'InvalidParameterException');
      return { Subscriptions: items.map(shape), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    }),
    operation<SetSubscriptionAttributesInput, object>(SetSubscriptionAttributes$, (input) => {
      const { subscription } = topics.findSubscription(input.SubscriptionArn);
      checkAttribute(input.AttributeName, input.AttributeValue ?? '');
      if (input.AttributeValue === undefined || input.AttributeValue === '') subscription.attributes.delete(input.AttributeName);
      else subscription.attributes.set(input.AttributeName, input.AttributeValue);
      return {};
    }),
    operation<GetSubscriptionAttributesInput, GetSubscriptionAttributesResponse>(GetSubscriptionAttributes$, (input) => {
      const { subscription } = topics.findSubscription(input.SubscriptionArn);
      return {
        Attributes: {
          ...Object.fromEntries(subscription.attributes),
          SubscriptionArn: subscription.arn,
          TopicArn: subscription.topicArn,
          Protocol: subscription.protocol,
          Endpoint: subscription.endpoint,
          Owner: account.accountId,
          PendingConfirmation: String(!subscription.confirmed),
        },
      };
    }),

    operation<PublishInput, PublishResponse>(Publish$, (input, { now }) => {
      if (input.PhoneNumber !== undefined) throw invalidParameter('the local AWS sends no text messages: PhoneNumber');
      const topicArn = input.TopicArn ?? input.TargetArn;
      if (topicArn === undefined) throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter');
      const topic = topics.find(topicArn);
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
      for (const subscription of topic.subscriptions) {
        if (!wants(subscription, message.attributes)) continue;
        if (subscription.protocol !== 'lambda') mails.push(mailFor(subscription, topic, message));
        else functions.invokeLater(subscription.endpoint, eventFor(subscription, topic, message, account), 'sns');
      }
      return { MessageId: message.messageId };
    }),
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

function checkAttribute(name: string, value: string): void {
  if (name === 'FilterPolicy') {
    if (value !== '') parseFilterPolicy(value);
    return;
  }
  if (name === 'FilterPolicyScope' && value === 'MessageAttributes') return;
  if (name === 'RedrivePolicy' || name === 'DeliveryPolicy') return;
  throw new AwsError('InvalidParameterException', `Invalid parameter: AttributeName: the local AWS does not know ${name}`);
}
