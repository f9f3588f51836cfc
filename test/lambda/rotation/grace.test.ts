import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { judgeGrace } from '../../../lambda/rotation/grace.ts';
import { policy } from '../../support/records.ts';

const switchedAt = Date.UTC(2026, 8, 7);
const aKey = fc.record({
  switchedAt: fc.constant(switchedAt),
  lastTokensAt: fc.oneof(fc.constant(null), fc.integer({ min: switchedAt - dayMs, max: switchedAt + 20 * dayMs })),
  usageKnownUntil: fc.integer({ min: switchedAt - dayMs, max: switchedAt + 20 * dayMs }),
});

test('no history retires a key before its minimum grace', () => {
  fc.assert(
    fc.property(aKey, fc.nat(policy.minimumGraceMs - 1), fc.constantFrom('wait' as const, 'cut' as const), (key, ms, atMaximum) => {
      expect(judgeGrace(key, { ...policy, atMaximum }, key.switchedAt + ms).verdict).toBe('wait');
    }),
  );
});

test('no history retires a key on silence that usage data does not show', () => {
  fc.assert(
    fc.property(aKey, fc.nat(30 * dayMs), (key, ms) => {
      const { verdict, because } = judgeGrace(key, policy, key.switchedAt + ms);
      if (verdict === 'wait') return;
      expect(because).toBe('silent');
      expect(key.usageKnownUntil - Math.max(key.switchedAt, key.lastTokensAt ?? 0)).toBeGreaterThanOrEqual(policy.quietMs);
    }),
  );
});

test.each([
  ['within the minimum', { lastTokensAt: null, knownFor: 23 * hourMs }, 23 * hourMs, 'wait', 'minimum grace'],
  ['silent since the switch', { lastTokensAt: null, knownFor: 24 * hourMs }, 24 * hourMs, 'retire', 'silent'],
  ['used an hour ago', { lastTokensAt: 29 * hourMs, knownFor: 30 * hourMs }, 30 * hourMs, 'wait', 'still used'],
  ['usage not known', { lastTokensAt: null, knownFor: hourMs }, 30 * hourMs, 'wait', 'usage unknown'],
  ['used past the maximum', { lastTokensAt: 8 * dayMs - hourMs, knownFor: 8 * dayMs }, 8 * dayMs, 'wait', 'still used past the maximum'],
])('%s', (_name, { lastTokensAt, knownFor }, passed, verdict, because) => {
  const key = {
    switchedAt,
    lastTokensAt: lastTokensAt === null ? null : switchedAt + lastTokensAt,
    usageKnownUntil: switchedAt + knownFor,
  };
  expect(judgeGrace(key, policy, switchedAt + passed)).toEqual({ verdict, because });
});

test('at the maximum the policy decides: wait keeps a straggler alive, cut ends it', () => {
  const key = { switchedAt, lastTokensAt: switchedAt + 7 * dayMs - minuteMs, usageKnownUntil: switchedAt + 7 * dayMs };
  expect(judgeGrace(key, policy, switchedAt + 7 * dayMs).verdict).toBe('wait');
  expect(judgeGrace(key, { ...policy, atMaximum: 'cut' }, switchedAt + 7 * dayMs)).toEqual({ verdict: 'retire', because: 'maximum grace' });
});

test('silence is counted from the end of the last minute with tokens, and is enough at the very instant it is known', () => {
  const lastTokensAt = switchedAt + 30 * hourMs;
  const quiet = lastTokensAt + minuteMs + policy.quietMs;
  const known = (usageKnownUntil: number) => judgeGrace({ switchedAt, lastTokensAt, usageKnownUntil }, policy, quiet + hourMs / 2);
  expect(known(quiet)).toEqual({ verdict: 'retire', because: 'silent' });
  expect(known(quiet - 1)).toEqual({ verdict: 'wait', because: 'still used' });
});

test('usage that is known up to the last hour is evidence; older silence is none, however long it was', () => {
  const now = switchedAt + 30 * hourMs;
  const behind = (ms: number, usedAgo = 20 * hourMs) =>
    judgeGrace({ switchedAt, lastTokensAt: now - usedAgo, usageKnownUntil: now - ms }, policy, now);
  expect(behind(hourMs)).toEqual({ verdict: 'retire', because: 'silent' });
  expect(behind(hourMs + 1)).toEqual({ verdict: 'wait', because: 'usage unknown' });
  expect(behind(hourMs, 5 * hourMs)).toEqual({ verdict: 'wait', because: 'still used' });
  expect(behind(hourMs + 1, 5 * hourMs)).toEqual({ verdict: 'wait', because: 'usage unknown' });
});

test('what is known of the future is known of nothing', () => {
  const now = switchedAt + 30 * hourMs;
  expect(judgeGrace({ switchedAt, lastTokensAt: null, usageKnownUntil: now }, policy, now).verdict).toBe('retire');
  for (const ahead of [1, hourMs, 3650 * dayMs]) {
    const verdict = judgeGrace({ switchedAt, lastTokensAt: null, usageKnownUntil: now + ahead }, policy, now);
    expect(verdict).toEqual({ verdict: 'wait', because: 'usage unknown' });
  }
});

test('an emergency ends the grace at the switch itself, whatever consumers do', () => {
  const key = { switchedAt, lastTokensAt: switchedAt, usageKnownUntil: 0, revokeRequest: true };
  expect(judgeGrace(key, policy, switchedAt)).toEqual({ verdict: 'retire', because: 'emergency' });
  expect(judgeGrace({ ...key, revokeRequest: false }, policy, switchedAt)).toEqual({ verdict: 'wait', because: 'minimum grace' });
});
