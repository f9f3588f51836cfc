import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { apiKeyLedger } from '../../../lambda/adapters/aws/api-key-ledger.ts';
import { pauses } from '../../../lambda/adapters/aws/pauses.ts';
import { openTable, type Table } from '../../../lambda/adapters/aws/table.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { withUndoRequest, withRevokeRequest } from '../../../lambda/rotation/lifecycle.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { othersAtWork } from '../../support/others.ts';
import { long } from '../../support/long.ts';

let world: World;
let table: Table;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  table = openTable(world.installation.stateTable);
  // Only rotation and retirement matter here, and for a few the usage that an old key may still have.
  for (const schedule of ['usage-collector', 'anomaly-detector']) world.aws.schedules.disable(schedule);
});
/** Usage is seen from now on: what tells that an old key is quiet. */
const collects = (): void => world.aws.schedules.enable('usage-collector');
afterEach(() => world.stop());

const states = (): Readonly<Record<string, string>> => Object.fromEntries(world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const statusOf = (apiKeyId: string): string => world.anthropic.inspect.key(apiKeyId).status;
const beats = { beatMs: 5 * minuteMs };
const why = 'the operator says so';

async function recordOf(apiKeyId: string): Promise<ApiKeyRecord> {
  const found = (await apiKeyLedger(table).all()).find((record) => record.apiKeyId === apiKeyId);
  if (found === undefined) throw new Error(`no ${apiKeyId}`);
  return found;
}
async function wantBack(apiKeyId: string): Promise<void> {
  const record = await recordOf(apiKeyId);
  await apiKeyLedger(table).replace(record, withUndoRequest(record, { at: world.clock.now(), by: 'operator', because: why }), 'operator');
}
async function takeGrace(apiKeyId: string): Promise<void> {
  const record = await recordOf(apiKeyId);
  await apiKeyLedger(table).replace(record, withRevokeRequest(record, { at: world.clock.now(), by: 'operator', because: why }), 'operator');
}
/** Two keys, the second is current, the first in its grace. */
async function twice() {
  const first = await world.addStandbyKey('production');
  await world.rotate('production');
  world.clock.advance(hourMs);
  const second = await world.addStandbyKey('production');
  await world.rotate('production');
  return { first, second };
}

test.each([
  ['in its grace', 0],
  ['inactive', 2 * dayMs],
])('an old key that is %s comes back, and the new one gets its grace', long, async (_name, wait) => {
  collects();
  const { first, second } = await twice();
  await world.passes(wait, { beatMs: 12 * hourMs, eachMinute: othersAtWork(world) });
  expect(states()[first.apiKeyId]).toBe(wait === 0 ? 'draining' : 'inactive');
  await wantBack(first.apiKeyId);
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(first.value);
  expect(states()).toEqual({ [first.apiKeyId]: 'current', [second.apiKeyId]: 'draining' });
  expect([statusOf(first.apiKeyId), statusOf(second.apiKeyId)]).toEqual(['active', 'active']);
  await world.passes(3 * dayMs, { beatMs: 12 * hourMs, eachMinute: othersAtWork(world) });
  expect(states()).toEqual({ [first.apiKeyId]: 'current', [second.apiKeyId]: 'inactive' });
});

test('retirement carries out a request that was left, or it lapses', long, async () => {
  const { first, second } = await twice();
  await wantBack(first.apiKeyId);
  await world.passes(10 * minuteMs, beats);
  await world.passes(minuteMs);
  expect(await world.currentValue('production')).toBe(first.value);

  await wantBack(second.apiKeyId);
  world.aws.schedules.disable('retirement');
  await world.passes(2 * hourMs, { beatMs: hourMs });
  world.aws.schedules.enable('retirement');
  await world.passes(10 * minuteMs, beats);
  expect(await recordOf(second.apiKeyId)).not.toHaveProperty('undoRequest');
  expect(await world.currentValue('production')).toBe(first.value);
});

test('an old key that somebody archived does not come back: people hear why, and consumers keep what they have', long, async () => {
  const { first, second } = await twice();
  const third = await world.addStandbyKey('production');
  world.anthropic.console.setStatus(first.apiKeyId, 'archived');
  await wantBack(first.apiKeyId);
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(second.value);
  expect(states()[first.apiKeyId]).toBe('draining');
  const told = world.aws.mailbox.messages().map(({ subject, body }) => `${subject} ${body}`.replaceAll(/\s+/g, ' '));
  expect(told.at(-2)).toContain(`the undo of production failed: ${first.apiKeyId}: the key is archived`);
  expect(told.at(-1)).toContain('the key that was current still is');
  // Nobody asked for another key in its place.
  await world.passes(hourMs, beats);
  expect(states()).toMatchObject({ [second.apiKeyId]: 'current', [third.apiKeyId]: 'standby' });
});

test('an emergency gives the old keys no grace', long, async () => {
  const { first, second } = await twice();
  const third = await world.addStandbyKey('production');
  await takeGrace(first.apiKeyId);
  await takeGrace(second.apiKeyId);
  await world.rotate('production');
  await world.passes(5 * minuteMs, beats);
  expect(states()).toEqual({ [first.apiKeyId]: 'inactive', [second.apiKeyId]: 'inactive', [third.apiKeyId]: 'current' });
  expect([statusOf(first.apiKeyId), statusOf(second.apiKeyId)]).toEqual(['inactive', 'inactive']);
});

test('an emergency whose rotation nobody started is started by retirement', long, async () => {
  const { second } = await twice();
  const third = await world.addStandbyKey('production');
  await takeGrace(second.apiKeyId);
  await world.passes(15 * minuteMs, beats);
  await world.passes(10 * minuteMs, beats);
  expect(await world.currentValue('production')).toBe(third.value);
  expect(states()[second.apiKeyId]).toBe('inactive');
});

test('a candidate that dies after AWSPENDING was filled does not block the secret: the next one is taken by itself', async () => {
  const first = await world.addStandbyKey('production');
  await world.rotate('production');
  const dead = await world.addStandbyKey('production');
  world.clock.advance(minuteMs);
  const next = await world.addStandbyKey('production');
  const stop = world.aws.intercept.onCall(({ operation, phase }) => {
    if (operation !== 'PutSecretValue' || phase !== 'after') return undefined;
    stop();
    world.anthropic.console.setStatus(dead.apiKeyId, 'archived');
    return undefined;
  });
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(first.value);
  expect(states()[dead.apiKeyId]).toBe('rejected');
  const labels = world.aws.inspect.secrets.versions(world.definition('production').secretArn).flatMap((version) => version.labels);
  expect(labels).not.toContain('AWSPENDING');

  await world.passes(30 * minuteMs, beats);
  expect(await world.currentValue('production')).toBe(next.value);
  const subjects = world.aws.mailbox.messages().map((mail) => mail.subject);
  expect(subjects.filter((subject) => !subject.includes('standby keys run low'))).toHaveLength(2);
});

test('an outage that outlives the rotation window does not end the rotation', long, async () => {
  await twice();
  const third = await world.addStandbyKey('production');
  const outage = world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await world.rotate('production');
  await world.passes(30 * hourMs, { beatMs: 10 * hourMs });
  const told = world.aws.mailbox.messages().map((mail) => mail.body.replace(/\s+/g, ' '));
  expect(told[0]).toContain('has neither finished nor failed');
  outage();
  await world.passes(10 * minuteMs, beats);
  expect(await world.currentValue('production')).toBe(third.value);
});

test('while a managed key is paused nothing of it is retired, and its rotation takes no key', long, async () => {
  collects();
  const { first, second } = await twice();
  const third = await world.addStandbyKey('production');
  await pauses(table).begin({ schema: 1, managedKey: 'production', at: world.clock.now(), by: 'operator', because: 'a freeze' });
  await world.passes(3 * dayMs, { beatMs: 12 * hourMs, eachMinute: othersAtWork(world) });
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(second.value);
  expect(states()).toEqual({ [first.apiKeyId]: 'draining', [second.apiKeyId]: 'current', [third.apiKeyId]: 'standby' });
  await pauses(table).end('production');
  await world.passes(hourMs, { beatMs: 15 * minuteMs, eachMinute: othersAtWork(world) });
  expect(await world.currentValue('production')).toBe(third.value);
  expect(states()[first.apiKeyId]).toBe('inactive');
});

test('a current key that somebody disabled is told at once, and recovers when enabled', long, async () => {
  const { second } = await twice();
  await world.passes(10 * minuteMs, beats);
  world.anthropic.console.setStatus(second.apiKeyId, 'inactive');
  await world.passes(5 * minuteMs, beats);
  const mails = () => world.aws.mailbox.messages().filter((mail) => mail.body.includes(second.apiKeyId));
  expect(mails()).toHaveLength(1);
  world.anthropic.console.setStatus(second.apiKeyId, 'active');
  await world.passes(10 * minuteMs, beats);
  expect(mails()).toHaveLength(2);
});

test('a secret that somebody wrote by hand holds the next rotation up for minutes, not for ever', long, async () => {
  await twice();
  const third = await world.addStandbyKey('production');
  world.clock.advance(hourMs);
  const { secretName: SecretId } = world.definition('production');
  await world.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'written by hand' }));
  await world.rotate('production').catch(() => undefined);
  expect(await world.currentValue('production')).toBe('written by hand');
  await world.passes(25 * minuteMs, beats);
  expect(await world.currentValue('production')).toBe(third.value);
});

test('the audit says who did what, why, in which rotation and by which requests', async () => {
  const { second } = await twice();
  const items = world.aws.inspect.tables.items(world.installation.stateTable).filter((item) => item['pk']?.S === 'AUDIT#production');
  const promoted = items.find((item) => item['apiKeyId']?.S === second.apiKeyId && item['to']?.S === 'current');
  expect(promoted).toMatchObject({ from: { S: 'pending' }, by: { S: 'rotation' }, cause: { M: { code: { S: 'switched' } } } });
  expect(JSON.stringify(promoted?.['requestIds'])).toContain('aws ');
  expect(promoted?.['token']?.S).toBe((await recordOf(second.apiKeyId)).token);
});
