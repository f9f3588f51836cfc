import type { SNSClient } from '@aws-sdk/client-sns';
import { PublishCommand } from '@aws-sdk/client-sns';
import { render } from '../../incidents/channels/email.ts';
import type { AlertPublisher } from '../../incidents/ports.ts';
import { awsCall } from './calls.ts';

/** One publish carries both: the alert's JSON for functions and queues, readable text for email. */
export function alertPublisher(client: SNSClient, topicArn: string): AlertPublisher {
  return {
    async publish(alert) {
      const email = render(alert);
      await awsCall('sns:Publish', () =>
        client.send(
          new PublishCommand({
            TopicArn: topicArn,
            Subject: email.subject,
            MessageStructure: 'json',
            Message: JSON.stringify({ default: JSON.stringify(alert), email: email.body }),
            MessageAttributes: {
              kind: { DataType: 'String', StringValue: alert.kind },
              severity: { DataType: 'String', StringValue: alert.severity },
            },
          }),
        ),
      );
    },
  };
}
