import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawUsage, hourSlot } from '../../../local/traffic/draw.ts';
import type { DrawOptions, MinuteUsage } from '../../../local/traffic/draw.ts';
import { profileNames, profiles } from '../../../local/traffic/profiles.ts';
import type { Profile } from '../../../local/traffic/profiles.ts';
import { long } from '../../support/long.ts';

const monday = Date.parse('2026-11-02T00:00:00Z');
const WEEK = 10_080;
const known = profiles();
const draw = (profile: Profile, options: Partial<DrawOptions> = {}): MinuteUsage[] => [
  ...drawUsage(profile, { seed: 2, from: monday, minutes: WEEK, ...options }),
];
const requestsOf = (usage: readonly MinuteUsage[]): number => usage.reduce((sum, { requests }) => sum + requests, 0);

/** A profile whose rate does not wander: what is left is its level, its shape and the noise of a minute. */
const calm = (profile: Profile): Profile => ({
  ...profile,
  wandering: { ...profile.wandering, logSdUp: 0, logSdDown: 0 },
  bursts: { ...profile.bursts, perDay: 0 },
});
/** Always on besides: the gate of a sparse key would need years to show its mean. */
const open = (profile: Profile): Profile => {
  const always = Array.from({ length: 24 }, () => 1);
  return { ...calm(profile), activity: { ...profile.activity, weekday: always, weekend: always } };
};

describe.each(profileNames)('a drawn key of kind %s', (name) => {
  const profile = known[name];
  // What takes long is tried of one kind in `npm test`.
  const ofOneKind = name === profileNames[0] ? {} : long;

  test('is the same for the same seed and another for another seed', () => {
    const said = (seed: number) => JSON.stringify(draw(profile, { seed, minutes: WEEK / 7 }));
    expect(said(2)).toBe(said(2));
    expect(said(3)).not.toBe(said(2));
  });

  test('begins a longer draw with the shorter one', ofOneKind, () => {
    const week = draw(profile);
    expect(week).not.toEqual([]);
    fc.assert(
      fc.property(fc.nat(WEEK), (minutes) => {
        const until = monday + minutes * 60_000;
        expect(JSON.stringify(draw(profile, { minutes }))).toBe(JSON.stringify(week.filter(({ at }) => at < until)));
      }),
      { numRuns: 3 },
    );
  });

  test('has whole numbers of requests and tokens, in order of time, each model once a minute, within the window', () => {
    const week = draw(profile);
    const whole = ({ at, model: _, ...counts }: MinuteUsage) =>
      at % 60_000 === 0 && Object.values(counts).every((count) => Number.isSafeInteger(count) && count >= 0);
    expect(week.filter((usage) => !whole(usage))).toEqual([]);
    expect(
      week.filter(
        ({ at, requests, outputTokens }) => at < monday || at >= monday + WEEK * 60_000 || requests < 1 || outputTokens < requests,
      ),
    ).toEqual([]);
    const positions = week.map(({ at, model }) => at + profile.assumed.models.findIndex((each) => each.model === model));
    expect(positions.filter((position, index) => position <= (positions[index - 1] ?? 0))).toEqual([]);
  });

  test('comes to its level over many keys', long, () => {
    const totals = Array.from({ length: 24 }, (_, seed) => requestsOf(draw(profile, { seed })) / WEEK);
    const mean = totals.reduce((sum, total) => sum + total, 0) / totals.length;
    const spread = Math.sqrt(totals.reduce((sum, total) => sum + (total - mean) ** 2, 0) / totals.length);
    // Keys that wander for days differ a lot: three standard errors of what was drawn, and 3 % for the gate's approximation.
    expect(Math.abs(mean - profile.requestsPerMinute)).toBeLessThan(
      (3 * spread) / Math.sqrt(totals.length) + 0.03 * profile.requestsPerMinute,
    );
    // Else the bound above would be so wide that any level passed.
    expect(spread / Math.sqrt(totals.length)).toBeLessThan(0.4 * profile.requestsPerMinute);
  });

  test('follows the hour of the week over a month', ofOneKind, () => {
    const drawn = new Float64Array(48);
    for (const { at, requests } of draw(open(profile), { minutes: 4 * WEEK, level: 1000 / profile.requestsPerMinute })) {
      const slot = hourSlot(at);
      drawn[slot] = (drawn[slot] ?? 0) + requests / (60_000 * 4 * (slot < 24 ? 5 : 2));
    }
    [...profile.hourOfWeek.weekday, ...profile.hourOfWeek.weekend].forEach((shape, slot) => {
      expect(Math.abs((drawn[slot] ?? 0) - shape)).toBeLessThan(0.02 * shape + 0.001);
    });
  });

  test('asks its models for their shares, and reads and fills its cache by its shares', () => {
    const usage = draw(open(profile), { level: 100 / profile.requestsPerMinute });
    const all = requestsOf(usage);
    for (const { model, share } of profile.assumed.models) {
      expect(requestsOf(usage.filter((each) => each.model === model)) / all).toBeCloseTo(share, 1);
    }
    const sum = (part: (minute: MinuteUsage) => number) => usage.reduce((total, minute) => total + part(minute), 0);
    const input = sum((minute) => minute.uncachedInputTokens + minute.cacheReadTokens + minute.cacheCreationTokens);
    expect(sum((minute) => minute.cacheReadTokens) / input).toBeCloseTo(profile.assumed.cacheReadShare, 2);
    expect(sum((minute) => minute.cacheCreationTokens) / input).toBeCloseTo(profile.assumed.cacheCreationShare, 2);
  });

  test('uses its tokens per request', () => {
    const still = { logSd: 0, minutes: 60 };
    const usage = draw(
      { ...open(profile), tokens: { ...profile.tokens, inputDrift: still, outputDrift: still } },
      { level: 1000 / profile.requestsPerMinute },
    );
    const perRequest = (part: (minute: MinuteUsage) => number) =>
      usage.reduce((total, minute) => total + part(minute), 0) / requestsOf(usage);
    const input = perRequest((minute) => minute.uncachedInputTokens + minute.cacheReadTokens + minute.cacheCreationTokens);
    expect(input / profile.tokens.inputPerRequest).toBeCloseTo(1, 1);
    expect(perRequest((minute) => minute.outputTokens) / profile.tokens.outputPerRequest).toBeCloseTo(1, 1);
  });
});

