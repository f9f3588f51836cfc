import { expect, test } from 'vitest';
import type { StatusSnapshot } from '../../cli/key-findings.ts';
import { keyStatus } from '../../cli/key-status.ts';
import type { ApiKeyRecord, IncidentRecord, LastUseRecord } from '../../contract/records.ts';
import { dayMs, hourMs } from '../../lambda/foundation/clock.ts';
import type { SecretDescription } from '../../lambda/rotation/ports.ts';
import { aDefinition, aRecord, policy } from '../support/records.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const current = aRecord({ apiKeyId: 'apikey_current', state: 'current', since: now - dayMs, token: 'v2' });
const standby = aRecord({ apiKeyId: 'apikey_standby' });
const secret: SecretDescription = {
  rotationEnabled: true,
  nextRotationAt: now + 10 * dayMs,
  lastRotatedAt: now - dayMs,
  lastChangedAt: now - dayMs,
  stages: new Map([['v2', ['AWSCURRENT']]]),
  replicas: [],
  stackName: 'keyguard',
  deletionAt: null,
};

function statusOf(
  snapshot: Partial<StatusSnapshot>,
  change: Partial<SecretDescription> = {},
  definition = aDefinition(),
): ReturnType<typeof keyStatus> {
  return keyStatus({
    definition,
    own: [current, standby],
    secret: { ...secret, ...change },
    pause: undefined,
    incidents: [],
    expected: [],
    lastUses: new Map(),
    usageKnownUntil: now,
    infos: new Map(),
    isListed: false,
    activeAt: new Map(),
    refused: new Set(),
    openSince: undefined,
    standbyDeletion: null,
    now,
    ...snapshot,
  });
}

function uses(...all: readonly LastUseRecord[]): StatusSnapshot['lastUses'] {
  return new Map(all.map((use) => [use.apiKeyId, use]));
}

function anIncident(changes: Partial<IncidentRecord>): IncidentRecord {
  return {
    schema: 1,
    incidentId: 'usage-anomaly-production-1',
    kind: 'usage-anomaly',
    subject: 'production',
    state: 'open',
    revision: 1,
    openedAt: now - hourMs,
    since: now - hourMs,
    lastFindingAt: now,
    facts: {},
    announced: ['open'],
    ...changes,
  };
}

test('a current key, a pool and a schedule are all that is needed for ok', () => {
  expect(statusOf({})).toMatchObject({ health: 'ok', attention: [], current: { apiKeyId: 'apikey_current' }, previous: [] });
});

const request = { at: now - hourMs, by: 'Ada', because: 'so she says' };
const hanging = aRecord({ apiKeyId: 'apikey_next', state: 'pending', token: 'v3', since: now - hourMs });
const pending = { stages: new Map([...secret.stages, ['v3', ['AWSPENDING']]]) };

test.each([10, 20])('a pool whose only key is being tried %i days before its turn is no empty pool', (days) => {
  const tried: typeof standby = { ...standby, intent: { to: 'standby', at: now, cause: { code: 'being-tried' } } };
  const nextRotationAt = now + days * dayMs;
  expect(statusOf({ own: [current, tried] }, { nextRotationAt })).toMatchObject({ health: 'ok', attention: [], pool: { rotations: 1 } });
});

