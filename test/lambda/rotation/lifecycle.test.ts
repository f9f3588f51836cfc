import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiKeyStates, type ApiKeyState } from '../../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { changed, withoutUndoRequest, type Note } from '../../../lambda/rotation/change.ts';
import { dayMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { KeyguardError } from '../../../lambda/foundation/errors.ts';
import {
  checkTimely,
  emergencyLastsMs,
  fenceMs,
  hasServed,
  withIntent,
  isClaimBlocked,
  isEndedByEmergency,
  isUnfinishedIntake,
  keyEvents,
  lifecycle,
  transition,
  shouldBeActive,
  withUndoRequest,
  withRevokeRequest,
  type KeyEventType,
} from '../../../lambda/rotation/lifecycle.ts';
import { aRecord } from '../../support/records.ts';

const request = { at: 1, by: 'operator', because: 'the new one is broken' };
const event = (type: KeyEventType, at = 5) => ({ type, at, cause: { code: 'claimed' }, token: `token-${at}` }) as const;
const after = (record: ApiKeyRecord, type: KeyEventType, at?: number): ApiKeyRecord => ({
  ...transition(record, event(type, at)),
  revision: record.revision + 1,
});
/** What a refusal tells machines and people. */
const errorOf = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof KeyguardError)) throw error;
    return { code: error.code, message: error.message, fix: error.fix };
  }
};
const inState = (state: ApiKeyState): ApiKeyRecord => aRecord({ state, token: 'before', undoRequest: request });

test.each(apiKeyStates.flatMap((state) => keyEvents.map((type) => [state, type] as const)))(
  'a key that is %s and is %s: the table has the answer, and the step gives it',
  (state, type) => {
    const answer = lifecycle[state][type];
    const record = inState(state);
    if (answer === 'refused') {
      expect(errorOf(() => transition(record, event(type)))).toEqual({
        code: 'illegal-transition',
        message: `apikey_one of production is ${state} and cannot be ${type}`,
        fix: 'look at its history: npx --no-install keyguard history production',
      });
      return;
    }
    const next = transition(record, event(type));
    if (answer === 'same') expect(next).toEqual(record);
    else expect(next).toMatchObject({ state: answer === 'origin' ? 'standby' : answer, since: 5, cause: { code: 'claimed' } });
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
        if (before === 'pending' && (record.state === 'standby' || record.state === 'rejected')) claims -= 1;
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
  const intended = {
    ...withIntent(aRecord({ state: 'draining' }), { to: 'inactive', at: 1, cause: { code: 'grace-over', end: 'silent' } }),
    revision: 2,
  };
  expect(intended.intent).toMatchObject({ to: 'inactive' });
  expect(after(intended, 'retired')).not.toHaveProperty('intent');
  expect(noted('without intent', intended, 1)).not.toHaveProperty('intent');
});

test('a command has its effect within three minutes of its intent, or not at all', () => {
  const minutes = 3 * minuteMs;
  const begun = aRecord({ intent: { to: 'standby', at: 10, cause: { code: 'being-taken-in' } } });
  expect(errorOf(() => checkTimely(begun, 10 + minutes - 1))).toBeUndefined();
  const refusal = {
    code: 'busy',
    message: `this command was held up for minutes while it was at work on ${begun.apiKeyId} of production, and has stopped before its next call`,
    fix: 'give it again in five minutes: by then what it had begun is finished or taken back',
  };
  expect(errorOf(() => checkTimely(begun, 10 + minutes))).toEqual(refusal);
  expect(errorOf(() => checkTimely(aRecord(), 0))).toEqual(refusal);
});

const noted = (to: Note, record: ApiKeyRecord, at: number) => changed(record, { to, cause: { code: 'expired' } }, at);
const theft = { code: 'containment', incidentId: 'usage-anomaly-1' } as const;

