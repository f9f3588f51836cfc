import { expect, test } from 'vitest';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { LostRace } from '../../../lambda/foundation/errors.ts';
import { announceOwed } from '../../../lambda/incidents/announce.ts';
import { containIncidents, findBrakes } from '../../../lambda/incidents/contain.ts';
import type { AlertPublisher } from '../../../lambda/incidents/ports.ts';
import { record } from '../../../lambda/incidents/raise.ts';
import { notificationOf } from '../../../lambda/incidents/states.ts';
import { definition, MemoryWorld, undisturbed, type Gate } from '../../prove/interleavings/memory.ts';
import { rotation } from '../../prove/interleavings/scenarios.ts';
import { runSchedule } from '../../prove/interleavings/schedule.ts';
import { containmentPorts } from '../../prove/interleavings/memory-incidents.ts';
import { aDefinition, aRecord } from '../../support/records.ts';
import { anIncident } from './message-incidents.ts';

const names = ['one', 'two', 'three'];

/** The keys that a run would cut off at `minute`, in order; it gets no further with any of them. */
async function triedAt(minute: number): Promise<readonly string[]> {
  const world = new MemoryWorld();
  world.now = minute * minuteMs;
  const ports = containmentPorts(world, undisturbed);
  const keys = names.map((name) => aRecord({ apiKeyId: `apikey_${name}`, managedKey: name, state: 'draining' }));
  const tried: string[] = [];
  await containIncidents({
    ...ports,
    directory: { ...ports.directory, all: async () => names.map((name) => aDefinition({ name })) },
    incidents: {
      ...ports.incidents,
      all: async () => names.map((name) => anIncident({ subject: name, facts: { apiKeyId: `apikey_${name}` }, announced: ['open'] })),
    },
    keys: { ...ports.keys, retrieve: async () => 'gone' },
    ledger: {
      ...ports.ledger,
      of: async (managedKey) => keys.filter((key) => key.managedKey === managedKey),
      replace: async ({ apiKeyId }) => {
        tried.push(apiKeyId);
        throw new LostRace(apiKeyId);
      },
    },
  });
  return tried;
}

test('several keys to cut off take turns, so that each of them is reached although the time is short', async () => {
  const tried = await Promise.all([0, 1, 2, 3].map(triedAt));
  expect(tried.map(([first]) => first)).toEqual(['apikey_one', 'apikey_two', 'apikey_three', 'apikey_one']);
  for (const keys of tried) expect([...keys].sort()).toEqual(names.map((name) => `apikey_${name}`).sort());
});

/** Three rotations, so that two old keys drain; then minutes of the detector, in which `found` is seen in use. */
async function aWorld(): Promise<{
  readonly world: MemoryWorld;
  readonly notifications: readonly string[];
  readonly minute: (found: string | undefined, gate?: Gate) => Promise<void>;
}> {
  const world = new MemoryWorld();
  const notifications: string[] = [];
  for (const id of ['one', 'two', 'three']) {
    world.standby(id);
    world.register(`t-${id}`);
    await runSchedule([rotation(world, `t-${id}`)], []);
    world.now += minuteMs;
  }
  const minute = async (found: string | undefined, gate = undisturbed): Promise<void> => {
    const base = containmentPorts(world, gate);
    const publish: AlertPublisher['publish'] = async (alert) => {
      await base.publisher.publish(alert);
      notifications.push(notificationOf(alert));
    };
    const ports = { ...base, publisher: { publish } };
    if (found !== undefined) await record('retired-key-used', definition.name, { apiKeyId: found, startedAt: world.now }, ports);
    await findBrakes(ports);
    await announceOwed(ports);
    await containIncidents(ports);
  };
  return { world, notifications, minute };
}

test('a second theft is told and cut off, wherever the run that found it was killed', async () => {
  let calls = 0;
  for (let killedAt = 1; killedAt === 1 || calls >= killedAt - 1; killedAt += 1) {
    const { world, notifications, minute } = await aWorld();
    await minute('one');
    expect(notifications).toEqual(['open', 'contained']);
    calls = 0;
    await minute('two', () => {
      calls += 1;
      return calls < killedAt ? Promise.resolve(undefined) : Promise.reject(new Error('killed'));
    }).catch(() => undefined);
    for (let again = 0; again < 4; again += 1) {
      world.now += 3 * minuteMs;
      await minute(world.records.get('two')?.state === 'contained' ? undefined : 'two');
    }
    expect(world.records.get('two')?.state).toBe('contained');
    expect([...new Set(notifications)]).toEqual(['open', 'contained', 'open-2', 'contained-2']);
    expect(world.violations).toEqual([]);
  }
  // Each call of the minute was tried, and at last none.
  expect(calls).toBeGreaterThan(15);
});

test('people hear that a key will not die, once, and again when it is cut off', async () => {
  const { world, notifications, minute } = await aWorld();
  const key = world.key('one');
  let undead = true;
  const ports = world.ports.bind(world);
  world.ports = (gate) => {
    const sound = ports(gate);
    const probe: typeof sound.probe.probe = async (value) =>
      undead && value === key.value ? { answer: 'accepted', organizationId: 'organization', workspaceId: null } : sound.probe.probe(value);
    return { ...sound, probe: { probe } };
  };
  await minute('one');
  for (let again = 0; again < 3; again += 1) await minute(undefined);
  expect(notifications).toEqual(['open', 'open-2']);
  expect([...world.incidents.values()][0]?.brake).toMatchObject({
    code: 'still-accepted',
    what: 'one is set inactive, but Anthropic still accepts its value',
  });
  undead = false;
  await minute(undefined);
  expect(notifications).toEqual(['open', 'open-2', 'contained-2']);
});
