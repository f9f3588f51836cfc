import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiKeys } from '../../../lambda/adapters/anthropic/api-keys.ts';
import { clientOf } from '../../../lambda/adapters/anthropic/client.ts';
import { apiKeyLedger } from '../../../lambda/adapters/aws/api-key-ledger.ts';
import { secretVersions } from '../../../lambda/adapters/aws/secret-versions.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { onlyOurKeys } from '../../../lambda/rotation/ownership.ts';
import type { ApiKeys } from '../../../lambda/rotation/ports.ts';
import { startWorld, type World } from '../../../local/world.ts';

let world: World;
let keys: ApiKeys;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  const { installation, secrets, anthropic } = world;
  keys = onlyOurKeys(apiKeys(clientOf(new Secret(anthropic.console.createAdminKey().value), installation.anthropicBaseUrl)), {
    ledger: apiKeyLedger(openTable(installation.stateTable)),
    secrets: secretVersions(secrets),
    directory: { all: async () => [world.definition('production')] },
  });
});
afterEach(() => world.stop());

const statusOf = (apiKeyId: string): string | undefined => world.anthropic.inspect.keys().find(({ id }) => id === apiKeyId)?.status;
const holding = (text: string): unknown => expect.stringContaining(text);

/** Somebody who can write the table, and nothing else, makes the record of one of our keys name another key. */
async function forged(ours: string, theirs: string, changes: object = {}): Promise<void> {
  const ledger = apiKeyLedger(openTable(world.installation.stateTable));
  const record = await ledger.find(ours);
  if (record === undefined) throw new RangeError(`no record of ${ours}`);
  await ledger.add({ ...record, apiKeyId: theirs, ...changes }, 'an attacker');
}

test('a standby key and keys that consumers hold or held are ours', async () => {
  const first = await world.addStandbyKey('production');
  world.clock.advance(minuteMs);
  const second = await world.addStandbyKey('production');
  await world.rotate('production');
  for (const { apiKeyId } of [first, second]) expect(await keys.setStatus(apiKeyId, 'inactive')).toMatchObject({ status: 'inactive' });
});

test('an undo finds its key held by the version that it comes from, while its claim is for one that is still empty', async () => {
  const ours = await world.addStandbyKey('production');
  await world.rotate('production');
  await world.addStandbyKey('production');
  await world.rotate('production');
  const ledger = apiKeyLedger(openTable(world.installation.stateTable));
  const record = await ledger.find(ours.apiKeyId);
  if (record?.token === undefined) throw new RangeError('it has no version');
  const claim = { state: 'pending', token: 'a'.repeat(36), origin: { state: 'draining', versionId: record.token } } as const;
  await ledger.replace(record, { ...record, ...claim }, 'an undo');
  expect(await keys.setStatus(ours.apiKeyId, 'active')).toMatchObject({ status: 'active' });
});

test.each<[string, (workspaceId: string) => string, object, string]>([
  ['of another workspace', () => world.anthropic.console.createWorkspace('other').id, {}, 'it belongs to wrkspc_'],
  ['of the same workspace that no standby secret holds', (own) => own, {}, 'no version of the secrets of production holds it'],
  ['of another managed key', (own) => own, { managedKey: 'nobody' }, 'its record names nobody, which is no managed key'],
])('a key %s is left as it is, whatever the table says', async (_name, workspace, changes, why) => {
  const ours = await world.addStandbyKey('production');
  const theirs = world.anthropic.console.createApiKey({
    name: 'theirs',
    workspaceId: workspace(world.definition('production').workspaceId),
  });
  await forged(ours.apiKeyId, theirs.id, changes);
  for (const status of ['inactive', 'archived'] as const) {
    await expect(keys.setStatus(theirs.id, status)).rejects.toMatchObject({ code: 'not-our-key', message: holding(why) });
  }
  expect(statusOf(theirs.id)).toBe('active');
});

test('a version of ours does not make another key ours', async () => {
  const ours = await world.addStandbyKey('production');
  await world.rotate('production');
  const theirs = world.anthropic.console.createApiKey({ name: 'theirs', workspaceId: world.definition('production').workspaceId });
  await forged(ours.apiKeyId, theirs.id, { state: 'inactive' });
  await expect(keys.setStatus(theirs.id, 'archived')).rejects.toMatchObject({ code: 'not-our-key' });
});

test('a key that no record names is left as it is', async () => {
  const theirs = world.anthropic.console.createApiKey({ name: 'theirs', workspaceId: world.definition('production').workspaceId });
  await expect(keys.setStatus(theirs.id, 'archived')).rejects.toMatchObject({ code: 'not-our-key' });
});

test('a forged record does not hold up the other keys', async () => {
  const ours = await world.addStandbyKey('production');
  const theirs = world.anthropic.console.createApiKey({ name: 'theirs', workspaceId: world.anthropic.console.createWorkspace('other').id });
  await forged(ours.apiKeyId, theirs.id, { state: 'inactive', since: 0, addedAt: 0 });
  world.anthropic.console.setStatus(ours.apiKeyId, 'active');
  await world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect(statusOf(ours.apiKeyId)).toBe('inactive');
  expect(statusOf(theirs.id)).toBe('active');
});
