import { expect, test } from 'vitest';
import { isDue } from '../../../lambda/detection/due.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';

const now = Date.UTC(2026, 10, 24, 13, 50);

test('a subject whose usage never moved is not looked at', () => {
  expect(isDue(undefined, 0, now)).toBe(false);
  expect(isDue(undefined, now - 60 * minuteMs, now)).toBe(false);
});

test('a subject whose usage moved is looked at for the first time, and whenever it moved since', () => {
  expect(isDue(now - 50 * minuteMs, 0, now)).toBe(true);
  expect(isDue(now - minuteMs, now - 2 * minuteMs, now)).toBe(true);
});

test('a look that began while the collector was still publishing is followed by another', () => {
  expect(isDue(now - 90_000, now - minuteMs, now)).toBe(true);
  expect(isDue(now - 10 * minuteMs, now - 6 * minuteMs, now)).toBe(false);
});

test('a subject at rest is looked at every quarter of an hour all the same', () => {
  expect(isDue(now - 60 * minuteMs, now - 14 * minuteMs, now)).toBe(false);
  expect(isDue(now - 60 * minuteMs, now - 15 * minuteMs, now)).toBe(true);
});
