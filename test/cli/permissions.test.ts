import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { page } from '../docs/pages.ts';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
let send: ReturnType<typeof spied>;
let sendToLambda: ReturnType<typeof spiedOnLambda>;
beforeEach(() => {
  send = spied();
  sendToLambda = spiedOnLambda();
});
afterEach(async () => {
  send.mockRestore();
  sendToLambda.mockRestore();
  await me.leaves();
});

function spied() {
  return vi.spyOn(DynamoDBDocumentClient.prototype, 'send');
}

function spiedOnLambda() {
  return vi.spyOn(LambdaClient.prototype, 'send');
}

/** The commands that ask for the settings of a function beside the one that every command may ask for. */
const everyFunction = /^\| `([^`]+)` .*`lambda:GetFunctionConfiguration` on every function/gm;

/** What "What the person at the command line needs" grants each command, and what every command has. */
function granted(): ReadonlyMap<string, ReadonlySet<string>> {
  const [, section = ''] = page('docs/security.md').text.split('## What the person at the command line needs');
  const grants = new Map<string, ReadonlySet<string>>();
  let above: readonly string[] = [];
  for (const row of section.split('\n').filter((line) => line.startsWith('| `'))) {
    const cells = row.split('|').slice(1, -1);
    const [commands = '', ...given] = cells.map((cell, column) => cell.replace('the same', above[column] ?? ''));
    above = [commands, ...given];
    const words: Readonly<Record<string, string>> = { read: '`Query`, `GetItem`', Anthropic: '`GetSecretValue`' };
    const text = given.join(' ').replace(/\b(read|Anthropic)\b/g, (word) => words[word] ?? '');
    const actions = [...text.matchAll(/`(?:[a-z]+:)?([A-Z]\w+)`/g)].map(([, action = '']) => action);
    for (const [, command = ''] of commands.matchAll(/`([^`]+)`/g)) grants.set(command, new Set([...always, ...actions]));
  }
  return grants;
}

/** Nobody needs a permission to ask who he is. */
const always = ['GetFunctionConfiguration', 'GetCallerIdentity'];

/** The actions that IAM asks about while `work` lasts; the functions do nothing meanwhile. */
async function asked(work: () => Promise<unknown>): Promise<ReadonlySet<string>> {
  me.world.aws.intercept.forgetCalls();
  send.mockClear();
  await work();
  const operations = me.world.aws.intercept.calls().flatMap(({ service, operation }) => {
    if (service === 'lambda' && operation === 'Invoke') return ['InvokeFunction'];
    // RotateSecret asks whether its caller may call the function.
    return operation === 'RotateSecret' ? [operation, 'InvokeFunction'] : operation === 'TransactWriteItems' ? [] : [operation];
  });
  const inTransactions = send.mock.calls.flatMap(([{ input }]) =>
    'TransactItems' in input ? (input.TransactItems ?? []).flatMap((item) => Object.keys(item).map((kind) => `${kind}Item`)) : [],
  );
  return new Set([...operations, ...inTransactions]);
}

test('docs/security.md grants each command what it asks AWS for', async () => {
  me = await anOperator();
  const { world } = me;
  const [first, , third] = [await me.added(), await me.added(), await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  await me.run(['rotate', 'production', '--yes']);
  for (const name of ['rotation', 'retirement', 'usage-collector', 'anomaly-detector', 'notifier'])
    world.aws.functions.register(name, () => Promise.resolve([]), { invokedBy: ['secretsmanager.amazonaws.com'] });

  const grants = granted();
  const covered = new Map<string, Set<string>>();
  const askedForAll = new Set<string>();
  const runs = async (command: string, args: readonly string[], stdin = ''): Promise<void> => {
    sendToLambda.mockClear();
    const used = await asked(() => me.run([...command.split(' '), ...args], stdin));
    const settings = sendToLambda.mock.calls.flatMap(([call]) => (call instanceof GetFunctionConfigurationCommand ? [call.input] : []));
    if (settings.some(({ FunctionName }) => FunctionName !== 'keyguard-retirement')) askedForAll.add(command);
    const all = covered.get(command) ?? new Set();
    covered.set(command, new Set([...all, ...used]));
  };
  await runs('status', []);
  await runs('history', ['production']);
  await runs('standby list', []);
  await runs('doctor', []);
  await runs('standby check', ['--prove']);
  await runs('standby add', ['production'], me.made().value);
  // The value lives on although its id is inactive: it is forgotten again.
  const another = me.made();
  const stop = world.anthropic.intercept.onCall(({ phase }) => {
    if (phase === 'after' && world.anthropic.inspect.key(another.id).status === 'inactive') {
      stop();
      world.anthropic.console.setStatus(another.id, 'active');
    }
    return undefined;
  });
  await runs('standby add', ['production'], another.value);
  expect(world.ledger().map(({ apiKeyId }) => apiKeyId)).not.toContain(another.id);
  await runs('standby remove', ['production', third, '--yes']);
  await runs('rotate', ['production', '--yes']);
  world.clock.advance(20 * minuteMs);
  await runs('unstick', ['production', '--yes']);
  await runs('undo', ['production', '--api-key-id', first, '--yes']);
  await runs('pause', ['production', '--because', 'a freeze', '--yes']);
  await runs('resume', ['production']);
  await runs('expect', ['production', '--until', '8h', '--because', 'a load test', '--yes']);
  await runs('expect', ['production', '--end']);
  await runs('pause', ['production', '--because', 'a freeze', '--yes']);
  await runs('rotate --emergency', ['production', '--yes']);
  await runs('slack-webhook set', [], world.slack.credential);
  const sqs = new SQSClient({});
  for (const [name, MessageBody] of [
    ['retirement', '{}'],
    ['notifier', 'nobody knows what this is'],
  ] as const) {
    const QueueUrl = `${world.aws.endpoint}/000000000000/keyguard-${name}-dead-letters`;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  sqs.destroy();
  await runs('doctor', []);
  await runs('deliveries', []);
  await runs('deliveries', ['--redrive']);
  await runs('deliveries', ['--discard', 'unknown', '--yes']);

  await runs('admin-key set', [], me.guards(world.anthropic.console.createAdminKey().value));

  expect([...covered.keys()].sort()).toEqual([...grants.keys()].sort());
  expect([...askedForAll].sort()).toEqual([...page('docs/security.md').text.matchAll(everyFunction)].map(([, name]) => name).sort());
  for (const [command, used] of covered)
    expect({ command, ungranted: [...used].filter((action) => grants.get(command)?.has(action) !== true) }).toEqual({
      command,
      ungranted: [],
    });
}, 90_000);
