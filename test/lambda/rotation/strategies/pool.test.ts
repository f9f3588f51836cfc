import { expect, test } from 'vitest';
import type { ApiKeyRecord } from '../../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../../lambda/foundation/clock.ts';
import { causeText } from '../../../../lambda/incidents/message/cause-text.ts';
import type { ApiKeyInfo, ProbeAnswer, RotationPorts } from '../../../../lambda/rotation/ports.ts';
import { pool } from '../../../../lambda/rotation/strategies/pool.ts';
import { definition } from '../../../prove/interleavings/memory.ts';
import { failure, Stage } from '../stage.ts';

const now = new Stage().world.now;
const by = 'rotation';
const token = 't-new';
const { workspaceId, rotation } = definition;
const needed = now + rotation.intervalMs + rotation.maximumGraceMs;
const refused = { code: 'cannot-come-back', apiKeyId: 'old', why: { code: 'value-refused' } } as const;
const request = { at: now, by: 'operator', because: 'the new one is broken' };

/** A pool of two keys, and a rotation that has begun. */
function aPool(deviations: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('first', 'standby');
  stage.has('second', 'standby');
  stage.world.register(token);
  return stage;
}

/** A rotation whose candidate is claimed and stored. */
function claimed(deviations: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('first', 'pending', { token, labels: ['AWSPENDING'], since: now });
  return stage;
}

async function obtained(stage: Stage, ports: RotationPorts = stage.ports): Promise<string | undefined> {
  const value = await pool.obtain(definition, token, ports);
  return 'verdict' in value ? `${value.apiKeyId ?? ''}: ${causeText(value.cause)}` : stage.world.idOf(value);
}
const activates = ['keys.setStatus first active', 'ledger.replace first pending→pending'];
const activated = { apiKeyId: 'first', to: 'pending', by, because: 'made active', requestIds: ['anthropic first active'] };
const rejects = ['ledger.replace first pending→pending (intent)', 'keys.setStatus first inactive', 'ledger.replace first pending→rejected'];

test('the oldest standby key is claimed, activated and proven, and its value handed over', async () => {
  const stage = aPool();
  expect(await obtained(stage)).toBe('first');
  expect(stage.effects).toEqual(['ledger.replace first standby→pending', ...activates]);
  expect(stage.audit).toEqual([{ apiKeyId: 'first', to: 'pending', by, because: 'claimed by a rotation' }, activated]);
  expect(stage.record('first')).toMatchObject({ token, since: now });
});

test('a rotation that is tried again goes on with the key that it claimed, and does not activate one that is active', async () => {
  const stage = aPool();
  stage.has('claimed', 'pending', { token });
  expect(await obtained(stage)).toBe('claimed');
  expect(stage.effects).toEqual([]);
});

test('a key that another run of this rotation made current is no candidate: it is neither activated nor deactivated', async () => {
  const stage = aPool({ probe: () => ({ answer: 'refused' }) });
  stage.has('claimed', 'current', { token, status: 'inactive' });
  for (const step of [obtained(stage), pool.assure(definition, token, stage.ports), pool.prove(definition, token, stage.ports)]) {
    expect(await failure(step)).toMatchObject({ code: 'lost-race' });
  }
  expect(stage.effects).toEqual([]);
});

test('a key that another rotation claimed, or that was rejected in this one, is not the candidate', async () => {
  const stage = aPool();
  stage.has('other', 'pending', { token: 't-other' });
  stage.has('rejected', 'rejected', { token });
  expect(await obtained(stage)).toBe('first');
});

test('an empty pool is told with what to do: where to make a key, and how to add it', async () => {
  const stage = new Stage();
  expect(await failure(pool.obtain(definition, token, stage.ports))).toEqual({
    code: 'no-standby-key',
    message: 'production cannot rotate: the pool is empty',
    fix: 'make a key in the Claude Console (workspace wrkspc_production), then: npx --no-install keyguard standby add production',
  });
});

test('an old key is claimed in the operator’s name, and its value read where consumers read it', async () => {
  const stage = aPool();
  stage.has('old', 'inactive', { undoRequest: request });
  expect(await obtained(stage)).toBe('old');
  expect(stage.calls).toContain('secrets.read v-old');
  expect(stage.audit[0]).toEqual({ apiKeyId: 'old', to: 'pending', by: 'operator', because: 'brought back: the new one is broken' });
});

