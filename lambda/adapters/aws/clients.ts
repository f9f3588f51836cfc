import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { proxiesText } from '../proxy.ts';
import { tunnels } from '../tunnel.ts';

/** Two SYN packets may be lost (they go out after 0, 1 and 3 seconds) before an address counts as not reachable. */
const connectionTimeoutMs = 4_000;
/** No call of ours takes AWS longer than a second or two. The SDK itself would wait for ever. */
const answerTimeoutMs = 10_000;
/** With the pauses between them half a minute a call: half of what the shortest function, the notifier, has. */
const maxAttempts = 3;
/** A function that is asked for something, and answers when it is done, may run for five minutes (lib/rotation.ts). */
const functionTimeoutMs = 310_000;

const within = (ms: number) => ({
  maxAttempts,
  requestHandler: {
    ...(proxiesText() === '' ? {} : tunnels()),
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: ms,
    throwOnRequestTimeout: true,
    // The time-out of the request ends when the answer begins; this one cuts an answer that stands still.
    socketTimeout: ms,
  },
});

/**
 * The SDK would compress figures of more than 10 KB, as after an outage. Emulators of CloudWatch exist that take such a body,
 * answer 200 and store nothing; what compression saves here is some hundred KB on a rare day.
 */
const disableRequestCompression = true;

/** No endpoint, no Region, no credentials of our own: the environment decides, so that AWS_ENDPOINT_URL works everywhere. */
export const cloudWatch = (): CloudWatchClient => new CloudWatchClient({ ...within(answerTimeoutMs), disableRequestCompression });
/** For calls that CloudWatch would count twice: it knows no idempotency token, so the SDK must not repeat them. */
export const cloudWatchWithoutRetries = (): CloudWatchClient =>
  new CloudWatchClient({ ...within(answerTimeoutMs), maxAttempts: 1, disableRequestCompression });
export const dynamoDb = (): DynamoDBClient => new DynamoDBClient(within(answerTimeoutMs));
export const lambda = (): LambdaClient => new LambdaClient(within(answerTimeoutMs));
/** For who asks a function of ours for something, and waits until it is done. */
export const lambdaThatWaits = (): LambdaClient => new LambdaClient(within(functionTimeoutMs));
export const secretsManager = (): SecretsManagerClient => new SecretsManagerClient(within(answerTimeoutMs));
export const sns = (): SNSClient => new SNSClient(within(answerTimeoutMs));
export const sqs = (): SQSClient => new SQSClient(within(answerTimeoutMs));
export const sts = (): STSClient => new STSClient(within(answerTimeoutMs));
