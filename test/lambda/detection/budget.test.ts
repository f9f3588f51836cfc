import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evidenceOf, fitTail, residualAtBudget } from '../../../lambda/detection/budget.ts';
import { scoreOf, settleAlert, type AlertState } from '../../../lambda/detection/score.ts';
import { seeded } from '../../../local/random.ts';
import { minuteMs } from './series.ts';

const belief = { from: 1, scale: 0.5, blocks: 2, excesses: 1, leastScale: 0.01 };
const residual = fc.double({ min: -5, max: 50, noNaN: true });
const tail = fc.record({ from: fc.double({ min: 0, max: 5, noNaN: true }), scale: fc.double({ min: 0.01, max: 5, noNaN: true }) });

test('more residual is more evidence, and a higher score', () => {
  fc.assert(
    fc.property(tail, residual, fc.double({ min: 0.01, max: 5, noNaN: true }), (fitted, low, more) => {
      const [less, higher] = [evidenceOf(fitted, low, 1), evidenceOf(fitted, low + more, 1)];
      expect(higher).toBeGreaterThan(less);
      expect(scoreOf(higher)).toBeGreaterThanOrEqual(scoreOf(less));
    }),
  );
});

test('an alert begins at score 0.5, where the tail says that the budget is met', () => {
  fc.assert(
    fc.property(tail, fc.double({ min: 0.001, max: 100, noNaN: true }), (fitted, perMonth) => {
      expect(evidenceOf(fitted, residualAtBudget(fitted, perMonth), perMonth)).toBeCloseTo(0, 6);
    }),
  );
  expect(scoreOf(0)).toBe(0.5);
});

test('the tail fitted to a month of exponential peaks says within a factor of three how often a level is passed', () => {
  const random = seeded(7, 'peaks');
  const peaks = Array.from({ length: 112 }, () => -Math.log(1 - random.uniform()));
  const fitted = fitTail(peaks, belief);
  // Of 120 blocks a month 6 pass ln 20.
  const perMonth = 10 ** -evidenceOf(fitted, Math.log(20), 1);
  expect(perMonth).toBeGreaterThan(2);
  expect(perMonth).toBeLessThan(18);
});

test('a few quiet blocks make a tail no narrower than the belief, a few wild ones make it wider', () => {
  expect(fitTail([0, 0, 0, 0], belief)).toMatchObject({ from: belief.from });
  expect(fitTail([0, 0, 0, 0], belief).scale).toBeGreaterThanOrEqual(belief.scale);
  expect(residualAtBudget(fitTail([4, 6, 5, 9], belief), 1)).toBeGreaterThan(residualAtBudget(fitTail([], belief), 1));
});

test('an alert ends after half an hour of calm, and a shorter pause is part of it', () => {
  const state: AlertState = { alertSince: null, calmSince: null };
  const evidence = [0.2, ...Array.from({ length: 20 }, () => -3), 0.1, ...Array.from({ length: 31 }, () => -3)];
  const alerts = evidence.map((each, minute) => {
    settleAlert(state, minute * minuteMs, each);
    return state.alertSince !== null;
  });
  expect(alerts.lastIndexOf(true)).toBe(evidence.length - 2);
  expect(alerts.slice(0, -1).every(Boolean)).toBe(true);
});

test('evidence that stays just below the budget keeps an alert, and begins none', () => {
  const state: AlertState = { alertSince: null, calmSince: null };
  settleAlert(state, 0, -0.1);
  expect(state.alertSince).toBeNull();
  settleAlert(state, minuteMs, 0);
  for (let minute = 2; minute < 200; minute++) settleAlert(state, minute * minuteMs, -0.9);
  expect(state.alertSince).toBe(minuteMs);
});