test('that a late call may activate it is not forgotten when it is cut off meanwhile, and is when it comes back', () => {
  const givenBack = aRecord({ state: 'inactive', token: 'before', undoRequest: request, lateActivationUntil: 10 });
  const contained = after(givenBack, 'contained', 9);
  expect([contained.lateActivationUntil, after(givenBack, 'contained', 10).lateActivationUntil]).toEqual([10, undefined]);
  expect([
    changed(contained, { to: 'contained', cause: theft }, 9).lateActivationUntil,
    changed(contained, { to: 'contained', cause: theft }, 10).lateActivationUntil,
  ]).toEqual([10, undefined]);
  expect(after(givenBack, 'claimed', 9)).not.toHaveProperty('lateActivationUntil');
});

test('an emergency outlives an undo that fails, and ends with one that succeeds', () => {
  const revokeRequest = { at: 1, by: 'operator', because: 'leaked' };
  const draining = aRecord({ state: 'draining', token: 'before', undoRequest: request, revokeRequest });
  const claimed = after(draining, 'claimed', 2);
  expect(claimed.revokeRequest).toEqual(revokeRequest);
  expect(after(claimed, 'abandoned', 3).revokeRequest).toEqual(revokeRequest);
  expect(after(claimed, 'abandoned', 1 + dayMs)).not.toHaveProperty('revokeRequest');
  expect(after(claimed, 'promoted', 3)).not.toHaveProperty('revokeRequest');
});

test('an order stays one, whoever goes on with it, and only where the same is done', () => {
  const ordered = aRecord({
    state: 'inactive',
    intent: { to: 'contained', at: 1, cause: { code: 'operator-cut', reason: 'leaked' }, ordered: true },
  });
  const again = (to: ApiKeyState) => withIntent(ordered, { to, at: 2, cause: { code: 'removing', reason: 'again' } }).intent;
  expect([again('contained'), again('archived')]).toEqual([
    { to: 'contained', at: 2, cause: { code: 'removing', reason: 'again' }, ordered: true },
    { to: 'archived', at: 2, cause: { code: 'removing', reason: 'again' } },
  ]);
});

test('a key rests until the calls of a run that lost it are over', () => {
  const begun = aRecord({
    state: 'draining',
    token: 'v1',
    intent: { to: 'inactive', at: 10, cause: { code: 'grace-over', end: 'silent' } },
  });
  const until = 10 + fenceMs;
  const intent = (at: number) => ({ to: 'inactive', at, cause: { code: 'grace-over', end: 'silent' } }) as const;
  // Who stored the intent itself knows of nobody else.
  expect(after({ ...withIntent(aRecord({ state: 'draining' }), intent(10)), revision: 2 }, 'retired', 11)).not.toHaveProperty(
    'claimBlockedUntil',
  );
  const taken = { ...withIntent(begun, intent(20)), revision: 2 };
  expect([taken.claimBlockedUntil, after(taken, 'retired', 30).claimBlockedUntil]).toEqual([until, until]);
  expect(withIntent({ ...taken, intent: intent(20) }, intent(30)).claimBlockedUntil).toBe(20 + fenceMs);
  expect(withIntent(begun, intent(until))).not.toHaveProperty('claimBlockedUntil');
  expect([noted('without intent', begun, 20).claimBlockedUntil, noted('without intent', begun, until).claimBlockedUntil]).toEqual([
    until,
    undefined,
  ]);
  expect(noted('inactive again', begun, 20).claimBlockedUntil).toBe(until);
  expect(noted('reactivated', begun, 20).claimBlockedUntil).toBe(until);
  // AWSCURRENT moved from it while containment was at work on it.
  expect(after({ ...begun, state: 'current' }, 'replaced', 20).claimBlockedUntil).toBe(until);
  // Somebody moved AWSCURRENT back to it by hand while it was being retired.
  expect(after(begun, 'promoted', 20).claimBlockedUntil).toBe(until);
  // Nobody deactivates a key that AWSCURRENT moves to.
  const promoted = aRecord({ state: 'pending', token: 'v1', intent: { to: 'current', at: 10, cause: { code: 'switching' } } });
  expect(after(promoted, 'promoted', 20)).not.toHaveProperty('claimBlockedUntil');
  expect([isClaimBlocked(taken, until - 1), isClaimBlocked(taken, until), isClaimBlocked(begun, 20)]).toEqual([true, false, false]);
});