test.each<[string, string, Partial<StatusSnapshot>, Partial<SecretDescription>, string]>([
  [
    'no key was ever there',
    'attention',
    { own: [] },
    {},
    'it has no key yet: npx --no-install keyguard standby add production, then npx --no-install keyguard rotate production',
  ],
  ['a first key waits', 'attention', { own: [standby] }, {}, 'it has no key yet: npx --no-install keyguard rotate production'],
  [
    'the pool is empty, long before it is needed',
    'attention',
    { own: [current] },
    { nextRotationAt: now + 20 * dayMs },
    'no standby key is left, so that nothing could take the place of a stolen key',
  ],
  [
    'the pool is empty',
    'attention',
    { own: [current] },
    {},
    'no standby key is left, so that nothing could take the place of a stolen key, and the rotation of 2026-06-11 00:00 UTC will find none',
  ],
  [
    'the standby key expires too soon',
    'attention',
    { own: [current, { ...standby, expiresAt: now + dayMs }] },
    {},
    '1 standby key, and the rotation of 2026-06-11 00:00 UTC will find none that lives long enough',
  ],
  [
    'a standby key expires before the next rotation could take it, and the pool reaches far enough otherwise',
    'attention',
    { own: [current, { ...standby, expiresAt: now + 38 * dayMs }] },
    { nextRotationAt: now + 20 * dayMs },
    'standby key apikey_standby expires 2026-07-09 00:00 UTC, too soon for the rotation of 2026-06-21 00:00 UTC that would take it: make one that lives longer, or never expires, then: npx --no-install keyguard standby add production',
  ],
  [
    'the current key was cut off',
    'broken',
    { own: [{ ...current, state: 'contained' }] },
    {},
    'apikey_current was cut off and no key took its place: npx --no-install keyguard standby add production, then',
  ],
  [
    'a key was cut off in its grace before the current one was',
    'broken',
    { own: [aRecord({ apiKeyId: 'apikey_older', state: 'contained', token: 'v1' }), { ...current, state: 'contained' }] },
    {},
    'apikey_current was cut off and no key took its place: npx --no-install keyguard standby add production, then',
  ],
  [
    'no key is current',
    'broken',
    { own: [{ ...current, state: 'inactive' }, standby] },
    {},
    'no key is current: npx --no-install keyguard rotate production',
  ],
  [
    'rotation has failed',
    'broken',
    {
      incidents: [
        anIncident({ kind: 'rotation-failed', facts: { cause: { code: 'error', what: 'the pool is empty', fix: 'make a key' } } }),
      ],
    },
    {},
    'rotation has failed since 2026-05-31 23:00 UTC: the pool is empty: make a key',
  ],
  [
    'usage looks stolen and a brake holds',
    'attention',
    { incidents: [anIncident({ brake: { code: 'recorded', text: 'it is the last' } })] },
    {},
    'incident usage-anomaly is open since 2026-05-31 23:00 UTC, held back: it is the last: npx --no-install keyguard runbook usage-anomaly',
  ],
  ['there is no schedule', 'broken', {}, { nextRotationAt: null }, 'it has no rotation schedule: npx cdk deploy'],
  [
    'the schedule was stopped',
    'broken',
    {},
    { rotationEnabled: false },
    'schedule is off, and nobody paused it: npx --no-install keyguard resume production',
  ],
  [
    'it is paused',
    'attention',
    { pause: { schema: 1, managedKey: 'production', ...request } },
    { rotationEnabled: false },
    'production is paused since 2026-05-31 23:00 UTC by Ada: so she says: npx --no-install keyguard resume production',
  ],
  ['it is half paused', 'attention', { pause: { schema: 1, managedKey: 'production', ...request } }, {}, 'its schedule is on all the same'],
  ['the rotation is overdue', 'broken', {}, { nextRotationAt: now - 2 * hourMs }, 'the rotation of 2026-05-31 22:00 UTC has not happened'],
  [
    'a rotation hangs',
    'broken',
    { own: [current, standby, hanging], openSince: now - hourMs },
    pending,
    'since 2026-05-31 23:00 UTC and does not end; it has claimed apikey_next: npx --no-install keyguard unstick production',
  ],
  ['a rotation has just begun', 'ok', { own: [current, standby, { ...hanging, since: now }], openSince: now }, pending, ''],
  [
    'a rotation was abandoned',
    'broken',
    { own: [current, standby, hanging] },
    {},
    'apikey_next is claimed since 2026-05-31 23:00 UTC by a rotation that is over: nothing: it is returned within five minutes; or npx --no-install keyguard unstick production',
  ],
  [
    'a rotation was abandoned a moment ago',
    'attention',
    { own: [current, standby, { ...hanging, since: now }] },
    {},
    'apikey_next is claimed since 2026-06-01 00:00 UTC by a rotation that is over: nothing: it is returned at 2026-06-01 00:15 UTC',
  ],
  [
    'a rotation was abandoned that was about to move AWSCURRENT',
    'attention',
    { own: [current, standby, { ...hanging, since: now, intent: { to: 'current', at: now, cause: { code: 'switching' } } }] },
    {},
    'nothing: it gets its grace, because AWSCURRENT was about to move to it, at 2026-06-01 00:05 UTC',
  ],
  [
    'something is half done',
    'broken',
    { own: [current, { ...standby, intent: { to: 'archived', at: now - hourMs, cause: { code: 'removing', reason: 'so' } } }] },
    {},
    'apikey_standby is about to become archived since 2026-05-31 23:00 UTC (so), and is not: npx --no-install keyguard unstick production',
  ],
  [
    'a standby key was rejected',
    'attention',
    {
      own: [
        current,
        standby,
        {
          ...aRecord({ apiKeyId: 'apikey_bad', state: 'rejected', verifiedInactiveAt: now }),
          cause: { code: 'recorded', text: 'it answers 401' },
        },
      ],
    },
    {},
    'apikey_bad was rejected: it answers 401: put it away with npx --no-install keyguard standby remove production apikey_bad',
  ],
  [
    'an intake was broken off',
    'attention',
    {
      own: [
        current,
        standby,
        { ...aRecord({ apiKeyId: 'apikey_bad', state: 'rejected' }), cause: { code: 'recorded', text: 'broken off: add it again' } },
      ],
    },
    {},
    'broken off: add it again: or put it away with npx --no-install keyguard standby remove production apikey_bad',
  ],
  [
    'an undo is asked for',
    'attention',
    { own: [current, standby, aRecord({ apiKeyId: 'apikey_old', state: 'inactive', token: 'v1', undoRequest: request })] },
    {},
    'an undo of apikey_old is requested since 2026-05-31 23:00 UTC by Ada (so she says)',
  ],
  [
    'an emergency waits',
    'attention',
    { own: [{ ...current, revokeRequest: request }, standby] },
    {},
    'apikey_current is to be cut off without grace since 2026-05-31 23:00 UTC by Ada (so she says), and is current',
  ],
  [
    'an emergency is stuck',
    'broken',
    { own: [current, standby, aRecord({ apiKeyId: 'apikey_old', state: 'draining', switchedAt: now - hourMs, revokeRequest: request })] },
    {},
    'npx --no-install keyguard rotate production --emergency --api-key-id apikey_old goes on with it',
  ],
  [
    'the current key will expire within its next grace',
    'attention',
    { own: [{ ...current, expiresAt: now + 10 * dayMs + policy.minimumGraceMs - 1 }, standby] },
    {},
    'the current key apikey_current: it expires 2026-06-11 23:59 UTC',
  ],
  [
    'no rotation has succeeded in time',
    'broken',
    { own: [{ ...current, since: now - 40 * dayMs }, standby] },
    {},
    'no rotation has succeeded since 2026-04-22 00:00 UTC',
  ],
  [
    'a replica has failed',
    'attention',
    {},
    { replicas: [{ region: 'eu-central-1', status: 'Failed', message: 'no key' }] },
    'a replica is behind: eu-central-1 failed (no key): npx --no-install keyguard runbook replica-behind',
  ],
])('where %s, health is %s', (_what, health, snapshot, change, sentence) => {
  const status = statusOf(snapshot, change);
  expect(status.health).toBe(health);
  expect(status.attention.join('\n')).toContain(sentence);
});