test('a minute scatters more than chance alone, by the over-dispersion of the trace by the minute', () => {
  const flat = Array.from({ length: 24 }, () => 1);
  const profile = { ...open(known.steady), hourOfWeek: { weekday: flat, weekend: flat }, requestsPerMinute: 400 };
  const counts = draw(profile).map(({ requests }) => requests);
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  const expected = 1 + 400 * profile.minute.overDispersion;
  expect(expected).toBeGreaterThan(2);
  expect(variance / mean / expected).toBeCloseTo(1, 1);
});

test('a level multiplies the traffic and leaves its ups and downs where they were', () => {
  const hourly = (level: number) => {
    const hours = new Float64Array(168);
    for (const { at, requests } of draw(known['busy-seasonal'], { level })) {
      const hour = Math.floor((at - monday) / 3_600_000);
      hours[hour] = (hours[hour] ?? 0) + requests / level;
    }
    return hours;
  };
  const [small, large] = [hourly(0.5), hourly(50)];
  const most = Math.max(...large);
  large.forEach((requests, hour) => expect(Math.abs((small[hour] ?? 0) - requests)).toBeLessThan(0.05 * most));
  expect(draw(known.steady, { level: 0 })).toEqual([]);
});

test('a start between two minutes and a level below 0 are refused', () => {
  expect(() => draw(known.steady, { from: monday + 1 })).toThrow('a draw starts at the start of a minute');
  expect(() => draw(known.steady, { level: -1 })).toThrow('at least 0, not -1');
  expect(() => draw(known.steady, { level: NaN })).toThrow('at least 0, not NaN');
});

test('weekends are Saturday and Sunday', () => {
  expect(hourSlot(Date.parse('2026-11-06T23:59:00Z'))).toBe(23);
  expect(hourSlot(Date.parse('2026-11-07T00:00:00Z'))).toBe(24);
  expect(hourSlot(Date.parse('2026-11-08T13:00:00Z'))).toBe(37);
  expect(hourSlot(monday)).toBe(0);
});
