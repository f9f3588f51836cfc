import { expect, test } from 'vitest';
import { coverText, shortText } from '../../cli/pool-cover.ts';
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

test('a key that is left over says when it expires, and which rotation comes too late', () => {
  const pool = {
    definition: aDefinition(),
    own: [aRecord({ state: 'current' })],
    nextRotationAt: until,
    hasFailed: false,
    now: until - dayMs,
  };
  const record = aRecord({ expiresAt: until + dayMs });
  const text = 'expires 2026-06-12 00:00 UTC, too soon for';
  expect(shortText({ record, tooShortFor: 'next' }, pool)).toBe(`${text} the rotation of 2026-06-11 00:00 UTC that would take it`);
  expect(shortText({ record, tooShortFor: 'next' }, { ...pool, hasFailed: true })).toBe(`${text} a rotation now`);
  expect(shortText({ record, tooShortFor: 'its turn' }, pool)).toBe(`${text} its turn: other standby keys go first`);
});