test('what Anthropic shows counts only where Anthropic was asked', () => {
  expect(statusOf({ isListed: true })).toMatchObject({
    health: 'broken',
    attention: [
      expect.stringMatching(
        /^the current key apikey_current does not work: Anthropic lists it no more: .*npx --no-install keyguard rotate production$/,
      ),
    ],
  });
  expect(statusOf({})).toMatchObject({ health: 'ok', attention: [] });
});

test('a key that the failed rotation takes now does not expire too soon', () => {
  const { attention } = statusOf(
    { own: [current, { ...standby, expiresAt: now + 38 * dayMs }], incidents: [anIncident({ kind: 'rotation-failed' })] },
    { nextRotationAt: now + 20 * dayMs },
  );
  expect(attention).toHaveLength(1);
});

test('a rejected key that is being put away is left to that', () => {
  const bad = aRecord({
    apiKeyId: 'apikey_bad',
    state: 'rejected',
    intent: { to: 'archived', at: now, cause: { code: 'removing', reason: 'so' } },
  });
  expect(statusOf({ own: [current, standby, bad] })).toMatchObject({ health: 'ok', attention: [] });
});

test('what is found now is not said again as an incident', () => {
  const { attention } = statusOf({ own: [current], incidents: [anIncident({ kind: 'pool-low' })] });
  expect(attention).toHaveLength(1);
});

