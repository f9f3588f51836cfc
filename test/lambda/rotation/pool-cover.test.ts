import { expect, test } from 'vitest';
import { dayMs } from '../../../lambda/foundation/clock.ts';
import { coverOf, poolCover, shortKeys, takesAt, type Pool } from '../../../lambda/rotation/pool-cover.ts';
import { aDefinition, aRecord, policy } from '../../support/records.ts';

const definition = aDefinition();
const now = Date.parse('2026-06-01T00:00:00Z');
const next = now + 10 * dayMs;
const keys = (...expiries: readonly (number | null)[]) =>
  expiries.map((expiresAt, index) => aRecord({ apiKeyId: `apikey_${index}`, addedAt: index, expiresAt }));

test('each key serves one interval, from the next rotation on', () => {
  expect(poolCover(definition, keys(null, null), next, now)).toEqual({
    standbyKeys: 2,
    rotations: 2,
    isScheduled: true,
    until: next + 60 * dayMs,
    days: 70,
  });
});

test('an empty pool reaches to the next rotation and serves none', () => {
  expect(poolCover(definition, [], next, now)).toEqual({ standbyKeys: 0, rotations: 0, isScheduled: true, until: next, days: 10 });
});

test('a key that expires before its turn is over does not count', () => {
  const needed = policy.intervalMs + policy.maximumGraceMs;
  // The first lives long enough for the first turn, the second only for a first one too.
  expect(poolCover(definition, keys(next + needed, next + needed), next, now)).toMatchObject({ standbyKeys: 2, rotations: 1 });
  expect(poolCover(definition, keys(next + needed - 1), next, now)).toMatchObject({ standbyKeys: 1, rotations: 0 });
});

test('keys that serve already do not count', () => {
  expect(poolCover(definition, [aRecord({ state: 'current' })], next, now)).toMatchObject({ standbyKeys: 0, rotations: 0 });
});

test.each(['being verified', 'being taken in', 'found active'])(
  'a key that is %s counts: it is back in the pool before the next rotation',
  (text) => {
    const fenced = keys(null, null).map((record) => ({
      ...record,
      intent: { to: 'standby', at: now, cause: { code: 'recorded', text } } as const,
    }));
    expect(poolCover(definition, fenced, next, now)).toMatchObject({ standbyKeys: 2, rotations: 2 });
  },
);

test.each(['archived', 'contained', 'rejected'] as const)('a standby key that is about to become %s is lost to the pool', (to) => {
  const leaving = aRecord({ intent: { to, at: now, cause: { code: 'recorded', text: 'removed' } } });
  expect(poolCover(definition, [leaving], next, now)).toMatchObject({ standbyKeys: 0, rotations: 0 });
});

test('a rotation that has its key needs none: the next one is an interval away', () => {
  const claimed = aRecord({ apiKeyId: 'apikey_claimed', state: 'pending', token: 'v2' });
  expect(poolCover(definition, [claimed], now, now)).toMatchObject({
    standbyKeys: 0,
    rotations: 0,
    isScheduled: true,
    until: now + policy.intervalMs,
  });
  expect(poolCover(definition, [claimed, ...keys(null)], now, now)).toMatchObject({ rotations: 1, until: now + 2 * policy.intervalMs });
  // One that an operator brought back has its place in nobody's pool.
  const back = { ...claimed, origin: { state: 'inactive', versionId: 'v1' } } as const;
  expect(poolCover(definition, [back], now, now)).toMatchObject({ until: now });
});

test('a rotation that is overdue needs its key now', () => {
  expect(poolCover(definition, keys(null), now - dayMs, now)).toMatchObject({ rotations: 1, until: now + policy.intervalMs });
});

test('where no rotation is planned, the next one is an interval away', () => {
  expect(poolCover(definition, [], null, now)).toMatchObject({ until: now + policy.intervalMs });
});

const current = aRecord({ apiKeyId: 'apikey_current', state: 'current' });
const standby = (apiKeyId: string, addedAt: number, days: number | null) =>
  aRecord({ apiKeyId, addedAt, expiresAt: days === null ? null : now + days * dayMs });
const pool = (own: Pool['own'], changes: Partial<Pool> = {}): Pool => ({
  definition,
  own,
  nextRotationAt: next,
  hasFailed: false,
  now,
  ...changes,
});

test.each<[string, Pool, number]>([
  ['the next rotation', pool([current]), next],
  ['now, where that is late', pool([current], { nextRotationAt: now - dayMs }), now],
  ['now, where nothing is scheduled', pool([current], { nextRotationAt: null }), now],
  ['now, where no key serves yet', pool([]), now],
  ['now, where a rotation that failed goes on', pool([current], { hasFailed: true }), now],
  ['an interval later, where a rotation has its key', pool([current, aRecord({ state: 'pending' })]), now + 30 * dayMs],
])('a standby key is taken at the earliest by %s', (_name, at, expected) => {
  expect(takesAt(at)).toBe(expected);
});

const short = (at: Pool) => shortKeys(at).map(({ record, tooShortFor }) => [record.apiKeyId, tooShortFor]);

test('a key that expires too soon after the next rotation is left over', () => {
  expect(short(pool([current, standby('apikey_a', 1, 46.9)]))).toEqual([['apikey_a', 'next']]);
  expect(short(pool([current, standby('apikey_a', 1, 36)], { hasFailed: true }))).toEqual([['apikey_a', 'next']]);
  expect(short(pool([current, standby('apikey_a', 1, 47), standby('apikey_b', 2, null)]))).toEqual([]);
});

test('a key that is too late only because others go first is named as such, and one that goes before them is not', () => {
  const others = standby('apikey_a', 1, null);
  expect(short(pool([current, others, standby('apikey_b', 2, 50)]))).toEqual([['apikey_b', 'its turn']]);
  expect(short(pool([current, others, standby('apikey_b', 2, 77)]))).toEqual([]);
  expect(short(pool([current, others, standby('apikey_b', 0, 50)]))).toEqual([]);
});

test('a first key that lives long enough from now on counts, although nothing is scheduled so soon', () => {
  expect(coverOf(pool([standby('apikey_a', 1, 38)]))).toMatchObject({ rotations: 1, until: now + 30 * dayMs });
  expect(coverOf(pool([]))).toMatchObject({ rotations: 0, until: next });
});
