import { expect, test } from 'vitest';
import type { Cause } from '../../../contract/causes.ts';
import type { ApiKeyState } from '../../../contract/api-key-states.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { isEndedByEmergency, isReplacedByEmergency } from '../../../lambda/rotation/lifecycle.ts';
import { reconcileKey } from '../../../lambda/rotation/reconcile.ts';
import { isLeftAlone, reconciled } from './beat.ts';
import { failure, Stage } from './stage.ts';

const now = new Stage().world.now;
const by = 'retirement';
const request = { at: now - minuteMs, by: 'operator', because: 'the new one is broken' };
const lapsedRequest = { ...request, at: now - hourMs };
const intent = (to: ApiKeyState, cause: Cause, at = now - hourMs) => ({ to, at, cause });

const retires = ['ledger.replace old draining→draining (intent)', 'keys.setStatus old inactive', 'ledger.replace old draining→inactive'];
const archives = ['ledger.replace old inactive→inactive (intent)', 'keys.setStatus old archived', 'ledger.replace old inactive→archived'];

test('a silent old key is made inactive: the intent, the effect, the proof, the record', async () => {
  const stage = new Stage();
  stage.has('old', 'draining');
  await reconciled(stage, 'old');
  expect(stage.calls).toEqual([retires[0], retires[1], 'secrets.read v-old', 'probe', retires[2]]);
  expect(stage.audit).toEqual([
    { apiKeyId: 'old', to: 'inactive', by, because: 'silent' },
    { apiKeyId: 'old', to: 'inactive', by, because: 'retired: silent', requestIds: ['anthropic old inactive'] },
  ]);
  expect(stage.record('old')).toMatchObject({ state: 'inactive', since: now });
  expect(stage.logged).toEqual([
    { event: 'retirement.retired', fields: { managedKey: 'production', apiKeyId: 'old', because: 'silent', death: 'dead' } },
  ]);
  expect(stage.tally).toMatchObject({ retired: 1, waiting: 0 });
});

test.each([
  ['in its minimum grace', { switchedAt: now - hourMs + 1 }, {}],
  ['still in use', {}, { lastTokensAt: { old: now - 30 * minuteMs } }],
  ['of unknown usage', {}, { usageKnownUntil: now - 2.5 * hourMs }],
  ['in its grace, though Anthropic lists it no more', { switchedAt: now }, { infos: { old: 'gone' as const } }],
])('an old key that is %s waits', async (_name, changes, deviations) => {
  const stage = new Stage(deviations);
  stage.has('old', 'draining', changes);
  await isLeftAlone(stage, 'old');
  expect(stage.tally).toMatchObject({ waiting: 1, retired: 0 });
});

test('where the instant of the switch is not known, grace begins when the key came into its state', async () => {
  const stage = new Stage();
  const { switchedAt, ...rest } = stage.has('old', 'draining', { since: now - hourMs + 1 });
  stage.world.records.set('old', rest);
  await isLeftAlone(stage, 'old');
});

test('an emergency ends the grace of a key that was switched this moment', async () => {
  const stage = new Stage();
  stage.has('old', 'draining', { switchedAt: now, revokeRequest: request });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual(retires);
  expect(stage.audit.map(({ because }) => because)).toEqual(['emergency', 'retired: emergency']);
  expect([isEndedByEmergency(stage.record('old')), isReplacedByEmergency(stage.record('old'))]).toEqual([true, true]);
  // One that came with the switch belongs to it.
  const together = new Stage();
  together.has('old', 'draining', { switchedAt: request.at, revokeRequest: request });
  await reconciled(together, 'old');
  expect(together.audit[0]?.because).toBe('emergency');
  // The emergency put no other key in the place of one that was in its grace already; a paused one is cut off all the same.
  const before = new Stage();
  before.has('old', 'draining', { switchedAt: request.at - 1, revokeRequest: request });
  await reconciled(before, 'old', true);
  expect(before.audit.map(({ because }) => because)).toEqual(['emergency, in its grace', 'retired: emergency, in its grace']);
  expect([isEndedByEmergency(before.record('old')), isReplacedByEmergency(before.record('old'))]).toEqual([true, false]);
  expect(isReplacedByEmergency({ ...stage.record('old'), cause: { code: 'retired', why: { code: 'grace-over', end: 'silent' } } })).toBe(
    false,
  );
});

