import { expect, test } from 'vitest';
import type { AlarmCause } from '../../../contract/causes.ts';
import type { IncidentKind } from '../../../contract/registry.ts';
import { unattributed } from '../../../contract/metrics.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { alarmText } from '../../../lambda/incidents/message/alarm-text.ts';
import { conditionsOf, isRemoved, recoveryOf } from '../../../lambda/rotation/conditions.ts';
import { watchedKinds } from '../../../lambda/rotation/ports.ts';
import { aDefinition, aRecord, policy } from '../../support/records.ts';
import { current, now, seen, standby, type Scene } from './sight.ts';
import { inWords, said } from '../../support/causes.ts';

/** What people are told: all of it. */
const told = (scene: Scene) => conditionsOf(seen(scene)).map(({ kind, facts }) => ({ kind, ...inWords(facts) }));
const other = (changes: Partial<ApiKeyRecord>) => aRecord({ apiKeyId: 'apikey_other', token: 'v0', since: now - dayMs, ...changes });
const withOther = (changes: Partial<ApiKeyRecord>, status: 'active' | 'inactive' | 'archived' | 'unknown'): Scene => ({
  own: [other(changes), current, standby],
  statuses: { apikey_other: status },
});

test('of a current key that Anthropic lists no more, people are told just that', () => {
  const snapshot = seen();
  const infos = new Map([...snapshot.infos].filter(([id]) => id !== 'apikey_current'));
  expect(conditionsOf({ ...snapshot, infos })).toEqual([
    {
      kind: 'current-key-dead',
      managedKey: 'production',
      facts: {
        cause: { code: 'current-key-dead', status: 'gone', currentSince: current.since, foundDeadAt: snapshot.now },
        apiKeyId: 'apikey_current',
        startedAt: snapshot.now,
        workspaceId: 'wrkspc_production',
        grade: 'replacing',
      },
    },
  ]);
});

test('a current key that was cut off, and that nothing has replaced, is told as long as nothing does', () => {
  const cut = { ...current, state: 'contained', since: now - minuteMs } as const;
  expect(told({ own: [cut] })).toEqual([
    {
      kind: 'current-key-dead',
      reason: 'it was cut off, and no key could take its place',
      apiKeyId: 'apikey_current',
      startedAt: now - minuteMs,
      workspaceId: 'wrkspc_production',
      grade: 'cut-off',
    },
  ]);
  // Another key has taken its place; AWSCURRENT holds another version; it never served.
  const next = other({ state: 'current', token: 'v2' });
  const secret = { stages: new Map([['v2', ['AWSCURRENT']]]) };
  expect(told({ own: [cut, next, standby], secret, statuses: { apikey_other: 'active' } })).toEqual([]);
  // The label may be behind the records.
  expect(told({ own: [cut, next, standby], statuses: { apikey_other: 'active' } })).toEqual([]);
  expect(told({ own: [{ ...cut, state: 'inactive' }], statuses: { apikey_current: 'inactive' } })).toEqual([]);
  expect(told({ own: [cut], secret })).toEqual([]);
  const { token, ...unused } = cut;
  expect(told({ own: [unused], secret: { stages: new Map() } })).toEqual([]);
});

test('a deletion of the secret is told whatever Anthropic shows, until it is restored', () => {
  const secret = { deletionAt: now + 7 * dayMs };
  const facts = {
    kind: 'current-key-dead',
    reason: `somebody scheduled their secret ${aDefinition().secretName} for deletion, which nothing brings back after 2026-06-27 12:00 UTC`,
    apiKeyId: 'apikey_current',
    grade: 'secret-deleted',
  };
  expect(told({ secret })).toEqual([facts]);
  const both = { ...facts, reason: `${facts.reason}; and apikey_current itself is dead at Anthropic` };
  expect(told({ secret, statuses: { apikey_current: 'inactive' } })).toEqual([both]);
  // Where Anthropic was not asked nobody knows.
  expect(
    conditionsOf({ ...seen({ secret }), infos: new Map() }, ['current-key-dead']).map(({ facts: found }) => inWords(found).reason),
  ).toEqual([facts.reason]);
  // A secret that nobody has ever read from is nobody's loss.
  expect(told({ secret, own: [standby] })).toEqual([]);
});

