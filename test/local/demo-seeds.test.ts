import { expect, test } from 'vitest';
import { outcomeOf, summaryOfSeeds } from '../../local/demo/seeds.ts';
import { shortAndLong } from '../support/long.ts';

// Weeks in which an earlier detector never found it.
for (const [seeds, options] of shortAndLong(1, [6, 2]))
  test.each(seeds)("in the week of seed %i the demo's theft is found, and nothing else", options, (seed) => {
    const { minutes, falseAlarms } = outcomeOf(seed);
    expect(minutes).toBeLessThanOrEqual(40);
    expect(falseAlarms).toBe(0);
  });

test('a summary names the median and the worst of what was found, and what was promised', () => {
  const outcomes = [11, null, 34, 15].map((minutes, index) => ({ seed: index + 1, minutes, falseAlarms: index === 1 ? 2 : 0 }));
  expect(summaryOfSeeds(outcomes)).toEqual({ found: 3, medianMinutes: 15, worstMinutes: 34, falseAlarms: 2, promisedFalseAlarms: 0.7 });
});