test('pause, wishes and replicas are shown', () => {
  const replicas = [{ region: 'eu-central-1', status: 'InSync', message: null } as const];
  const status = statusOf(
    { own: [{ ...current, revokeRequest: request }, standby], pause: { schema: 1, managedKey: 'production', ...request } },
    { replicas },
  );
  expect(status).toMatchObject({ paused: request, wishes: [{ apiKeyId: 'apikey_current', wish: 'no grace', ...request }], replicas });
});

test('incidents of other keys, and incidents that have recovered, do not count', () => {
  expect(statusOf({ incidents: [anIncident({ subject: 'other' }), anIncident({ state: 'recovered' })] })).toMatchObject({
    health: 'ok',
    incidents: [],
    expected: [],
  });
});

test('AWSPENDING on the current version is the end of a rotation, not a rotation', () => {
  expect(statusOf({}, { stages: new Map([['v2', ['AWSCURRENT', 'AWSPENDING']]]) })).toMatchObject({ health: 'ok' });
});

const switchedAt = now - 2 * dayMs;
const old = aRecord({ apiKeyId: 'apikey_old', state: 'draining', switchedAt, since: switchedAt });
const lastUse = {
  schema: 1,
  apiKeyId: 'apikey_old',
  at: now - hourMs,
  model: 'claude-haiku-4-5',
  workspaceId: 'wrkspc_1',
  tokens: 5,
} as const;

test.each([
  [
    'its minimum grace runs',
    { switchedAt: now - hourMs },
    [],
    now,
    {},
    'minimum grace until 2026-06-01 23:00 UTC; no use of it is known',
    now + 23 * hourMs,
  ],
  [
    'it is used',
    {},
    [lastUse],
    now,
    {},
    'quiet for 6 hours; last used 2026-05-31 23:00 UTC with claude-haiku-4-5',
    now + 5 * hourMs + 60_000,
  ],
  ['usage is unknown', {}, [], switchedAt, {}, 'silence is known only until 2026-05-30 00:00 UTC', switchedAt + dayMs],
  ['it was quiet', {}, [], now, {}, 'becomes inactive within minutes', switchedAt + dayMs],
  [
    'the policy cuts',
    {},
    [lastUse],
    now,
    { atMaximum: 'cut', maximumGraceMs: dayMs } as const,
    'the maximum grace is over',
    switchedAt + dayMs,
  ],
])(
  'a previous key says why it waits while %s, and until when it is valid at least',
  (_what, change, lastUses, usageKnownUntil, rules, reason, until) => {
    const definition = aDefinition({ rotation: { ...policy, ...rules } });
    const { previous } = statusOf(
      { own: [current, standby, { ...old, ...change }], lastUses: uses(...lastUses), usageKnownUntil },
      {},
      definition,
    );
    expect(previous).toHaveLength(1);
    expect(previous[0]?.waits).toContain(reason);
    expect(previous[0]?.validAtLeastUntil).toBe(until);
  },
);

test('only a policy that cuts promises an end; one that waits asks for a person past the maximum', () => {
  const cut = aDefinition({ rotation: { ...policy, atMaximum: 'cut' } });
  const own = [current, standby, old];
  expect(statusOf({ own }, {}, cut).previous[0]?.validAtMostUntil).toBe(switchedAt + policy.maximumGraceMs);
  const wait = aDefinition({ rotation: { ...policy, maximumGraceMs: dayMs } });
  const status = statusOf({ own, lastUses: uses(lastUse) }, {}, wait);
  expect(status.previous[0]?.validAtMostUntil).toBeNull();
  expect(status).toMatchObject({ health: 'attention' });
  expect(status.attention[0]).toContain('apikey_old: the old key is still used past the maximum');
});

