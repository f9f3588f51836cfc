import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { drawUsage } from '../../local/traffic/draw.ts';
import { drawnFigures, medianFigures } from './calibrate.ts';
import { kindOf } from './kinds.ts';
import { bucketed, bySlot, measure } from './measure.ts';
import { fitShape } from './shape.ts';
import { fitMinuteNoise, fitTokens } from './tokens.ts';
import { oneMinuteSeries, TEN_MINUTE_TRACE, tenMinuteSeries } from './traces.ts';
import type { KeySeries } from './traces.ts';
import { profileNames, profiles, profilesFile } from '../../local/traffic/profiles.ts';
import type { Profile, ProfileName } from '../../local/traffic/profiles.ts';
import { keysOf, replayUsage } from '../../local/traffic/replay.ts';

const monday = Date.parse('2026-09-07T00:00:00Z');
const twoWeeks = 20_160;
const known = profiles();
const { minute, profiles: fitted } = profilesFile();

/** The repository holds no trace: who has the folder of them beside it, or names it, compares drawn with real. */
const traces = process.env.KEYGUARD_TRACES ?? fileURLToPath(new URL('../../../shared/data', import.meta.url));
const tracesAreHere = existsSync(join(traces, TEN_MINUTE_TRACE));

const series = (profile: Profile, seed: number) =>
  bucketed(drawUsage(profile, { seed, from: monday, minutes: twoWeeks }), monday, twoWeeks / 10);

test.each(profileNames)('the profile %s draws what profiles.json says that it draws', (name) => {
  for (const [figure, value] of Object.entries(drawnFigures(known[name], monday)))
    expect(value, figure).toBeCloseTo(fitted[name].goodness.drawn[figure] ?? NaN, value > 100 ? -1 : 2);
});

test.each([
  ['steady', 'steady'],
  ['busy-seasonal', 'busy-seasonal'],
  ['office-hours', 'office-hours'],
  ['sparse', 'sparse'],
] as const)('a drawn %s key is told to be one', (name, kind) => {
  const kinds = Array.from({ length: 8 }, (_, seed) => kindOf(series(known[name], seed)));
  expect(kinds.filter((each) => each === kind).length).toBeGreaterThanOrEqual(7);
});

test('the figures of a series that is known by heart come out', () => {
  // Twelve buckets on at 100, twelve off, for two weeks; 900 for the fifth bucket of each Monday.
  const requests = Float64Array.from({ length: 2016 }, (_, bucket) => (bucket % 24 < 12 ? (bucket % 1008 === 4 ? 900 : 100) : 0));
  const figures = measure({ start: monday, requests });
  expect(figures.active).toBe(0.5);
  expect(figures.runBuckets).toBe(12);
  expect(figures.requestsPerMinute).toBeCloseTo((1008 * 100 + 2 * 800) / 20160, 6);
  expect(figures.burstsPerDay).toBeCloseTo(2 / 14, 6);
  expect(bySlot({ start: monday, requests }).active.slice(0, 4)).toEqual([1, 1, 0, 0]);
});

test('a shape that keys of different time zones share is found again', () => {
  const profile = { ...known['busy-seasonal'], wandering: { ...known['busy-seasonal'].wandering, logSdUp: 0.1, logSdDown: 0.1 } };
  const rolled = (hours: readonly number[], by: number) => hours.map((_, hour) => hours[(hour + by) % 24] ?? 0);
  const members = [0, 5, 11, 20].map((zone) => {
    const { weekday, weekend } = profile.hourOfWeek;
    return series({ ...profile, hourOfWeek: { weekday: rolled(weekday, zone), weekend: rolled(weekend, zone) } }, zone);
  });
  const shape = fitShape('busy-seasonal', members);
  const error = (hours: readonly number[]) => hours.reduce((sum, hour, slot) => sum + Math.abs(hour - (shape.requests[slot] ?? 0)), 0) / 24;
  expect(error(profile.hourOfWeek.weekday)).toBeLessThan(0.12);
  expect(error(Array.from({ length: 24 }, () => 1))).toBeGreaterThan(0.3);
});