/** A pool whose first key another run claims, for the rotation of `claimedFor`, just before this one does. */
function raced(claimedFor: string): { readonly stage: Stage; readonly ports: RotationPorts } {
  const stage = aPool();
  const { ledger } = stage.ports;
  let lost = false;
  const replace: typeof ledger.replace = (before, ...rest) => {
    if (!lost) stage.world.records.set('first', { ...before, state: 'pending', token: claimedFor, revision: 2 });
    lost = true;
    return ledger.replace(before, ...rest);
  };
  return { stage, ports: { ...stage.ports, ledger: { ...ledger, replace } } };
}
const reads = ({ calls }: Stage): readonly string[] => calls.filter((call) => /^ledger\.(all|of|find)/.test(call));

test('who loses the race for a key to another rotation looks again and takes the next one', async () => {
  const { stage, ports } = raced('t-other');
  expect(await obtained(stage, ports)).toBe('second');
  expect(reads(stage)).toEqual(['ledger.of', 'ledger.of']);
});

test('who loses it to another run of the same rotation goes on with its key, and reads nothing again', async () => {
  const { stage, ports } = raced(token);
  expect(await obtained(stage, ports)).toBe('first');
  expect(reads(stage)).toEqual(['ledger.of']);
});

test('a claim that cannot be stored ends the rotation’s step: nothing is activated', async () => {
  const stage = aPool();
  const replace = async (): Promise<never> => {
    throw new TypeError('no table');
  };
  await expect(pool.obtain(definition, token, { ...stage.ports, ledger: { ...stage.ports.ledger, replace } })).rejects.toThrow('no table');
  expect(stage.effects).toEqual([]);
});

test('a key whose value is gone from the standby secret is rejected, and the rotation stops', async () => {
  const stage = aPool();
  stage.world.standbyVersions.delete('s-first');
  expect(await obtained(stage)).toBe('first: its value is no longer in Secrets Manager');
  expect(stage.record('second').state).toBe('standby');
  expect(stage.audit[1]).toEqual({ apiKeyId: 'first', to: 'rejected', by, because: 'its value is no longer in Secrets Manager' });
  expect(stage.logged).toEqual([
    {
      event: 'rotation.rejected',
      fields: { managedKey: 'production', apiKeyId: 'first', because: 'its value is no longer in Secrets Manager' },
    },
  ]);
});

test.each<[string, Partial<ApiKeyInfo> | 'gone', string]>([
  ['gone', 'gone', 'Anthropic knows no such key'],
  ['archived', { status: 'archived' }, 'the key is archived'],
  ['expired', { status: 'expired' }, 'the key is expired'],
])('a key that is %s at Anthropic is rejected unwoken, and the rotation stops', async (_name, info, because) => {
  const stage = aPool({ infos: { first: info } });
  expect(await obtained(stage)).toBe(`first: ${because}`);
  expect(stage.record('second').state).toBe('standby');
  expect(stage.effects.slice(0, 3)).toEqual(['ledger.replace first standby→pending', rejects[0], rejects[2]]);
  expect(stage.audit[2]).toEqual({ apiKeyId: 'first', to: 'rejected', by, because });
});

test.each<[string, ProbeAnswer, string]>([
  [
    'of another organization',
    { answer: 'accepted', organizationId: 'org-other', workspaceId },
    'the value belongs to another organization, still at 2026-09-07T00:01:30.000Z',
  ],
  [
    'that is refused for ninety seconds',
    { answer: 'refused' },
    'the value is refused (401) although the key is active, still at 2026-09-07T00:01:30.000Z',
  ],
])('a key %s is deactivated before it is rejected, and the rotation stops', async (_name, answer, because) => {
  const stage: Stage = aPool({ probe: (value) => (stage.world.idOf(value) === 'first' ? answer : undefined) });
  expect(await obtained(stage)).toBe(`first: ${because}`);
  expect(stage.record('second').state).toBe('standby');
  expect(stage.effects.slice(0, 6)).toEqual(['ledger.replace first standby→pending', ...activates, ...rejects]);
  expect(stage.audit[3]).toEqual({ apiKeyId: 'first', to: 'rejected', by, because, requestIds: ['anthropic first inactive'] });
});

