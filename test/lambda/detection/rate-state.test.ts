import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Observation } from '../../../lambda/detection/detectors.ts';
import { rateFolder, startRate } from '../../../lambda/detection/detectors/rate.ts';
import { rateStateText, readRateState } from '../../../lambda/detection/detectors/stored-rate-state.ts';
import { daily, dayMs, drawn, flat, hourMs, minuteMs, monday, withTheft } from './series.ts';
import { long } from '../../support/long.ts';

function used(): unknown {
  const folder = rateFolder(startRate(2), { intervalMs: 10 * minuteMs, falseAlarmsPerMonth: 1 });
  const series = drawn(daily(5000), { days: 3, intervalMs: 10 * minuteMs });
  const from = series.at(-20)?.at ?? 0;
  for (const { at, values } of withTheft(series, from, Infinity, 9e6)) folder.fold({ at, values: [values[0] ?? 0, (values[0] ?? 0) / 5] });
  return JSON.parse(JSON.stringify(folder.state()));
}

test('a state comes back from storage as it went in, an alert with its explanation included', () => {
  const stored = used();
  expect(stored).toMatchObject({ strongest: { windowMs: expect.any(Number) as unknown } });
  expect(readRateState(stored)).toEqual(stored);
  expect(readRateState(JSON.parse(JSON.stringify(startRate(1))))).toEqual(startRate(1));
});

/** Every place in a JSON value, as the path to it. */
function placesOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  // Of long lists the first entry stands for all.
  const entries = Array.isArray(value) ? value.slice(0, 2).map((each, index) => [index, each] as const) : Object.entries(value);
  return [path, ...entries.flatMap(([key, each]) => placesOf(each, [...path, key]))];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((each: unknown, index) => (index === key ? replaced(each, rest, by) : each));
  return { ...(value as object), [key]: replaced((value as Record<string, unknown>)[key], rest, by) };
}

test.each([{ wrong: 'x' }, { wrong: [] }, { wrong: {} }, { wrong: true }])('a state with $wrong in any place is refused', ({ wrong }) => {
  const stored = used();
  for (const path of placesOf(stored)) {
    const broken = replaced(stored, path, wrong);
    if (JSON.stringify(broken) === JSON.stringify(stored)) continue;
    // An empty list of peaks is a tail that has none yet.
    if (path.at(-1) === 'peaks' && Array.isArray(wrong)) continue;
    expect(() => readRateState(broken), path.join('.')).toThrow(/state/);
  }
});

test('a state of another version says that the key must start afresh', () => {
  expect(() => readRateState({ ...startRate(1), version: 2 })).toThrow(/version is 2, not 1: start the key afresh/);
});

test('a key has at least one metric', () => {
  expect(() => startRate(0)).toThrow(RangeError);
  expect(() => startRate(1.5)).toThrow(RangeError);
});

/** Every number in a JSON value. */
function numbersOf(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}
const isOrdinary = (number: number): boolean => number === 0 || (Math.abs(number) >= 1e-60 && Math.abs(number) <= 1e60);

test('a day of use, thirty hours of nothing and one minute of use leave a memory of ordinary numbers', () => {
  const folder = rateFolder(startRate(2), { intervalMs: minuteMs, falseAlarmsPerMonth: 1 });
  for (const { at } of drawn(flat(300), { days: 1 })) folder.fold({ at, values: [300, 300] });
  folder.fold({ at: monday + dayMs + 30 * hourMs, values: [300, 300] });
  expect(numbersOf(folder.state()).filter((number) => !isOrdinary(number))).toEqual([]);
});

test('whatever a key does, its memory can be stored and is the same when it is read back', long, () => {
  const intervalMs = 10 * minuteMs;
  const anAmount = fc.oneof(
    fc.constantFrom(0, 1, 300, 1e6, Number.MAX_VALUE, Number.MIN_VALUE, 1e-131, 1e126, 2 ** 53 + 2, -5),
    fc.double({ min: 0, max: 1e12, noNaN: true }),
  );
  // Use of a few buckets up to a day, then silence of up to 40 days.
  const spells = fc.array(
    fc.record({
      amounts: fc.tuple(anAmount, fc.option(anAmount)),
      buckets: fc.integer({ min: 1, max: 144 }),
      rest: fc.integer({ min: 1, max: 5760 }),
    }),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(spells, (all) => {
      let at = monday;
      let folder = rateFolder(startRate(2), { intervalMs, falseAlarmsPerMonth: 1 });
      const never = rateFolder(startRate(2), { intervalMs, falseAlarmsPerMonth: 1 });
      for (const { amounts, buckets, rest } of all) {
        for (let bucket = 0; bucket < buckets; bucket += 1, at += intervalMs) {
          const observation: Observation = { at, values: amounts };
          expect(folder.fold(observation)).toEqual(never.fold(observation));
        }
        at += rest * intervalMs;
        const state = folder.state();
        expect(numbersOf(state).filter((number) => !isOrdinary(number))).toEqual([]);
        const text = rateStateText(state);
        expect(text.length).toBeLessThan(100_000);
        expect(readRateState(JSON.parse(text))).toEqual(state);
        folder = rateFolder(readRateState(JSON.parse(text)), { intervalMs, falseAlarmsPerMonth: 1 });
      }
    }),
    { numRuns: 10 },
  );
});

test('a state that could not be read back is not stored', () => {
  expect(() => rateStateText({ ...startRate(1), buckets: Number.NaN })).toThrow(/state.buckets/);
  expect(() => rateStateText({ ...startRate(1), buckets: 1e300 })).toThrow(/state.buckets/);
  expect(() => rateStateText(startRate(9))).not.toThrow();
  expect(() => rateStateText(startRate(100))).toThrow(/more than 200000/);
});
