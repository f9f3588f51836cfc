import { describe, expect, test } from 'vitest';
import type { WatermarkRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { heartbeatPauseMs, judgeBlindness, overdueBeat, usualPause, wasBlind } from '../../../lambda/usage/blind.ts';
import { quarterMs } from '../../../lambda/usage/deltas.ts';

/** A Monday. */
const monday = Date.UTC(2026, 8, 7);

/** The quarters of `days` days from Monday on in which somebody works. */
function quarters(days: number, works: (weekday: number, hour: number, quarter: number) => boolean): readonly number[] {
  const all = Array.from({ length: days * 96 }, (_each, index) => monday + index * quarterMs);
  return all.filter((start) => works((new Date(start).getUTCDay() + 6) % 7, new Date(start).getUTCHours(), (start / quarterMs) % 4));
}
const always = () => true;
const officeHours = (weekday: number, hour: number) => weekday < 5 && hour >= 8 && hour < 18;
const hoursOf = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / hourMs);

describe('how long a pause of everybody is usual', () => {
  test.each<[history: string, busy: readonly number[], usual: number | undefined]>([
    ['none', [], undefined],
    ['one use', [monday], undefined],
    ['a new installation, busy for half a day', quarters(0.5, always), undefined],
    ['a new installation, busy for a day and a night', quarters(1, always), 1],
    ['a week at work, busy day and night', quarters(5, always), 1],
    ['a first week in the office, before its first weekend', quarters(5, officeHours), undefined],
    ['two weeks, busy day and night', quarters(14, always), 1],
    ['two weeks with one use an hour', quarters(14, (_day, _hour, quarter) => quarter === 1), 1.5],
    ['two weeks in the office', quarters(12, officeHours), ((38.25 + 24) * 3) / 2],
    ['two weeks with one use on Mondays', quarters(14, (day, hour, quarter) => day === 0 && hour === 9 && quarter === 0), undefined],
    ['two weeks, Mondays and Tuesdays', quarters(9, (day, hour, quarter) => day < 2 && hour === 9 && quarter === 0), 216],
    ['two weeks, at night only', quarters(14, (_day, hour) => hour === 2), (23.25 * 3) / 2],
  ])('%s', (_history, busy, usual) => {
    expect(hoursOf(usualPause(busy))).toBe(usual);
  });

  test('the order of the quarters says nothing, and several keys in one are one', () => {
    const busy = quarters(12, officeHours);
    expect(usualPause([...busy, ...busy].reverse())).toBe(usualPause(busy));
  });

  test('no weekend of an office is unusual to it, and no night', () => {
    const usual = usualPause(quarters(12, officeHours)) ?? 0;
    expect(usual).toBeGreaterThan(62 * hourMs);
    // A Monday off on top of it neither; a week without anybody is.
    expect(usual).toBeGreaterThan(86 * hourMs);
    expect(usual).toBeLessThan(7 * dayMs);
  });
});

const now = monday + 9 * dayMs;
const mark = (changes: Partial<WatermarkRecord> = {}): WatermarkRecord => ({
  schema: 1,
  knownUntil: now - 30 * minuteMs,
  readAt: now - minuteMs,
  tokensUntil: now - 6 * minuteMs,
  ...changes,
});
const failing = { since: now - 29 * minuteMs, reason: 'the usage report: Anthropic says that there is more, and does not say where' };