test('the noise of a minute is found again in drawn minutes', () => {
  const flat = Array.from({ length: 24 }, () => 1);
  const still = { logSd: 0, minutes: 60 };
  const calm: Profile = {
    ...known.steady,
    tokens: { ...known.steady.tokens, inputDrift: still, outputDrift: still },
    requestsPerMinute: 200,
    hourOfWeek: { weekday: flat, weekend: flat },
    activity: { weekday: flat, weekend: flat, memoryMinutes: 10 },
    wandering: { ...known.steady.wandering, logSdUp: 0, logSdDown: 0 },
  };
  const minutes = [...drawUsage(calm, { seed: 5, from: monday, minutes: 10_080 })].map((usage) => ({
    at: usage.at,
    requests: usage.requests,
    inputTokens: usage.uncachedInputTokens + usage.cacheReadTokens + usage.cacheCreationTokens,
    outputTokens: usage.outputTokens,
  }));
  const found = fitMinuteNoise([minutes]);
  expect(found.overDispersion / minute.overDispersion).toBeCloseTo(1, 0);
  expect(found.inputCvPerRequest).toBeCloseTo(minute.inputCvPerRequest, 1);
  expect(found.outputCvPerRequest).toBeCloseTo(minute.outputCvPerRequest, 1);
});

// Needs the real traces, which the repository must not hold: it runs where they lie beside it or KEYGUARD_TRACES names their folder.
describe.runIf(tracesAreHere)('drawn with real', () => {
  const byKind = new Map<ProfileName, KeySeries[]>();
  for (const key of tracesAreHere ? tenMinuteSeries(traces) : []) {
    const kind = kindOf(key);
    byKind.set(kind, [...(byKind.get(kind) ?? []), key]);
  }

  test.each(profileNames)('%s: profiles.json tells the real figures truly, and new draws come near them', (name) => {
    const members = byKind.get(name) ?? [];
    expect(members).toHaveLength(fitted[name].keys);
    const real = medianFigures(members);
    for (const [figure, value] of Object.entries(real))
      expect(value, figure).toBeCloseTo(fitted[name].goodness.real[figure] ?? NaN, value > 100 ? 0 : 2);
    // Other seeds than those that the fit saw.
    const drawn = medianFigures(Array.from({ length: 12 }, (_, seed) => series(known[name], 1000 + seed)));
    expect(drawn.residualLogSd / real.residualLogSd).toBeGreaterThan(0.75);
    expect(drawn.residualLogSd / real.residualLogSd).toBeLessThan(1.3);
    expect(Math.abs(drawn.autocorrelation1h - real.autocorrelation1h)).toBeLessThan(0.15);
    expect(Math.abs(drawn.active - real.active)).toBeLessThan(0.1);
    const tokens = fitTokens(members);
    expect(tokens.inputPerRequest / known[name].tokens.inputPerRequest).toBeCloseTo(1, 2);
    expect(tokens.outputPerRequest / known[name].tokens.outputPerRequest).toBeCloseTo(1, 2);
  });

  test('the noise of a minute is the one-minute trace’s', () => {
    expect(fitMinuteNoise(oneMinuteSeries(traces)).overDispersion).toBeCloseTo(minute.overDispersion, 5);
  });

  test('a replay of two weeks has every request and token of its key', () => {
    const file = join(traces, TEN_MINUTE_TRACE);
    expect(keysOf(file)).toHaveLength(48);
    const real = [...byKind.values()].flat().find(({ key }) => key === 'k05')?.buckets ?? [];
    const drawn = [...replayUsage(file, { key: 'k05', from: Date.parse('2026-11-02T00:00:00Z'), minutes: twoWeeks, seed: 1 })];
    const sum = <T>(all: readonly T[], part: (each: T) => number) => all.reduce((total, each) => total + part(each), 0);
    expect(sum(drawn, (each) => each.requests)).toBe(sum(real, (each) => each.requests));
    expect(sum(drawn, (each) => each.uncachedInputTokens)).toBe(sum(real, (each) => each.inputTokens));
    expect(sum(drawn, (each) => each.outputTokens)).toBe(sum(real, (each) => each.outputTokens));
    expect(drawn.length).toBeGreaterThan(15_000);
  });
});
