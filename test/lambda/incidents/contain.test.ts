import { expect, test } from 'vitest';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { LostRace } from '../../../lambda/foundation/errors.ts';
import { containIncidents } from '../../../lambda/incidents/contain.ts';
import { MemoryWorld, undisturbed } from '../../prove/interleavings/memory.ts';
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
      all: async () => keys,
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