test.each<[what: string, watermark: WatermarkRecord | undefined, usualMs: number | undefined, since: number | undefined]>([
  ['nothing was ever read', undefined, hourMs, undefined],
  ['all is well', mark(), hourMs, undefined],
  ['the feed fails for half an hour', mark({ readAt: now - 30 * minuteMs, failing }), hourMs, undefined],
  ['the feed fails for longer', mark({ readAt: now - 31 * minuteMs, failing }), undefined, now - 31 * minuteMs],
  ['the collector does not run', mark({ readAt: now - 2 * dayMs }), undefined, now - 2 * dayMs],
  ['a pause as usual', mark({ tokensUntil: now - hourMs }), hourMs, undefined],
  ['a pause longer than usual', mark({ tokensUntil: now - hourMs - 1 }), hourMs, now - hourMs - 1],
  ['a pause of an organization that is not known', mark({ tokensUntil: now - 30 * dayMs }), undefined, undefined],
])('blind or not: %s', (_what, watermark, usualMs, since) => {
  expect(judgeBlindness(watermark, usualMs === undefined ? undefined : { ms: usualMs, by: 'history' }, now)?.since).toBe(since);
});

test('it says why', () => {
  expect(judgeBlindness(mark({ readAt: now - hourMs, failing }), undefined, now)?.cause).toEqual({ code: 'error', what: failing.reason });
  expect(judgeBlindness(mark({ readAt: now - hourMs }), undefined, now)?.cause).toEqual({ code: 'collector-stopped' });
  expect(judgeBlindness(mark({ tokensUntil: now - 3 * hourMs }), { ms: hourMs, by: 'history' }, now)?.cause).toEqual({
    code: 'no-tokens',
    since: now - 3 * hourMs,
    usualMs: hourMs,
  });
});

test('with a heartbeat one request may fail, and two in a row are told', () => {
  const beating = { ms: heartbeatPauseMs, by: 'heartbeat', sentAt: now - hourMs } as const;
  // The last one before was seen; the report shows the next one only after some minutes.
  expect(judgeBlindness(mark({ tokensUntil: now - 2 * hourMs - 10 * minuteMs }), beating, now)).toBeUndefined();
  expect(judgeBlindness(mark({ tokensUntil: now - 3 * hourMs }), beating, now)).toEqual({
    since: now - 3 * hourMs,
    cause: { code: 'no-tokens-of-heartbeat', since: now - 3 * hourMs, sentAt: now - hourMs },
  });
});

test.each<[what: string, minutesAgo: readonly number[], witness: number | undefined]>([
  ['none was taken: its key is dead, or none is there', [], undefined],
  ['one that was taken with the last tokens', [180, 177], undefined],
  ['the first one after three hours without capacity', [29], undefined],
  ['one that must be visible', [120, 60, 1], 120],
  ['one after an hour without capacity', [60], 60],
])('a heartbeat request whose tokens must be visible: %s', (_what, minutesAgo, witness) => {
  const sent = minutesAgo.map((minutes) => now - minutes * minuteMs);
  expect(overdueBeat(sent, now - 3 * hourMs, now)).toBe(witness === undefined ? undefined : now - witness * minuteMs);
});

test.each<[what: string, changes: Partial<WatermarkRecord>, pauseHours: number | undefined, blind: boolean]>([
  ['a standing report', { tokensUntil: monday - 30 * hourMs }, 1, true],
  ['a night', { tokensUntil: monday - 14 * hourMs }, 21, false],
  ['a weekend', { tokensUntil: monday - 62 * hourMs }, 93, false],
  ['a pause of which nobody knows whether it is usual', { tokensUntil: monday - 30 * hourMs }, undefined, false],
  ['a collector that did not run, while the report went on', { readAt: monday - 30 * hourMs, tokensUntil: monday - 30 * hourMs }, 1, false],
  ['a report that failed for hours', { failing: { since: monday - 3 * hourMs, reason: 'cut' } }, undefined, true],
  ['a report that failed once', { failing: { since: monday - minuteMs, reason: 'cut' } }, undefined, false],
])('until it is read again, Key Guard was blind or not: %s', (_what, changes, pauseHours, blind) => {
  const watermark = { schema: 1 as const, knownUntil: monday, readAt: monday - minuteMs, tokensUntil: monday - 6 * minuteMs, ...changes };
  expect(wasBlind(watermark, pauseHours === undefined ? undefined : { ms: pauseHours * hourMs, by: 'history' }, monday)).toBe(blind);
});
