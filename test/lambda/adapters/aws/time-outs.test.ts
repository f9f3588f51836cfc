import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { GetMetricDataCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { ListTopicsCommand } from '@aws-sdk/client-sns';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as clients from '../../../../lambda/adapters/aws/clients.ts';
import { awsCall } from '../../../../lambda/adapters/aws/calls.ts';
import { Unavailable } from '../../../../lambda/foundation/errors.ts';

const realTimeout = globalThis.setTimeout;
const environment = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIAFAKE', AWS_SECRET_ACCESS_KEY: 'fake' };
const kept = new Map([...Object.keys(environment), 'AWS_ENDPOINT_URL'].map((name) => [name, process.env[name]]));
/** Lengths that somebody waited for, as they were asked for. */
let waits: number[] = [];
let server: Server | undefined;
let connections = 0;

/** Seconds pass in milliseconds. */
beforeEach(() => {
  waits = [];
  connections = 0;
  const quick = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout => {
    waits.push(ms);
    return realTimeout(callback, Math.min(ms / 200, 50), ...args);
  };
  globalThis.setTimeout = Object.assign(quick, realTimeout);
});
afterEach(() => {
  globalThis.setTimeout = realTimeout;
  for (const [name, value] of kept) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  server?.close();
});

/** An AWS that takes every call and never answers. */
async function silent(): Promise<void> {
  const started = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  Object.assign(process.env, environment, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
}

const calls: readonly (readonly [string, () => Promise<unknown>, number, number])[] = [
  [
    'CloudWatch',
    () => clients.cloudWatch().send(new GetMetricDataCommand({ MetricDataQueries: [], StartTime: new Date(0), EndTime: new Date(1) })),
    3,
    10_000,
  ],
  [
    'CloudWatch, once',
    () => clients.cloudWatchWithoutRetries().send(new PutMetricDataCommand({ Namespace: 'Guard', MetricData: [] })),
    1,
    10_000,
  ],
  ['DynamoDB', () => clients.dynamoDb().send(new ListTablesCommand({})), 3, 10_000],
  ['Lambda', () => clients.lambda().send(new ListFunctionsCommand({})), 3, 10_000],
  ['Lambda that waits', () => clients.lambdaThatWaits().send(new InvokeCommand({ FunctionName: 'rotation' })), 3, 310_000],
  ['Secrets Manager', () => clients.secretsManager().send(new ListSecretsCommand({})), 3, 10_000],
  ['SNS', () => clients.sns().send(new ListTopicsCommand({})), 3, 10_000],
  ['SQS', () => clients.sqs().send(new ListQueuesCommand({})), 3, 10_000],
  ['STS', () => clients.sts().send(new GetCallerIdentityCommand({})), 3, 10_000],
];

test.each(calls)('%s that never answers is given up, and may be tried again later', async (_service, send, attempts, limitMs) => {
  await silent();
  await expect(awsCall('a call', send)).rejects.toBeInstanceOf(Unavailable);
  expect(connections).toBe(attempts);
  expect(waits.filter((ms) => ms === limitMs)).toHaveLength(attempts);
});

test('every client of AWS is made where the time-outs are', () => {
  const files = ['lambda', 'cli'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  );
  const makers = files.filter((file) => file.endsWith('.ts') && /new [A-Za-z0-9]+Client\(/.test(readFileSync(file, 'utf8')));
  expect(makers).toEqual(['lambda/adapters/aws/clients.ts']);
});
