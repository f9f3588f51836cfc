import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startAll } from '../../../lambda/detection/detectors.ts';
import { hourMs } from '../../../lambda/foundation/clock.ts';
import { long } from '../../support/long.ts';
import { monday } from './series.ts';

const settings = { intervalMs: 10 * 60_000, falseAlarmsPerMonth: 100 };
/** A week in which each hour of the day has a level of its own, and then a day in which no hour has more. */
const aDayOfLess = fc.record({
  levels: fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 24, maxLength: 24 }),
  shares: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 144, maxLength: 144 }),
});

function alertsInADayOfLess(levels: readonly number[], shares: readonly number[]): number {
  const folder = startAll(1).folder(settings);
  let alerts = 0;
  for (let bucket = 0; bucket < 8 * 144; bucket += 1) {
    const at = monday + bucket * settings.intervalMs;
    const level = levels[Math.floor((at % (24 * hourMs)) / hourMs)] ?? 0;
    const isLess = bucket >= 7 * 144;
    const { alert, finding } = folder.fold({ at, values: [isLess ? level * (shares[bucket % 144] ?? 0) : level] });
    if (finding !== undefined) expect(finding.seen).toBeGreaterThan(finding.expected);
    if (alert && isLess) alerts += 1;
  }
  return alerts;
}

const property = fc.property(aDayOfLess, ({ levels, shares }) => {
  expect(alertsInADayOfLess(levels, shares)).toBe(0);
});

test('a day on which no hour has more than it always had raises nothing', () => {
  fc.assert(property, { numRuns: 15 });
});

test('the same, of many more days', long, () => {
  fc.assert(property, { numRuns: 500 });
});
