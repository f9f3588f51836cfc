import { expect, test } from 'vitest';
import { coverText, poolCover } from '../../cli/pool-cover.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import { aDefinition, aRecord, policy } from '../support/records.ts';

const definition = aDefinition();
const now = Date.parse('2026-06-01T00:00:00Z');
const next = now + 10 * dayMs;
const keys = (...expiries: readonly (number | null)[]) =>
  expiries.map((expiresAt, index) => aRecord({ apiKeyId: `apikey_${index}`, addedAt: index, expiresAt }));

test('each key serves one interval, from the next rotation on', () => {
  expect(poolCover(definition, keys(null, null), next, now)).toEqual({ standbyKeys: 2, rotations: 2, until: next + 60 * dayMs, days: 70 });
});

test('an empty pool reaches to the next rotation and serves none', () => {
  expect(poolCover(definition, [], next, now)).toEqual({ standbyKeys: 0, rotations: 0, until: next, days: 10 });
});

test('a key that expires before its turn is over does not count', () => {
  const needed = policy.intervalMs + policy.maximumGraceMs;
  // The first lives long enough for the first turn, the second only for a first one too.
  expect(poolCover(definition, keys(next + needed, next + needed), next, now)).toMatchObject({ standbyKeys: 2, rotations: 1 });
  expect(poolCover(definition, keys(next + needed - 1), next, now)).toMatchObject({ standbyKeys: 1, rotations: 0 });
});

test('keys of others and keys that serve already do not count', () => {
  const others = [aRecord({ managedKey: 'other' }), aRecord({ apiKeyId: 'apikey_two', state: 'current' })];
  expect(poolCover(definition, others, next, now)).toMatchObject({ standbyKeys: 0, rotations: 0 });
});

test('a rotation that is overdue needs its key now', () => {
  expect(poolCover(definition, keys(null), now - dayMs, now)).toMatchObject({ rotations: 1, until: now + policy.intervalMs });
});

test.each([
  [[null, null], '2 keys: enough for 2 rotations (70 days), another one is needed before 2026-08-10 00:00 UTC'],
  [[null], '1 key: enough for 1 rotation (40 days), another one is needed before 2026-07-11 00:00 UTC'],
  [[], 'no key: one is needed before 2026-06-11 00:00 UTC'],
  [[now], '1 key, but none that lives long enough for the rotation of 2026-06-11 00:00 UTC'],
])('a pool with expiries %j reads as a sentence', (expiries, sentence) => {
  expect(coverText(poolCover(definition, keys(...expiries), next, now))).toBe(sentence);
});