test('a key that was dead before it was replaced is no change by somebody else', () => {
  const draining = { state: 'draining', switchedAt: now - dayMs } as const;
  expect(told(withOther(draining, 'inactive'))).toMatchObject([{ kind: 'key-changed', grade: 'old-key-disabled' }]);
  expect(told(withOther({ ...draining, foundDeadAt: now - 2 * dayMs }, 'inactive'))).toEqual([]);
  // Nor once its grace is over, if it died by being archived.
  for (const state of ['inactive', 'contained'] as const) {
    expect(told(withOther({ state }, 'archived'))).toMatchObject([{ kind: 'key-changed', grade: 'key-archived' }]);
    expect(told(withOther({ state, foundDeadAt: now - 2 * dayMs }, 'archived'))).toEqual([]);
  }
});

test('while no rotation is scheduled no date of one is told, and an overdue one says what comes first', () => {
  const paused = { rotationEnabled: false, nextRotationAt: null };
  expect(told({ secret: paused, own: [current] })).toMatchObject([
    {
      kind: 'pool-low',
      reason:
        'no standby key is left, so that nothing could take the place of a stolen key, and the next rotation, which is not scheduled now, will find none that lives long enough',
    },
  ]);
  const definition = aDefinition({ rotation: { ...policy, intervalMs: 3 * dayMs } });
  expect(conditionsOf({ ...seen({ secret: paused }), definition })).toMatchObject([
    { facts: { cause: { code: 'pool-low', standbyKeys: 1, rotations: 1, isScheduled: false } } },
  ]);
  const [overdue] = told({ own: [{ ...current, since: now - policy.maximumAgeMs }, standby], secret: paused });
  expect(overdue?.reason).toMatch(resumeFirst);
});

const resumeFirst = /; its rotation is paused or off, so that `npx --no-install keyguard resume production` comes first$/;

test.each<readonly [string, Scene]>([
  ['a key that expires too soon', { own: [{ ...current, expiresAt: now + dayMs }, standby] }],
  ['a dead key', { statuses: { apikey_current: 'inactive' } }],
  ['a secret that was written by hand', { secret: { stages: new Map([['by-hand', ['AWSCURRENT']]]) } }],
  ['AWSCURRENT that was moved by hand', { own: [{ ...current, cause: { code: 'switched-by-hand' } as const }, standby] }],
])('where people are told to rotate because of %s, and rotation is off, the message says what comes first', (_, scene) => {
  const off = { ...scene, secret: { ...scene.secret, rotationEnabled: false } };
  expect(told(off).map(({ reason }) => reason)).toEqual([expect.stringMatching(resumeFirst)]);
  expect(told(scene).map(({ reason }) => reason)).toEqual([expect.not.stringMatching(resumeFirst)]);
});

test('an overdue rotation is told with the date of the last one and the age that the policy allows', () => {
  const since = now - policy.maximumAgeMs;
  expect(told({ own: [{ ...current, since }, standby] })).toEqual([
    {
      kind: 'rotation-overdue',
      reason: 'no rotation has succeeded since 2026-05-13 12:00 UTC, and with its grace a key may live 38 days at the most',
      apiKeyId: 'apikey_current',
      startedAt: since,
    },
  ]);
});

test('an overdue rotation of a key that was brought back is told with both dates', () => {
  const [overdue] = told({ own: [{ ...current, since: now - dayMs, servedSince: now - policy.maximumAgeMs }, standby] });
  expect(overdue).toMatchObject({
    reason:
      'it was brought back 2026-06-19 12:00 UTC and first came into use 2026-05-13 12:00 UTC, and with its grace a key may live 38 days at the most',
    startedAt: now - policy.maximumAgeMs,
  });
});

test('how long ago an old key came into its state makes no rotation overdue', () => {
  expect(told(withOther({ state: 'inactive', since: 0 }, 'inactive'))).toEqual([]);
});

