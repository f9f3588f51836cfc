import { expect, test } from 'vitest';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { reconcileKey } from '../../../lambda/rotation/reconcile.ts';
import { isLeftAlone, reconciled } from './beat.ts';
import { Stage } from './stage.ts';

const now = new Stage().world.now;
const by = 'retirement';
const tried = (at: number) => ({ to: 'standby', at, cause: { code: 'being-tried' } }) as const;

test.each(['AWSPENDING', 'AWSCURRENT'])('a claim whose version carries %s belongs to a rotation, however old it is', async (label) => {
  const stage = new Stage();
  stage.has('next', 'pending', { labels: ['other', label] });
  await isLeftAlone(stage, 'next');
});

test('a claim of a rotation that is over goes back to the pool, inactive, a quarter of an hour after it was made', async () => {
  const young = new Stage();
  young.has('next', 'pending', { since: now - 15 * minuteMs + 1 });
  await isLeftAlone(young, 'next');
  const stage = new Stage();
  stage.has('next', 'pending', { since: now - 15 * minuteMs });
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual([
    'ledger.replace next pending→pending (intent)',
    'keys.setStatus next inactive',
    'ledger.replace next pending→standby',
  ]);
  expect(stage.audit).toEqual([
    { apiKeyId: 'next', to: 'standby', by, because: 'its rotation was abandoned' },
    { apiKeyId: 'next', to: 'standby', by, because: 'its rotation was abandoned', requestIds: ['anthropic next inactive'] },
  ]);
  expect(stage.tally.returned).toBe(1);
  // What the list shows as active is deactivated without being asked for.
  expect(stage.calls).not.toContain('keys.retrieve next');
});

test('a claimed key that Anthropic lists no more goes back without being deactivated', async () => {
  const stage = new Stage({ infos: { next: 'gone' } });
  stage.has('next', 'pending');
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual(['ledger.replace next pending→pending (intent)', 'ledger.replace next pending→standby']);
});

test.each([
  ['standby', undefined],
  ['rejected', { to: 'rejected', at: now - 5 * minuteMs, cause: { code: 'value-refused' } }],
] as const)(
  'a claimed key becomes %s inactive also where the list is behind and does not show that it became active',
  async (state, intent) => {
    const stage = new Stage();
    stage.has('next', 'pending', { status: 'inactive', ...(intent === undefined ? {} : { intent }) });
    const behind = await stage.snapshot();
    stage.world.key('next').status = 'active';
    await reconcileKey(stage.record('next'), behind, stage.ports, stage.tally);
    expect([stage.record('next').state, stage.world.key('next').status]).toEqual([state, 'inactive']);
  },
);

test('a claimed key that never became active, or whose claim names no rotation, goes back as well', async () => {
  const stage = new Stage();
  stage.has('next', 'pending', { status: 'inactive' });
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual(['ledger.replace next pending→pending (intent)', 'ledger.replace next pending→standby']);
  const { token, ...rest } = stage.has('lost', 'pending');
  stage.world.records.set('lost', rest);
  await reconciled(stage, 'lost');
  expect(stage.record('lost').state).toBe('standby');
});

test.each([
  ['draining', ['ledger.replace old pending→draining']],
  ['inactive', ['keys.setStatus old inactive', 'ledger.replace old pending→inactive']],
  ['contained', ['keys.setStatus old inactive', 'ledger.replace old pending→contained']],
] as const)('an old key of an undo whose rotation is over goes back to being %s', async (state, effects) => {
  const stage = new Stage();
  stage.has('old', 'pending', { origin: { state, versionId: 'first' } });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual(['ledger.replace old pending→pending (intent)', ...effects]);
  expect(stage.record('old')).toMatchObject({ state, token: 'first' });
  // Until then a late call of that rotation may activate it.
  expect(stage.record('old').lateActivationUntil).toBe(state === 'draining' ? undefined : now + 5 * minuteMs);
});

