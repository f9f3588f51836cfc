import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { STSClient } from '@aws-sdk/client-sts';
import { onTestFinished } from 'vitest';
import { startLocalAws } from '../../../local/aws/server.ts';
import type { LocalAws, LocalAwsOptions } from '../../../local/aws/server.ts';
import { settableClock } from '../../../local/clock.ts';
import type { WorldClock } from '../../../local/clock.ts';

const START = '2026-11-20T10:30:00Z';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export interface Clients {
  readonly aws: LocalAws;
  readonly clock: WorldClock;
  readonly secrets: SecretsManagerClient;
  readonly dynamo: DynamoDBClient;
  readonly metrics: CloudWatchClient;
  readonly sns: SNSClient;
  readonly sts: STSClient;
  readonly lambda: LambdaClient;
}

/** A stand-in on a free port with one real SDK client per service; it is stopped after the test. */
export async function aws(options: Partial<LocalAwsOptions> = {}): Promise<Clients> {
  const clock = options.clock ?? settableClock(START);
  const server = await startLocalAws({ ...options, clock });
  const config = {
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIALOCALFAKE', secretAccessKey: 'local-fake' },
    // Faults are to be seen, not repaired; the tests that want the SDK's retries ask for them.
    maxAttempts: 1,
  };
  const clients: Clients = {
    aws: server,
    clock,
    secrets: new SecretsManagerClient(config),
    dynamo: new DynamoDBClient(config),
    metrics: new CloudWatchClient(config),
    sns: new SNSClient(config),
    sts: new STSClient(config),
    lambda: new LambdaClient(config),
  };
  // Not a hook of this module: without isolation it would belong to the first file that imports it.
  onTestFinished(async () => {
    const { secrets, dynamo, metrics, sns, sts, lambda } = clients;
    for (const client of [secrets, dynamo, metrics, sns, sts, lambda]) client.destroy();
    await server.stop();
  });
  return clients;
}

/** The error of a call that must be refused: its name and message, as `Name: message`. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  }
  return 'the call was not refused';
}

/** A client request token that is easy to tell from others. */
export function token(letter: string): string {
  return `token-${letter.repeat(32)}`;
}
