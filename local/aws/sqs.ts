import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibility$,
  DeleteMessage$,
  errorTypeRegistries,
  GetQueueAttributes$,
  GetQueueUrl$,
  ReceiveMessage$,
  SendMessage$,
} from '@aws-sdk/client-sqs';
import type {
  ChangeMessageVisibilityRequest,
  DeleteMessageRequest,
  GetQueueAttributesRequest,
  GetQueueAttributesResult,
  GetQueueUrlRequest,
  GetQueueUrlResult,
  Message,
  ReceiveMessageRequest,
  ReceiveMessageResult,
  SendMessageRequest,
  SendMessageResult,
} from '@aws-sdk/client-sqs';
import { AwsError, operation } from './service.ts';
import type { Account, Service } from './service.ts';

interface Queued {
  readonly id: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly sentAt: number;
  visibleAt: number;
  /** Of the last time that it was received: the only one that deletes it. */
  receipt: string | undefined;
}

/** So long a message is kept (lib/app-function.ts). */
const retentionMs = 14 * 24 * 3_600_000;
const defaultVisibilityMs = 30_000;

export interface Queues {
  readonly service: Service;
  /** As Lambda puts an event aside that a function failed on. */
  push(queue: string, body: string, attributes: Readonly<Record<string, string>>): void;
}

/** The name of the queue for what a function could not handle. */
export function deadLetterQueueOf(functionName: string): string {
  return `${functionName}-dead-letters`;
}

/** The dead-letter queues of the functions: a standard queue each, which exists as long as its function does. */
export function sqs(account: Account, endpoint: () => string): Queues {
  const { clock, randomness, functions, accountId } = account;
  const queues = new Map<string, Queued[]>();

  const messagesIn = (name: string, now: number): Queued[] => {
    if (!functions.exists(name.replace(/-dead-letters$/, ''))) throw noQueue();
    const kept = (queues.get(name) ?? []).filter(({ sentAt }) => now - sentAt < retentionMs);
    queues.set(name, kept);
    return kept;
  };
  const byUrl = (url: string, now: number): Queued[] => messagesIn(url.slice(url.lastIndexOf('/') + 1), now);
  const push: Queues['push'] = (queue, body, attributes) => {
    const now = clock.now();
    messagesIn(queue, now).push({ id: randomness.uuid(), body, attributes, sentAt: now, visibleAt: now, receipt: undefined });
  };

  const operations = [
    operation<GetQueueUrlRequest, GetQueueUrlResult>(GetQueueUrl$, ['QueueName'], ({ QueueName: name }, { now }) => {
      messagesIn(name, now);
      return { QueueUrl: `${endpoint()}/${accountId}/${name}` };
    }),

    operation<GetQueueAttributesRequest, GetQueueAttributesResult>(
      GetQueueAttributes$,
      ['QueueUrl', 'AttributeNames'],
      (input, { now }) => {
        const messages = byUrl(input.QueueUrl, now);
        const hidden = messages.filter(({ visibleAt }) => visibleAt > now).length;
        const known: Readonly<Record<string, string>> = {
          ApproximateNumberOfMessages: String(messages.length - hidden),
          ApproximateNumberOfMessagesNotVisible: String(hidden),
        };
        const wanted: readonly string[] = input.AttributeNames ?? [];
        return {
          Attributes: Object.fromEntries(Object.entries(known).filter(([name]) => wanted.includes(name) || wanted.includes('All'))),
        };
      },
    ),

    operation<SendMessageRequest, SendMessageResult>(SendMessage$, ['QueueUrl', 'MessageBody'], (input, { now }) => {
      if (input.MessageBody === '') throw new AwsError('InvalidParameterValue', 'The request must contain the parameter MessageBody.');
      byUrl(input.QueueUrl, now);
      push(input.QueueUrl.slice(input.QueueUrl.lastIndexOf('/') + 1), input.MessageBody, {});
      return { MessageId: byUrl(input.QueueUrl, now).at(-1)?.id, MD5OfMessageBody: md5(input.MessageBody) };
    }),

    operation<ReceiveMessageRequest, ReceiveMessageResult>(
      ReceiveMessage$,
      ['QueueUrl', 'MaxNumberOfMessages', 'VisibilityTimeout', 'WaitTimeSeconds', 'MessageSystemAttributeNames'],
      (input, { now }) => {
        const most = input.MaxNumberOfMessages ?? 1;
        if (most < 1 || most > 10) {
          throw new AwsError(
            'InvalidParameterValue',
            `Value ${most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
          );
        }
        const hiddenMs = input.VisibilityTimeout === undefined ? defaultVisibilityMs : input.VisibilityTimeout * 1000;
        const found = byUrl(input.QueueUrl, now)
          .filter(({ visibleAt }) => visibleAt <= now)
          .slice(0, most);
        for (const message of found) {
          message.visibleAt = now + hiddenMs;
          message.receipt = randomness.uuid();
        }
        return found.length === 0 ? {} : { Messages: found.map(shown) };
      },
    ),

    operation<ChangeMessageVisibilityRequest, object>(
      ChangeMessageVisibility$,
      ['QueueUrl', 'ReceiptHandle', 'VisibilityTimeout'],
      (input, { now }) => {
        const message = byUrl(input.QueueUrl, now).find(({ receipt }) => receipt === input.ReceiptHandle);
        if (message === undefined || message.visibleAt <= now) {
          throw new AwsError('MessageNotInflight', 'The specified message is not in flight.');
        }
        message.visibleAt = now + input.VisibilityTimeout * 1000;
        return {};
      },
    ),

    operation<DeleteMessageRequest, object>(DeleteMessage$, ['QueueUrl', 'ReceiptHandle'], (input, { now }) => {
      const messages = byUrl(input.QueueUrl, now);
      const index = messages.findIndex(({ receipt }) => receipt === input.ReceiptHandle);
      if (index >= 0) messages.splice(index, 1);
      return {};
    }),
  ];

  return {
    push,
    service: {
      name: 'sqs',
      protocol: { kind: 'json', version: '1.0', target: 'AmazonSQS', queryCompatible: true },
      errors: errorTypeRegistries,
      throttle: { code: 'RequestThrottled', message: 'Request is throttled.' },
      internalError: 'InternalFailure',
      operations,
    },
  };
}

function noQueue(): AwsError {
  return new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
}

function shown({ id, body, attributes, sentAt, receipt }: Queued): Message {
  return {
    MessageId: id,
    ReceiptHandle: receipt,
    Body: body,
    MD5OfBody: md5(body),
    Attributes: { SentTimestamp: String(sentAt) },
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  };
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