test.each(['archived', 'expired'] as const)(
  'an old key that is %s at Anthropic is over, whatever its grace, and nobody is asked to end it',
  async (status) => {
    const stage = new Stage({ infos: { old: { status } }, probe: () => ({ answer: 'refused' }) });
    stage.has('old', 'draining', { switchedAt: now });
    await reconciled(stage, 'old');
    expect(stage.effects).toEqual([retires[0], retires[2]]);
    expect(stage.audit).toEqual([
      { apiKeyId: 'old', to: 'inactive', by, because: `it is ${status} at Anthropic` },
      { apiKeyId: 'old', to: 'inactive', by, because: `retired: it is ${status} at Anthropic` },
    ]);
  },
);

test('a retirement that a killed run began is finished for its reason once the key is inactive, and while paused too', async () => {
  for (const paused of [false, true]) {
    const stage = new Stage({ lastTokensAt: { old: now - minuteMs } });
    stage.has('old', 'draining', { status: 'inactive', intent: intent('inactive', { code: 'grace-over', end: 'silent' }, now - minuteMs) });
    await reconciled(stage, 'old', paused);
    expect(stage.effects).toEqual(retires);
    expect(stage.audit.map(({ because }) => because)).toEqual(['silent', 'retired: silent']);
    // The other run may be at it still: its call must not meet an undo.
    expect(stage.record('old').claimBlockedUntil).toBe(now + 4 * minuteMs);
  }
});

test('one that a killed run only meant to begin is given up when the key was used again meanwhile', async () => {
  const stage = new Stage({ lastTokensAt: { old: now - minuteMs } });
  stage.has('old', 'draining', { intent: intent('inactive', { code: 'grace-over', end: 'silent' }) });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual(['ledger.replace old draining→draining']);
  expect(stage.record('old')).not.toHaveProperty('intent');
  expect(stage.tally.waiting).toBe(1);
});

test('a key that still answers after it was set inactive is not called retired: its intent stays for the next beat', async () => {
  const stage = new Stage({ probe: () => ({ answer: 'accepted', organizationId: 'organization', workspaceId: null }) });
  stage.has('old', 'draining');
  expect(await failure(reconciled(stage, 'old'))).toEqual({
    code: 'still-alive',
    message: 'old is set inactive, but Anthropic still accepts its value',
    fix: 'npx --no-install keyguard status',
  });
  expect(stage.record('old')).toMatchObject({
    state: 'draining',
    intent: { to: 'inactive', cause: { code: 'grace-over', end: 'silent' } },
  });
  expect(stage.tally.retired).toBe(0);
});

test('an old key of which no version is known is retired on the word of the Admin API', async () => {
  const stage = new Stage();
  const { token, ...rest } = stage.has('old', 'draining');
  stage.world.records.set('old', rest);
  await reconciled(stage, 'old');
  expect(stage.calls).toEqual(retires);
  expect(stage.audit.at(-1)?.because).toBe('retired: silent (not proven by its value, which is no longer kept)');
});

test('an old key whose version Secrets Manager does not show is not taken for one without a version', async () => {
  const stage = new Stage();
  stage.has('old', 'draining');
  stage.world.versions.delete('v-old');
  await reconciled(stage, 'old');
  expect(stage.calls.filter((call) => call === 'secrets.read v-old').length).toBeGreaterThan(5);
  expect(stage.record('old')).toMatchObject({ state: 'inactive', cause: { valueUnknown: true } });
});

// What holds an old key back, whether it would be retired or archived.
test.each([
  ['draining', intent('contained', { code: 'operator-cut', reason: 'stolen' }, now - 14 * minuteMs)],
  ['inactive', intent('contained', { code: 'operator-cut', reason: 'stolen' }, now - 14 * minuteMs)],
  ['current', intent('contained', { code: 'operator-cut', reason: 'stolen' }, now - 14 * minuteMs)],
] as const)('a key that is %s and on which somebody else is at work is left to them', async (state, foreign) => {
  const stage = new Stage();
  stage.has('old', state, { since: now - 30 * dayMs, intent: foreign });
  await isLeftAlone(stage, 'old');
});

