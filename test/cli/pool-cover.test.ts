import { expect, test } from 'vitest';
import { coverIn, coverText, shortKeys, shortText, takesAt, type PoolSight } from '../../cli/pool-cover.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import { aDefinition, aRecord } from '../support/records.ts';

const until = Date.parse('2026-06-11T00:00:00Z');

test.each([
  [
    { standbyKeys: 2, rotations: 2, until, isScheduled: true, days: 70 },
    '2 keys: enough for 2 rotations (70 days), another one is needed before 2026-06-11 00:00 UTC',
  ],
  [
    { standbyKeys: 1, rotations: 1, until, isScheduled: true, days: 1 },
    '1 key: enough for 1 rotation (1 day), another one is needed before 2026-06-11 00:00 UTC',
  ],
  [{ standbyKeys: 0, rotations: 0, until, isScheduled: true, days: 10 }, 'no key: one is needed before 2026-06-11 00:00 UTC'],
  [
    { standbyKeys: 1, rotations: 0, until, isScheduled: true, days: 10 },
    '1 key, but none that lives long enough for the rotation of 2026-06-11 00:00 UTC',
  ],
  [{ standbyKeys: 2, rotations: 2, until, isScheduled: false, days: 70 }, '2 keys: enough for 2 rotations; none is scheduled now'],
  [{ standbyKeys: 0, rotations: 0, until, isScheduled: false, days: 10 }, 'no key; no rotation is scheduled now'],
  [
    { standbyKeys: 1, rotations: 0, until, isScheduled: false, days: 10 },
    '1 key, but none that lives long enough for the next rotation; none is scheduled now',
  ],
])('a pool of %j reads as a sentence', (cover, sentence) => {
  expect(coverText(cover)).toBe(sentence);
});

const now = Date.parse('2026-06-01T00:00:00Z');
const nextRotationAt = now + 10 * dayMs;
const current = aRecord({ apiKeyId: 'apikey_current', state: 'current' });
const standby = (apiKeyId: string, addedAt: number, days: number | null) =>
  aRecord({ apiKeyId, addedAt, expiresAt: days === null ? null : now + days * dayMs });
const pool = (own: PoolSight['own'], changes: Partial<PoolSight> = {}): PoolSight => ({
  definition: aDefinition(),
  own,
  nextRotationAt,
  hasFailed: false,
  now,
  ...changes,
});

test.each<[string, PoolSight, number]>([
  ['the next rotation', pool([current]), nextRotationAt],
  ['now, where that is late', pool([current], { nextRotationAt: now - dayMs }), now],
  ['now, where nothing is scheduled', pool([current], { nextRotationAt: null }), now],
  ['now, where no key serves yet', pool([]), now],
  ['now, where a rotation that failed goes on', pool([current], { hasFailed: true }), now],
  ['an interval later, where a rotation has its key', pool([current, aRecord({ state: 'pending' })]), now + 30 * dayMs],
])('a standby key is taken at the earliest by %s', (_name, sight, at) => {
  expect(takesAt(sight)).toBe(at);
});

const said = (sight: PoolSight): readonly string[] => shortKeys(sight).map((key) => `${key.record.apiKeyId} ${shortText(key, sight)}`);

test('a key that expires too soon after the next rotation is named, with that rotation', () => {
  expect(said(pool([current, standby('apikey_a', 1, 46.9)]))).toEqual([
    'apikey_a expires 2026-07-17 21:36 UTC, too soon for the rotation of 2026-06-11 00:00 UTC that would take it',
  ]);
  expect(said(pool([current, standby('apikey_a', 1, 36)], { hasFailed: true }))).toEqual([
    'apikey_a expires 2026-07-07 00:00 UTC, too soon for a rotation now',
  ]);
  expect(said(pool([current, standby('apikey_a', 1, 47), standby('apikey_b', 2, null)]))).toEqual([]);
});

test('a key that is too late only because others go first is named as such, and one that goes before them is not', () => {
  const others = standby('apikey_a', 1, null);
  expect(said(pool([current, others, standby('apikey_b', 2, 50)]))).toEqual([
    'apikey_b expires 2026-07-21 00:00 UTC, too soon for its turn: other standby keys go first',
  ]);
  expect(said(pool([current, others, standby('apikey_b', 2, 77)]))).toEqual([]);
  expect(said(pool([current, others, standby('apikey_b', 0, 50)]))).toEqual([]);
});

test('a first key that lives long enough from now on counts, although nothing is scheduled so soon', () => {
  expect(coverIn(pool([standby('apikey_a', 1, 38)]))).toMatchObject({ rotations: 1, until: now + 30 * dayMs });
  expect(coverIn(pool([]))).toMatchObject({ rotations: 0, until: nextRotationAt });
});
