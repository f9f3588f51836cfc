import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { AwsError } from '../service.ts';
import type { Account, Checked } from '../service.ts';
import { parseFilterPolicy } from './filter-policy.ts';
import { invalidParameter } from './topics.ts';
import type { Subscription, Topic } from './topics.ts';

/** A mail in somebody's mailbox. */
export interface Mail {
  readonly at: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

export type MessageAttributes = Readonly<Record<string, Checked<MessageAttributeValue>>>;

export interface Publication {
  readonly messageId: string;
  readonly at: number;
  readonly subject: string | undefined;
  /** Body by protocol; `default` is always there. */
  readonly bodies: Readonly<Record<string, string>>;
  readonly attributes: MessageAttributes;
}

const MESSAGE_BYTES = 262_144;

/** Checks a message as Publish does. Throws InvalidParameterException. */
export function checkMessage(input: {
  readonly Message: string;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: MessageAttributes | undefined;
}): Readonly<Record<string, string>> {
  const { Message: message, Subject: subject, MessageAttributes: attributes = {} } = input;
  if (message === '') throw invalidParameter('Empty message');
  const attributeBytes = Object.entries(attributes).reduce(
    (bytes, [name, value]) =>
      bytes + Buffer.byteLength(name + value.DataType) + (value.BinaryValue?.byteLength ?? Buffer.byteLength(value.StringValue ?? '')),
    0,
  );
  if (Buffer.byteLength(message) + attributeBytes > MESSAGE_BYTES) throw invalidParameter('Message too long');
  // API_Publish: ASCII that begins with a letter, number or punctuation mark, no line breaks, under 100 characters.
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) throw invalidParameter('Subject');
  for (const [name, value] of Object.entries(attributes)) {
    if (!/^(?:String|Number|Binary|String\.Array)/.test(value.DataType)) {
      throw new AwsError(
        'ParameterValueInvalid',
        `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
      );
    }
    const isEmpty = value.DataType.startsWith('Binary') ? value.BinaryValue === undefined : (value.StringValue ?? '') === '';
    if (isEmpty) {
      throw new AwsError(
        'ParameterValueInvalid',
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${value.DataType}'.`,
      );
    }
  }
  if (input.MessageStructure === undefined) return { default: message };
  if (input.MessageStructure !== 'json') throw invalidParameter('MessageStructure');
  return bodiesOf(message);
}

function bodiesOf(message: string): Readonly<Record<string, string>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse');
  }
  if (typeof parsed !== 'object' || parsed === null || !('default' in parsed)) {
    throw invalidParameter('Message Structure - No default entry in JSON message body');
  }
  // AWS ignores keys whose value is not a string.
  return Object.fromEntries(Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Whether a subscription wants a message. */
export function wants(subscription: Subscription, attributes: MessageAttributes): boolean {
  if (!subscription.confirmed) return false;
  const policy = subscription.attributes.get('FilterPolicy');
  return policy === undefined || parseFilterPolicy(policy)(attributes);
}

/** The mail that an `email` or `email-json` subscriber finds. */
export function mailFor(subscription: Subscription, topic: Topic, message: Publication): Mail {
  const body = message.bodies[subscription.protocol] ?? message.bodies['default'] ?? '';
  return {
    at: message.at,
    to: subscription.endpoint,
    subject: message.subject ?? 'AWS Notification Message',
    body: subscription.protocol === 'email' ? body : JSON.stringify(notification(topic, message, body)),
  };
}

/** The event that a Lambda subscriber gets; the signature is a stand-in. */
export function eventFor(subscription: Subscription, topic: Topic, message: Publication, account: Account): unknown {
  const body = message.bodies['lambda'] ?? message.bodies['default'] ?? '';
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscription.arn,
        Sns: {
          ...notification(topic, message, body),
          SignatureVersion: '1',
          Signature: 'LOCAL',
          SigningCertUrl: `https://sns.${account.region}.amazonaws.com/SimpleNotificationService-local.pem`,
          UnsubscribeUrl: `https://sns.${account.region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${subscription.arn}`,
          MessageAttributes: Object.fromEntries(
            Object.entries(message.attributes).map(([name, value]) => [
              name,
              { Type: value.DataType, Value: value.StringValue ?? Buffer.from(value.BinaryValue ?? []).toString('base64') },
            ]),
          ),
        },
      },
    ],
  };
}

function notification(topic: Topic, message: Publication, body: string): Record<string, unknown> {
  return {
    Type: 'Notification',
    MessageId: message.messageId,
    TopicArn: topic.arn,
    Subject: message.subject ?? null,
    Message: body,
    Timestamp: new Date(message.at).toISOString(),
  };
}
