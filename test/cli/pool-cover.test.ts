import { expect, test } from 'vitest';
import { coverText } from '../../cli/pool-cover.ts';

const until = Date.parse('2026-06-11T00:00:00Z');

test.each([
  [
    { standbyKeys: 2, rotations: 2, until, days: 70 },
    '2 keys: enough for 2 rotations (70 days), another one is needed before 2026-06-11 00:00 UTC',
  ],
  [
    { standbyKeys: 1, rotations: 1, until, days: 1 },
    '1 key: enough for 1 rotation (1 day), another one is needed before 2026-06-11 00:00 UTC',
  ],
  [{ standbyKeys: 0, rotations: 0, until, days: 10 }, 'no key: one is needed before 2026-06-11 00:00 UTC'],
  [{ standbyKeys: 1, rotations: 0, until, days: 10 }, '1 key, but none that lives long enough for the rotation of 2026-06-11 00:00 UTC'],
])('a pool of %j reads as a sentence', (cover, sentence) => {
  expect(coverText(cover)).toBe(sentence);
});
