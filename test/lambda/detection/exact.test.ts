import { expect, test } from 'vitest';
import { exactUsage } from '../../../lambda/detection/exact.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { quarterMs } from '../../../lambda/usage/deltas.ts';
import { quarter, totals } from './quarters.ts';
import { monday } from './series.ts';

/** Output tokens by minutes after Monday. */
async function seen(quarters: readonly ReturnType<typeof quarter>[]) {
  const series = exactUsage({ quarters: () => Promise.resolve(quarters) });
  const observations = await series.read('production', monday, monday + 2 * quarterMs);
  return Object.fromEntries(observations.map(({ at, values }) => [(at - monday) / minuteMs, values[0]]));
}

test('what is being sent counts as it will be', async () => {
  const intent = { at: monday, minutes: { 2: totals(950), 3: totals(400) } };
  expect(await seen([quarter(monday, { 1: 300, 2: 900 }, { intent })])).toEqual({ 1: 300, 2: 950, 3: 400 });
});

test('minutes that were not asked for stay away', async () => {
  const far = [quarter(monday - quarterMs, { 14: 5 }), quarter(monday, { 1: 300, 2: 900 }), quarter(monday + 2 * quarterMs, { 0: 5 })];
  expect(await seen(far)).toEqual({ 1: 300, 2: 900 });
});
