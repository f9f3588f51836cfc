import { expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { conditionsOf } from '../../../lambda/rotation/conditions.ts';
import { aDefinition, aRecord, policy } from '../../support/records.ts';
import { current, now, seen, standby, type Scene } from './sight.ts';
import { inWords } from '../../support/causes.ts';

const found = (scene: Scene) => conditionsOf(seen(scene)).map(({ kind, facts }) => [kind, facts.grade ?? inWords(facts).reason] as const);
const kinds = (scene: Scene) => found(scene).map(([kind]) => kind);

test('of a healthy managed key there is nothing to tell', () => {
  expect(found({})).toEqual([]);
});

test('one that never had a key is nothing to tell either: status says what to do', () => {
  expect(found({ own: [] })).toEqual([]);
  expect(found({ own: [standby] })).toEqual([]);
});

test.each(['inactive', 'archived', 'expired'] as const)('a current key that is %s at Anthropic is dead: consumers fail', (status) => {
  expect(conditionsOf(seen({ statuses: { apikey_current: status } }))).toMatchObject([
    { kind: 'current-key-dead', facts: { cause: { code: 'current-key-dead', status }, grade: 'replacing' } },
  ]);
});

test('a current key that Anthropic lists no more is dead too, and one of a status that we do not know is not', () => {
  const without = seen();
  const infos = new Map([...without.infos].filter(([id]) => id !== 'apikey_current'));
  expect(conditionsOf({ ...without, infos }).map(({ kind }) => kind)).toEqual(['current-key-dead']);
  expect(found({ statuses: { apikey_current: 'unknown' } })).toEqual([]);
});

test('a key that changed a moment ago is not judged by a list that may be older', () => {
  const fresh = { ...current, since: now - minuteMs };
  expect(found({ own: [fresh, standby], statuses: { apikey_current: 'inactive' } })).toEqual([]);
});

test('a key that we are at work on is not somebody else’s change', () => {
  const intent = { to: 'contained', at: now - hourMs, cause: { code: 'operator-cut', reason: 'stolen' } } as const;
  expect(found({ own: [{ ...current, intent }, standby], statuses: { apikey_current: 'inactive' } })).toEqual([]);
});

test.each([
  ['inactive', 'active', 'old-key-woken'],
  ['contained', 'active', 'old-key-woken'],
  ['standby', 'active', 'standby-key-woken'],
  ['rejected', 'active', 'standby-key-woken'],
  ['standby', 'archived', 'key-archived'],
  ['inactive', 'archived', 'key-archived'],
  ['draining', 'inactive', 'old-key-disabled'],
  ['draining', 'archived', 'old-key-disabled'],
] as const)('a key that is %s for us and %s for Anthropic was changed by somebody: %s', (state, status, grade) => {
  const other = aRecord({ apiKeyId: 'apikey_other', state, token: 'v0', since: now - hourMs, switchedAt: now - hourMs });
  expect(found({ own: [current, standby, other], statuses: { apikey_other: status } })).toEqual([['key-changed', grade]]);
});

test('a secret that was written by hand is told; all changes are named, and the worst gives the grade', () => {
  const reactivated = { statuses: { apikey_standby: 'active' } } as const;
  expect(found({ secret: { stages: new Map([['by-hand', ['AWSCURRENT']]]) } })).toEqual([['key-changed', 'secret-written']]);
  const [both] = conditionsOf(seen({ ...reactivated, secret: { stages: new Map([['by-hand', ['AWSCURRENT']]]) } }));
  expect(both?.facts.grade).toBe('secret-written');
  expect(both && inWords(both.facts).reason).toMatch(/apikey_standby .* deactivated again; AWSCURRENT holds/);
  expect(both?.facts.changes?.map(({ grade, apiKeyId }) => `${grade} ${apiKeyId}`)).toEqual([
    'standby-key-woken apikey_standby',
    'secret-written apikey_current',
  ]);
});

test('a rotation is overdue when the next grace would no longer fit into the maximum age, and not before', () => {
  const latest = policy.maximumAgeMs - policy.maximumGraceMs;
  const aged = (age: number) => kinds({ own: [{ ...current, since: now - age }, standby] });
  expect(aged(latest)).toEqual([]);
  expect(aged(latest + 1)).toEqual(['rotation-overdue']);
});

test('a key that was brought back is as old as it was, and not as young as its return', () => {
  const latest = policy.maximumAgeMs - policy.maximumGraceMs;
  const back = (servedSince: number) => kinds({ own: [{ ...current, since: now - dayMs, servedSince }, standby] });
  expect(back(now - latest)).toEqual([]);
  expect(back(now - latest - 1)).toEqual(['rotation-overdue']);
});

test('a key in its grace that expired when it had to is nobody’s change', () => {
  const old = { apiKeyId: 'apikey_other', state: 'draining', token: 'v0', since: now - hourMs, switchedAt: now - hourMs } as const;
  const at = (expiresAt: number | null) =>
    found({ own: [current, standby, aRecord({ ...old, expiresAt })], statuses: { apikey_other: 'expired' } });
  expect(at(now)).toEqual([]);
  expect(at(now + 1)).toEqual([['key-changed', 'old-key-disabled']]);
  expect(at(null)).toEqual([['key-changed', 'old-key-disabled']]);
  const archived = aRecord({ ...old, expiresAt: now });
  expect(found({ own: [current, standby, archived], statuses: { apikey_other: 'archived' } })).toEqual([
    ['key-changed', 'old-key-disabled'],
  ]);
});

test('people are asked for the next key when the pool runs low, and told when it is empty', () => {
  const within = (ms: number) => ({ nextRotationAt: now + ms });
  // One key: the pool reaches one interval beyond the next rotation.
  expect(found({ secret: within(dayMs) })).toEqual([]);
  // However far away the next rotation is, an emergency could come today.
  expect(found({ own: [current], secret: within(policy.lowWaterMs) })).toEqual([['pool-low', 'low']]);
  expect(found({ own: [current], secret: within(policy.lowWaterMs - 1) })).toEqual([['pool-low', 'empty']]);
  const short = { ...aDefinition(), rotation: { ...policy, intervalMs: 7 * dayMs } };
  const [low] = conditionsOf({ ...seen({ secret: within(dayMs) }), definition: short });
  expect(low).toMatchObject({ kind: 'pool-low', facts: { grade: 'low', cause: { code: 'pool-low', standbyKeys: 1 } } });
});

test('a current key that expires before its next grace is over is told', () => {
  const needed = now + 25 * dayMs + policy.minimumGraceMs;
  expect(kinds({ own: [{ ...current, expiresAt: needed }, standby] })).toEqual([]);
  expect(kinds({ own: [{ ...current, expiresAt: needed - 1 }, standby] })).toEqual(['key-expiring']);
  // Where no rotation is planned, the low-water mark says how early.
  const unplanned = { secret: { nextRotationAt: null } };
  expect(kinds({ ...unplanned, own: [{ ...current, expiresAt: now + policy.lowWaterMs }, standby] })).toEqual(['key-expiring']);
});

test.each([
  ['Failed', 0, ['replica-behind']],
  ['InProgress', minuteMs, []],
  ['InProgress', 16 * minuteMs, ['replica-behind']],
  ['InSync', 16 * minuteMs, []],
  ['unknown', 16 * minuteMs, []],
] as const)('a replica that is %s %d ms after the last change', (status, since, expected) => {
  const replicas = [{ region: 'eu-west-1', status, message: null }];
  expect(kinds({ secret: { replicas, lastChangedAt: now - since } })).toEqual(expected);
});

test('a straggler is told, with model and workspace, once twice the minimum grace is over', () => {
  const draining = (ms: number) =>
    aRecord({ apiKeyId: 'apikey_old', state: 'draining', token: 'v0', since: now - ms, switchedAt: now - ms });
  const used = (ms: number, lastTokensMs: number) => ({
    own: [current, standby, draining(ms)],
    statuses: { apikey_old: 'active' as const },
    tokensAt: { apikey_old: now - lastTokensMs },
  });
  expect(kinds(used(2 * dayMs, hourMs))).toEqual(['straggler']);
  // Too early, tokens within the grace only, silent for long enough.
  expect(kinds(used(2 * dayMs - 1, hourMs))).toEqual([]);
  expect(kinds(used(2 * dayMs, dayMs))).toEqual([]);
  const [told] = conditionsOf(seen(used(8 * dayMs, hourMs)));
  expect(told?.facts).toMatchObject({
    apiKeyId: 'apikey_old',
    model: 'claude-haiku-5-5',
    workspaceId: 'wrkspc_production',
    cause: { code: 'old-key-used', grace: 'still used past the maximum' },
  });
  expect(told?.facts.validUntil).toBeUndefined();
  const cutting = aDefinition({ rotation: { ...policy, atMaximum: 'cut' } });
  const [toBeCut] = conditionsOf({ ...seen(used(3 * dayMs, hourMs)), definition: cutting });
  expect(toBeCut?.facts.validUntil).toBe(now - 3 * dayMs + policy.maximumGraceMs);
  const hasty = { ...draining(3 * dayMs), revokeRequest: { at: now - hourMs, by: 'operator', because: 'stolen' } };
  expect(kinds({ ...used(3 * dayMs, hourMs), own: [current, standby, hasty] })).toEqual([]);
  const isVoid = { ...hasty, revokeRequest: { ...hasty.revokeRequest, at: now - dayMs } };
  expect(kinds({ ...used(3 * dayMs, hourMs), own: [current, standby, isVoid] })).toEqual(['straggler']);
});
