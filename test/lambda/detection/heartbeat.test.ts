import { expect, test } from 'vitest';
import { heartbeatModel } from '../../../contract/heartbeat.ts';
import type { Observation } from '../../../lambda/detection/detectors.ts';
import { envelope } from '../../../lambda/detection/detectors/envelope.ts';
import { foldMinutes } from '../../../lambda/detection/fold.ts';
import { evenWhereBeat, withEvenHeartbeat } from '../../../lambda/detection/heartbeat.ts';
import { modelPrices } from '../../../lambda/usage/price-table.ts';
import { seeded } from '../../../local/random.ts';
import { hourMs, minuteMs, monday } from './series.ts';

const settings = { intervalMs: minuteMs, falseAlarmsPerMonth: 1 };
const alertsOf = (series: readonly Observation[]) =>
  foldMinutes(envelope.start(2), series, { unlearnt: [], accepted: [] }, [], settings).alerts;

/** A request an hour, at whichever of the first minutes; now and then one fails. */
function beats(costUsd: number): readonly Observation[] {
  const random = seeded(1, 'heartbeat');
  return Array.from({ length: 42 * 24 }, (_, hour) => hour)
    .filter((hour) => hour % 50 !== 49)
    .map((hour) => ({ at: monday + hour * hourMs + Math.floor(random.uniform() * 3) * minuteMs, values: [1, costUsd] }));
}

test('the heartbeat raises nothing in six weeks, from its first day on', () => {
  expect(alertsOf(beats(0.000_001_3).map(evenWhereBeat))).toEqual([]);
});

test('a theft on its key is seen', () => {
  const from = monday + 10 * 24 * hourMs + 30 * minuteMs;
  const theft = Array.from({ length: 25 }, (_, minute) => ({ at: from + minute * minuteMs, values: [2_000, 0.01] }));
  const series = [...beats(0.000_001_3).filter(({ at }) => at < from), ...theft];
  const [first] = alertsOf(series.map(evenWhereBeat));
  expect(first?.at).toBeGreaterThanOrEqual(from);
});

test.each<[what: string, values: Observation['values'], seen: Observation['values']]>([
  ['one request', [1, 0.000_001_3], [1, 0.000_5]],
  ['one without a price', [1, 0], [1, 0.000_5]],
  ['a minute that one metric does not know', [1, null], [1, null]],
  ['nothing', [0, 0], [0, 0]],
  ['two tokens', [2, 0.000_001_3], [2, 0.000_001_3]],
  ['one token that answers a long prompt', [1, 0.01], [1, 0.01]],
])('of %s the detector sees this', (_what, values, seen) => {
  expect(evenWhereBeat({ at: monday, values }).values).toEqual(seen);
});

test("the same on another managed key, or where there is no heartbeat, is somebody's usage", async () => {
  const series = { read: () => Promise.resolve([{ at: monday, values: [1, 0] }]) };
  const heartbeat = { managedKey: 'heartbeat', model: heartbeatModel };
  const firstOf = async (subject: string, of: typeof heartbeat | undefined) =>
    (await withEvenHeartbeat(series, of).read(subject, monday, monday + minuteMs))[0]?.values;
  expect(await firstOf('heartbeat', heartbeat)).toEqual([1, 0.000_5]);
  expect(await firstOf('production', heartbeat)).toEqual([1, 0]);
  expect(await firstOf('heartbeat', undefined)).toEqual([1, 0]);
});

test('it asks the cheapest model, and the dearest would still be told apart from usage', () => {
  const [cheapest, ...others] = [...modelPrices].sort((a, b) => a.input + a.output - b.input - b.output);
  expect(heartbeatModel).toBe(cheapest?.id);
  const { input, output } = others.at(-1) ?? { input: Infinity, output: Infinity };
  expect(evenWhereBeat({ at: monday, values: [1, (20 * input + output) / 1e9] }).values).toEqual([1, 0.000_5]);
});
