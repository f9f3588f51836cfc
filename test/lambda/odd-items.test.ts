import { afterEach, beforeEach, expect, test } from 'vitest';
import { dimensionNames } from '../../contract/metrics.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { pauses } from '../../lambda/adapters/aws/pauses.ts';
import { openTable, type Table } from '../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { iso, minuteMs } from '../../lambda/foundation/clock.ts';
import { quarterOf } from '../../lambda/usage/deltas.ts';
import { raise } from '../../lambda/incidents/raise.ts';
import { incidentPorts } from '../../lambda/adapters/assemble.ts';
import { jsonLog } from '../../lambda/foundation/log.ts';
import { startWorld, type World } from '../../local/world.ts';
import { aRecord } from '../support/records.ts';

let world: World;
let table: Table;
const traffic = { model: 'claude-haiku-5-5', requests: 3, uncachedInputTokens: 900, cacheReadTokens: 100, outputTokens: 300 };
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  table = openTable(world.installation.stateTable);
});
afterEach(() => world.stop());

/** Each partition that is read as a whole, or by all, and an item of it that says nothing of its subject, or says it in a future schema. */
const oddItems = (): readonly (readonly [string, string, object])[] => [
  ['API_KEY', 'apikey_nobody', { schema: 1 }],
  ['API_KEY', 'apikey_future', { schema: 2, managedKey: 'batch' }],
  ['AUDIT#production', '2026-09-07T00:00:00.000Z#x', { schema: 1 }],
  ['INCIDENT', 'usage-anomaly#batch', { schema: 1, kind: 'usage-anomaly', subject: 'batch', facts: 'none' }],
  ['INCIDENT', 'pool-low#elsewhere', { schema: 1, incidentId: 7, kind: 'of the future' }],
  ['LAST_USE', 'apikey_odd', { schema: 1, apiKeyId: 'apikey_odd', at: 'yesterday', model: 'm', workspaceId: 'w', tokens: 1 }],
  ['PAUSE', 'batch', { schema: 1, managedKey: 'batch' }],
  ['RECOVERED', 'pool-low#production', { schema: 1 }],
  ['RUN', 'current-keys', { schema: 1, activeAt: { apikey_odd: 'now' } }],
  ['UNDELIVERED', 'a#open#slack-webhook', { schema: 1 }],
  ['USAGE#batch', iso(quarterOf(world.clock.now())), { schema: 1, subject: 'batch', start: world.clock.now(), revision: 1, minutes: 3 }],
  ['WATERMARK', 'USAGE', { schema: 1, knownUntil: world.clock.now() - 30 * minuteMs, readAt: world.clock.now() }],
  ['WATERMARK', 'PAUSE', { schema: 1, tokensUntil: 'once' }],
  ['BASELINE', 'batch', { schema: 1 }],
  ['CATEGORIES', 'batch', { schema: 1, since: 'once' }],
  ['LOOK', 'batch', { schema: 3, found: 'much' }],
  ['MOVED', 'batch', { schema: 1, movedAt: 'lately' }],
];

const lines = (event: string): string => world.logs.filter((line) => line.includes(`"${event}"`)).join('\n');

