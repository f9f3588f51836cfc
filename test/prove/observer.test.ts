import { DeleteItemCommand, DynamoDBClient, PutItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { CancelRotateSecretCommand, PutSecretValueCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { long, shortAndLong } from '../support/long.ts';
import { aProofWorld, managedKey, type ProofWorld, type MadeKey } from './world.ts';
import { ledgerRows } from './observations.ts';
import { violationText } from './violation.ts';

let world: ProofWorld;
afterEach(() => world.leaves());

/** A second key is current, a first one in its grace, a third one waits. */
interface Stage {
  readonly old: MadeKey;
  readonly now: MadeKey;
  readonly spare: MadeKey;
}

async function aStage(): Promise<Stage> {
  world = await aProofWorld({ seed: 1 });
  const old = await world.adds();
  await world.rotates();
  await world.passes(hourMs);
  const now = await world.adds();
  await world.rotates();
  const spare = await world.adds();
  return { old, now, spare };
}

const found = (): readonly string[] => world.observer.violations().map(violationText);
const token = 'ffffffff-0000-4000-8000-000000000001';
const consumerSecret = (): string => world.local.definition(managedKey).secretArn;
const versions = () => world.local.aws.inspect.secrets.versions(consumerSecret());
const currentVersion = (): string => versions().find(({ labels }) => labels.includes('AWSCURRENT'))?.versionId ?? '';

/** With the admin key, as the engine would. */
async function weSet(key: MadeKey, status: 'active' | 'inactive' | 'archived'): Promise<void> {
  const { local } = world;
  const adminKey = local.values().find((value) => value.startsWith('sk-ant-admin')) ?? '';
  const answer = await fetch(`${local.anthropic.baseUrl}/v1/organizations/api_keys/${key.id}`, {
    method: 'POST',
    headers: { 'x-api-key': adminKey, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
    body: JSON.stringify({ status }),
  });
  expect(answer.status).toBe(200);
}
async function weAsk(key: MadeKey): Promise<void> {
  await fetch(`${world.local.anthropic.baseUrl}/v1/models`, { headers: { 'x-api-key': key.value, 'anthropic-version': '2023-06-01' } });
}
async function wePut(key: MadeKey, label: string): Promise<void> {
  await world.local.secrets.send(
    new PutSecretValueCommand({
      SecretId: consumerSecret(),
      SecretString: key.value,
      ClientRequestToken: token,
      VersionStages: [label],
    }),
  );
}
async function weSwitch(to: string): Promise<void> {
  await world.local.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: consumerSecret(),
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: to,
      RemoveFromVersionId: currentVersion(),
    }),
  );
}
async function weRecord(key: MadeKey, fields: Readonly<Record<string, AttributeValue>>): Promise<void> {
  const table = world.local.installation.stateTable;
  const known = world.local.aws.inspect.tables.items(table).find(({ pk, sk }) => pk?.S === 'API_KEY' && sk?.S === key.id);
  const Item = { pk: { S: 'API_KEY' }, sk: { S: key.id }, ...known, ...fields };
  await new DynamoDBClient({}).send(new PutItemCommand({ TableName: table, Item }));
}
async function weTell(kind: string, state: string): Promise<void> {
  const alert = { kind, state, subject: managedKey, incidentId: 'by-hand' };
  await new SNSClient({}).send(
    new PublishCommand({ TopicArn: world.local.installation.alertTopicArn, Message: JSON.stringify(alert), Subject: 'by hand' }),
  );
}
const atQuiescence = async (): Promise<void> => world.observer.atQuiescence();

test('an engine that does its work gives the observer nothing to report', async () => {
  const { spare } = await aStage();
  await world.comesToQuiescence();
  world.observer.atQuiescence();
  expect(found()).toEqual([]);
  expect(ledgerRows(world.local).find((row) => row.apiKeyId === spare.id)?.state).toBe('standby');
});

type Misdeed = readonly [what: string, seen: RegExp, misdeed: (stage: Stage) => Promise<void>];

/** Of each invariant the observer is tried once in `npm test`. */
function isFirstOfItsInvariant(each: Misdeed): boolean {
  const invariantOf = ([, seen]: Misdeed): string => seen.source.slice(0, 3);
  return [...misdeeds, ...leftovers].find((other) => invariantOf(other) === invariantOf(each)) === each;
}

