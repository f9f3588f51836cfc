import { DescribeAnomalyDetectorsCommand } from '@aws-sdk/client-cloudwatch';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  StopReplicationToReplicaCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { AddPermissionCommand } from '@aws-sdk/client-sns';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { describe, expect, test } from 'vitest';
import { aws, refusal } from './clients.ts';
import type { Clients } from './clients.ts';

test('a client that knows nothing but the environment reaches the stand-in', async () => {
  const clients = await aws();
  const before = { ...process.env };
  Object.assign(process.env, clients.aws.environment);
  try {
    const secrets = new SecretsManagerClient();
    await secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'one' }));
    expect((await secrets.send(new GetSecretValueCommand({ SecretId: 'key' }))).SecretString).toBe('one');
    secrets.destroy();
  } finally {
    for (const name of Object.keys(clients.aws.environment)) {
      const old = before[name];
      if (old === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = old;
    }
  }
});

test.each<[string, (clients: Clients) => Promise<unknown>]>([
  ['secretsmanager:StopReplicationToReplica', ({ secrets }) => secrets.send(new StopReplicationToReplicaCommand({ SecretId: 'a' }))],
  ['cloudwatch:DescribeAnomalyDetectors', ({ metrics }) => metrics.send(new DescribeAnomalyDetectorsCommand({}))],
  [
    'sns:AddPermission',
    ({ sns }) => sns.send(new AddPermissionCommand({ TopicArn: 'a', Label: 'b', AWSAccountId: ['c'], ActionName: ['d'] })),
  ],
  ['sts:AssumeRole', ({ sts }) => sts.send(new AssumeRoleCommand({ RoleArn: 'a', RoleSessionName: 'b' }))],
])('%s is refused by name', async (name, call) => {
  expect(await refusal(call(await aws()))).toContain(`The local AWS does not offer ${name}`);
});

describe('a request that the schema does not allow', () => {
  const send = async (clients: Clients, target: string, body: string) => {
    const response = await fetch(clients.aws.endpoint, { method: 'POST', headers: { 'x-amz-target': target }, body });
    return { status: response.status, body: await response.json() };
  };

  test.each<[string, string, string, string]>([
    [
      'lacks a required member',
      'secretsmanager.GetSecretValue',
      '{}',
      "Value null at 'secretId' failed to satisfy constraint: Member must not be null",
    ],
    ['has a number for a text', 'secretsmanager.GetSecretValue', '{"SecretId":7}', "Unexpected value at 'secretId': expected a String"],
    [
      'is no JSON',
      'secretsmanager.GetSecretValue',
      '{"SecretId":"burning-value',
      'The request body is not what the schema of this operation reads',
    ],
    ['has an empty attribute value', 'DynamoDB_20120810.GetItem', '{"TableName":"t","Key":{"pk":{}}}', 'Supplied AttributeValue is empty'],
    [
      'has two types in one attribute value',
      'DynamoDB_20120810.GetItem',
      '{"TableName":"t","Key":{"pk":{"S":"a","N":"1"}}}',
      'more than one datatypes set',
    ],
  ])('%s: 400, and no word of the body', async (_what, target, body, expected) => {
    const answer = await send(await aws(), target, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(expected);
    expect(JSON.stringify(answer.body)).not.toContain('burning-value');
  });

  test('names a service that nobody stands in for', async () => {
    expect(await send(await aws(), 'Kinesis_20131202.PutRecord', '{}')).toMatchObject({ status: 404 });
  });
});

test('a REST operation that nobody stands in for is refused by its method and path', async () => {
  const { lambda } = await aws();
  expect(await refusal(lambda.send(new GetFunctionCommand({ FunctionName: 'f' })))).toContain(
    'The local AWS does not offer this service: GET /2015-03-31/functions/f',
  );
});

test('the same seed gives the same names, another seed others', async () => {
  const arn = async (seed: number) => {
    const clients = await aws({ seed });
    return (await clients.secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'x' }))).ARN;
  };
  expect(await arn(7)).toBe(await arn(7));
  expect(await arn(7)).not.toBe(await arn(8));
});

test('every answer carries a request id', async () => {
  const clients = await aws();
  await expect(clients.dynamo.send(new GetItemCommand({ TableName: 'gone', Key: { pk: { S: 'a' } } }))).rejects.toMatchObject({
    $metadata: { requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
  });
});
