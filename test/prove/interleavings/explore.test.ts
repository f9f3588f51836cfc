import { expect, test } from 'vitest';
import { explore, tryOne } from './explore.ts';
import { scenarios, type Scenario } from './scenarios.ts';

// The long form of this proof allows two preemptions: npm run prove:rotation.
test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
  '%s: every schedule with a death and, of two, a preemption keeps the invariants',
  async (_name, scenario) => {
    const actors = scenario.actors(await scenario.begin()).length;
    const { found, schedules, calls } = await explore(scenario, actors > 2 ? 0 : 1);
    expect(found).toEqual([]);
    expect(schedules).toBeGreaterThan(calls);
  },
  60_000,
);

test('a broken engine is caught: one that cuts the old key before its grace is over', async () => {
  const [, , broken] = scenarios;
  if (broken === undefined) throw new Error('no scenario');
  const hasty: Scenario = {
    ...broken,
    begin: async () => {
      const world = await broken.begin();
      world.leftAt.set('old', world.now);
      return world;
    },
  };
  const { violations } = await tryOne(hasty, []);
  expect(violations.join()).toContain('I2 old was made inactive within its grace');
});