test.each(['standby', 'pending', 'current', 'draining', 'inactive'] as const)(
  'a containment of a %s key that nobody went on with is withdrawn, as long as the key is active',
  async (state) => {
    const stage = new Stage();
    stage.has('old', state, {
      status: 'active',
      intent: intent('contained', { code: 'operator-cut', reason: 'stolen' }, now - 15 * minuteMs),
    });
    await reconciled(stage, 'old', true);
    expect(stage.effects).toEqual([`ledger.replace old ${state}→${state}`]);
    expect(stage.record('old')).not.toHaveProperty('intent');
    expect(stage.audit).toEqual([{ apiKeyId: 'old', to: state, by, because: 'containment did not go on' }]);
  },
);

test('a containment that was broken off after the cut is finished: the key is proven dead and recorded as cut off', async () => {
  const stage = new Stage();
  stage.has('old', 'draining', {
    status: 'inactive',
    intent: intent('contained', { code: 'operator-cut', reason: 'stolen' }, now - 15 * minuteMs),
  });
  await reconciled(stage, 'old');
  expect(stage.calls).toEqual(['secrets.read v-old', 'probe', 'ledger.replace old draining→contained']);
  expect(stage.audit).toEqual([{ apiKeyId: 'old', to: 'contained', by, because: 'cut off by an operator: stolen' }]);
});

test('a containment whose key looks inactive and answers is withdrawn', async () => {
  const stage = new Stage({ probe: () => ({ answer: 'accepted', organizationId: 'organization', workspaceId: null }) });
  stage.has('old', 'draining', {
    status: 'inactive',
    intent: intent('contained', { code: 'operator-cut', reason: 'stolen' }, now - 15 * minuteMs),
  });
  await reconciled(stage, 'old');
  expect(stage.audit).toEqual([{ apiKeyId: 'old', to: 'draining', by, because: 'containment did not go on, and its value is accepted' }]);
});

test.each(['draining', 'inactive'] as const)('a key that is %s and that an undo asks for stays as it is', async (state) => {
  const stage = new Stage();
  stage.has('old', state, { since: now - 30 * dayMs, undoRequest: request });
  await isLeftAlone(stage, 'old');
});

test.each(['draining', 'inactive'] as const)(
  'of a key that is %s a request that nobody fulfilled in time is withdrawn, and the key has a beat more',
  async (state) => {
    const stage = new Stage();
    stage.has('old', state, { since: now - 30 * dayMs, undoRequest: lapsedRequest });
    await reconciled(stage, 'old');
    expect(stage.effects).toEqual([`ledger.replace old ${state}→${state}`]);
    expect(stage.record('old')).not.toHaveProperty('undoRequest');
    expect(stage.audit).toMatchObject([{ by, because: 'the undo has lapsed: it could not be carried out in time' }]);
  },
);

test.each(['draining', 'inactive'] as const)(
  'a key that is %s for us, and to which somebody moved AWSCURRENT back, is left alone',
  async (state) => {
    const stage = new Stage();
    stage.has('old', state, { since: now - 30 * dayMs, labels: ['AWSCURRENT'], status: state === 'draining' ? 'active' : 'inactive' });
    stage.world.exempt.add('old');
    await isLeftAlone(stage, 'old');
  },
);

test.each(['draining', 'inactive', 'contained'] as const)('of a paused managed key, one that is %s stays', async (state) => {
  const stage = new Stage();
  stage.has('old', state, { since: now - 30 * dayMs });
  await isLeftAlone(stage, 'old', true);
});

test('a key is archived at the end of its undo period, not a moment sooner', async () => {
  const { undoMs } = definition.rotation;
  const early = new Stage();
  early.has('old', 'inactive', { since: now - undoMs + 1 });
  await isLeftAlone(early, 'old');
  const stage = new Stage();
  stage.has('old', 'inactive', { since: now - undoMs });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual(archives);
  expect(stage.audit).toEqual([
    { apiKeyId: 'old', to: 'archived', by, because: 'the undo period is over' },
    { apiKeyId: 'old', to: 'archived', by, because: 'the undo period is over', requestIds: ['anthropic old archived'] },
  ]);
  expect(stage.tally.archived).toBe(1);
});

test('a key that was cut off is archived as well, and so is one that belongs to no version', async () => {
  const stage = new Stage();
  const { token, ...rest } = stage.has('old', 'contained', { since: now - 30 * dayMs });
  stage.world.records.set('old', rest);
  await reconciled(stage, 'old');
  expect(stage.record('old').state).toBe('archived');
});