test.each(['draining', 'inactive', 'contained'] as const)(
  'an old key that is %s comes back by a claim of its own, and goes back to where it was if that is abandoned',
  (state) => {
    const old = aRecord({ state, token: 'first', switchedAt: 3 });
    const asked = { ...withUndoRequest(old, request), revision: 2 };
    const pending = after(asked, 'claimed', 7);
    expect(pending).toMatchObject({ state: 'pending', token: 'token-7', origin: { state, versionId: 'first' } });
    expect(pending).not.toHaveProperty('undoRequest');
    const back = after(pending, 'abandoned', 8);
    expect(back).toMatchObject({ state, token: 'first', switchedAt: 3 });
    expect(back).not.toHaveProperty('origin');
    const current = after(pending, 'promoted', 9);
    expect(current).toMatchObject({ state: 'current', token: 'token-7' });
    for (const field of ['origin', 'switchedAt', 'revokeRequest']) expect(current).not.toHaveProperty(field);
  },
);

test('a key that an emergency ended stays one while an undo tries it, and is none once it has served again', () => {
  const ended = aRecord({
    state: 'inactive',
    token: 'first',
    cause: { code: 'retired', why: { code: 'grace-over', end: 'emergency' } },
    undoRequest: request,
  });
  expect(isEndedByEmergency(ended)).toBe(true);
  expect(isEndedByEmergency({ ...ended, cause: { code: 'retired', why: { code: 'grace-over', end: 'silent' } } })).toBe(false);
  const claimed = after(ended, 'claimed');
  expect(claimed.cause).toEqual({ code: 'claimed', before: 'emergency' });
  expect(isEndedByEmergency(claimed)).toBe(false);
  expect(isEndedByEmergency(after(claimed, 'abandoned'))).toBe(true);
  expect(after(claimed, 'promoted').cause).toEqual({ code: 'claimed' });
  expect(isEndedByEmergency(aRecord({ state: 'inactive' }))).toBe(false);
  expect(isEndedByEmergency(after(after(after(claimed, 'promoted'), 'replaced'), 'retired'))).toBe(false);
});

test('an old key is claimed only on request, and not while somebody is at work on it', () => {
  expect(() => after(aRecord({ state: 'inactive', token: 'first' }), 'claimed')).toThrow('no undo asks for it');
  for (const state of ['standby', 'pending', 'current', 'archived', 'rejected'] as const) {
    expect(() => withUndoRequest(aRecord({ state, token: 'first' }), request)).toThrow('only an old key');
  }
  const retiring = aRecord({
    state: 'draining',
    token: 'first',
    intent: { to: 'inactive', at: 1, cause: { code: 'grace-over', end: 'silent' } },
  });
  expect(() => withUndoRequest(retiring, request)).toThrow('about to become inactive');
});

test('an intent ends a request: who is at work on the key goes first', () => {
  const asked = { ...withUndoRequest(aRecord({ state: 'draining', token: 'first' }), request), revision: 2 };
  expect(withIntent(asked, { to: 'contained', at: 2, cause: { code: 'operator-cut', reason: 'stolen' } })).not.toHaveProperty(
    'undoRequest',
  );
});

test('an emergency takes the grace of the key once it is replaced, but not of one that is replaced a day later', () => {
  const hasty = { ...withRevokeRequest(aRecord({ state: 'current', token: 'first' }), { ...request, at: 0 }), revision: 2 };
  expect(after(hasty, 'replaced', emergencyLastsMs - 1)).toHaveProperty('revokeRequest');
  expect(after(hasty, 'replaced', dayMs)).not.toHaveProperty('revokeRequest');
  for (const state of ['standby', 'pending', 'inactive', 'archived'] as const) {
    expect(() => withRevokeRequest(aRecord({ state }), request)).toThrow('cannot be');
  }
});

test('active are the keys that consumers may hold, and one that is on its way to them', () => {
  expect(apiKeyStates.filter(shouldBeActive)).toEqual(['pending', 'current', 'draining']);
});