test('an old key is valid no longer than it lives, or than an emergency or a pause lets it', () => {
  const old = { token: 'v1', switchedAt: now - hourMs, since: now - hourMs };
  const of = (changes: Partial<ApiKeyRecord>, more: Partial<StatusSnapshot> = {}) =>
    statusOf({ own: [current, standby, aRecord({ ...old, apiKeyId: 'apikey_old', state: 'draining', ...changes })], ...more }).previous[0];
  expect(of({ expiresAt: now + hourMs })).toMatchObject({ validAtLeastUntil: now + hourMs, validAtMostUntil: now + hourMs });
  expect(of({ expiresAt: now - 60_000 })).toMatchObject({ waits: expect.stringMatching(/^it expired 2026-/) as unknown });
  const revokeRequest = { at: now - 60_000, by: 'operator', because: 'stolen' };
  expect(of({ revokeRequest })).toMatchObject({ validAtLeastUntil: now });
  expect(of({ revokeRequest: { ...revokeRequest, at: now - dayMs } })?.validAtLeastUntil).toBeGreaterThan(now);
  const pause = { schema: 1, managedKey: 'production', at: now, by: 'operator', because: 'a freeze' } as const;
  const quiet = { switchedAt: now - 5 * dayMs };
  expect(of(quiet)?.waits).toContain('it becomes inactive within minutes');
  expect(of(quiet, { pause })?.waits).toBe('its time has come, and it stays while the managed key is paused');
});

test.each<[string, Partial<ApiKeyRecord>, Partial<SecretDescription>, string]>([
  ['an undo is asked for', { undoRequest: { ...request, at: now } }, {}, 'an operator asked for an undo'],
  ['AWSCURRENT was moved back to it', {}, { stages: new Map([['v1', ['AWSCURRENT']]]) }, 'consumers read it again'],
  [
    'an incident cuts it off',
    { intent: { to: 'contained', at: now, cause: { code: 'containment', incidentId: 'one' } } },
    {},
    'an incident',
  ],
])('an old key that was silent is not said to become inactive while %s', (_what, change, secretChange, reason) => {
  const old = aRecord({
    apiKeyId: 'apikey_old',
    state: 'draining',
    token: 'v1',
    switchedAt: now - 5 * dayMs,
    since: now - 5 * dayMs,
    ...change,
  });
  expect(statusOf({ own: [current, standby, old] }, secretChange).previous[0]?.waits).toContain(reason);
});

test('old keys that an undo can bring back, and until when', () => {
  const { rotation } = aDefinition();
  const old = { token: 'v1', switchedAt: now - 2 * dayMs };
  const replaced = aRecord({ ...old, apiKeyId: 'apikey_replaced', state: 'inactive', since: now - hourMs });
  const cut = aRecord({
    ...old,
    apiKeyId: 'apikey_cut',
    state: 'contained',
    since: now - 2 * hourMs,
    cause: { code: 'recorded', text: 'a theft' },
  });
  const expiring = aRecord({ ...old, apiKeyId: 'apikey_expiring', state: 'inactive', since: now - 3 * hourMs, expiresAt: now + hourMs });
  const hopeless = [
    aRecord({ ...old, apiKeyId: 'apikey_over', state: 'inactive', since: now - rotation.undoMs }),
    aRecord({ ...old, apiKeyId: 'apikey_expired', state: 'inactive', since: now - hourMs, expiresAt: now }),
    aRecord({ ...old, apiKeyId: 'apikey_archived', state: 'archived', since: now - hourMs }),
    aRecord({ apiKeyId: 'apikey_unused', state: 'contained', since: now - hourMs }),
    aRecord({ ...old, apiKeyId: 'apikey_going', state: 'inactive', since: now - hourMs, intent: anIntent('archived') }),
  ];
  expect(statusOf({ own: [current, standby, expiring, ...hopeless, cut, replaced] }).restorable).toMatchObject([
    { apiKeyId: 'apikey_replaced', comesBackUntil: now - hourMs + rotation.undoMs, cut: undefined },
    { apiKeyId: 'apikey_cut', comesBackUntil: now - 2 * hourMs + rotation.undoMs, cut: { by: 'containment', cause: cut.cause } },
    { apiKeyId: 'apikey_expiring', comesBackUntil: now + hourMs, cut: undefined },
  ]);
});

function anIntent(to: 'archived'): NonNullable<ApiKeyRecord['intent']> {
  return { to, at: now, cause: { code: 'undo-period-over' } };
}

test('the last success is known while rotation is off too, but not of a key that somebody put there by hand', () => {
  const off = { rotationEnabled: false, nextRotationAt: null, lastRotatedAt: null };
  expect(statusOf({}, off).lastRotatedAt).toBe(current.since);
  expect(statusOf({ own: [{ ...current, cause: { code: 'switched-by-hand' } }] }, off).lastRotatedAt).toBeNull();
  expect(statusOf({ own: [standby] }, off).lastRotatedAt).toBeNull();
});