test('a managed key that consumers never got a key of needs no pool, however soon it rotates', () => {
  const soon = { secret: { nextRotationAt: now + hourMs, stages: new Map() } };
  expect(told({ ...soon, own: [] })).toEqual([]);
  expect(told({ ...soon, own: [other({ state: 'draining' })], statuses: { apikey_other: 'active' } })).toEqual([]);
});

test.each([
  [[], 'no standby key is left, so that nothing could take the place of a stolen key', 'empty'],
  [[standby], '1 standby key', 'low'],
  [[standby, aRecord({ apiKeyId: 'apikey_two', since: now - dayMs })], '2 standby keys', 'low'],
] as const)('a pool of %j is told as “%s”, with the rotation that will find none', (pool, words, grade) => {
  const rotation = { ...policy, intervalMs: 3 * dayMs };
  const definition = aDefinition({ rotation });
  const snapshot = seen({ own: [current, ...pool], secret: { nextRotationAt: now + dayMs } });
  const runsOutAt = now + dayMs + pool.length * rotation.intervalMs;
  const date = new Date(runsOutAt).toISOString().slice(0, 10);
  expect(conditionsOf({ ...snapshot, definition }).map(({ facts }) => inWords(facts))).toEqual([
    {
      grade,
      reason: `${words}, and the rotation of ${date} 12:00 UTC will find none that lives long enough`,
      workspaceId: 'wrkspc_production',
    },
  ]);
});

test('a pool of one is not empty while a rotation has its key, and no worse than low where the next one is near', () => {
  const claimed = aRecord({ apiKeyId: 'apikey_standby', state: 'pending', token: 'v2', since: now - minuteMs });
  const during = (intervalMs: number) => {
    const definition = aDefinition({ rotation: { ...policy, intervalMs } });
    const snapshot = seen({ own: [current, claimed], statuses: { apikey_standby: 'active' }, secret: { nextRotationAt: now + hourMs } });
    return conditionsOf({ ...snapshot, definition }).map(({ kind, facts }) => `${kind} ${facts.grade}`);
  };
  expect(during(policy.intervalMs)).toEqual([]);
  expect(during(3 * dayMs)).toEqual(['pool-low low']);
});

test('a current key that expires is told with its date; when an old key expires matters to nobody', () => {
  expect(told({ own: [{ ...current, expiresAt: now + dayMs }, standby] })).toEqual([
    { kind: 'key-expiring', reason: 'it expires 2026-06-21 12:00 UTC, before its next grace is over', apiKeyId: 'apikey_current' },
  ]);
  expect(told(withOther({ state: 'inactive', expiresAt: now }, 'inactive'))).toEqual([]);
});

test('every replica that failed or lags is named, with the words of Secrets Manager where it has some', () => {
  const replicas = [
    { region: 'eu-west-1', status: 'Failed', message: 'no access to the key' },
    { region: 'eu-west-2', status: 'Failed', message: null },
    { region: 'eu-west-3', status: 'InProgress', message: null },
    { region: 'eu-north-1', status: 'InSync', message: null },
  ] as const;
  expect(told({ secret: { replicas, lastChangedAt: now - hourMs } })).toEqual([
    { kind: 'replica-behind', reason: 'eu-west-1 failed (no access to the key); eu-west-2 failed; eu-west-3 lags' },
  ]);
});

test('a replica has a quarter of an hour, and one of a secret that never changed does not lag', () => {
  const replicas = [{ region: 'eu-west-1', status: 'InProgress', message: null }] as const;
  expect(told({ secret: { replicas, lastChangedAt: now - 15 * minuteMs } })).toEqual([]);
  expect(told({ secret: { replicas, lastChangedAt: null } })).toEqual([]);
});

