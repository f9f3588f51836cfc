import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiKeyStates } from '../../../contract/records.ts';
import { intending, moved, withoutIntent } from '../../../lambda/rotation/lifecycle.ts';
import { aRecord } from '../../support/records.ts';

const aState = fc.constantFrom(...apiKeyStates);

test('every pair of states has an answer: a step, or one clear refusal', () => {
  for (const from of apiKeyStates) {
    for (const to of apiKeyStates) {
      const step = () => moved(aRecord({ state: from, token: 'token' }), { to, at: 5, because: 'test' });
      let after;
      try {
        after = step();
      } catch (error) {
        expect(error).toMatchObject({ code: 'illegal-transition' });
        continue;
      }
      expect(after).toMatchObject({ state: to, since: 5, because: 'test' });
    }
  }
});

test('archived is the end, and nothing is archived that was not asleep before', () => {
  for (const to of apiKeyStates) expect(() => moved(aRecord({ state: 'archived' }), { to, at: 1, because: 'test' })).toThrow();
  for (const from of ['current', 'draining', 'pending'] as const) {
    expect(() => moved(aRecord({ state: from }), { to: 'archived', at: 1, because: 'test' })).toThrow();
  }
});

test('no walk through the lifecycle claims a key twice without returning it in between', () => {
  fc.assert(
    fc.property(fc.array(aState, { maxLength: 30 }), (walk) => {
      let record = aRecord();
      let claims = 0;
      for (const [at, to] of walk.entries()) {
        try {
          record = { ...moved(record, { to, at, because: 'walk', ...(to === 'pending' ? { token: `token-${at}` } : {}) }), revision: at };
        } catch {
          continue;
        }
        if (to === 'pending') claims += 1;
        if (to === 'standby') claims -= 1;
        expect(claims).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('a key that returns to the pool forgets its claim, and one that drains keeps the instant of the switch', () => {
  const pending = { ...moved(aRecord(), { to: 'pending', at: 1, because: 'claimed', token: 'token' }), revision: 2 };
  expect(pending.token).toBe('token');
  expect(moved(pending, { to: 'standby', at: 2, because: 'abandoned' })).not.toHaveProperty('token');
  const current = { ...moved(pending, { to: 'current', at: 3, because: 'switched' }), revision: 3 };
  const draining = { ...moved(current, { to: 'draining', at: 4, because: 'replaced' }), revision: 4 };
  expect(draining).toMatchObject({ switchedAt: 4, token: 'token' });
  expect(moved(draining, { to: 'inactive', at: 9, because: 'silent' })).toMatchObject({ switchedAt: 4 });
});

test('a step fulfils the intent that announced it', () => {
  const intended = { ...intending(aRecord({ state: 'draining' }), { to: 'inactive', at: 1, because: 'silent' }), revision: 2 };
  expect(intended.intent).toMatchObject({ to: 'inactive' });
  expect(moved(intended, { to: 'inactive', at: 2, because: 'silent' })).not.toHaveProperty('intent');
  expect(withoutIntent(intended)).not.toHaveProperty('intent');
});