test('a key that somebody reactivated in the Console is not archived, also by a run that had begun', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', { since: now - 30 * dayMs, status: 'active' });
  await reconciled(stage, 'old');
  const warned = { event: 'retirement.reactivated-outside', fields: { managedKey: 'production', apiKeyId: 'old', state: 'inactive' } };
  expect(stage.effects).toEqual(['ledger.replace old inactive→inactive']);
  expect(stage.audit).toEqual([{ apiKeyId: 'old', to: 'inactive', by, because: 'somebody enabled it again' }]);
  expect(stage.record('old')).toMatchObject({ state: 'inactive', since: now - 30 * dayMs, reactivatedAt: now });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual([]);
  expect(stage.logged).toEqual([warned, warned]);
  const begun = new Stage();
  begun.has('old', 'inactive', { since: now - 30 * dayMs, status: 'active', intent: intent('archived', { code: 'undo-period-over' }) });
  await reconciled(begun, 'old');
  expect(begun.effects).toEqual(['ledger.replace old inactive→inactive']);
  expect(begun.record('old')).not.toHaveProperty('intent');
});

test('of a paused managed key, too, a reactivated old key is noted: its undo period begins anew once it is inactive again', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', { since: now - 30 * dayMs, status: 'active' });
  await reconciled(stage, 'old', true);
  expect(stage.record('old')).toMatchObject({ state: 'inactive', reactivatedAt: now });
  expect(stage.world.key('old').status).toBe('active');
});

test('an old key that somebody reactivated and deactivated again has its whole undo period before it is archived', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', {
    since: now - 30 * dayMs,
    reactivatedAt: now - dayMs,
    cause: { code: 'retired', why: { code: 'grace-over', end: 'silent' } },
  });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual(['ledger.replace old inactive→inactive']);
  expect(stage.audit).toEqual([{ apiKeyId: 'old', to: 'inactive', by, because: 'inactive again: its undo period starts again' }]);
  expect(stage.record('old')).toMatchObject({ since: now, cause: { code: 'retired', why: { code: 'grace-over', end: 'silent' } } });
  expect(stage.record('old')).not.toHaveProperty('reactivatedAt');
  await isLeftAlone(stage, 'old');
});

test('that the current key was found dead is kept until it works again, also in its grace', async () => {
  const stage = new Stage();
  stage.has('now', 'current', { since: now - dayMs, status: 'inactive' });
  await reconciled(stage, 'now');
  expect(stage.effects).toEqual(['ledger.replace now current→current']);
  expect(stage.audit).toEqual([{ apiKeyId: 'now', to: 'current', by, because: 'it is dead at Anthropic, and Key Guard did not do it' }]);
  expect(stage.record('now').foundDeadAt).toBe(now);
  await isLeftAlone(stage, 'now');

  for (const state of ['current', 'draining'] as const) {
    const alive = new Stage();
    alive.has('now', state, { since: now - hourMs, switchedAt: now - hourMs, status: 'active', foundDeadAt: now - dayMs });
    await reconciled(alive, 'now');
    expect(alive.audit).toEqual([{ apiKeyId: 'now', to: state, by, because: 'it is active again' }]);
    expect(alive.record('now')).not.toHaveProperty('foundDeadAt');
  }
  // While its secret is going to be deleted, people hear of that; its rotation activates a key that an undo asks for.
  const deleted = new Stage();
  deleted.has('now', 'current', { since: now - dayMs, status: 'inactive' });
  const snapshot = await deleted.snapshot();
  await reconcileKey(
    deleted.record('now'),
    { ...snapshot, secret: { ...snapshot.secret, deletionAt: now + dayMs } },
    deleted.ports,
    deleted.tally,
  );
  expect(deleted.effects).toEqual([]);
  const back = new Stage();
  back.has('now', 'pending', { status: 'active', labels: ['AWSPENDING'], foundDeadAt: now - dayMs });
  await isLeftAlone(back, 'now');
  // One that Anthropic lists no more is not back, and a retirement that was begun waits for no note.
  const gone = new Stage({ infos: { now: 'gone' } });
  gone.has('now', 'draining', { switchedAt: now - minuteMs, foundDeadAt: now - dayMs });
  await isLeftAlone(gone, 'now');
  const retiring = new Stage();
  const begun = { to: 'inactive', at: now - minuteMs, cause: { code: 'grace-over', end: 'silent' } } as const;
  retiring.has('now', 'draining', { foundDeadAt: now - dayMs, intent: begun });
  await reconciled(retiring, 'now');
  expect(retiring.record('now').state).toBe('inactive');
  // An emergency waits for no note.
  const revoked = new Stage();
  const revokeRequest = { at: now - minuteMs, by: 'Ada', because: 'a leak' };
  revoked.has('now', 'draining', {
    since: now - hourMs,
    switchedAt: now - hourMs,
    status: 'active',
    foundDeadAt: now - dayMs,
    revokeRequest,
  });
  await reconciled(revoked, 'now');
  expect(revoked.record('now').state).toBe('inactive');
});