test('an odd item in each partition stops nothing for other managed keys, and is named', async () => {
  const first = await world.addStandbyKey('production');
  await world.rotate('production');
  const ofBatch = await world.addStandbyKey('batch');
  await world.rotate('batch');
  const second = await world.addStandbyKey('production');
  for (const [pk, sk, item] of oddItems()) await table.put(pk, sk, item);
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(second.value);
  const ledger = apiKeyLedger(table);
  const old = (await ledger.of('production')).find(({ apiKeyId }) => apiKeyId === first.apiKeyId);
  if (old === undefined) throw new RangeError('no old key');
  await ledger.replace(old, { ...old, revokeRequest: { at: world.clock.now(), by: 'operator', because: 'test' } }, 'operator');

  const eachMinute = (at: number): void => {
    for (const { value } of [second, ofBatch]) world.anthropic.use(value, { ...traffic, at: at - minuteMs });
  };
  await world.passes(10 * minuteMs, { beatMs: 5 * minuteMs, eachMinute });
  expect(world.anthropic.inspect.keys().find(({ id }) => id === first.apiKeyId)?.status).toBe('inactive');
  const ofProduction = world.aws.inspect.metrics
    .metrics()
    .filter(({ dimensions }) => dimensions.some(({ name, value }) => name === dimensionNames.managedKey && value === 'production'));
  expect(ofProduction.length).toBeGreaterThan(0);
  // What was published for the odd quarter nobody can say; it holds up nothing that is known.
  expect(lines('usage.collected').split('\n').at(-1)).toContain('"waiting":0');
  expect(world.logs.some((line) => line.includes('detection.failed') && line.includes('production'))).toBe(false);
  const [told, ...expected] = [lines('state.unreadable'), 'API_KEY apikey_future', 'INCIDENT usage-anomaly#batch', 'WATERMARK USAGE'];
  for (const name of [...expected, 'LAST_USE apikey_odd', 'PAUSE batch', 'RUN current-keys', 'UNDELIVERED a#', 'USAGE#batch'])
    expect(told).toContain(name);
  // Where a quarter of its usage cannot be read, nobody says that nothing is unusual.
  const open = await incidentStore(table).all();
  expect(open.filter(({ kind }) => kind === 'detection-failing')).toMatchObject([
    { subject: 'batch', facts: { cause: { what: expect.stringContaining('USAGE#batch') as string } } },
  ]);
  for (const name of ['anomaly-detector', 'retirement', 'usage-collector'])
    expect(world.aws.functions.invocations(name).some((each) => !each.ok)).toBe(true);

  // The one whose record cannot be read is left as it is, and is no stranger's.
  await world.addStandbyKey('production');
  expect(world.ledger().find(({ apiKeyId }) => apiKeyId === ofBatch.apiKeyId)).toMatchObject({ state: 'current' });
  expect(lines('retirement.failed')).toContain('API_KEY apikey_future');
});

test('an unreadable record holds up its own managed key; one that names none, those without a key', async () => {
  const ledger = apiKeyLedger(table);
  await ledger.add(aRecord({ apiKeyId: 'apikey_current', state: 'current' }), 'test');
  await table.put('API_KEY', 'apikey_odd', { ...aRecord({ apiKeyId: 'apikey_odd', managedKey: 'batch' }), since: '1' });
  expect(await ledger.of('production')).toHaveLength(1);
  const refused = { code: 'foreign-record', message: expect.stringContaining('API_KEY apikey_odd') as string };
  await expect(ledger.of('batch')).rejects.toMatchObject(refused);
  await expect(ledger.find('apikey_odd')).rejects.toMatchObject(refused);
  expect(await ledger.find('apikey_current')).toMatchObject({ state: 'current' });
  expect(await ledger.find('apikey_nobody')).toBeUndefined();
  await table.put('API_KEY', 'apikey_odd', { schema: 1 });
  expect(await ledger.of('production')).toHaveLength(1);
  await expect(ledger.of('batch')).rejects.toMatchObject(refused);
  expect(table.takeUnreadable()).toEqual(['API_KEY apikey_odd']);
});

test('what cannot be read is taken as absent nowhere where that would do harm', async () => {
  const usage = usageLedger(table, world.clock);
  const use = { schema: 1, apiKeyId: 'apikey_odd', at: 1, model: 'm', workspaceId: 'w', tokens: 5 } as const;
  await table.put('LAST_USE', use.apiKeyId, { ...use, at: 'yesterday' });
  expect(await usage.lastUses()).toMatchObject([{ apiKeyId: use.apiKeyId, at: world.clock.now(), tokens: 0 }]);
  await usage.lastUsed([use]);
  expect(await usage.lastUses()).toMatchObject([use]);

  await table.put('WATERMARK', 'USAGE', { schema: 1, knownUntil: 5, readAt: 5 });
  expect(await usage.knownUntil()).toBe(0);
  await table.put('PAUSE', 'batch', { schema: 2 });
  expect(await pauses(table).find('batch')).toMatchObject({ managedKey: 'batch' });
  expect(await pauses(table).all()).toMatchObject([{ managedKey: 'batch' }]);

  const incidents = incidentStore(table);
  await table.put('INCIDENT', 'pool-low#batch', { schema: 1, revision: 1 });
  expect(await incidents.all()).toEqual([]);
  const { alertTopicArn: alertTopic, installation, dashboardUrl } = world.installation;
  const ports = incidentPorts({ alertTopic, installation, dashboardUrl }, table, { clock: world.clock, log: jsonLog(() => undefined) });
  await expect(raise('pool-low', 'batch', {}, ports)).rejects.toMatchObject({ code: 'foreign-record' });
  await raise('pool-low', 'production', {}, ports);
  expect(await incidents.all()).toMatchObject([{ subject: 'production' }]);
});