test.each([
  [{ state: 'inactive' }, 'active', 'apikey_other is an old key, and somebody enabled it again', 'old-key-woken'],
  [{ state: 'contained' }, 'active', 'apikey_other was cut off, and somebody enabled it again', 'old-key-woken'],
  [
    { state: 'contained', lateActivationUntil: now },
    'active',
    'apikey_other is contained since an undo that failed, was found active and is deactivated again',
    'undone-key-woken',
  ],
  [{ state: 'standby' }, 'archived', 'apikey_other is standby, and somebody archived it: the pool has lost it', 'key-archived'],
  [{ state: 'inactive' }, 'archived', 'apikey_other is inactive, and somebody archived it: it cannot be restored', 'key-archived'],
  [{ state: 'rejected' }, 'active', 'apikey_other is a rejected key, was found active and is deactivated again', 'standby-key-woken'],
  [
    { state: 'draining', switchedAt: now - dayMs },
    'archived',
    'apikey_other is in its grace, and is archived at Anthropic before its time',
    'old-key-disabled',
  ],
] as const)('a key that is %j and %s at Anthropic is told as: %s', (changes, status, reason, grade) => {
  expect(told(withOther(changes, status))).toEqual([{ kind: 'key-changed', grade, apiKeyId: 'apikey_other', reason }]);
});

test('of a key that a late call of ours may activate nothing is told while one may come', () => {
  expect(told(withOther({ state: 'inactive', lateActivationUntil: now + 1 }, 'active'))).toEqual([]);
  expect(told(withOther({ state: 'inactive', lateActivationUntil: now }, 'inactive'))).toEqual([]);
  // Until it is inactive again; half an hour later it is a person's doing, and so it is where consumers read the key.
  const intent = { to: 'inactive', at: now, cause: { code: 'grace-over', end: 'silent' } } as const;
  const grades = (changes: Partial<ApiKeyRecord>): readonly (string | undefined)[] =>
    told(withOther({ state: 'inactive', lateActivationUntil: now, ...changes }, 'active')).map(({ grade }) => grade);
  expect(grades({ intent: { ...intent, ordered: true } })).toEqual(['undone-key-woken']);
  expect(grades({ intent })).toEqual([]);
  expect(grades({ lateActivationUntil: now - 30 * minuteMs + 1 })).toEqual(['undone-key-woken']);
  expect(grades({ lateActivationUntil: now - 30 * minuteMs })).toEqual(['old-key-woken']);
});

test('an old key that is gone from Anthropic in its grace is told, and one of a status that nobody knows is not', () => {
  const draining = { state: 'draining', switchedAt: now - dayMs } as const;
  const [gone] = told({ own: [other(draining), current, standby] });
  expect(gone?.reason).toBe('apikey_other is in its grace, and is gone at Anthropic before its time');
  expect(told(withOther(draining, 'unknown'))).toEqual([]);
});

test.each([
  ['inactive', 'inactive'],
  ['contained', 'inactive'],
  ['rejected', 'inactive'],
  ['archived', 'archived'],
  ['draining', 'active'],
] as const)('a key that is %s for us and %s for Anthropic is as it should be', (state, status) => {
  expect(told(withOther({ state }, status))).toEqual([]);
});

test('a standby key that was deactivated a moment ago is not yet judged: the list may show its trial', () => {
  const reactivated = (verifiedInactiveAt: number) =>
    told(withOther({ state: 'standby', since: now - dayMs, verifiedInactiveAt }, 'active'));
  expect(reactivated(now - 5 * minuteMs + 1)).toEqual([]);
  expect(reactivated(now - 5 * minuteMs)).toHaveLength(1);
});

test('an old key that we are at work on was not activated by somebody else', () => {
  const intent = { to: 'archived', at: now, cause: { code: 'undo-period-over' } } as const;
  expect(told(withOther({ state: 'inactive', intent }, 'active'))).toEqual([]);
  // Nor is one disabled that an operator ordered to be cut off.
  const order = { to: 'contained', at: now, cause: { code: 'operator-cut', reason: 'stolen' }, ordered: true } as const;
  expect(told(withOther({ state: 'draining', intent: order }, 'inactive'))).toEqual([]);
});

test('a key is judged by the list from the fifth minute on', () => {
  const reactivated = (ms: number) => told(withOther({ state: 'inactive', since: now - ms }, 'active'));
  expect(reactivated(5 * minuteMs - 1)).toEqual([]);
  expect(reactivated(5 * minuteMs)).toHaveLength(1);
});