test('an emergency that nobody could carry out within a day has lapsed: the key has its ordinary grace', async () => {
  const stage = new Stage({ lastTokensAt: { old: now - 2 * hourMs } });
  stage.has('old', 'draining', { switchedAt: now - 3 * hourMs, revokeRequest: { at: now - dayMs, by: 'operator', because: 'stolen' } });
  await reconciled(stage, 'old');
  expect(stage.audit).toEqual([
    { apiKeyId: 'old', to: 'draining', by, because: 'the emergency has lapsed: it could not be carried out within a day' },
  ]);
  expect(stage.record('old')).not.toHaveProperty('revokeRequest');
  const late = new Stage();
  late.has('old', 'draining', { switchedAt: now, revokeRequest: { at: now - dayMs + 1, by: 'operator', because: 'stolen' } });
  await reconciled(late, 'old');
  expect(late.record('old').state).toBe('inactive');
});

test('a key that was reactivated since the list was read is not archived', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', { since: now - 30 * dayMs });
  const snapshot = await stage.snapshot();
  stage.world.key('old').status = 'active';
  await reconcileKey(stage.record('old'), snapshot, stage.ports, stage.tally);
  expect(stage.effects).toEqual([archives[0]]);
  // Whoever is archiving it may be at it still.
  await isLeftAlone(stage, 'old');
  stage.world.now += 5 * minuteMs;
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual(['ledger.replace old inactive→inactive']);
  expect(stage.record('old')).toMatchObject({ state: 'inactive', reactivatedAt: now + 5 * minuteMs });
  expect(stage.record('old')).not.toHaveProperty('intent');
});

test('a list that is behind activates no key: what it shows as active is asked for once more', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', { since: now - 30 * dayMs, status: 'active' });
  const snapshot = await stage.snapshot();
  stage.world.key('old').status = 'inactive';
  await reconcileKey(stage.record('old'), snapshot, stage.ports, stage.tally);
  expect([stage.effects, stage.logged]).toEqual([[], []]);
});

test('a key that somebody archived is archived for us too, at once and without asking Anthropic again', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', { since: now, status: 'archived' });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual([archives[0], archives[2]]);
  expect(stage.audit.map(({ because }) => because)).toEqual(['somebody archived it', 'somebody archived it']);
});

test('an archiving that a killed run began is finished, whether or not Anthropic had done it, and while paused too', async () => {
  for (const [status, paused] of [
    ['archived', false],
    ['inactive', true],
  ] as const) {
    const stage = new Stage();
    stage.has('old', 'inactive', { since: now, status, intent: intent('archived', { code: 'undo-period-over' }) });
    await reconciled(stage, 'old', paused);
    expect(stage.effects).toEqual(status === 'archived' ? [archives[0], archives[2]] : archives);
    expect(stage.record('old')).toMatchObject({ state: 'archived', cause: { code: 'undo-period-over' } });
  }
});

test('a key that is gone from Anthropic is archived for us when its time has come', async () => {
  const stage = new Stage({ infos: { old: 'gone' } });
  stage.has('old', 'inactive', { since: now - 30 * dayMs });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual([archives[0], archives[2]]);
});

test('a key that is silent and that Anthropic lists no more is retired without asking for anything to be set', async () => {
  const stage = new Stage({ infos: { old: 'gone' } });
  stage.has('old', 'draining', { status: 'inactive' });
  await reconciled(stage, 'old');
  expect(stage.effects).toEqual([retires[0], retires[2]]);
});