type Deviations = NonNullable<ConstructorParameters<typeof Stage>[0]>;

test.each<[string, Deviations]>([
  ['is refused too', { probe: () => ({ answer: 'refused' }) }],
  ['answers for another organization too', { probe: () => ({ answer: 'accepted', organizationId: 'org-other', workspaceId }) }],
  ['is not known either', { infos: { first: 'gone', current: 'gone' } }],
  ['is shown in words that nobody knows', { infos: { first: { status: 'archived' }, current: { unclear: 'scope.type is "galaxy"' } } }],
])('no key is rejected while the current key %s: it stays claimed, and nobody knows', async (_name, deviations) => {
  const stage = aPool(deviations);
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  for (let run = 0; run < 3; run += 1) {
    expect(await failure(pool.obtain(definition, token, stage.ports))).toMatchObject({ code: 'proof-unclear' });
  }
  expect(stage.record('first')).toMatchObject({ state: 'pending', token });
  expect(stage.record('second').state).toBe('standby');
});

test('a current key that is off is no witness: the one before it, in its grace, is', async () => {
  const refused = (...ids: readonly string[]): Stage => {
    const stage: Stage = aPool({ probe: (value) => (ids.includes(stage.world.idOf(value) ?? '') ? { answer: 'refused' } : undefined) });
    stage.has('current', 'current', { status: 'inactive' });
    stage.has('before', 'draining');
    return stage;
  };
  expect(await obtained(refused('first'))).toContain('first: the value is refused (401) although the key is active');
  expect(await failure(obtained(refused('first', 'before')))).toMatchObject({ code: 'proof-unclear' });
});

test('in a first rotation the current key of another managed key is the witness', async () => {
  const stage = aPool({ probe: () => ({ answer: 'refused' }) });
  stage.has('theirs', 'current', { managedKey: 'staging' });
  const directory = { ...stage.ports.directory, all: async () => [definition, { ...definition, name: 'staging' }] };
  expect(await failure(pool.obtain(definition, token, { ...stage.ports, directory }))).toMatchObject({ code: 'proof-unclear' });
  expect(stage.record('first')).toMatchObject({ state: 'pending', token });
});

test('after two rejections since the last success a person must look first', async () => {
  const stage = aPool();
  stage.has('current', 'current', { since: now - dayMs });
  for (const id of ['bad', 'worse']) stage.has(id, 'rejected', { since: now - hourMs });
  expect(await failure(obtained(stage))).toMatchObject({
    code: 'no-standby-key',
    message: 'production cannot rotate: two keys were rejected since the last rotation that succeeded, and somebody must look first',
  });
  stage.has('worse', 'archived');
  expect(await obtained(stage)).toBe('first');
});

test.each<[string, Partial<ApiKeyRecord> & { readonly verifiedInactive?: boolean }]>([
  ['before the last success', { since: now - 2 * dayMs }],
  ['and have expired', { since: now, expiresAt: now }],
  ['because they expire too soon', { since: now, cause: { code: 'expires-too-soon' } }],
  ['with an intake that was broken off', { since: now, verifiedInactive: false }],
])('keys that were rejected %s do not hold a rotation up', async (_name, changes) => {
  const stage = aPool();
  stage.has('current', 'current', { since: now - dayMs });
  for (const id of ['bad', 'worse']) stage.has(id, 'rejected', changes);
  expect(await obtained(stage)).toBe('first');
});

test('a page in the place of Anthropic burns no key either, and is named for people', async () => {
  const stage = aPool({ probe: () => ({ answer: 'unclear', why: "not Anthropic's own: 200 with a page", lasting: true }) });
  expect(await failure(pool.obtain(definition, token, stage.ports))).toMatchObject({
    code: 'proof-unclear',
    message: expect.stringContaining("first could not be proven: not Anthropic's own: 200 with a page") as unknown,
  });
  expect(stage.record('first')).toMatchObject({ state: 'pending', token });
});

