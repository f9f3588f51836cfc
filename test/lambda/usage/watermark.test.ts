import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WatermarkRecord } from '../../../contract/records.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import {
  collectionSpan,
  resumptionAfter,
  settleMs,
  silenceKnownUntil,
  sinceLastTokens,
  watermarkThatHasCome,
} from '../../../lambda/usage/watermark.ts';

const now = Date.UTC(2026, 8, 7, 10, 20, 30);
const mark = (ago: number, readAgo = minuteMs) => ({
  schema: 1 as const,
  knownUntil: now - ago,
  readAt: now - readAgo,
  tokensUntil: now - ago,
});

test('in calm weather a run reads the last half hour of closed minutes', () => {
  const end = Date.UTC(2026, 8, 7, 10, 20);
  expect(collectionSpan({ schema: 1, knownUntil: end - settleMs, readAt: now - minuteMs, tokensUntil: 0 }, now)).toEqual({
    from: end - settleMs,
    to: end,
    knownUntil: end - settleMs,
    lostMs: 0,
  });
});

test('once an hour a run looks back six hours, once a day two days', () => {
  const hourly = collectionSpan(mark(31 * minuteMs, 21 * minuteMs), now);
  expect(hourly.to - hourly.from).toBeGreaterThanOrEqual(6 * hourMs);
  const daily = collectionSpan(mark(31 * minuteMs, 11 * hourMs), now);
  expect(daily.to - daily.from).toBeGreaterThanOrEqual(dayMs);
});

test('after any outage every minute is read again, in order, until all is known', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 12 * 24 * 60 }), (minutes) => {
      let watermark = mark(settleMs + minutes * minuteMs, minutes * minuteMs);
      for (let run = 0; run < 15; run += 1) {
        const span = collectionSpan(watermark, now);
        expect(span.from).toBeLessThanOrEqual(watermark.knownUntil);
        expect(span.knownUntil).toBeGreaterThanOrEqual(watermark.knownUntil);
        expect(span.knownUntil).toBeLessThanOrEqual(span.to);
        expect(span.lostMs).toBe(0);
        watermark = { schema: 1, knownUntil: span.knownUntil, readAt: now, tokensUntil: span.knownUntil };
      }
      expect(watermark.knownUntil).toBeGreaterThanOrEqual(now - settleMs - minuteMs);
    }),
  );
});

test('what is older than CloudWatch takes is said to be lost, never skipped silently', () => {
  expect(collectionSpan(mark(20 * dayMs, 20 * dayMs), now).lostMs).toBeGreaterThan(6 * dayMs);
});

test.each([
  ['nothing was ever read', undefined, 0],
  ['no tokens were ever seen', { knownUntil: now, tokensUntil: 0 }, 0],
  ['the report goes on', { knownUntil: now - 30 * minuteMs, tokensUntil: now - 6 * minuteMs }, now - 30 * minuteMs],
  ['the report stands still', { knownUntil: now - 30 * minuteMs, tokensUntil: now - 30 * hourMs }, now - 30 * hourMs],
])('silence is known no further than tokens are visible: %s', (_what, known, until) => {
  expect(silenceKnownUntil(known === undefined ? undefined : { schema: 1, readAt: now, ...known })).toBe(until);
});

test('when tokens are visible again, everything since the last ones is read again', () => {
  const end = Date.UTC(2026, 8, 7, 10, 20);
  const span = { from: end - settleMs, to: end, knownUntil: end - settleMs, lostMs: 0 };
  const since = (tokensAgo: number, visible = end - 6 * minuteMs) =>
    sinceLastTokens(span, { schema: 1, knownUntil: end - settleMs, readAt: now, tokensUntil: end - tokensAgo }, visible, now).from;
  expect(since(30 * hourMs)).toBe(end - 30 * hourMs);
  expect(since(20 * minuteMs)).toBe(span.from);
  expect(since(30 * hourMs, 0)).toBe(span.from);
  // CloudWatch takes no older data.
  expect(since(20 * dayMs)).toBe(end - 13 * dayMs);
  // What was used before Key Guard came is none of its history.
  expect(sinceLastTokens(span, undefined, end, now)).toBe(span);
  expect(sinceLastTokens(span, { schema: 1, knownUntil: span.from, readAt: now, tokensUntil: 0 }, end, now)).toBe(span);
});

const resumed = { at: now - 10 * minuteMs, from: now - 30 * hourMs };

test.each<[string, Partial<WatermarkRecord>, wasBlind: boolean, tokensAgo: number, WatermarkRecord['resumed']]>([
  ['tokens after an unusual pause', {}, true, 6 * minuteMs, { at: now, from: now - 30 * hourMs }],
  ['tokens after a usual one, such as a night', {}, false, 6 * minuteMs, undefined],
  ['no new tokens', {}, true, 30 * hourMs, undefined],
  ['the first tokens at all', { tokensUntil: 0 }, true, 6 * minuteMs, undefined],
  ['its time is not over', { tokensUntil: now - 7 * minuteMs, resumed }, false, 6 * minuteMs, resumed],
  ['its time is over', { resumed: { ...resumed, at: now - 2 * hourMs } }, false, 6 * minuteMs, undefined],
  ['the report is hours behind yet', { resumed: { ...resumed, at: now - 2 * hourMs } }, false, 3 * hourMs, { ...resumed, at: now }],
  [
    'a second pause before the first has had its time',
    { tokensUntil: now - 90 * minuteMs, resumed },
    true,
    minuteMs,
    { at: now, from: resumed.from },
  ],
])('what a pause has hid gets two hours to come: %s', (_what, changes, blind, tokensAgo, noted) => {
  const before = { schema: 1 as const, knownUntil: now - settleMs, readAt: now - minuteMs, tokensUntil: now - 30 * hourMs, ...changes };
  expect(resumptionAfter(before, blind, now - tokensAgo, now)).toEqual(noted);
});

test('until then no silence counts in it, and at the end all of it is read once more', () => {
  const after = (ago: number) => ({ ...mark(settleMs), tokensUntil: now - 6 * minuteMs, resumed: { ...resumed, at: now - ago } });
  expect(silenceKnownUntil(after(0))).toBe(resumed.from);
  expect(collectionSpan(after(119 * minuteMs), now).from).toBeGreaterThan(now - 7 * hourMs);
  expect(collectionSpan(after(2 * hourMs), now).from).toBe(floorTo(resumed.from, minuteMs));
  expect(collectionSpan({ ...after(3 * hourMs), resumed: { at: 0, from: 0 } }, now)).toMatchObject({ lostMs: 0 });
  // Nobody can make it wait for ever.
  const foreign = watermarkThatHasCome({ ...after(0), resumed: { at: now + dayMs, from: now + dayMs } }, now);
  expect(foreign.resumed).toEqual({ at: now, from: 0 });
});

test('an instant that has not come is none: nothing passes for silence, and what may be unread is read again', () => {
  const future = Date.UTC(2036, 0, 1);
  const honest = mark(settleMs);
  expect(watermarkThatHasCome(honest, now)).toEqual(honest);
  expect(silenceKnownUntil(watermarkThatHasCome({ ...honest, tokensUntil: future }, now))).toBe(0);
  const unread = watermarkThatHasCome({ ...honest, knownUntil: future, readAt: future }, now);
  expect(collectionSpan(unread, now)).toMatchObject({ lostMs: 0 });
  expect(collectionSpan(unread, now).from).toBeLessThanOrEqual(now - 2 * dayMs);
  for (const wrong of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(silenceKnownUntil(watermarkThatHasCome({ ...honest, tokensUntil: wrong }, now))).toBe(0);
  }
});
