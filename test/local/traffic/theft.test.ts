import { describe, expect, test } from 'vitest';
import type { MinuteUsage } from '../../../local/traffic/draw.ts';
import { profiles } from '../../../local/traffic/profiles.ts';
import { REPLAY_MODEL } from '../../../local/traffic/replay.ts';
import { drawTheft, NEW_MODEL, theftPatterns } from '../../../local/traffic/theft.ts';
import type { TheftOptions, TheftPattern } from '../../../local/traffic/theft.ts';

const noon = Date.parse('2026-11-04T12:00:00Z');
const victim = 100_000;
const DAY = 1440;
const steal = (pattern: TheftPattern, options: Partial<TheftOptions> = {}): MinuteUsage[] => [
  ...drawTheft(pattern, { seed: 3, from: noon, minutes: DAY, victimTokensPerMinute: victim, ...options }),
];
const tokensOf = ({ uncachedInputTokens, cacheReadTokens, cacheCreationTokens, outputTokens }: MinuteUsage): number =>
  uncachedInputTokens + cacheReadTokens + cacheCreationTokens + outputTokens;
const perMinute = (usage: readonly MinuteUsage[], minutes: number): number =>
  usage.reduce((sum, minute) => sum + tokensOf(minute), 0) / minutes / victim;
const minutesOf = (usage: readonly MinuteUsage[]): number[] => usage.map(({ at }) => (at - noon) / 60_000);

describe.each(theftPatterns)('a theft of pattern %s', (pattern) => {
  test('is decided by its seed', () => {
    expect(steal(pattern)).toEqual(steal(pattern));
    expect(steal(pattern, { seed: 4 })).not.toEqual(steal(pattern));
  });

  test('grows with its victim and stays in its window', () => {
    const usage = steal(pattern);
    const larger = perMinute(steal(pattern, { victimTokensPerMinute: 10 * victim }), DAY);
    expect(larger / perMinute(usage, DAY)).toBeGreaterThan(8);
    expect(larger / perMinute(usage, DAY)).toBeLessThan(12);
    expect(minutesOf(usage).every((minute) => Number.isInteger(minute) && minute >= 0 && minute < DAY)).toBe(true);
    expect(usage.every((minute) => minute.requests > 0 && Number.isInteger(tokensOf(minute)))).toBe(true);
  });
});

test('a burst is at eight times its victim after three minutes, and stays', () => {
  const usage = steal('burst', { minutes: 60 });
  expect(
    tokensOf(
      usage[0] ?? { at: 0, model: '', requests: 0, uncachedInputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0, outputTokens: 0 },
    ),
  ).toBeGreaterThan(victim);
  const later = usage.filter(({ at }) => at >= noon + 3 * 60_000);
  expect(later).toHaveLength(57);
  expect(perMinute(later, 57)).toBeGreaterThan(7);
  expect(perMinute(later, 57)).toBeLessThan(13);
});

test('low and slow stays around a fifteenth of its victim, with minutes off', () => {
  const usage = steal('low-and-slow');
  expect(perMinute(usage, DAY)).toBeGreaterThan(0.05);
  expect(perMinute(usage, DAY)).toBeLessThan(0.08);
  expect(usage.length).toBeLessThan(0.75 * DAY);
});

test('off hours are from midnight to five, and a window without a night has no theft', () => {
  const hours = new Set(steal('off-hours').map(({ at }) => new Date(at).getUTCHours()));
  expect([...hours].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(steal('off-hours', { minutes: 60 })).toEqual([]);
});

test('a prober asks for next to nothing in the first tenth, waits to the third, then bursts', () => {
  const usage = steal('probe-then-burst');
  const probes = usage.filter(({ at }) => at < noon + (DAY / 3) * 60_000);
  expect(minutesOf(probes)[0]).toBe(0);
  expect(Math.max(...minutesOf(probes))).toBeLessThan(DAY / 10);
  expect(Math.max(...probes.map(tokensOf))).toBeLessThan(200);
  expect(perMinute(usage.slice(probes.length), (DAY * 2) / 3)).toBeGreaterThan(7);
});

test('a new model is one that neither a profile nor a replay uses', () => {
  const usual = [REPLAY_MODEL, ...Object.values(profiles()).flatMap(({ assumed }) => assumed.models.map(({ model }) => model))];
  expect(usual).not.toContain(NEW_MODEL);
  expect(new Set(steal('new-model').map(({ model }) => model))).toEqual(new Set([NEW_MODEL]));
});

test('a changed ratio is ten tokens out for one in, at the victim’s own total', () => {
  const usage = steal('changed-ratio');
  const [input, output] = [
    usage.reduce((sum, each) => sum + each.uncachedInputTokens, 0),
    usage.reduce((sum, each) => sum + each.outputTokens, 0),
  ];
  expect(output / input).toBeCloseTo(10, 0);
  expect(perMinute(usage, DAY)).toBeCloseTo(1, 1);
});

test('a retired key sleeps for a fifth of the time, then wakes for sessions with breaks', () => {
  const minutes = minutesOf(steal('retired-key-wakes'));
  expect(minutes[0]).toBe(DAY / 5);
  const breaks = minutes.slice(1).filter((minute, index) => minute - (minutes[index] ?? 0) >= 10);
  expect(breaks.length).toBeGreaterThan(5);
});

test('a start between two minutes and a victim without tokens are refused', () => {
  expect(() => steal('burst', { from: noon + 30_000 })).toThrow('a theft starts at the start of a minute');
  expect(() => steal('burst', { victimTokensPerMinute: 0 })).toThrow("sized by the victim's tokens per minute, not by 0");
});
