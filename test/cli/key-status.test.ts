import { expect, test } from 'vitest';
import { keyStatus, type Reading, type Schedule } from '../../cli/key-status.ts';
import type { IncidentRecord } from '../../contract/records.ts';
import { dayMs, hourMs } from '../../lambda/foundation/clock.ts';
import { aDefinition, aRecord, policy } from '../support/records.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const current = aRecord({ apiKeyId: 'apikey_current', state: 'current', since: now - dayMs, token: 'v2' });
const standby = aRecord({ apiKeyId: 'apikey_standby' });
const schedule: Schedule = { nextRotationAt: now + 10 * dayMs, lastRotatedAt: now - dayMs, stages: new Map([['v2', ['AWSCURRENT']]]) };

function statusOf(reading: Partial<Reading>, change: Partial<Schedule> = {}, definition = aDefinition()): ReturnType<typeof keyStatus> {
  const whole = { records: [current, standby], incidents: [], lastUses: [], usageKnownUntil: now, now, ...reading };
  return keyStatus(definition, whole, { ...schedule, ...change });
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

test.each([
  [
    'no key was ever there',
    'attention',
    { records: [] },
    {},
    'it has no key yet: npx keyguard standby add production, then npx keyguard rotate',
  ],
  ['a first key waits', 'attention', { records: [standby] }, {}, 'it has no key yet: npx keyguard rotate production'],
  ['the pool is empty', 'attention', { records: [current] }, {}, 'the pool is empty, so the rotation of 2026-06-11 00:00 UTC will fail'],
  [
    'the standby key expires too soon',
    'attention',
    { records: [current, { ...standby, expiresAt: now + dayMs }] },
    {},
    'no standby key lives long enough',
  ],
  [
    'the current key was cut off',
    'broken',
    { records: [{ ...current, state: 'contained' as const }] },
    {},
    'apikey_current was cut off and no key',
  ],
  ['no key is current', 'broken', { records: [{ ...current, state: 'inactive' as const }, standby] }, {}, 'no key is current'],
  [
    'rotation has failed',
    'broken',
    { incidents: [anIncident({ kind: 'rotation-failed', facts: { reason: 'the pool is empty' } })] },
    {},
    'rotation has failed since 2026-05-31 23:00 UTC: the pool is empty',
  ],
  [
    'usage looks stolen and a brake holds',
    'attention',
    { incidents: [anIncident({ brake: 'it is the last' })] },
    {},
    'incident usage-anomaly is open since 2026-05-31 23:00 UTC, held back: it is the last: see docs/runbooks/usage-anomaly.md',
  ],
  ['there is no schedule', 'attention', {}, { nextRotationAt: null }, 'it has no rotation schedule'],
  [
    'the rotation is overdue',
    'attention',
    {},
    { nextRotationAt: now - 2 * hourMs },
    'the rotation of 2026-05-31 22:00 UTC has not happened',
  ],
  [
    'a rotation hangs',
    'attention',
    { records: [current, standby, aRecord({ apiKeyId: 'apikey_next', state: 'pending', token: 'v3', since: now - hourMs })] },
    { stages: new Map([...schedule.stages, ['v3', ['AWSPENDING']]]) },
    'it claimed apikey_next at 2026-05-31 23:00 UTC',
  ],
  [
    'the current key will expire within its next grace',
    'attention',
    { records: [{ ...current, expiresAt: now + 10 * dayMs + policy.minimumGraceMs - 1 }, standby] },
    {},
    'the current key expires 2026-06-11 23:59 UTC',
  ],
])('where %s, health is %s', (_what, health, reading, change, sentence) => {
  const status = statusOf(reading, change);
  expect(status.health).toBe(health);
  expect(status.attention.join('\n')).toContain(sentence);
});

test('incidents of other keys, and incidents that have recovered, do not count', () => {
  expect(statusOf({ incidents: [anIncident({ subject: 'other' }), anIncident({ state: 'recovered' })] })).toMatchObject({
    health: 'ok',
    incidents: [],
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
  ['usage is unknown', {}, [], switchedAt, {}, 'usage is known only until 2026-05-30 00:00 UTC', switchedAt + dayMs],
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
    const { previous } = statusOf({ records: [current, standby, { ...old, ...change }], lastUses, usageKnownUntil }, {}, definition);
    expect(previous).toHaveLength(1);
    expect(previous[0]?.waits).toContain(reason);
    expect(previous[0]?.validAtLeastUntil).toBe(until);
  },
);

test('only a policy that cuts promises an end; one that waits asks for a person past the maximum', () => {
  const cut = aDefinition({ rotation: { ...policy, atMaximum: 'cut' } });
  const records = [current, standby, old];
  expect(statusOf({ records }, {}, cut).previous[0]?.validAtMostUntil).toBe(switchedAt + policy.maximumGraceMs);
  const wait = aDefinition({ rotation: { ...policy, maximumGraceMs: dayMs } });
  const status = statusOf({ records, lastUses: [lastUse] }, {}, wait);
  expect(status.previous[0]?.validAtMostUntil).toBeNull();
  expect(status).toMatchObject({ health: 'attention' });
  expect(status.attention[0]).toContain('apikey_old is still used past the maximum grace, and the policy waits');
});