test('a secret without AWSCURRENT was written by nobody', () => {
  expect(told({ own: [current, standby], secret: { stages: new Map() } })).toEqual([]);
});

/** An old key whose consumers went on: by default switched three days ago and used until an hour ago. */
const straggler = ({ switchedMs = 3 * dayMs, usedMs = hourMs, knownMs = 6 * minuteMs, id = 'apikey_other' } = {}): Scene => ({
  // `since` is no evidence: a key that was brought back and given up again came into its state later than it was switched.
  own: [other({ apiKeyId: id, state: 'draining', switchedAt: now - switchedMs, since: now - hourMs }), current, standby],
  statuses: { [id]: 'active' },
  tokensAt: { [id]: now - usedMs },
  knownUntil: now - knownMs,
});

test('of several stragglers the first is described and the others are named', () => {
  const [first, second, third] = ['apikey_a', 'apikey_b', 'apikey_c'].map((id) => straggler({ id }));
  const own = [first, second, third].flatMap((scene) => scene?.own?.slice(0, 1) ?? []);
  const scene: Scene = {
    own: [...own, current, standby],
    statuses: { ...first?.statuses, ...second?.statuses, ...third?.statuses },
    tokensAt: { ...first?.tokensAt, ...second?.tokensAt, ...third?.tokensAt },
  };
  expect(told(scene)).toEqual([
    {
      kind: 'straggler',
      reason: 'the old key is still used, as is apikey_b, apikey_c',
      apiKeyId: 'apikey_a',
      startedAt: now - 3 * dayMs,
      model: 'claude-haiku-5-5',
      workspaceId: 'wrkspc_production',
      grade: 'used',
    },
  ]);
  expect(told(straggler()).map(({ reason }) => reason)).toEqual(['the old key is still used']);
});

test('the current key is no straggler, however much it is used', () => {
  expect(told({ tokensAt: { apikey_current: now - hourMs } })).toEqual([]);
});

test('an old key that was used late and has been silent for long enough is no straggler any more', () => {
  expect(told(straggler({ usedMs: 7 * hourMs }))).toEqual([]);
});

test('tokens within the minimum grace make no straggler, even while later usage is unknown', () => {
  const within = { switchedMs: 3 * dayMs, usedMs: 2 * dayMs, knownMs: 2 * dayMs - hourMs };
  expect(told(straggler(within))).toEqual([]);
  expect(told(straggler({ ...within, usedMs: 2 * dayMs - 1 }))).toHaveLength(1);
});

test('past the maximum grace a straggler is told at once, also where that is sooner than twice the minimum', () => {
  const definition = aDefinition({ rotation: { ...policy, maximumGraceMs: policy.minimumGraceMs } });
  const at = (switchedMs: number) =>
    conditionsOf({ ...seen(straggler({ switchedMs })), definition }).map(({ facts }) => inWords(facts).reason);
  expect(at(policy.minimumGraceMs + 2 * hourMs)).toEqual(['the old key is still used past the maximum']);
});

test('where the maximum grace is near, a straggler is told halfway to it, so that people can act', () => {
  const definition = aDefinition({ rotation: { ...policy, atMaximum: 'cut', minimumGraceMs: dayMs, maximumGraceMs: 2 * dayMs } });
  const at = (switchedMs: number) => conditionsOf({ ...seen(straggler({ switchedMs })), definition }).map(({ facts }) => inWords(facts));
  expect(at(36 * hourMs - 1)).toEqual([]);
  expect(at(36 * hourMs)).toMatchObject([{ reason: 'the old key is still used', grade: 'used', validUntil: now + 12 * hourMs }]);
});