test('a retirement that was begun and whose key was used meanwhile is taken back, and says so', async () => {
  const stage = new Stage({ lastTokensAt: { old: now - minuteMs } });
  stage.has('old', 'draining', { intent: intent('inactive', { code: 'grace-over', end: 'silent' }) });
  await reconciled(stage, 'old');
  expect(stage.audit).toEqual([{ apiKeyId: 'old', to: 'draining', by, because: 'it was used meanwhile' }]);
  // A slow run may have stored it this moment, and its call be on its way.
  for (const [at, effects] of [
    [now - 5 * minuteMs + 1, []],
    [now - 5 * minuteMs, ['ledger.replace old draining→draining']],
  ] as const) {
    const begun = new Stage({ lastTokensAt: { old: now - minuteMs } });
    begun.has('old', 'draining', { intent: intent('inactive', { code: 'grace-over', end: 'silent' }, at) });
    await reconciled(begun, 'old');
    expect([begun.effects, begun.tally.waiting]).toEqual([effects, 1]);
  }
});

test.each(['inactive', 'contained'] as const)(
  'a key that is %s after a failed undo, and active, is deactivated once no call of that undo can come',
  async (state) => {
    const givenBack = { since: now - 5 * minuteMs, lateActivationUntil: now, cause: { code: 'rotation-abandoned' } } as const;
    const early = new Stage();
    early.has('old', state, { ...givenBack, status: 'active', lateActivationUntil: now + 1 });
    await isLeftAlone(early, 'old');
    const stage = new Stage();
    stage.has('old', state, { ...givenBack, status: 'active' });
    // While paused, too.
    await reconciled(stage, 'old', true);
    expect(stage.effects).toEqual([
      `ledger.replace old ${state}→${state} (intent)`,
      'keys.setStatus old inactive',
      `ledger.replace old ${state}→${state}`,
    ]);
    expect(stage.audit).toEqual([
      { apiKeyId: 'old', to: state, by, because: 'its rotation was abandoned' },
      {
        apiKeyId: 'old',
        to: state,
        by,
        because: 'inactive again: it was active after an undo that had failed',
        requestIds: ['anthropic old inactive'],
      },
    ]);
    expect(stage.record('old')).toMatchObject({ state, since: now, cause: { code: 'rotation-abandoned' } });
    for (const gone of ['intent', 'lateActivationUntil', 'reactivatedAt']) expect(stage.record('old')).not.toHaveProperty(gone);
    expect(stage.logged).toEqual([{ event: 'retirement.put-to-sleep', fields: { apiKeyId: 'old', managedKey: 'production', state } }]);
    expect(stage.tally.putToSleep).toBe(1);
    await isLeftAlone(stage, 'old');
  },
);

test('a key that is inactive when no call of its undo can come any more is an ordinary old key again', async () => {
  const givenBack = { since: now - 5 * minuteMs, lateActivationUntil: now };
  const stage = new Stage();
  stage.has('old', 'inactive', givenBack);
  await reconciled(stage, 'old');
  expect(stage.audit).toEqual([{ apiKeyId: 'old', to: 'inactive', by, because: 'it is inactive, and no late call can reach it any more' }]);
  expect(stage.record('old')).toMatchObject({ since: now - 5 * minuteMs });
  expect(stage.record('old')).not.toHaveProperty('lateActivationUntil');
  // The list was read before a call came that was late.
  const behind = new Stage();
  behind.has('old', 'inactive', givenBack);
  const snapshot = await behind.snapshot();
  behind.world.key('old').status = 'active';
  await reconcileKey(behind.record('old'), snapshot, behind.ports, behind.tally);
  expect(behind.world.key('old').status).toBe('inactive');
  // Retirement did not look for long: who reactivated it since is a person; and so is who activates the cut-off key that consumers read.
  const late = new Stage();
  late.has('old', 'inactive', { ...givenBack, status: 'active', lateActivationUntil: now - 30 * minuteMs });
  await reconciled(late, 'old');
  const served = new Stage();
  served.has('old', 'contained', { ...givenBack, status: 'active', labels: ['AWSCURRENT'] });
  await reconciled(served, 'old');
  expect([late, served].map((each) => [each.world.key('old').status, each.audit[0]?.because])).toEqual([
    ['active', 'somebody enabled it again'],
    ['active', 'AWSCURRENT holds it'],
  ]);
  const wanted = new Stage();
  wanted.has('old', 'inactive', { ...givenBack, status: 'active', undoRequest: request });
  await isLeftAlone(wanted, 'old');
  // What somebody else is about to do goes before.
  const archiving = new Stage();
  archiving.has('old', 'inactive', { ...givenBack, since: now - 30 * dayMs, intent: intent('archived', { code: 'undo-period-over' }) });
  await reconciled(archiving, 'old');
  expect(archiving.record('old').state).toBe('archived');
});