test('a claim that a killed run gave back is given back; one whose switch had begun is taken for used', async () => {
  const begun = new Stage();
  begun.has('next', 'pending', { intent: { to: 'standby', at: now - minuteMs, cause: { code: 'rotation-abandoned' } } });
  await reconciled(begun, 'next');
  expect(begun.effects).toEqual([
    'ledger.replace next pending→pending (intent)',
    'keys.setStatus next inactive',
    'ledger.replace next pending→standby',
  ]);
  // The other run's call may come late, and must not meet the next claim.
  expect(begun.record('next').claimBlockedUntil).toBe(now + 4 * minuteMs);
  const switching = new Stage();
  switching.has('next', 'pending', { intent: { to: 'current', at: now - 5 * minuteMs + 1, cause: { code: 'switching' } } });
  // Labels that were read before say nothing of a switch of this moment.
  await isLeftAlone(switching, 'next');
  switching.world.now += 1;
  await reconciled(switching, 'next');
  expect(switching.record('next')).toMatchObject({ state: 'draining', switchedAt: now + 1 });
});

test('a rejection that a rotation did not go on with is finished after five minutes, whatever became of its version', async () => {
  const intent = (at: number) => ({ to: 'rejected', at, cause: { code: 'value-refused' } }) as const;
  const young = new Stage();
  young.has('next', 'pending', { labels: ['AWSPENDING'], intent: intent(now - 5 * minuteMs + 1) });
  await isLeftAlone(young, 'next');
  for (const status of ['active', 'inactive'] as const) {
    const stage = new Stage();
    stage.has('next', 'pending', { status, labels: ['AWSPENDING'], intent: intent(now - 5 * minuteMs) });
    await reconciled(stage, 'next');
    expect(stage.effects).toEqual([
      'ledger.replace next pending→pending (intent)',
      ...(status === 'active' ? ['keys.setStatus next inactive'] : []),
      'ledger.replace next pending→rejected',
    ]);
    expect(stage.record('next')).toMatchObject({ state: 'rejected', cause: { code: 'value-refused' } });
    expect(stage.audit[0]).toEqual({
      apiKeyId: 'next',
      to: 'rejected',
      by,
      because: 'the value is refused (401) although the key is active',
    });
    expect(stage.audit[1]).toMatchObject({ to: 'rejected', by });
  }
  const gone = new Stage({ infos: { next: 'gone' } });
  gone.has('next', 'pending', { intent: intent(now - 5 * minuteMs) });
  await reconciled(gone, 'next');
  expect(gone.effects).toEqual(['ledger.replace next pending→pending (intent)', 'ledger.replace next pending→rejected']);
});

test('a claim that somebody else is at work on is left alone', async () => {
  const stage = new Stage();
  stage.has('next', 'pending', { intent: { to: 'contained', at: now - minuteMs, cause: { code: 'operator-cut', reason: 'stolen' } } });
  await isLeftAlone(stage, 'next');
});

test('a claimed key that served before anybody recorded it gets its grace, in one write', async () => {
  const stage = new Stage();
  stage.has('next', 'pending', { labels: ['AWSPREVIOUS'], since: now });
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual(['ledger.replace next pending→draining']);
  expect(stage.audit).toEqual([{ apiKeyId: 'next', to: 'draining', by, because: 'AWSCURRENT had moved to it, and has moved on' }]);
  expect(stage.record('next')).toMatchObject({ switchedAt: now });
});

test('a claimed key to which AWSCURRENT may have moved gets its grace too, and its history says that nobody knows', async () => {
  const stage = new Stage();
  stage.has('next', 'pending', {
    since: now - 5 * minuteMs,
    intent: { to: 'current', at: now - 5 * minuteMs, cause: { code: 'switching' } },
  });
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual(['ledger.replace next pending→draining']);
  expect(stage.audit).toEqual([
    { apiKeyId: 'next', to: 'draining', by, because: 'AWSCURRENT may have moved to it: nobody recorded whether it had' },
  ]);
});

test.each(['standby', 'rejected'] as const)(
  'a %s key that is found active is deactivated behind a fence, while paused too',
  async (state) => {
    const stage = new Stage();
    stage.has('next', state, { status: 'active', since: now - 5 * minuteMs });
    await reconciled(stage, 'next', true);
    expect(stage.effects).toEqual([
      `ledger.replace next ${state}→${state} (intent)`,
      'keys.setStatus next inactive',
      `ledger.replace next ${state}→${state}`,
    ]);
    expect(stage.audit).toMatchObject([
      { to: state, by, because: 'it was found active' },
      { by, because: 'it was found active', requestIds: ['anthropic next inactive'] },
    ]);
    expect(stage.logged).toEqual([{ event: 'retirement.put-to-sleep', fields: { apiKeyId: 'next', managedKey: 'production', state } }]);
    expect(stage.tally.putToSleep).toBe(1);
  },
);

