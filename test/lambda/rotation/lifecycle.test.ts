import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiKeyStates, type ApiKeyRecord, type ApiKeyState } from '../../../contract/records.ts';
import { dayMs } from '../../../lambda/foundation/clock.ts';
import {
  emergencyLastsMs,
  intending,
  keyEvents,
  lifecycle,
  moved,
  wishedBack,
  withoutGrace,
  withoutIntent,
  type KeyEventType,
} from '../../../lambda/rotation/lifecycle.ts';
import { aRecord } from '../../support/records.ts';

const wish = { at: 1, by: 'operator', because: 'the new one is broken' };
const event = (type: KeyEventType, at = 5) => ({ type, at, because: 'test', token: `token-${at}` });
const after = (record: ApiKeyRecord, type: KeyEventType, at?: number): ApiKeyRecord => ({
  ...moved(record, event(type, at)),
  revision: record.revision + 1,
});
const inState = (state: ApiKeyState): ApiKeyRecord => aRecord({ state, token: 'before', wanted: wish });

test.each(apiKeyStates.flatMap((state) => keyEvents.map((type) => [state, type] as const)))(
  'a key that is %s and is %s: the table has the answer, and the step gives it',
  (state, type) => {
    const answer = lifecycle[state][type];
    const record = inState(state);
    if (answer === 'refused') {
      expect(() => moved(record, event(type))).toThrow(expect.objectContaining({ code: 'illegal-transition' }) as Error);
      return;
    }
    const next = moved(record, event(type));
    if (answer === 'same') expect(next).toEqual(record);
    else expect(next).toMatchObject({ state: answer === 'origin' ? 'standby' : answer, since: 5, because: 'test' });
  },
);

test('archived is the end, and nothing is archived that consumers may still hold', () => {
  for (const type of keyEvents) expect(['refused', 'same']).toContain(lifecycle.archived[type]);
  for (const state of ['current', 'draining', 'pending'] as const) expect(lifecycle[state].archived).toBe('refused');
});

test('only AWSCURRENT makes a key current, and only a claim makes it pending', () => {
  for (const state of apiKeyStates) {
    for (const type of keyEvents) {
      if (lifecycle[state][type] === 'current') expect(type).toBe('promoted');
      if (lifecycle[state][type] === 'pending') expect(type).toBe('claimed');
    }
  }
});

test('no walk through the lifecycle claims a key twice without returning it in between', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...keyEvents), { maxLength: 40 }), (walk) => {
      let record = aRecord();
      let claims = 0;
      for (const [at, type] of walk.entries()) {
        const before = record.state;
        try {
          record = after(record, type, at);
        } catch {
          continue;
        }
        if (before !== 'pending' && record.state === 'pending') claims += 1;
        if (before === 'pending' && record.state === 'standby') claims -= 1;
        expect(claims).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('a key that returns to the pool forgets its claim, and one that drains keeps the instant of the switch', () => {
  const pending = after(aRecord(), 'claimed', 1);
  expect(pending.token).toBe('token-1');
  expect(after(pending, 'abandoned', 2)).not.toHaveProperty('token');
  const draining = after(after(pending, 'promoted', 3), 'replaced', 4);
  expect(draining).toMatchObject({ state: 'draining', switchedAt: 4, token: 'token-1' });
  expect(after(draining, 'retired', 9)).toMatchObject({ switchedAt: 4, token: 'token-1' });
});

test('a step fulfils the intent that announced it', () => {
  const intended = { ...intending(aRecord({ state: 'draining' }), { to: 'inactive', at: 1, because: 'silent' }), revision: 2 };
  expect(intended.intent).toMatchObject({ to: 'inactive' });
  expect(after(intended, 'retired')).not.toHaveProperty('intent');
  expect(withoutIntent(intended)).not.toHaveProperty('intent');
});

test.each(['draining', 'inactive', 'contained'] as const)(
  'an old key that is %s comes back by a claim of its own, and goes back to where it was if that is abandoned',
  (state) => {
    const old = aRecord({ state, token: 'first', switchedAt: 3 });
    const asked = { ...wishedBack(old, wish), revision: 2 };
    const pending = after(asked, 'claimed', 7);
    expect(pending).toMatchObject({ state: 'pending', token: 'token-7', origin: { state, versionId: 'first' } });
    expect(pending).not.toHaveProperty('wanted');
    const back = after(pending, 'abandoned', 8);
    expect(back).toMatchObject({ state, token: 'first', switchedAt: 3 });
    expect(back).not.toHaveProperty('origin');
    const current = after(pending, 'promoted', 9);
    expect(current).toMatchObject({ state: 'current', token: 'token-7' });
    for (const field of ['origin', 'switchedAt', 'noGrace']) expect(current).not.toHaveProperty(field);
  },
);

test('nobody claims an old key that no operator wants, and none comes back that is not old, or that somebody is at work on', () => {
  expect(() => after(aRecord({ state: 'inactive', token: 'first' }), 'claimed')).toThrow('which nobody wants back');
  for (const state of ['standby', 'pending', 'current', 'archived', 'rejected'] as const) {
    expect(() => wishedBack(aRecord({ state, token: 'first' }), wish)).toThrow('only an old key');
  }
  const retiring = aRecord({ state: 'draining', token: 'first', intent: { to: 'inactive', at: 1, because: 'silent' } });
  expect(() => wishedBack(retiring, wish)).toThrow('about to become inactive');
});

test('an intent ends a wish: who is at work on the key goes first', () => {
  const asked = { ...wishedBack(aRecord({ state: 'draining', token: 'first' }), wish), revision: 2 };
  expect(intending(asked, { to: 'contained', at: 2, because: 'stolen' })).not.toHaveProperty('wanted');
});

test('an emergency takes the grace of the key once it is replaced, but not of one that is replaced a day later', () => {
  const hasty = { ...withoutGrace(aRecord({ state: 'current', token: 'first' }), { ...wish, at: 0 }), revision: 2 };
  expect(after(hasty, 'replaced', emergencyLastsMs - 1)).toHaveProperty('noGrace');
  expect(after(hasty, 'replaced', dayMs)).not.toHaveProperty('noGrace');
  for (const state of ['standby', 'pending', 'inactive', 'archived'] as const) {
    expect(() => withoutGrace(aRecord({ state }), wish)).toThrow('cannot be');
  }
});