test('that the maximum grace cuts a key that is in use is told in that moment, before all else', () => {
  const cutting = { ...policy, atMaximum: 'cut', minimumGraceMs: dayMs, maximumGraceMs: 2 * dayMs } as const;
  const at = (scene: Parameters<typeof straggler>[0], rotation: typeof policy = cutting) =>
    conditionsOf({ ...seen(straggler(scene)), definition: aDefinition({ rotation }) }).map(({ facts }) => facts);
  expect(at({ switchedMs: 2 * dayMs })).toEqual([
    {
      cause: { code: 'old-key-cut' },
      apiKeyId: 'apikey_other',
      startedAt: now - 2 * dayMs,
      model: 'claude-haiku-5-5',
      workspaceId: 'wrkspc_production',
      grade: 'cut',
    },
  ]);
  expect(at({ switchedMs: 2 * dayMs, knownMs: 2 * hourMs }).map((facts) => inWords(facts).reason)).toEqual([
    'the old key was used, and nobody could see whether it still was, when its maximum grace was over',
  ]);
  expect(at({ switchedMs: 2 * dayMs - 1 }).map(({ grade }) => grade)).toEqual(['used']);
  // A grace that ends as it begins; tokens before the switch only; silent as far as usage is known.
  expect(at({ switchedMs: dayMs }, { ...cutting, maximumGraceMs: dayMs }).map(({ grade }) => grade)).toEqual(['cut']);
  expect(at({ switchedMs: 2 * dayMs, usedMs: 2 * dayMs, knownMs: 2 * dayMs - hourMs })).toEqual([]);
  expect(at({ switchedMs: 2 * dayMs, usedMs: 2 * dayMs - 1, knownMs: 2 * dayMs - hourMs })).toHaveLength(1);
  expect(at({ switchedMs: 2 * dayMs, usedMs: 10 * hourMs, knownMs: 10 * hourMs - cutting.quietMs })).toEqual([]);
  expect(at({ switchedMs: 2 * dayMs, usedMs: 10 * hourMs - 1, knownMs: 10 * hourMs - cutting.quietMs })).toHaveLength(1);

  const [young, old] = [straggler({ id: 'apikey_a', switchedMs: 40 * hourMs }), straggler({ id: 'apikey_b', switchedMs: 3 * dayMs })];
  const own = [young, old].flatMap((scene) => scene.own?.slice(0, 1) ?? []);
  const both = { own: [...own, current, standby], tokensAt: { ...young.tokensAt, ...old.tokensAt } };
  expect(
    conditionsOf({ ...seen(both), definition: aDefinition({ rotation: cutting }) }, ['straggler']).map(({ facts }) => facts),
  ).toMatchObject([{ apiKeyId: 'apikey_b', grade: 'cut', cause: { code: 'old-key-cut', also: ['apikey_a'] } }]);
});

test('how a straggler ended is said of what became of its key', () => {
  const words = (cause: AlarmCause | undefined) => (cause === undefined ? undefined : alarmText(cause));
  const end = (changes: Partial<ApiKeyRecord>) =>
    words(recoveryOf({ kind: 'straggler', facts: { apiKeyId: 'apikey_other' } }, [current, other({ state: 'draining', ...changes })], now));
  expect(end({})).toBe('the old key went quiet');
  expect(end({ state: 'inactive', cause: { code: 'retired', why: { code: 'grace-over', end: 'maximum grace' } } })).toBe(
    'it is inactive (retired: maximum grace)',
  );
  expect(end({ state: 'current', cause: { code: 'switched' } })).toBe('it is current (AWSCURRENT moved to it)');
  expect(end({ revokeRequest: { at: now, by: 'operator', because: 'stolen' } })).toBe('an emergency takes its grace');
  const { cause, ...silent } = other({ state: 'contained' });
  expect(words(recoveryOf({ kind: 'straggler', facts: { apiKeyId: 'apikey_other' } }, [silent], now))).toBe('it is contained');
  expect(words(recoveryOf({ kind: 'straggler', facts: {} }, [current], now))).toBe('the old key went quiet');
});

test('a key that was cut off and that somebody archived is told like any other old one', () => {
  expect(told(withOther({ state: 'contained' }, 'archived')).map(({ reason }) => reason)).toEqual([
    'apikey_other is contained, and somebody archived it: it cannot be restored',
  ]);
});