test.each([
  ['asleep', { status: 'inactive' }],
  ['taken in less than five minutes ago', { status: 'active', since: now - 5 * minuteMs + 1 }],
  ['fenced less than five minutes ago', { status: 'active', intent: tried(now - 5 * minuteMs + 1) }],
] as const)('a standby key that is %s is left alone', async (_name, changes) => {
  const stage = new Stage();
  stage.has('next', 'standby', changes);
  await isLeftAlone(stage, 'next');
});

test('a fence that a killed run left is lifted after five minutes, and the key deactivated whatever its status', async () => {
  for (const status of ['active', 'inactive'] as const) {
    const stage = new Stage();
    stage.has('next', 'standby', { status, since: now, intent: tried(now - 5 * minuteMs) });
    await reconciled(stage, 'next');
    expect(stage.effects).toEqual([
      'ledger.replace next standby→standby (intent)',
      'keys.setStatus next inactive',
      'ledger.replace next standby→standby',
    ]);
    expect(stage.record('next')).not.toHaveProperty('intent');
    expect(stage.record('next')).not.toHaveProperty('claimBlockedUntil');
    expect(stage.audit).toMatchObject([
      { because: 'being verified' },
      { because: 'inactive again: a step was interrupted (being verified)' },
    ]);
  }
});

test('an intake that was broken off leaves no key in the pool: nobody has proven that the value is its own', async () => {
  const intent = (at: number) => ({ to: 'standby', at, cause: { code: 'being-taken-in' } }) as const;
  const young = new Stage();
  young.has('next', 'standby', { status: 'active', verifiedInactive: false, intent: intent(now - 5 * minuteMs + 1) });
  await isLeftAlone(young, 'next');
  const stage = new Stage();
  stage.has('next', 'standby', { status: 'active', verifiedInactive: false, intent: intent(now - 5 * minuteMs) });
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual([
    'ledger.replace next standby→standby (intent)',
    'keys.setStatus next inactive',
    'ledger.replace next standby→rejected',
  ]);
  expect(stage.record('next').cause).toEqual({ code: 'intake-broken-off' });
});

test.each([
  ['standby', 'inactive', true],
  ['rejected', 'inactive', true],
  ['standby', 'archived', false],
  ['rejected', 'expired', false],
] as const)('a removal of a %s key that was broken off, and is %s, is finished and never undone', async (state, status, asks) => {
  const stage = new Stage({ infos: { next: { status } } });
  stage.has('next', state, {
    intent: { to: 'archived', at: now - 5 * minuteMs, cause: { code: 'removing', reason: 'an operator removed it' } },
  });
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual([...(asks ? ['keys.setStatus next archived'] : []), `ledger.replace next ${state}→archived`]);
  expect(stage.record('next').cause).toEqual({ code: 'removed', reason: 'an operator removed it' });
});

test.each([
  ['standby', 'archived', 'rejected'],
  ['standby', 'expired', 'rejected'],
  ['rejected', 'archived', 'archived'],
] as const)('a %s key that is %s at Anthropic is %s, and the reason is recorded', async (state, status, after) => {
  const stage = new Stage({ infos: { next: { status } } });
  stage.has('next', state);
  await reconciled(stage, 'next');
  expect(stage.effects).toEqual([`ledger.replace next ${state}→${after}`]);
  expect(stage.audit).toEqual([{ apiKeyId: 'next', to: after, by, because: `it is ${status} at Anthropic` }]);
});

test('a standby key that Anthropic lists no more is left alone', async () => {
  const stage = new Stage({ infos: { next: 'gone' } });
  stage.has('next', 'standby');
  await isLeftAlone(stage, 'next');
});

test('a rejected key that has expired stays rejected', async () => {
  const stage = new Stage({ infos: { next: { status: 'expired' } } });
  stage.has('next', 'rejected');
  await isLeftAlone(stage, 'next');
});

