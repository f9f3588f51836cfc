import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { awsCall } from './calls.ts';

/** An event that a function could not handle, as it lies in the function's dead-letter queue. */
export interface DeadLetter {
  /** The queue's own; it stays the same. */
  readonly id: string;
  /** Null where the queue does not say. */
  readonly sentAt: number | null;
  readonly body: string;
  /** Takes it out of the queue. */
  readonly receipt: string;
}

/** A dead-letter queue. */
export interface DeadLetters {
  /** How many there are: those that somebody looks at this moment count. AWS's figure is approximate. */
  count(): Promise<number>;
  /** Up to ten; who comes next sees them all the same. */
  look(): Promise<readonly DeadLetter[]>;
  /** All that nobody else has in his hands, up to a hundred; nobody else gets them for two minutes. */
  take(): Promise<readonly DeadLetter[]>;
  /** It lies in the queue again as it did. */
  putBack(letter: DeadLetter): Promise<void>;
  remove(letter: DeadLetter): Promise<void>;
}

/** An outage leaves a few; what is more is taken the next time. */
const mostTaken = 100;
const takenS = 120;

export async function deadLetters(client: SQSClient, queueName: string): Promise<DeadLetters> {
  const { QueueUrl } = await awsCall('sqs:GetQueueUrl', () => client.send(new GetQueueUrlCommand({ QueueName: queueName })));
  const receive = async (hiddenS: number): Promise<readonly DeadLetter[]> => {
    const { Messages = [] } = await awsCall('sqs:ReceiveMessage', () =>
      client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: hiddenS,
          // Whoever does not wait asks a few of the queue's servers only, and may get nothing (API_ReceiveMessage).
          WaitTimeSeconds: 1,
          MessageSystemAttributeNames: ['SentTimestamp'],
        }),
      ),
    );
    return Messages.map(({ MessageId = '', Body = '', ReceiptHandle = '', Attributes }) => {
      const sentAt = Number(Attributes?.SentTimestamp ?? Number.NaN);
      return { id: MessageId, sentAt: Number.isNaN(sentAt) ? null : sentAt, body: Body, receipt: ReceiptHandle };
    });
  };
  return {
    async count() {
      const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
      const { Attributes = {} } = await awsCall('sqs:GetQueueAttributes', () =>
        client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...names] })),
      );
      return names.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
    },
    look: () => receive(0),
    async take() {
      const letters: DeadLetter[] = [];
      while (letters.length < mostTaken) {
        const more = await receive(takenS);
        if (more.length === 0) break;
        letters.push(...more);
      }
      return letters;
    },
    async putBack({ receipt }) {
      await awsCall('sqs:ChangeMessageVisibility', () =>
        client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: receipt, VisibilityTimeout: 0 })),
      );
    },
    async remove({ receipt }) {
      await awsCall('sqs:DeleteMessage', () => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })));
    },
  };
}
