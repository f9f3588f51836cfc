import { expect, test } from 'vitest';
import { record } from '../../../lambda/incidents/raise.ts';
import { unconditional, unproving, withEngine, withPolicy } from './broken.ts';
import { explore, preemptionsFor } from './explore.ts';
import { containmentPorts } from './memory-incidents.ts';
import { definition, MemoryWorld, undisturbed } from './memory.ts';
import { containment, rotation, scenarios, type Scenario } from './scenarios.ts';
import { runSchedule } from './schedule.ts';

/** No multiples of what one call may meet: so each of its deaths, failures and changes of turn has its share. */
const oneIn = { alone: 13, more: 83 };

// All of them: npm run prove:rotation -- --part schedules --short. The long form allows two preemptions as well.
test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s: a sample of the turns and failures, and of their pairs',
  async (_name, scenario) => {
    const { found, schedules, calls } = await explore(scenario, await preemptionsFor(scenario, true), { oneIn });
    expect(found).toEqual([]);
    expect(schedules * oneIn.more).toBeGreaterThan(calls);
  },
  60_000,
);

function scenario(name: string): Scenario {
  const found = scenarios.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no scenario ${name}`);
  return found;
}

/** The only key is current, and stolen; the policy keeps the last credential. */
const theOnlyKey: Scenario = {
  name: 'containment of the only key',
  begin: async () => {
    const world = new MemoryWorld();
    world.standby('only');
    world.register('t-only');
    await runSchedule([rotation(world, 't-only')], []);
    await record('retired-key-used', definition.name, { apiKeyId: 'only' }, containmentPorts(world, undisturbed));
    return world;
  },
  actors: (world) => [containment(world)],
};

test('containment of the only key is no violation of a sound engine', async () => {
  expect((await explore(theOnlyKey, 0)).found).toEqual([]);
});

test.each<[string, Scenario, Parameters<typeof withEngine>[1], RegExp]>([
  [
    'cuts the old key before its grace is over',
    scenario('an undo during a rotation'),
    withPolicy(({ rotation }) => ({ rotation: { ...rotation, minimumGraceMs: 0, quietMs: 0 } })),
    /I2 \w+ was made inactive within its grace/,
  ],
  [
    'archives the old key before the undo period is over',
    scenario('two retirements at once'),
    withPolicy(({ rotation }) => ({ rotation: { ...rotation, undoMs: 0 } })),
    /I2 old was archived within the undo period/,
  ],
  [
    'writes a record that another run has changed',
    scenario('a verification of the next key during a rotation'),
    unconditional,
    /I1 AWSCURRENT holds next, which is inactive/,
  ],
  [
    'promotes a key that it has not tried',
    scenario('a first rotation and retirement'),
    unproving,
    /I2 AWSCURRENT moved to next, which this run had not seen accepted/,
  ],
  [
    'cuts off the last credential although the policy keeps it',
    theOnlyKey,
    withPolicy(() => ({ containment: { mode: 'auto', lastCredential: 'cut' } })),
    /I8 only is current and about to be cut off, and the policy keeps the last credential/,
  ],
])('an engine that %s is caught', async (_what, { begin, ...rest }, change, expected) => {
  const { found } = await explore({ ...rest, begin: async () => withEngine(await begin(), change) }, 1, { stopAfter: 1 });
  expect(found.flatMap(({ violations }) => violations).join('\n')).toMatch(expected);
});