test.each(['current', 'archived'] as const)('a key that is %s is none of retirement’s business', async (state) => {
  const stage = new Stage();
  stage.has('one', state, { labels: state === 'current' ? ['AWSCURRENT'] : [] });
  await isLeftAlone(stage, 'one');
});

test('a key that was found active stays in the pool, also without a recorded proof', async () => {
  const stage = new Stage();
  stage.has('next', 'standby', { status: 'active', verifiedInactive: false, since: now - 5 * minuteMs });
  await reconciled(stage, 'next');
  expect(stage.record('next').state).toBe('standby');
});

test('the request that deactivated an unfinished intake is recorded', async () => {
  const stage = new Stage();
  stage.has('next', 'standby', { status: 'active', verifiedInactive: false, intent: tried(now - 5 * minuteMs) });
  await reconciled(stage, 'next');
  expect(stage.audit[1]).toMatchObject({ to: 'rejected', by, requestIds: ['anthropic next inactive'] });
});

test('a list that is behind, and shows a trial that is over, deactivates no key and accuses nobody', async () => {
  const stage = new Stage({ infos: {} });
  stage.has('next', 'standby', { status: 'active' });
  const snapshot = await stage.snapshot();
  stage.world.key('next').status = 'inactive';
  await reconcileKey(stage.record('next'), snapshot, stage.ports, stage.tally);
  expect([stage.effects, stage.logged]).toEqual([[], []]);
  const lately = new Stage();
  lately.has('next', 'standby', { status: 'active', verifiedInactiveAt: now - 5 * minuteMs + 1 });
  await isLeftAlone(lately, 'next');
});

test('a key that was deactivated is inactive since then; of an intake that was broken off nobody has proven anything', async () => {
  const stage = new Stage();
  stage.has('next', 'standby', { status: 'active' });
  await reconciled(stage, 'next');
  expect(stage.record('next').verifiedInactiveAt).toBe(now);
  const broken = new Stage();
  broken.has('next', 'rejected', { status: 'active', verifiedInactive: false });
  await reconciled(broken, 'next');
  expect(broken.record('next')).not.toHaveProperty('verifiedInactiveAt');
});

test('what was begun with a key that is gone, or has expired, holds it no longer', async () => {
  const gone = new Stage({ infos: { next: 'gone' } });
  gone.has('next', 'standby', { intent: tried(now - 5 * minuteMs) });
  await reconciled(gone, 'next');
  expect(gone.audit).toEqual([{ apiKeyId: 'next', to: 'rejected', by, because: 'it is gone at Anthropic' }]);
  const behind = new Stage();
  behind.has('next', 'standby', { intent: tried(now - 5 * minuteMs) });
  const snapshot = await behind.snapshot();
  await reconcileKey(behind.record('next'), { ...snapshot, infos: new Map() }, behind.ports, behind.tally);
  expect(behind.effects).toEqual([]);
  const expired = new Stage({ infos: { next: { status: 'expired' } } });
  expired.has('next', 'rejected', { intent: tried(now - 5 * minuteMs) });
  await reconciled(expired, 'next');
  expect(expired.audit).toEqual([{ apiKeyId: 'next', to: 'rejected', by, because: 'it is expired' }]);
  expect(expired.record('next')).not.toHaveProperty('intent');
});

test.each(['standby', 'rejected'] as const)('a %s key that the list shows inactive is not asked for', async (state) => {
  const stage = new Stage();
  stage.has('next', state);
  await isLeftAlone(stage, 'next');
  expect(stage.calls).toEqual([]);
});

test('a standby key that Anthropic does not know is rejected only where Anthropic shows the key that consumers have', async () => {
  const known = new Stage({ infos: { next: 'gone' } });
  known.has('serving', 'current');
  known.has('next', 'standby');
  await reconciled(known, 'next');
  expect(known.audit).toEqual([{ apiKeyId: 'next', to: 'rejected', by, because: 'it is gone at Anthropic' }]);
  const forgetful = new Stage({ infos: { next: 'gone', serving: 'gone' } });
  forgetful.has('other', 'draining');
  forgetful.has('serving', 'current');
  forgetful.has('next', 'standby');
  await isLeftAlone(forgetful, 'next');
});