const misdeeds: readonly Misdeed[] = [
  ['the current key is made inactive', /^I1 .*does not accept it \(inactive\)/, ({ now }) => weSet(now, 'inactive')],
  ['the current key is made inactive', /^I2 .*inactive while AWSCURRENT holds it/, ({ now }) => weSet(now, 'inactive')],
  [
    'AWSCURRENT moves to an old key that is inactive',
    /^I1 .*does not accept it/,
    async ({ old }) => {
      await weSet(old, 'inactive');
      await weSwitch(versions().find(({ text }) => text === old.value)?.versionId ?? '');
    },
  ],
  [
    'AWSCURRENT moves to a value that is no key',
    /^I1 .*no key's value/,
    async () => wePut({ id: '', value: 'sk-ant-api03-obviously-fake' }, 'AWSCURRENT'),
  ],
  [
    'AWSCURRENT moves to a key that nobody tried',
    /^I2 .*before Anthropic had accepted it/,
    async ({ spare }) => {
      await weSet(spare, 'active');
      await wePut(spare, 'AWSCURRENT');
    },
  ],
  [
    'a key was tried before it was claimed, not since',
    /^I2 .*before Anthropic had accepted it/,
    async ({ spare }) => {
      await weSet(spare, 'active');
      await weAsk(spare);
      await wePut(spare, 'AWSPENDING');
      await weSwitch(token);
    },
  ],
  ['an old key gets no grace', /^I2 .*inactive 0.0 h after the switch; its minimum grace is 24.0 h/, ({ old }) => weSet(old, 'inactive')],
  [
    'an old key is cut off while it is in use',
    /^I2 .*inactive 1.0 h after it was last used; it had to be quiet for 6.0 h/,
    async ({ old }) => {
      world.local.aws.schedules.disable('retirement');
      await world.passes(30 * hourMs);
      world.uses(old);
      await world.passes(hourMs);
      await weSet(old, 'inactive');
    },
  ],
  [
    'an old key is archived too early',
    /^I2 .*archived after 2.0 days inactive; it could be brought back for 7.0 days/,
    async ({ old }) => {
      await weSet(old, 'inactive');
      world.local.aws.schedules.disable('retirement');
      await world.passes(2 * dayMs);
      await weSet(old, 'archived');
    },
  ],
  [
    'a key is claimed by two rotations',
    /^I3 .*claimed by a second rotation/,
    async ({ spare }) => {
      await weRecord(spare, { state: { S: 'pending' }, token: { S: 'one' } });
      await weRecord(spare, { token: { S: 'two' } });
    },
  ],
  [
    'a rotation claims two keys',
    /^I3 .*holds 2 keys at once/,
    async ({ spare }) => {
      const other = await world.adds();
      for (const key of [spare, other]) await weRecord(key, { state: { S: 'pending' }, token: { S: 'one' } });
    },
  ],
  ['two keys are current', /^I3 .*2 keys of production are current/, ({ old }) => weRecord(old, { state: { S: 'current' } })],
  [
    'the ledger goes a way that does not exist',
    /^I3 .*from standby to draining/,
    ({ spare }) => weRecord(spare, { state: { S: 'draining' } }),
  ],
  [
    'a row of the ledger is deleted',
    /^I3 .*its row is gone/,
    async ({ spare }) => {
      const Key = { pk: { S: 'API_KEY' }, sk: { S: spare.id } };
      await new DynamoDBClient({}).send(new DeleteItemCommand({ TableName: world.local.installation.stateTable, Key }));
    },
  ],
  [
    'the current key is put into AWSPENDING again',
    /^I3 .*current and pending of production at once/,
    async ({ now }) => wePut(now, 'AWSPENDING'),
  ],
  [
    'AWSCURRENT holds a standby key',
    /^I3 .*AWSCURRENT of production holds it, and it is standby/,
    ({ spare }) => wePut(spare, 'AWSCURRENT'),
  ],
];

