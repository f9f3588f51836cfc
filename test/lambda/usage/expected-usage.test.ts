import { describe, expect, test } from 'vitest';
import type { ExpectedUsageRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { expectedFrom, planExpectation } from '../../../lambda/usage/expect.ts';
import { expectationAt, expectedOf, expectedSpans } from '../../../lambda/usage/expected-usage.ts';

const now = Date.UTC(2026, 8, 14, 12);
const record = (from: number, until: number, because = 'a load test'): ExpectedUsageRecord => ({
  schema: 1,
  subject: 'production',
  from: now + from * hourMs,
  until: now + until * hourMs,
  by: 'an operator',
  because,
});

describe('what an operator says', () => {
  const wish = { subject: 'production', until: now + 8 * hourMs, by: 'me', because: 'a migration' };
  const incident = (hoursAgo: number) => ({ state: 'open', since: now, facts: { startedAt: now - hoursAgo * hourMs } }) as const;

  test.each([
    ['nothing is open', undefined, [], 0],
    ['usage is unusual since two hours', incident(2), [], -2],
    ['usage is unusual since days', incident(90), [], -44],
    ['what was unusual is cut off', { ...incident(2), state: 'contained' as const }, [], 0],
    ['something is expected since an hour', undefined, [record(-1, 2)], -1],
    ['what was expected is over', undefined, [record(-3, -2)], 0],
    ['something else is expected later', undefined, [record(9, 10)], 0],
  ])('begins where it should: %s', (_what, open, records, from) => {
    expect(planExpectation(wish, records, open, now)).toEqual({ schema: 1, ...wish, from: now + from * hourMs });
  });

  test('seven days from within something else stand beside it', () => {
    const until = now + 7 * dayMs;
    expect(planExpectation({ ...wish, until }, [record(-1, 2)], undefined, now)).toEqual({ schema: 1, ...wish, from: now, until });
  });

  test.each([
    ['ends before it begins', { until: now }, 'it would end before it begins'],
    ['begins too early', { from: now - 45 * hourMs }, '44 hours'],
    ['lasts too long', { until: now + 7 * dayMs + hourMs }, 'seven days'],
  ])('is refused where it %s', (_what, change, words) => {
    expect(() => planExpectation({ ...wish, ...change }, [], undefined, now)).toThrow(words);
  });
});

test('a record that would blind for long is none', () => {
  const long = record(-24, 8 * 24);
  expect(expectedOf('production', [long, record(2, 1), record(-1, 1)])).toEqual([record(-1, 1)]);
  expect(expectedOf('batch', [record(-1, 1)])).toEqual([]);
});

test('it holds from its first minute until its end, and a status shows it until then', () => {
  const expected = [record(0, 1)];
  expect([now - minuteMs, now, now + hourMs - minuteMs, now + hourMs].map((at) => expectationAt(expected, at)?.because)).toEqual([
    undefined,
    'a load test',
    'a load test',
    undefined,
  ]);
  expect(expectedFrom('production', [record(-3, -2), record(-1, 1), record(4, 5)], now)).toEqual([record(-1, 1), record(4, 5)]);
});

describe('what the detector makes of it', () => {
  const span = (from: number, to: number) => ({ from: now + from * hourMs, to: now + to * hourMs });
  const spans = (records: readonly ExpectedUsageRecord[], changes: Partial<Parameters<typeof expectedSpans>[2]> = {}) =>
    expectedSpans(records, now, { unlearnt: [], found: [], cuts: [], ...changes });

  test('it waits until it is over and an hour more, and is learnt then, with that hour', () => {
    expect(spans([record(-1, 1)])).toEqual({ waiting: [span(-1, 1)], accepted: [] });
    expect(spans([record(-3, -0.5)])).toEqual({ waiting: [span(-3, -0.5)], accepted: [] });
    expect(spans([record(-3, -1)])).toEqual({ waiting: [], accepted: [span(-3, 0)] });
  });

  test('where something else was found in that hour, without it', () => {
    expect(spans([record(-3, -1)], { found: [span(-0.5, -0.4)] }).accepted).toEqual([span(-3, -1)]);
  });

  test.each([
    ['usage in it was cut off', { unlearnt: [span(-2, -1.5)] }],
    ['a key was cut off in it', { cuts: [now - 2 * hourMs] }],
    ['a key was cut off right after it', { cuts: [now - 0.5 * hourMs] }],
  ])('nothing is learnt where %s', (_what, changes) => {
    expect(spans([record(-3, -1)], changes).accepted).toEqual([]);
  });

  test('a cut before it changes nothing', () => {
    expect(spans([record(-3, -1)], { unlearnt: [span(-5, -3)], cuts: [now - 4 * hourMs] }).accepted).toEqual([span(-3, 0)]);
  });
});
