import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { incidentPorts, retirementPorts } from '../../../lambda/adapters/assemble.ts';
import { secretsManager } from '../../../lambda/adapters/aws/clients.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import type { IncidentPorts } from '../../../lambda/incidents/ports.ts';
import { clear, happen, raise } from '../../../lambda/incidents/raise.ts';
import { watchedKinds, type RetirementPorts } from '../../../lambda/rotation/ports.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { said } from '../../support/causes.ts';

let world: World;
let ports: IncidentPorts;
let watch: RetirementPorts['watch'];
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  for (const name of ['retirement', 'anomaly-detector', 'usage-collector']) world.aws.schedules.disable(name);
  const { alertTopicArn: alertTopic, installation, dashboardUrl, stateTable, adminAccess, ...env } = world.installation;
  const table = openTable(stateTable);
  ports = incidentPorts({ alertTopic, installation, dashboardUrl }, table, { clock: world.clock, log: jsonLog(() => undefined) });
  const access = { ...env, adminAccess: JSON.stringify(adminAccess), alertTopic, stackName: 'keyguard', definitions: world.definitions() };
  ({ watch } = retirementPorts(access, table, secretsManager(), ports));
});
afterEach(() => world.stop());

const down: IncidentPorts['publisher'] = { publish: () => Promise.reject(new Error('sns:Publish')) };

test('a rotation that failed again after a success nobody could be told of counts as failed', async () => {
  const unheard = { ...ports, publisher: down };
  await raise('rotation-failed', 'production', { cause: said('first') }, ports);
  expect([...(await watch.failedRotations())]).toEqual([
    ['production', { openedAt: world.clock.now(), at: world.clock.now(), facts: { cause: said('first') } }],
  ]);
  world.clock.advance(minuteMs);
  await clear('rotation-failed', 'production', unheard).catch(() => undefined);
  expect([...(await watch.failedRotations())]).toEqual([]);
  world.clock.advance(minuteMs);
  await raise('rotation-failed', 'production', { cause: said('second') }, unheard).catch(() => undefined);
  expect([...(await watch.failedRotations())]).toEqual([
    ['production', { openedAt: world.clock.now(), at: world.clock.now(), facts: { cause: said('second') } }],
  ]);
});

const left: ReadonlySet<string> = new Set();
/** Each incident that has not ended. */
const open = async (): Promise<readonly string[]> =>
  (await ports.incidents.all()).map(({ kind, subject, state }) => `${kind} of ${subject} ${state}`).sort();
const told = () => world.aws.inspect.topics.published().map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Alert);

test('people are told of the keys that the strategy of the managed key has', async () => {
  await raise('rotation-failed', 'production', { cause: said('it is so') }, { ...ports, supplies: new Map([['production', 'itself']]) });
  await raise('rotation-failed', 'staging', { cause: said('it is so') }, ports);
  expect(told().map(({ subject, actions }) => [subject, actions.join(' ').includes('standby')])).toEqual([
    ['production', false],
    ['staging', true],
  ]);
});

test('what is said of the current key is not over while there is no current key', async () => {
  const kinds = ['current-key-dead', 'key-expiring', 'pool-low', 'rotation-overdue'] as const;
  for (const kind of kinds) await raise(kind, 'production', { cause: said('it is so') }, ports);
  await raise('replica-behind', 'production', { cause: said('it is so') }, ports);
  await watch.update([], left, watchedKinds);
  expect(await open()).toEqual(kinds.map((kind) => `${kind} of production open`));
  await world.addStandbyKey('production');
  await world.rotate('production');
  await watch.update([], left, watchedKinds);
  expect(await open()).toEqual(['current-key-dead', 'key-expiring', 'pool-low'].map((kind) => `${kind} of production open`));
  world.clock.advance(5 * minuteMs);
  await watch.update([], left, watchedKinds);
  // Its pool is empty, although the rotation had its key.
  expect(await open()).toEqual(['pool-low of production open']);
  await world.addStandbyKey('production');
  await watch.update([], left, watchedKinds);
  expect(await open()).toEqual([]);
});

test('incidents of a managed key that was taken out of the configuration are closed, and not told as mended', async () => {
  const kinds = ['current-key-dead', 'rotation-overdue', 'rotation-failed', 'key-changed', 'usage-anomaly'] as const;
  for (const kind of kinds) await raise(kind, 'gone', { cause: said('it is so'), grade: 'old-key-woken', apiKeyId: 'apikey_a' }, ports);
  await happen('usage-anomaly', 'gone', { type: 'containing', target: 'apikey_a' }, ports);
  await watch.update([], left, watchedKinds);
  expect(await open()).toEqual([]);
  const closed = told().filter(({ state }) => state === 'recovered');
  expect(closed.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
  for (const { title, summary } of closed) {
    expect(title).toBe('gone: closed, the managed key was taken out of the configuration');
    expect(summary).toContain('Nobody has seen that its cause is gone');
    expect(summary).not.toMatch(/succeeded|works again|back to normal|in order/);
  }
});

test('what is still looked at ends by what is seen: unknown usage, inactive keys, keys that were left active', async () => {
  await raise('usage-anomaly', 'unattributed', {}, ports);
  await raise('retired-key-used', 'gone', { apiKeyId: 'apikey_a' }, ports);
  const orphan = {
    kind: 'key-changed',
    managedKey: 'gone',
    facts: { grade: 'left-active', apiKeyId: 'apikey_a', cause: said('active') },
  } as const;
  await watch.update([orphan], left, watchedKinds);
  const looked = ['retired-key-used of gone open', 'usage-anomaly of unattributed open'];
  expect(await open()).toEqual(['key-changed of gone open', ...looked]);
  await watch.update([], left, watchedKinds);
  expect(await open()).toEqual(looked);
  expect(told().at(-1)?.summary).toContain('what Key Guard knows of its keys is what Anthropic and Secrets Manager show');
});

test('of a managed key that could not be looked at, everything stays', async () => {
  await raise('replica-behind', 'production', { cause: said('it is so') }, ports);
  await watch.update([], new Set(['production']), watchedKinds);
  expect(await open()).toEqual(['replica-behind of production open']);
});