const leftovers: readonly Misdeed[] = [
  [
    'a key is made inactive and forgotten',
    /^I3 .*we made it inactive, and the ledger does not know it/,
    async () => weSet(world.makes(), 'inactive'),
  ],
  ['a standby key is active', /^I3 .*standby key, and Anthropic shows it as active/, async ({ spare }) => weSet(spare, 'active')],
  ['a draining key is inactive', /^I3 .*says draining, and we made it inactive/, async ({ old }) => weSet(old, 'inactive')],
  ['a claim is forgotten', /^I3 .*claimed, and its rotation is over/, ({ spare }) => weRecord(spare, { state: { S: 'pending' } })],
  [
    'an intent is forgotten',
    /^I3 .*its intent to become inactive/,
    ({ old }) => weRecord(old, { intent: { M: { to: { S: 'inactive' } } } }),
  ],
  [
    'a request is forgotten',
    /^I3 .*asked for it back/,
    async ({ old }) => {
      await weRecord(old, { wanted: { M: { at: { N: String(world.local.clock.now()) } } } });
      world.local.clock.advance(3 * hourMs);
    },
  ],
  [
    "a standby key's value is lost",
    /^I3 .*should hold its value holds nothing/,
    ({ spare }) => weRecord(spare, { standbyVersionId: { S: 'another' } }),
  ],
  [
    'the ledger missed the switch',
    /^I3 .*AWSCURRENT is on another version/,
    async ({ old }) => weSwitch(versions().find(({ text }) => text === old.value)?.versionId ?? ''),
  ],
  [
    'a value stands in the table',
    /^I4 .*its value stands in the state table/,
    async ({ now }) => {
      const Item = { pk: { S: 'NOTE' }, sk: { S: 'by hand' }, text: { S: `the new key is ${now.value.slice(20, 60)}` } };
      await new DynamoDBClient({}).send(new PutItemCommand({ TableName: world.local.installation.stateTable, Item }));
    },
  ],
  ['a value is said', /^I4 .*stands in what the command line said/, async ({ now }) => world.observer.heard(now.value)],
  ['a rotation is stuck', /^I5 .*stuck in AWSPENDING, and nobody was told/, async ({ spare }) => wePut(spare, 'AWSPENDING')],
  [
    'a rotation is stuck although a key waits',
    /^I5 .*although a standby key waits/,
    async () => {
      await wePut(world.makes(), 'AWSPENDING');
      await weTell('rotation-failed', 'open');
    },
  ],
  [
    'a rotation fails and nobody is told',
    /^I5 .*neither succeeded nor was anybody told/,
    async () => {
      world.local.aws.functions.register('rotation', () => Promise.reject(new Error('broken by hand')));
      world.local.aws.schedules.disable('retirement');
      await world.rotates();
      for (let beat = 0; beat < 30; beat += 1) await world.passes(5 * minuteMs);
    },
  ],
  [
    'people believe that a rotation failed which succeeded',
    /^I5 .*people still believe that it failed/,
    async () => {
      await weTell('rotation-failed', 'open');
      await world.rotates();
    },
  ],
];
for (const [cases, options] of shortAndLong(isFirstOfItsInvariant, misdeeds))
  test.each(cases)('seen at once: %s (%s)', options, async (_name, expected, misdeed) => {
    const stage = await aStage();
    expect(found()).toEqual([]);
    await misdeed(stage);
    expect(found()).toContainEqual(expect.stringMatching(expected));
  });

for (const [cases, options] of shortAndLong(isFirstOfItsInvariant, leftovers))
  test.each(cases)('seen at quiescence: %s (%s)', options, async (_name, expected, misdeed) => {
    const stage = await aStage();
    world.local.aws.schedules.disable('retirement');
    await misdeed(stage);
    await atQuiescence();
    expect(found()).toContainEqual(expect.stringMatching(expected));
  });

const excused: readonly (readonly [string, (stage: Stage) => Promise<void>])[] = [
  [
    'a person disables the current key in the Console',
    async ({ now }) => {
      world.local.anthropic.console.setStatus(now.id, 'inactive');
      world.observer.look();
    },
  ],
  [
    'an emergency takes the old keys their grace',
    async ({ old }) => {
      world.observer.told({ kind: 'emergency', managedKey });
      await weSet(old, 'inactive');
    },
  ],
  [
    'a stolen key is cut off',
    async ({ old }) => {
      world.observer.told({ kind: 'containment', apiKeyId: old.id });
      await weSet(old, 'inactive');
    },
  ],
  [
    'an operator removes a standby key',
    async ({ spare }) => {
      world.observer.told({ kind: 'removal', apiKeyId: spare.id });
      await weSet(spare, 'archived');
    },
  ],
];
for (const [cases, options] of shortAndLong(1, excused))
  test.each(cases)('no violation: %s', options, async (_name, act) => {
    await act(await aStage());
    expect(found()).toEqual([]);
  });

test('a rotation schedule that is off although nobody paused it is found', async () => {
  await aStage();
  await world.local.secrets.send(new CancelRotateSecretCommand({ SecretId: consumerSecret() }));
  world.observer.atQuiescence();
  expect(found()).toContainEqual(expect.stringContaining(`the rotation schedule of ${managedKey} is off, and nobody paused it`));
});

test('an emergency excuses no cut once it has lapsed', long, async () => {
  const { old } = await aStage();
  world.observer.told({ kind: 'emergency', managedKey });
  world.local.aws.schedules.disable('retirement');
  await world.passes(dayMs - 2 * hourMs);
  await weSet(old, 'inactive');
  world.observer.look();
  expect(found()).toEqual([]);
  await weSet(old, 'active');
  world.observer.look();
  await world.passes(3 * hourMs);
  world.local.anthropic.use(old.value, {
    model: 'claude-haiku-5-5',
    requests: 1,
    uncachedInputTokens: 10,
    cacheReadTokens: 0,
    outputTokens: 10,
    at: world.local.clock.now() - 15 * minuteMs,
  });
  await weSet(old, 'inactive');
  world.observer.look();
  expect(found()).toContainEqual(expect.stringContaining('it had to be quiet for'));
});