test.each(apiKeyStates.flatMap((state) => keyEvents.map((type) => [state, type] as const)))(
  'a key that is %s and is %s keeps no empty field: the table stores what is there, and nothing else',
  (state, type) => {
    // With and without what a key can have on its way.
    const origin = { state: 'inactive', versionId: 'first' } as const;
    const whole = { token: 'before', switchedAt: 3, undoRequest: request, revokeRequest: request, origin };
    for (const changes of [{}, { token: 'before', undoRequest: request }, { origin }, whole]) {
      const record = aRecord({ state, ...changes });
      const next = errorOf(() => transition(record, event(type)));
      expect(Object.values(next as object)).not.toContain(undefined);
    }
  },
);

test('a claim needs the token of its rotation, and of an old key the version that holds its value', () => {
  const { token, ...tokenless } = event('claimed');
  expect(() => transition(aRecord(), tokenless)).toThrow('apikey_one of production is standby and cannot be claimed without a token');
  const lost = aRecord({ state: 'inactive', undoRequest: request });
  expect(() => transition(lost, event('claimed'))).toThrow('cannot be claimed: no undo asks for it');
});

test('who asks for a key that cannot come back is told why and what to do', () => {
  const forgotten = aRecord({ state: 'inactive' });
  expect(errorOf(() => withUndoRequest(forgotten, request))).toEqual({
    code: 'cannot-come-back',
    message: 'apikey_one of production is inactive: only an old key that is not archived comes back',
    fix: 'npx --no-install keyguard history production',
  });
  const retiring = aRecord({
    state: 'draining',
    token: 'first',
    intent: { to: 'inactive', at: 1, cause: { code: 'grace-over', end: 'silent' } },
  });
  expect(errorOf(() => withUndoRequest(retiring, request))).toEqual({
    code: 'busy',
    message: 'apikey_one of production is about to become inactive (silent)',
    fix: 'try again in five minutes',
  });
});

test('a request that is withdrawn leaves the key as it was', () => {
  const old = aRecord({ state: 'inactive', token: 'first' });
  expect(withoutUndoRequest({ ...withUndoRequest(old, request), revision: 1 })).toEqual(old);
  expect(withoutUndoRequest(old)).toBeUndefined();
});

test('an emergency takes the grace of a key that is in it already, and of none that consumers do not hold', () => {
  expect(withRevokeRequest(aRecord({ state: 'draining', token: 'first' }), request)).toMatchObject({
    state: 'draining',
    revokeRequest: request,
  });
  expect(errorOf(() => withRevokeRequest(aRecord({ state: 'inactive' }), request))).toMatchObject({
    code: 'illegal-transition',
    message: 'apikey_one of production is inactive and cannot be an old key without grace',
  });
});

test('a rejected key forgets the rotation that tried it; a retired one keeps its own', () => {
  const record = aRecord({ state: 'pending', token: 'v1' });
  expect(transition(record, event('rejected'))).not.toHaveProperty('token');
  expect(transition({ ...record, state: 'draining' }, event('retired'))).toHaveProperty('token', 'v1');
});

test('a key’s age counts from its first use; no return and no second switch makes it younger', () => {
  const promoted = after(aRecord({ state: 'pending', token: 'v1' }), 'promoted', 5);
  expect(promoted.servedSince).toBe(5);
  const replaced = after(promoted, 'replaced', 9);
  expect(replaced.servedSince).toBe(5);
  expect(after({ ...replaced, state: 'pending' }, 'promoted', 20).servedSince).toBe(5);
  const unrecorded = aRecord({
    state: 'pending',
    token: 'v1',
    since: 1,
    intent: { to: 'current', at: 3, cause: { code: 'switching' } },
  });
  expect(after(unrecorded, 'replaced', 9).servedSince).toBe(3);
  const { intent, ...bare } = unrecorded;
  expect(after(bare, 'replaced', 9).servedSince).toBe(1);
});