test('where only the witness does not answer, nobody knows, and people need not be told', async () => {
  const stage: Stage = aPool({
    probe: (value) => (stage.world.idOf(value) === 'first' ? { answer: 'refused' } : { answer: 'unclear', why: 'overloaded' }),
  });
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  expect(await failure(pool.obtain(definition, token, stage.ports))).toMatchObject({ code: 'unavailable' });
});

test('an outage burns no key: the claim stays, and the same key is tried again', async () => {
  const stage = aPool({ probe: () => ({ answer: 'unclear', why: 'overloaded' }) });
  expect(await failure(pool.obtain(definition, token, stage.ports))).toMatchObject({
    code: 'unavailable',
    message: 'proof of first did not succeed: overloaded, still at 2026-09-07T00:01:30.000Z',
  });
  expect(stage.record('first').state).toBe('pending');
  expect(stage.record('second').state).toBe('standby');
});

test('a key must outlive the interval and the longest grace, counted from its claim; the key of an undo need not', async () => {
  const long = aPool({ infos: { first: { expiresAt: needed } } });
  expect(await obtained(long)).toBe('first');
  const short = aPool({ infos: { first: { expiresAt: needed - 1 } } });
  expect(await obtained(short)).toBe('first: the key expires too soon');
  expect(short.record('first').cause).toEqual({ code: 'expires-too-soon' });
  const wanted = aPool({ infos: { old: { expiresAt: now + hourMs } } });
  wanted.has('old', 'inactive', { undoRequest: request });
  expect(await obtained(wanted)).toBe('old');
});

const unclaimed = { verdict: 'lost', cause: { code: 'no-claimed-key' } };

test('a pending version behind which no claimed key stands is lost', async () => {
  const stage = aPool();
  expect(await pool.assure(definition, token, stage.ports)).toEqual(unclaimed);
  expect(await pool.prove(definition, token, stage.ports)).toEqual(unclaimed);
  expect(stage.effects).toEqual([]);
});

test('a candidate that became inactive is activated, and one that is active is left', async () => {
  const active = claimed();
  expect(await pool.assure(definition, token, active.ports)).toEqual({ verdict: 'good', apiKeyId: 'first' });
  expect(active.effects).toEqual([]);
  const inactive = claimed();
  inactive.world.key('first').status = 'inactive';
  expect(await pool.assure(definition, token, inactive.ports)).toEqual({ verdict: 'good', apiKeyId: 'first' });
  expect(inactive.effects).toEqual(activates);
  expect(inactive.audit).toEqual([activated]);
});

test.each<[string, Partial<ApiKeyInfo> | 'gone', string]>([
  ['gone', 'gone', 'Anthropic knows no such key'],
  ['archived', { status: 'archived' }, 'the key is archived'],
  ['expired', { status: 'expired' }, 'the key is expired'],
])('a candidate that is %s is lost, and rejected', async (_name, info, because) => {
  const stage = claimed({ infos: { first: info } });
  expect(await pool.assure(definition, token, stage.ports)).toMatchObject({ verdict: 'lost', apiKeyId: 'first' });
  const step = { apiKeyId: 'first', to: 'rejected', by, because };
  expect(stage.audit).toEqual([step, step]);
});

test('an old key that fails its proof stays claimed, and no standby key is taken in its place', async () => {
  const stage = aPool({ probe: (value) => (stage.world.idOf(value) === 'old' ? { answer: 'refused' } : undefined) });
  stage.has('old', 'draining', { undoRequest: request });
  const cause = { code: 'value-refused', stillAt: now + 90_000 };
  expect(await pool.obtain(definition, token, stage.ports)).toEqual({ verdict: 'not back', apiKeyId: 'old', cause });
  expect(stage.effects).toEqual(['ledger.replace old draining→pending']);
  stage.world.register(token);
  await stage.ports.secrets.putPending(definition.secretName, token, stage.world.key('old').value);
  expect(await pool.prove(definition, token, stage.ports)).toMatchObject({ verdict: 'not back' });
  expect(stage.record('old').state).toBe('pending');
});

