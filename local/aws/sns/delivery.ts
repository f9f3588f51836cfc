import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { AwsError, notOffered } from '../service.ts';
import type { Account, Checked } from '../service.ts';
import { invalidParameter } from './topics.ts';
import type { Subscription } from './topics.ts';

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
  let attributeBytes = 0;
  for (const [name, { DataType: type, StringValue: value = '' }] of Object.entries(attributes)) {
    if (type !== 'String') throw notOffered(`sns:Publish with an attribute of the type ${type}: String is offered`);
    if (value === '') {
      throw new AwsError(
        'ParameterValueInvalid',
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type 'String'.`,
      );
    }
    attributeBytes += Buffer.byteLength(name + type + value);
  }
  if (Buffer.byteLength(message) + attributeBytes > MESSAGE_BYTES) throw invalidParameter('Message too long');
  // API_Publish: ASCII that begins with a letter, number or punctuation mark, no line breaks, under 100 characters.
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) throw invalidParameter('Subject');
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

/** The mail that an `email` subscriber finds. */
export function mailFor({ endpoint }: Subscription, message: Publication): Mail {
  return {
    at: message.at,
    to: endpoint,
    subject: message.subject ?? 'AWS Notification Message',
    body: message.bodies['email'] ?? message.bodies['default'] ?? '',
  };
}

/** The event that a Lambda subscriber gets; the signature is a stand-in. */
export function eventFor(subscription: Subscription, message: Publication, account: Account): unknown {
  return {
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: subscription.arn,
        Sns: {
          Type: 'Notification',
          MessageId: message.messageId,
          TopicArn: subscription.topicArn,
          Subject: message.subject ?? null,
          Message: message.bodies['lambda'] ?? message.bodies['default'] ?? '',
          Timestamp: new Date(message.at).toISOString(),
          SignatureVersion: '1',
          Signature: 'LOCAL',
          SigningCertUrl: `https://sns.${account.region}.amazonaws.com/SimpleNotificationService-local.pem`,
          UnsubscribeUrl: `https://sns.${account.region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${subscription.arn}`,
          MessageAttributes: Object.fromEntries(
            Object.entries(message.attributes).map(([name, { DataType, StringValue }]) => [name, { Type: DataType, Value: StringValue }]),
          ),
        },
      },
    ],
  };
}
