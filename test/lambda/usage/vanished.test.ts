import { expect, test } from 'vitest';
import type { UsageQuarterRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { quarterMs, quarterOf } from '../../../lambda/usage/deltas.ts';
import { refuseVanished, vanishedMinutes } from '../../../lambda/usage/vanished.ts';

const start = Date.UTC(2026, 8, 7, 10, 0);
const span = { from: start, to: start + 2 * quarterMs };
const totals = (outputTokens: number) => ({ inputTokens: 0, cacheReadTokens: 0, outputTokens, costNanoUsd: 0 });
/** Tokens by minute after ten. */
type Use = Readonly<Record<string, number>>;

function quarters(subject: string, use: Use, isSent = true): readonly UsageQuarterRecord[] {
  return Object.entries(use).map(([minute, tokens]) => {
    const at = start + Number(minute) * minuteMs;
    const base = { schema: 1 as const, subject, start: quarterOf(at), revision: 1 };
    const offset = String((at - base.start) / minuteMs);
    if (!isSent) return { ...base, minutes: {}, intent: { at, minutes: { [offset]: totals(tokens) } } };
    return { ...base, minutes: { [offset]: { totals: totals(tokens), samples: 1 } } };
  });
}
const reported = (bySubject: Readonly<Record<string, Use>>) =>
  new Map(
    Object.entries(bySubject).map(([subject, use]) => [
      subject,
      new Map(Object.entries(use).map(([minute, tokens]) => [start + Number(minute) * minuteMs, totals(tokens)])),
    ]),
  );

const two = [...quarters('production', { 1: 300, 2: 300 }), ...quarters('staging', { 2: 50, 20: 50 })];

test.each<[what: string, published: readonly UsageQuarterRecord[], shown: Readonly<Record<string, Use>>, vanished: number]>([
  ['nothing is shown any more', two, {}, 3],
  ['rows without tokens are nothing', two, { production: { 1: 0, 2: 0 } }, 3],
  ['other minutes alone are shown', two, { production: { 25: 300 } }, 3],
  ['what is being sent was shown, too', quarters('production', { 1: 300, 2: 300 }, false), {}, 2],
  ['the only minute is gone, and with it everything', quarters('production', { 1: 300 }), {}, 1],
  ['the only minute is gone, and others are shown', quarters('production', { 1: 300 }), { staging: { 3: 50 } }, 0],
  ['half of it is gone', two, { production: { 1: 300 } }, 0],
  ['all of one managed key is gone', two, { staging: { 2: 50, 20: 50 } }, 0],
  ['its key is another subject now', two, { unattributed: { 1: 300, 2: 300 } }, 0],
  ['every row is smaller', two, { production: { 1: 3, 2: 3 }, staging: { 2: 5, 20: 5 } }, 0],
  ['a weekend in which nobody used anything', [], {}, 0],
  ['it was taken back before', quarters('production', { 1: 0, 2: 0 }), {}, 0],
  ['it lies outside of what was asked', quarters('production', { 40: 300, 41: 300 }), {}, 0],
])('how many minutes of everybody a report takes back: %s', (_what, published, shown, vanished) => {
  expect(vanishedMinutes(published, reported(shown), span)).toBe(vanished);
});

test('such a report is refused by name, and believed once it has said the same for a day', () => {
  const since = (ms: number) => ({ since: start - 9 * dayMs, reason: 'it was cut', emptySince: start - ms });
  expect(() => refuseVanished(0, undefined, start)).not.toThrow();
  expect(() => refuseVanished(30, undefined, start)).toThrow(
    expect.objectContaining({
      code: 'usage-vanished',
      message: 'the usage report shows no tokens of anybody in 30 minutes where it had shown some',
    }),
  );
  expect(() => refuseVanished(1, { since: start - 9 * dayMs, reason: 'it was cut' }, start)).toThrow(/ in 1 minute where/);
  expect(() => refuseVanished(30, since(23 * hourMs), start)).toThrow();
  expect(() => refuseVanished(30, since(dayMs), start)).not.toThrow();
});
