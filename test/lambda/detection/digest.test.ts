import { afterEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import type { Notable } from '../../../contract/records.ts';
import { closenessOf, digestAt, withNotable } from '../../../lambda/detection/digest.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { monday } from './series.ts';

test.each([
  [1, 1, 0],
  [0.1, 0.1, 0],
  [0.01, 0.1, 1],
  [0.001, 0.1, 2],
])('a share of %d is looked at as for %d a month, and an alarm needs %d decades more', (share, falseAlarmsPerMonth, leastMargin) => {
  const closeness = closenessOf(share);
  expect(closeness.falseAlarmsPerMonth).toBe(falseAlarmsPerMonth);
  expect(closeness.leastMargin).toBeCloseTo(leastMargin, 9);
});

const seven = monday + 7 * hourMs;
const found = (at: number, changes: Partial<Notable> = {}): Notable => ({
  at,
  metric: 'outputTokens',
  observed: 900,
  expected: 300,
  windowMs: hourMs,
  startedAt: at - 10 * minuteMs,
  ...changes,
});

test('of each alert one is remembered, as it was found last, for two days', () => {
  const first = found(monday);
  const later = found(monday + 5 * minuteMs, { startedAt: first.startedAt, observed: 1200 });
  const other = found(monday + dayMs);
  expect(withNotable([first], later, monday + hourMs)).toEqual([later]);
  expect(withNotable([later], other, monday + dayMs)).toEqual([later, other]);
  expect(withNotable([later, other], undefined, monday + 2.5 * dayMs)).toEqual([other]);
});

test('a digest is of the day before seven in the morning, the greatest ratio first', () => {
  const looks = [
    { subject: 'a', notable: [found(seven - dayMs - 1), found(seven - hourMs)] },
    { subject: 'b', notable: [found(seven - 2 * hourMs, { observed: 3000 }), found(seven)] },
    { subject: 'c' },
  ];
  const digest = digestAt(looks, seven + 3 * hourMs);
  expect(digest?.startedAt).toBe(seven);
  expect(digest?.notable.map(({ subject, observed }) => [subject, observed])).toEqual([
    ['b', 3000],
    ['a', 900],
  ]);
  expect(digestAt(looks, seven + dayMs)?.notable.map(({ subject }) => subject)).toEqual(['b']);
  expect(digestAt(looks, seven + 2 * dayMs)).toBeUndefined();
});

test('where nothing is usual is told first', () => {
  const looks = ['a', 'b', 'c'].map((subject, index) => ({
    subject,
    notable: [found(seven - hourMs, { expected: index === 1 ? 300 : 0, observed: 900 + index })],
  }));
  expect(digestAt(looks, seven)?.notable.map(({ subject }) => subject)).toEqual(['c', 'a', 'b']);
});

test('of very many keys the twenty greatest are told', () => {
  const looks = Array.from({ length: 100 }, (_, index) => ({
    subject: `key-${index}`,
    notable: [found(seven - hourMs, { observed: 400 + index })],
  }));
  const told = digestAt(looks, seven)?.notable ?? [];
  expect(told).toHaveLength(20);
  expect(told[0]?.subject).toBe('key-99');
});

describe('on the world', () => {
  let world: World;
  afterEach(() => world.stop());

  test('what is no alarm for its share is told once a day, and never cut off', async () => {
    // As with ninety-nine keys at two a month: ten times less than the least share.
    world = await startWorld({ managedKeys: [{ name: 'production' }], falseAlarmsPerMonth: 0.02 });
    for (let number = 0; number < 2; number += 1) await world.addStandbyKey('production');
    await world.rotate('production');
    const value = await world.currentValue('production');
    const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
    const passes = async (ms: number, beatMs: number, factor = 1): Promise<void> => {
      const traffic = { ...usual, outputTokens: factor * usual.outputTokens };
      await world.passes(ms, { beatMs, eachMinute: (at) => void world.anthropic.use(value, { ...traffic, at: at - minuteMs }) });
    };
    const told = (): readonly Alert[] =>
      world.aws.inspect.topics
        .published()
        .map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Alert)
        .filter(({ kind }) => kind.startsWith('usage-') && kind !== 'usage-blind');
    await passes(4 * hourMs, 2 * hourMs);
    await knownForDays(world, 'production');
    await passes(20 * minuteMs, 5 * minuteMs, 24);
    await passes(2 * hourMs, hourMs);
    expect(told()).toEqual([]);
    await passes(hourMs, 30 * minuteMs);
    expect(told().map(({ kind, state, severity }) => [kind, state, severity])).toEqual([['usage-notable', 'open', 'info']]);
    expect(told()[0]).toMatchObject({ title: 'production: used somewhat more than usual' });
    expect(told()[0]?.summary).toMatch(
      / production: [\d,]+ output tokens a minute over .+, where at most \d+ is usual, since 2026-09-07 04:\d\d UTC\./,
    );
    await passes(3 * hourMs, hourMs);
    expect(told()).toHaveLength(1);
    expect(world.ledger().some(({ state }) => state === 'contained')).toBe(false);
  });
});