test('a deactivation that was killed is gone on with, and the undo period begins anew', async () => {
  const ordered = { ...intent('inactive', { code: 'retired', why: { code: 'grace-over', end: 'silent' } }), ordered: true } as const;
  const before = new Stage();
  before.has('old', 'inactive', { since: now - 30 * dayMs, status: 'active', intent: ordered });
  await reconciled(before, 'old');
  expect(before.world.key('old').status).toBe('inactive');
  const after = new Stage();
  after.has('old', 'inactive', { since: now - 30 * dayMs, intent: ordered });
  await reconciled(after, 'old');
  expect(after.effects).toEqual(['ledger.replace old inactive→inactive']);
  for (const { record } of [before, after].map((stage) => ({ record: stage.record('old') }))) {
    expect(record).toMatchObject({ state: 'inactive', since: now });
    expect(record).not.toHaveProperty('intent');
  }
});

test('a cut-off that an operator ordered is carried out by whoever comes next, five minutes later', async () => {
  const ordered = (at: number) => ({ ...intent('contained', { code: 'operator-cut', reason: 'leaked' }, at), ordered: true }) as const;
  const young = new Stage();
  young.has('old', 'inactive', { status: 'active', intent: ordered(now - 5 * minuteMs + 1) });
  await isLeftAlone(young, 'old');
  const stage = new Stage();
  stage.has('old', 'inactive', { status: 'active', intent: ordered(now - 5 * minuteMs) });
  await reconciled(stage, 'old', true);
  expect(stage.effects).toEqual([
    'ledger.replace old inactive→inactive (intent)',
    'keys.setStatus old inactive',
    'ledger.replace old inactive→contained',
  ]);
  expect(stage.audit.at(-1)).toEqual({
    apiKeyId: 'old',
    to: 'contained',
    by,
    because: 'cut off by an operator: leaked',
    requestIds: ['anthropic old inactive'],
  });
  const alive = new Stage({ probe: () => ({ answer: 'accepted', organizationId: 'organization', workspaceId: null }) });
  alive.has('old', 'inactive', { status: 'active', intent: ordered(now - 5 * minuteMs) });
  expect(await failure(reconciled(alive, 'old'))).toEqual({
    code: 'still-alive',
    message: 'old is set inactive, but Anthropic still accepts its value',
    fix: 'npx --no-install keyguard status',
  });
  // It stays an order, whoever went on with it.
  expect(alive.record('old').intent).toMatchObject({ to: 'contained', ordered: true });
});

test('a key that was reactivated and is gone from Anthropic is archived in its time: it cannot be inactive again', async () => {
  const stage = new Stage({ infos: { old: 'gone' } });
  stage.has('old', 'inactive', { since: now - 30 * dayMs, reactivatedAt: now - dayMs });
  await reconciled(stage, 'old');
  expect(stage.record('old').state).toBe('archived');
});

test('an archiving that was begun of a key that is known to be active is taken back', async () => {
  const stage = new Stage();
  stage.has('old', 'inactive', { status: 'active', reactivatedAt: now - dayMs, intent: intent('archived', { code: 'undo-period-over' }) });
  await reconciled(stage, 'old');
  expect(stage.record('old')).toMatchObject({ reactivatedAt: now - dayMs });
  expect(stage.record('old')).not.toHaveProperty('intent');
});

test('an interrupted cut-off is finished also of a key that is gone, or that consumers never read', async () => {
  const gone = new Stage({ infos: { old: 'gone' } });
  gone.has('old', 'draining', { status: 'inactive', intent: intent('contained', { code: 'operator-cut', reason: 'stolen' }) });
  await reconciled(gone, 'old');
  expect(gone.record('old').state).toBe('contained');
  const standby = new Stage();
  standby.has('old', 'standby', { intent: intent('contained', { code: 'operator-cut', reason: 'stolen' }) });
  await reconciled(standby, 'old');
  expect(standby.calls).toEqual(['ledger.replace old standby→contained']);
});