test('an old key is given back as it was: active in its grace, else inactive', async () => {
  const release = async (state: 'draining' | 'inactive' | 'contained') => {
    const stage = new Stage();
    stage.has('old', state, { undoRequest: request });
    await pool.obtain(definition, token, stage.ports);
    stage.audit.length = 0;
    await pool.release(definition, token, refused, stage.ports);
    expect(stage.record('old')).toMatchObject({ state, token: 'v-old', cause: refused });
    expect(stage.record('old')).not.toHaveProperty('origin');
    return [stage.world.key('old').status, stage.audit];
  };
  const step = { apiKeyId: 'old', by, because: causeText(refused) };
  expect(await release('draining')).toEqual(['active', [{ ...step, to: 'draining' }]]);
  for (const state of ['inactive', 'contained'] as const) {
    const intended = { ...step, to: state };
    expect(await release(state)).toEqual(['inactive', [intended, { ...intended, requestIds: ['anthropic old inactive'] }]]);
  }
});

test('what AWSCURRENT may have moved to is not given back, and where nothing is claimed there is nothing to give', async () => {
  const stage = new Stage();
  stage.has('old', 'pending', { token, intent: { to: 'current', at: now, cause: { code: 'switching' } } });
  await pool.release(definition, token, refused, stage.ports);
  await pool.release(definition, 't-other', refused, stage.ports);
  expect(stage.effects).toEqual([]);
});

test('a candidate is proven with the value that the pending version holds, and is good when both sides agree', async () => {
  const stage = claimed();
  expect(await pool.prove(definition, token, stage.ports)).toEqual({ verdict: 'good', apiKeyId: 'first' });
  expect(stage.calls).toEqual(['ledger.of', `secrets.read ${token}`, 'secrets.read s-first', 'probe', 'keys.retrieve first']);
});

test('a pending version that holds the value of another key is lost, and the claimed key is not blamed for it', async () => {
  const stage = claimed();
  stage.world.versions.set(token, { value: stage.world.create('other'), labels: new Set(['AWSPENDING']) });
  expect(await pool.prove(definition, token, stage.ports)).toEqual({
    verdict: 'lost',
    apiKeyId: 'first',
    cause: { code: 'other-value-pending' },
  });
  expect(stage.effects).toEqual([]);
});

test('a pending version without a value is waited for, and the key is not blamed for it', async () => {
  const stage = claimed();
  stage.world.versions.set(token, { value: undefined, labels: new Set(['AWSPENDING']) });
  expect(await failure(pool.prove(definition, token, stage.ports))).toEqual({
    code: 'unavailable',
    message: 'production: reading the pending version did not succeed: it holds no value yet',
    fix: 'nothing: it is tried again; see the service health page if it lasts',
  });
  expect(stage.effects).toEqual([]);
});

test('a candidate that fails its proof is lost, deactivated and rejected', async () => {
  const stage = claimed({ probe: () => ({ answer: 'accepted', organizationId: 'organization', workspaceId: 'wrkspc_other' }) });
  expect(await pool.prove(definition, token, stage.ports)).toEqual({
    verdict: 'lost',
    apiKeyId: 'first',
    cause: { code: 'value-of-other-workspace', stillAt: now + 90_000 },
  });
  expect(stage.effects).toEqual(rejects);
});

test('a rejection that a killed run began is finished by the next one, and one that retirement finished is not', async () => {
  const intent = { to: 'rejected', at: now, cause: { code: 'value-refused' } } as const;
  const begun = () => {
    const stage = claimed();
    stage.world.records.set('first', { ...stage.record('first'), intent });
    return stage;
  };
  const lost = { verdict: 'lost', apiKeyId: 'first', cause: { code: 'value-refused' } };
  const assured = begun();
  expect(await pool.assure(definition, token, assured.ports)).toEqual(lost);
  const proven = begun();
  expect(await pool.prove(definition, token, proven.ports)).toEqual(lost);
  for (const stage of [assured, proven]) {
    expect(stage.effects).toEqual(rejects);
    expect(stage.record('first')).toMatchObject({ state: 'rejected', cause: { code: 'value-refused' } });
  }
  const obtaining = begun();
  obtaining.has('second', 'standby');
  expect(await obtained(obtaining)).toBe('first: the value is refused (401) although the key is active');
  expect(obtaining.effects).toEqual(rejects);
});