test('that a key was found dead is known while it is in its grace, and forgotten with it', () => {
  const dead = { ...noted('dead', aRecord({ state: 'current', token: 'v1' }), 5), revision: 2 };
  expect(after(dead, 'replaced', 9)).toMatchObject({ state: 'draining', foundDeadAt: 5 });
  const draining = { ...dead, state: 'draining', switchedAt: 9 } as const;
  for (const type of ['retired', 'contained', 'promoted'] as const) expect(after(draining, type, 12)).not.toHaveProperty('foundDeadAt');
  expect(noted('alive', draining, 12)).not.toHaveProperty('foundDeadAt');
  // An undo that fails leaves it as it was.
  const request = { at: 10, by: 'Ada', because: 'it fails' };
  const claimed = after({ ...draining, undoRequest: request }, 'claimed', 11);
  expect(claimed).toMatchObject({ state: 'pending', foundDeadAt: 5 });
  expect(after(claimed, 'abandoned', 12)).toMatchObject({ state: 'draining', foundDeadAt: 5 });
  expect(after(claimed, 'promoted', 12)).not.toHaveProperty('foundDeadAt');
});

test('when a key was first found active is kept while it is active, and forgotten when it is inactive or moves', () => {
  const first = { ...noted('reactivated', aRecord({ state: 'inactive' }), 5), revision: 2 };
  expect(first.reactivatedAt).toBe(5);
  expect(noted('reactivated', first, 9).reactivatedAt).toBe(5);
  expect(noted('inactive again', first, 9)).not.toHaveProperty('reactivatedAt');
  expect(noted('inactive again', first, 9).since).toBe(9);
  expect(transition(first, event('contained'))).not.toHaveProperty('reactivatedAt');
});

test('an intake is unfinished while nobody has proven the key dead, and only before it was ever claimed', () => {
  for (const state of apiKeyStates) expect(isUnfinishedIntake(aRecord({ state }))).toBe(state === 'standby' || state === 'rejected');
  expect(isUnfinishedIntake(aRecord({ state: 'standby', verifiedInactiveAt: 5 }))).toBe(false);
});

test('a key that is cut off again begins its undo period anew, with the new reason; its state stays', () => {
  const cut = aRecord({ state: 'contained', since: 3, cause: { code: 'containment', incidentId: 'first' }, reactivatedAt: 4, token: 'v1' });
  const second = { code: 'containment', incidentId: 'second' } as const;
  const again = changed({ ...cut, intent: { to: 'contained', at: 5, cause: second } }, { to: 'contained', cause: second }, 9);
  expect(again.claimBlockedUntil).toBe(5 + fenceMs);
  expect(again).toMatchObject({ state: 'contained', since: 9, cause: { code: 'containment', incidentId: 'second' }, token: 'v1' });
  expect(again).not.toHaveProperty('intent');
  expect(again).not.toHaveProperty('reactivatedAt');
  const { revision, ...first } = aRecord({
    state: 'contained',
    since: 9,
    cause: { code: 'containment', incidentId: 'first' },
    token: 'v1',
  });
  const change = { to: 'contained', cause: { code: 'containment', incidentId: 'first' } } as const;
  expect(changed(aRecord({ state: 'draining', token: 'v1' }), change, 9)).toMatchObject(first);
});

test('served has what consumers read, and not what is on its way to them, for the first time or again', () => {
  expect(hasServed(aRecord({ state: 'current', servedSince: 1 }))).toBe(true);
  expect(hasServed(aRecord({ state: 'draining', servedSince: 1 }))).toBe(true);
  expect(hasServed(aRecord({ state: 'pending', servedSince: 1 }))).toBe(false);
  expect(hasServed(aRecord({ state: 'current' }))).toBe(false);
});

test('a key that was made for a rotation goes into no pool, and is known by the version that held it', () => {
  const { standbyVersionId, ...rest } = aRecord({ state: 'pending', token: 'token-1' });
  const made: ApiKeyRecord = rest;
  expect(standbyVersionId).toBeDefined();
  for (const type of ['abandoned', 'rejected'] as const) {
    const lost = after(made, type, 2);
    expect(lost).toMatchObject({ state: 'rejected', token: 'token-1' });
    expect(isUnfinishedIntake(lost)).toBe(false);
  }
});