test('every incident that is watched says in plain words why it is over', () => {
  expect(watchedKinds.map((kind) => [kind, alarmText({ code: 'over', kind })])).toEqual([
    ['straggler', 'the old key went quiet'],
    ['current-key-dead', 'consumers read a key that works again'],
    ['key-changed', 'what Key Guard knows of its keys is what Anthropic and Secrets Manager show'],
    ['rotation-overdue', 'a rotation has succeeded, or its policy leaves more time'],
    ['pool-low', 'the pool reaches far enough again'],
    ['key-expiring', 'the current key lives long enough'],
    ['replica-behind', 'no replica has failed, or has been behind for a quarter of an hour'],
  ]);
});

test('what is found no more is over where the current key shows it, and stays where there is none to show it', () => {
  const over = (kind: IncidentKind, own: readonly ApiKeyRecord[], facts = {}) => recoveryOf({ kind, facts }, own, now) !== undefined;
  const young = { ...current, since: now - minuteMs };
  const leaving = { ...current, intent: { to: 'contained', at: now, cause: { code: 'operator-cut', reason: 'cut off' } } as const };
  const cut = { ...current, state: 'contained' } as const;
  for (const kind of watchedKinds) {
    const ofCurrent = ['current-key-dead', 'rotation-overdue', 'pool-low', 'key-expiring'].includes(kind);
    expect([kind, over(kind, [standby, current])]).toEqual([kind, true]);
    expect([kind, over(kind, [standby, cut])]).toEqual([kind, !ofCurrent]);
    expect([kind, over(kind, [standby, young])]).toEqual([kind, !ofCurrent || kind === 'rotation-overdue']);
    expect([kind, over(kind, [standby, leaving])]).toEqual([kind, kind !== 'current-key-dead']);
    // A rotation that has taken the last standby key fills no pool.
    expect([kind, over(kind, [current])]).toEqual([kind, kind !== 'pool-low']);
  }
  const movedBack = { grade: 'label-moved' };
  expect([over('key-changed', [cut], movedBack), over('key-changed', [current], movedBack)]).toEqual([false, true]);
  const written = { changes: [{ grade: 'secret-written', apiKeyId: 'apikey_current', cause: said('by hand') }] };
  expect([over('key-changed', [cut], written), over('key-changed', [current], written)]).toEqual([false, true]);
});

test('what nobody looks at any more is removed: not what is of no managed key, and not what is still looked at', () => {
  const names = new Set(['production']);
  const removed = (kind: IncidentKind, subject: string, facts = {}) => isRemoved({ kind, subject, facts }, names);
  for (const kind of [...watchedKinds, 'rotation-failed', 'usage-anomaly', 'retired-key-used'] as const) {
    expect([kind, removed(kind, 'production')]).toEqual([kind, false]);
    expect([kind, removed(kind, unattributed)]).toEqual([kind, false]);
    expect([kind, removed(kind, 'staging')]).toEqual([kind, kind !== 'retired-key-used']);
  }
  expect(removed('key-changed', 'staging', { grade: 'left-active' })).toBe(false);
  expect(removed('pool-low', 'staging', { grade: 'left-active' })).toBe(true);
});

test('a secret without AWSCURRENT was not written by hand: there is nothing in it', () => {
  expect(told({ own: [current], secret: { stages: new Map() } }).map(({ kind }) => kind)).toEqual(['pool-low']);
});

test('that somebody moved AWSCURRENT back to a replaced key is told, until a rotation moves on', () => {
  const moved = { ...current, cause: { code: 'switched-by-hand' } } as const;
  expect(told({ own: [moved, standby] })).toEqual([
    {
      kind: 'key-changed',
      grade: 'label-moved',
      apiKeyId: 'apikey_current',
      reason: 'somebody moved AWSCURRENT to apikey_current, a key that a rotation had replaced',
    },
  ]);
});

test('of usage that is not known any more, a straggler is told as what it was', () => {
  expect(told(straggler({ knownMs: 2 * hourMs, usedMs: 3 * hourMs })).map(({ reason }) => reason)).toEqual([
    'the old key was still used when usage was last known',
  ]);
});
