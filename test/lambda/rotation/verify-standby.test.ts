import { expect, test } from 'vitest';
import { KeyguardError, LostRace, Unavailable } from '../../../lambda/foundation/errors.ts';
import type { ApiKeyInfo, ProbeAnswer, RotationPorts } from '../../../lambda/rotation/ports.ts';
import { verificationText } from '../../../lambda/incidents/message/verification-text.ts';
import {
  isStandbyVerificationRequest,
  verifyStandbyKey,
  verifyStandbyKeys,
  type StandbyVerification,
} from '../../../lambda/rotation/verify-standby.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { Stage } from './stage.ts';

const now = new Stage().world.now;
const by = 'operator';
const { workspaceId, rotation } = definition;
const fence = 'ledger.replace next standby→standby (intent)';
const requestIds = ['anthropic next active', 'anthropic next inactive'];
const [activates, deactivates] = ['keys.setStatus next active', 'keys.setStatus next inactive'];
const [lifts, rejects] = ['ledger.replace next standby→standby', 'ledger.replace next standby→rejected'];

function aPool(deviations: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('next', 'standby');
  return stage;
}
const tried = async (stage: Stage) => told(await verifyStandbyKey(stage.record('next'), definition, by, stage.ports));
/** As an operator reads it. */
const told = ({ cause, ...verification }: StandbyVerification) => ({
  ...verification,
  ...(cause === undefined ? {} : { because: verificationText(cause) }),
});

test('a good key is fenced, activated, proven, deactivated again and proven dead, and the fence is lifted', async () => {
  const stage = aPool();
  expect(await tried(stage)).toEqual({ apiKeyId: 'next', verdict: 'good' });
  expect(stage.calls).toEqual([
    fence,
    'secrets.read s-next',
    'keys.retrieve next',
    activates,
    'probe',
    'keys.retrieve next',
    deactivates,
    'probe',
    lifts,
  ]);
  expect(stage.audit[0]).toEqual({ apiKeyId: 'next', to: 'standby', by, because: 'being verified' });
  expect(stage.audit[1]).toMatchObject({ by, because: 'verified, and inactive again', requestIds });
  expect(stage.record('next')).not.toHaveProperty('intent');
});

test('a key that is active already is not activated, and is inactive afterwards', async () => {
  const stage = aPool();
  stage.world.key('next').status = 'active';
  expect(await tried(stage)).toMatchObject({ verdict: 'good' });
  expect(stage.effects).toEqual([fence, deactivates, lifts]);
  expect(stage.audit[1]).toMatchObject({ requestIds: ['anthropic next inactive'] });
});

test('a key whose value is gone is rejected, unwoken', async () => {
  const stage = aPool();
  stage.world.standbyVersions.clear();
  expect(await tried(stage)).toEqual({
    apiKeyId: 'next',
    verdict: 'rejected',
    because: 'its value is no longer in Secrets Manager',
  });
  expect(stage.effects).toEqual([fence, rejects]);
  expect(stage.audit[1]).toEqual({
    apiKeyId: 'next',
    to: 'rejected',
    by,
    because: 'its value is no longer in Secrets Manager',
  });
});

test.each<[string, Partial<ApiKeyInfo> | 'gone', string]>([
  ['gone', 'gone', 'Anthropic knows no such key'],
  ['archived', { status: 'archived' }, 'the key is archived'],
  ['expired', { status: 'expired' }, 'the key is expired'],
])('a key that is %s at Anthropic is rejected, unwoken', async (_name, info, because) => {
  const stage = aPool({ infos: { next: info } });
  expect(await tried(stage)).toEqual({ apiKeyId: 'next', verdict: 'rejected', because });
  expect(stage.effects).toEqual([fence, rejects]);
});

test.each<[string, ProbeAnswer, string]>([
  [
    'of another workspace',
    { answer: 'accepted', organizationId: 'organization', workspaceId: 'other' },
    'the value belongs to another workspace, still at 2026-09-07T00:01:30.000Z',
  ],
  [
    'that is refused for ninety seconds',
    { answer: 'refused' },
    'the value is refused (401) although the key is active, still at 2026-09-07T00:01:30.000Z',
  ],
])('a key %s is deactivated and rejected', async (_name, answer, because) => {
  const stage = aPool({ probe: () => answer });
  expect(await tried(stage)).toEqual({ apiKeyId: 'next', verdict: 'rejected', because });
  expect(stage.effects).toEqual([fence, activates, deactivates, rejects]);
  expect(stage.audit[1]).toEqual({ apiKeyId: 'next', to: 'rejected', by, because, requestIds });
});

test('a key must outlive the interval and the longest grace to be good', async () => {
  const needed = now + rotation.intervalMs + rotation.maximumGraceMs;
  expect(await tried(aPool({ infos: { next: { expiresAt: needed } } }))).toMatchObject({ verdict: 'good' });
  expect(await tried(aPool({ infos: { next: { expiresAt: needed - 1 } } }))).toMatchObject({ because: 'the key expires too soon' });
});

test('an outage is no verdict: the key is inactive again and stays in the pool', async () => {
  // It ends when the key is inactive again, or nobody could prove that it is.
  const stage: Stage = aPool({
    probe: () => (stage.world.key('next').status === 'active' ? { answer: 'unclear', why: 'overloaded' } : undefined),
  });
  expect(await tried(stage)).toEqual({
    apiKeyId: 'next',
    verdict: 'unclear',
    because: 'overloaded, still at 2026-09-07T00:01:30.000Z',
  });
  expect(stage.effects).toEqual([fence, activates, deactivates, lifts]);
});

