import { randomUUID } from 'node:crypto';
import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand } from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import type { CallHook, Fault } from '../../../local/aws/intercept.ts';
import { aws, refusal, token } from './clients.ts';
import type { Clients } from './clients.ts';
import { key, TABLE, withTable } from './dynamodb-tables.ts';

/** Each call adds an item. */
const add = (clients: Clients) => clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: key('p', randomUUID()) }));
const count = (clients: Clients) => clients.aws.inspect.tables.items(TABLE).length;

describe('faults', () => {
  test.each<[Fault, number, number, string]>([
    ['throttle', 0, 400, 'ThrottlingException'],
    ['error500', 0, 500, 'InternalServerError'],
  ])('%s: the call has %i effect and answers %i %s', async (fault, effect, status, name) => {
    const clients = await withTable();
    clients.aws.intercept.inject({ operation: 'PutItem', fault });
    await expect(add(clients)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(count(clients)).toBe(effect);
    await add(clients);
    expect(count(clients)).toBe(effect + 1);
  });

  test.each<[Fault, number]>([
    ['drop-before', 0],
    ['drop-after', 1],
  ])('%s: the connection is cut with %i effect', async (fault, effect) => {
    const clients = await withTable();
    clients.aws.intercept.inject({ operation: 'PutItem', fault });
    expect(await refusal(add(clients))).not.toBe('the call was not refused');
    expect(count(clients)).toBe(effect);
  });

  test.each<[Fault, number]>([
    ['hang-before', 0],
    ['hang-after', 1],
  ])('%s: nobody answers, with %i effect, until the server stops', async (fault, effect) => {
    const clients = await withTable();
    clients.aws.intercept.inject({ operation: 'PutItem', fault });
    const call = refusal(add(clients));
    // A later call is served while the first one hangs.
    await clients.dynamo.send(new GetItemCommand({ TableName: TABLE, Key: key('p', 's') }));
    expect(count(clients)).toBe(effect);
    expect(clients.aws.intercept.calls().find((entry) => entry.operation === 'PutItem')).toMatchObject({ status: 'unanswered', fault });
    await clients.aws.stop();
    expect(await call).not.toBe('the call was not refused');
  });

  test("the SDK's own retry mends a throttled and a cut call, and doubles a write whose answer was lost", async () => {
    const clients = await withTable();
    const secrets = new SecretsManagerClient({
      endpoint: clients.aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIALOCALFAKE', secretAccessKey: 'local-fake' },
      maxAttempts: 3,
    });
    clients.aws.intercept.inject({ operation: 'CreateSecret', fault: 'drop-before' });
    clients.aws.intercept.inject({ operation: 'PutSecretValue', fault: 'drop-after' });
    await secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'one' }));
    await secrets.send(new PutSecretValueCommand({ SecretId: 'key', SecretString: 'two' }));
    // The client sends one token with both attempts, so there is one new version.
    expect(clients.aws.inspect.secrets.versions('key')).toHaveLength(2);
    expect(
      clients.aws.intercept
        .calls()
        .map(({ operation, status }) => [operation, status])
        .slice(-4),
    ).toEqual([
      ['CreateSecret', 'cut'],
      ['CreateSecret', 200],
      ['PutSecretValue', 'cut'],
      ['PutSecretValue', 200],
    ]);
    secrets.destroy();
  });

  test('a rule hits the calls that it names, as often as it says, after those that it lets pass', async () => {
    const clients = await withTable();
    clients.aws.intercept.inject({ service: 'dynamodb', operation: 'PutItem', fault: 'throttle', skip: 1, times: 2 });
    const outcomes: boolean[] = [];
    for (let times = 0; times < 5; times += 1) {
      outcomes.push((await refusal(add(clients))) === 'the call was not refused');
      await clients.dynamo.send(new GetItemCommand({ TableName: TABLE, Key: key('p', 's') }));
    }
    expect(outcomes).toEqual([true, false, false, true, true]);
    clients.aws.intercept.inject({ fault: 'throttle', times: 9 });
    clients.aws.intercept.clearFaults();
    await add(clients);
  });
});

describe('the hook', () => {
  test('sees every call before and after its effect, numbered', async () => {
    const clients = await withTable();
    const seen: string[] = [];
    const first = clients.aws.intercept.calls().length + 1;
    const off = clients.aws.intercept.onCall(({ number, service, operation, phase }) => {
      seen.push(`${number - first} ${service}:${operation} ${phase} ${count(clients)}`);
      return undefined;
    });
    await add(clients);
    await add(clients);
    off();
    await add(clients);
    expect(seen).toEqual([
      '0 dynamodb:PutItem before 0',
      '0 dynamodb:PutItem after 1',
      '1 dynamodb:PutItem before 1',
      '1 dynamodb:PutItem after 2',
    ]);
  });

  test.each<['before' | 'after', number]>([
    ['before', 0],
    ['after', 1],
  ])('a hook that never answers is a caller that died %s the effect', async (phase, effect) => {
    const clients = await withTable();
    const died = new Promise<void>((resolve) => {
      clients.aws.intercept.onCall((call) => {
        if (call.phase !== phase) return undefined;
        resolve();
        return new Promise(() => undefined);
      });
    });
    const call = refusal(add(clients));
    await died;
    expect(count(clients)).toBe(effect);
    await clients.aws.stop();
    expect(await call).not.toBe('the call was not refused');
  });

  test('a fault after the effect leaves the effect', async () => {
    const clients = await withTable();
    clients.aws.intercept.onCall(({ phase }) => (phase === 'after' ? 'error500' : undefined));
    await expect(add(clients)).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
    expect(count(clients)).toBe(1);
  });
});

test.each<[string, CallHook]>([
  ['one that throws', () => Promise.reject(new Error('the hook is broken'))],
  ['one that asks for what cannot be', ({ phase }) => (phase === 'after' ? 'throttle' : undefined)],
])('a hook that is at fault itself, %s, does not pass for a fault of AWS', async (_what, hook) => {
  const clients = await withTable();
  clients.aws.intercept.onCall(hook);
  expect(await refusal(add(clients))).toContain('LocalAwsHookFailed: A call hook failed at dynamodb:PutItem');
});

test('the log names every call and its outcome, and never a value', async () => {
  const clients = await aws();
  await clients.secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'burning-value', ClientRequestToken: token('a') }));
  await clients.secrets.send(new GetSecretValueCommand({ SecretId: 'key' }));
  await refusal(clients.sns.send(new PublishCommand({ TopicArn: 'arn:aws:sns:us-east-1:000000000000:gone', Message: 'burning-value' })));
  const at = clients.clock.now();
  expect(clients.aws.intercept.calls()).toEqual([
    { number: 1, service: 'secretsmanager', operation: 'CreateSecret', at, status: 200 },
    { number: 2, service: 'secretsmanager', operation: 'GetSecretValue', at, status: 200 },
    { number: 3, service: 'sns', operation: 'Publish', at, status: 404, errorCode: 'NotFoundException' },
  ]);
  clients.aws.intercept.forgetCalls();
  expect(clients.aws.intercept.calls()).toEqual([]);
});
