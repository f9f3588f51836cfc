import { expect, test } from 'vitest';
import { rateFolder, readRateState, startRate } from '../../../lambda/detection/detectors/rate.ts';
import { daily, drawn, minuteMs, withTheft } from './series.ts';

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
