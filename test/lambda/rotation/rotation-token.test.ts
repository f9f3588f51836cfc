import { expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { attemptOf, rotationToken, type RotationCause } from '../../../lambda/rotation/rotation-token.ts';
import { aRecord } from '../../support/records.ts';

const at = Date.parse('2026-06-10T10:00:00Z');
const cause: RotationCause = { why: 'dead key', about: 'apikey_1', at };

test('a token is one that Secrets Manager takes, and the same for the same cause and attempt', () => {
  expect(rotationToken(cause)).toMatch(/^[0-9a-f]{36}$/);
  expect(rotationToken({ ...cause })).toBe(rotationToken(cause));
  expect(rotationToken(cause, attemptOf(cause, [], at + 59 * minuteMs))).toBe(rotationToken(cause));
});

test('another cause, another key and another instant give another token', () => {
  const others = [
    { ...cause, why: 'wish' as const },
    { ...cause, about: 'apikey_2' },
    { ...cause, at: at + 1 },
  ];
  expect(new Set([cause, ...others].map((each) => rotationToken(each))).size).toBe(4);
});

test('a key that was lost since, and an hour that passed, make it another attempt', () => {
  const own = [
    aRecord({ apiKeyId: 'apikey_before', state: 'rejected', since: at - 1 }),
    aRecord({ apiKeyId: 'apikey_lost', state: 'rejected', since: at + minuteMs }),
    aRecord({ apiKeyId: 'apikey_old', state: 'archived', since: at + minuteMs, servedSince: at - hourMs }),
  ];
  expect(attemptOf(cause, own, at + 2 * minuteMs)).toBe('1-0');
  expect(attemptOf(cause, own, at + hourMs)).toBe('1-1');
  // A clock that is behind.
  expect(attemptOf(cause, [], at - minuteMs)).toBe('0-0');
});