test('a run that finds a key bad waits while another one moves AWSCURRENT to it, then rejects it', async () => {
  const refused = (at: number) => {
    const stage = claimed({ infos: { first: { workspaceId: 'wrkspc_other' } } });
    const intent = { to: 'current', at, cause: { code: 'switching' } } as const;
    stage.world.records.set('first', { ...stage.record('first'), intent });
    return stage;
  };
  const young = refused(now - 5 * minuteMs + 1);
  expect(await failure(pool.prove(definition, token, young.ports))).toMatchObject({ code: 'lost-race' });
  expect(young.effects).toEqual([]);
  const old = refused(now - 5 * minuteMs);
  expect(await pool.prove(definition, token, old.ports)).toMatchObject({ verdict: 'lost' });
  expect(old.effects).toEqual(rejects);
});

test('where the only key is held up, nobody is asked for another one', async () => {
  const stage = new Stage();
  stage.has('first', 'standby', { claimBlockedUntil: now + 1 });
  expect(await failure(pool.obtain(definition, token, stage.ports))).toEqual({
    code: 'no-standby-key',
    message: 'production cannot rotate: each standby key that would fit is being verified or deactivated at this moment',
    fix: 'wait five minutes',
  });
});

test('a key that rests is passed over, and the undo of one that rests is tried again and takes no other', async () => {
  const stage = aPool();
  stage.world.records.set('first', { ...stage.record('first'), claimBlockedUntil: now + 1 });
  expect(await obtained(stage)).toBe('second');
  const undo = aPool();
  undo.has('old', 'inactive', { undoRequest: request, claimBlockedUntil: now + 1 });
  expect(await failure(pool.obtain(definition, token, undo.ports))).toEqual({
    code: 'unavailable',
    message:
      'the undo of production did not succeed: the key to be restored cannot be claimed for some minutes, because a late call may still reach it',
    fix: expect.any(String) as unknown,
  });
  expect(undo.effects).toEqual([]);
  undo.world.now += 1;
  expect(await obtained(undo)).toBe('old');
  expect(undo.record('old')).not.toHaveProperty('claimBlockedUntil');
});

test('a candidate is measured by the instant of its claim, so that a rotation that took long does not lose it', async () => {
  const stage = claimed({ infos: { first: { expiresAt: needed } } });
  stage.world.now += dayMs;
  expect(await pool.prove(definition, token, stage.ports)).toEqual({ verdict: 'good', apiKeyId: 'first' });
});

test('a value that Secrets Manager does not find at once is waited for: its answer may be an old one', async () => {
  const stage = claimed();
  const stored = stage.world.standbyVersions.get('s-first');
  stage.world.standbyVersions.delete('s-first');
  let looks = 0;
  const read: typeof stage.ports.secrets.read = (secretId, versionId) => {
    if (versionId === 's-first' && (looks += 1) === 3 && stored !== undefined) stage.world.standbyVersions.set('s-first', stored);
    return stage.ports.secrets.read(secretId, versionId);
  };
  const ports = { ...stage.ports, secrets: { ...stage.ports.secrets, read } };
  expect(await pool.prove(definition, token, ports)).toEqual({ verdict: 'good', apiKeyId: 'first' });
  expect(looks).toBe(3);
});

test('a claim that is being given back is let go; that AWSCURRENT is about to move to it does not matter', async () => {
  const stage = aPool();
  const intent = (to: 'standby' | 'current') => ({ to, at: stage.world.now, cause: { code: 'found-active' } }) as const;
  stage.has('claimed', 'pending', { token, intent: intent('standby') });
  expect(await failure(obtained(stage))).toMatchObject({ code: 'lost-race' });
  stage.has('claimed', 'pending', { token, intent: intent('current') });
  expect(await pool.assure(definition, token, stage.ports)).toEqual({ verdict: 'good', apiKeyId: 'claimed' });
});

test('a candidate whose standby version is pruned is proven by what AWSPENDING holds', async () => {
  const stage = aPool();
  stage.has('claimed', 'pending', { token, labels: ['AWSPENDING'] });
  stage.world.standbyVersions.delete('s-claimed');
  expect(await pool.prove(definition, token, stage.ports)).toEqual({ verdict: 'good', apiKeyId: 'claimed' });
});