test('a key whose value answers on while it is inactive is rejected: the value belongs to another key', async () => {
  const stage = aPool({ probe: () => ({ answer: 'accepted', organizationId: 'organization', workspaceId }) });
  expect(await tried(stage)).toEqual({
    apiKeyId: 'next',
    verdict: 'rejected',
    because: 'its value still answers after the key was made inactive',
  });
  expect(stage.record('next').state).toBe('rejected');
});

const request = { operation: 'try-standby-keys', managedKey: 'production', apiKeyIds: ['next'], by } as const;

test('a request names the operation, the managed key, the keys and who asks; anything else is none', () => {
  expect(isStandbyVerificationRequest(request)).toBe(true);
  expect(isStandbyVerificationRequest({ ...request, apiKeyIds: [] })).toBe(true);
  for (const wrong of [
    { operation: 'rotate' },
    { managedKey: 1 },
    { by: undefined },
    { apiKeyIds: 'next' },
    { apiKeyIds: { every: () => true } },
    { apiKeyIds: ['next', 1] },
    { apiKeyIds: Array.from({ length: 21 }, () => 'next') },
    { apiKeyIds: ['x'.repeat(301)] },
    { by: 'x'.repeat(301) },
    { because: 'a field that nobody asked for' },
  ]) {
    expect(isStandbyVerificationRequest({ ...request, ...wrong })).toBe(false);
  }
  for (const event of [null, undefined, 'try-standby-keys']) expect(isStandbyVerificationRequest(event)).toBe(false);
});

test('only those standby keys of the managed key are tried that were asked for', async () => {
  const stage = aPool();
  stage.has('unasked', 'standby');
  stage.has('foreign', 'standby', { managedKey: 'staging' });
  stage.has('used', 'inactive');
  const apiKeyIds = ['next', 'foreign', 'used', 'unknown'];
  expect(await verifyStandbyKeys({ ...request, apiKeyIds }, stage.ports)).toEqual([{ apiKeyId: 'next', verdict: 'good' }]);
  expect(stage.audit.map(({ apiKeyId }) => apiKeyId)).toEqual(['next', 'next']);
});

test('the history blames nobody for what only the caller says of himself, and shows no control characters', async () => {
  const stage = aPool();
  await verifyStandbyKeys({ ...request, by: 'arn:aws:sts::1:assumed-role/admin/alice\u001b[31m\u202e' }, stage.ports);
  expect(stage.audit.map((step) => step.by)).toEqual(
    Array.from({ length: 2 }, () => 'said to be arn:aws:sts::1:assumed-role/admin/alice [31m'),
  );
});

test('of a managed key that nobody configured, nothing is tried', async () => {
  const stage = aPool();
  stage.has('foreign', 'standby', { managedKey: 'staging' });
  expect(await verifyStandbyKeys({ ...request, managedKey: 'staging', apiKeyIds: ['foreign'] }, stage.ports)).toEqual([]);
  expect(stage.effects).toEqual([]);
});

test('a key on which somebody else is at work is left to them', async () => {
  const stage = new Stage();
  stage.has('next', 'standby', { intent: { to: 'standby', at: now, cause: { code: 'being-taken-in' } } });
  expect(await verifyStandbyKeys(request, stage.ports)).toEqual([
    { apiKeyId: 'next', verdict: 'unclear', cause: { code: 'somebody-at-work' } },
  ]);
  expect(stage.effects).toEqual([]);
});

test('a key that could not be verified is unclear, with the cure, and the next one is verified', async () => {
  const failing = (stage: Stage, error: Error): RotationPorts => ({
    ...stage.ports,
    keys: {
      ...stage.ports.keys,
      retrieve: async (apiKeyId) => {
        if (apiKeyId === 'next') throw error;
        return stage.ports.keys.retrieve(apiKeyId);
      },
    },
  });
  const stage = aPool();
  stage.has('last', 'standby');
  const both = { ...request, apiKeyIds: ['next', 'last'] };
  expect(await verifyStandbyKeys(both, failing(stage, new Unavailable('keys.retrieve', 'throttled')))).toEqual([
    { apiKeyId: 'next', verdict: 'unclear', cause: { code: 'error', what: 'keys.retrieve did not succeed: throttled' } },
    { apiKeyId: 'last', verdict: 'good' },
  ]);
  const limit = new KeyguardError('key-status-refused', 'too many active keys', 'disable keys that nobody uses');
  const [first] = await verifyStandbyKeys(both, failing(aPool(), limit));
  expect(first).toEqual({
    apiKeyId: 'next',
    verdict: 'unclear',
    cause: { code: 'error', what: 'too many active keys', fix: 'disable keys that nobody uses' },
  });
  const [raced] = await verifyStandbyKeys(both, failing(aPool(), new LostRace('next')));
  expect(raced).toMatchObject({
    verdict: 'unclear',
    cause: { code: 'error', what: expect.stringContaining('changed by another run') as unknown },
  });
  await expect(verifyStandbyKeys(both, failing(aPool(), new TypeError('a bug')))).rejects.toThrow('a bug');
});
