import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiKeyLedger, keyOwners } from '../../../../lambda/adapters/aws/api-key-ledger.ts';
import { openTable, type Table } from '../../../../lambda/adapters/aws/table.ts';
import { startWorld, type World } from '../../../../local/world.ts';
import { aRecord } from '../../../support/records.ts';

let world: World;
let table: Table;
beforeAll(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  table = openTable(world.installation.stateTable);
});
afterAll(() => world.stop());

const request = { at: 1, by: 'Ada', because: 'it fails' };
/** What an API key's record is stored with since 0.1.0: a version that is rolled back looks for these names. */
const stored = { restsUntil: 2, mayWakeUntil: 3, parkedAt: 4, wokenAt: 5, wanted: request, noGrace: request };
const inCode = {
  claimBlockedUntil: 2,
  lateActivationUntil: 3,
  verifiedInactiveAt: 4,
  reactivatedAt: 5,
  undoRequest: request,
  revokeRequest: request,
};

test('the table keeps the names that it always had', async () => {
  await apiKeyLedger(table).add(aRecord({ apiKeyId: 'apikey_written', state: 'inactive', ...inCode }), 'Ada');
  const item = await table.get('API_KEY', 'apikey_written');
  expect(item).toMatchObject(stored);
  for (const name of Object.keys(inCode)) expect(item).not.toHaveProperty(name);
});

test('a record with those names is read, also by who lost the race for it', async () => {
  const before = aRecord({ apiKeyId: 'apikey_stored', state: 'inactive' });
  await table.put('API_KEY', 'apikey_stored', { ...before, revision: before.revision + 1, ...stored });
  const ledger = apiKeyLedger(table);
  expect(await ledger.find('apikey_stored')).toMatchObject(inCode);
  await expect(ledger.replace(before, before, 'Ada')).rejects.toMatchObject({ won: inCode });
});

test('a record that a released version wrote with an intent is readable to whoever asks whose a key is', async () => {
  const { cause, ...released } = aRecord({ apiKeyId: 'apikey_released' });
  const intent = { to: 'standby', at: 1, because: 'being tried' };
  await table.put('API_KEY', 'apikey_released', { ...released, because: 'taken in', intent });
  table.takeUnreadable();
  expect(await keyOwners(table).all()).toContainEqual({ apiKeyId: 'apikey_released', managedKey: 'production' });
  expect(table.takeUnreadable()).toEqual([]);
  expect(await apiKeyLedger(table).find('apikey_released')).toMatchObject({
    cause: { code: 'taken-in' },
    intent: { cause: { code: 'being-tried' } },
  });
});
