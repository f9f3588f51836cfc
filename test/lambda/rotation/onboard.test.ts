import { expect, test } from 'vitest';
import { dayMs, hourMs, iso, minuteMs, utcMinute } from '../../../lambda/foundation/clock.ts';
import { LostRace, Unavailable, type KeyguardError } from '../../../lambda/foundation/errors.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { onboardStandbyKey } from '../../../lambda/rotation/onboard.ts';
import type { ApiKeyInfo, ProbeAnswer } from '../../../lambda/rotation/ports.ts';
import { definition, organizationId } from '../../prove/interleavings/memory.ts';
import { failure, Stage } from './stage.ts';

const now = new Stage().world.now;
const by = 'operator';
const { workspaceId, rotation } = definition;
const needed = now + rotation.intervalMs + rotation.maximumGraceMs;
const deactivates = 'keys.setStatus new inactive';

/** A key that a person made in the Console a moment ago. */
function aNewKey(deviations: ConstructorParameters<typeof Stage>[0] = {}, status: 'active' | 'inactive' = 'active'): Stage {
  const stage = new Stage(deviations);
  stage.world.create('new');
  stage.world.key('new').status = status;
  return stage;
}
const onboarded = (stage: Stage, apiKeyId?: string, value = stage.world.key('new').value) =>
  onboardStandbyKey(definition, value, apiKeyId === undefined ? { by } : { apiKeyId, by }, stage.ports);

test('a key is stored, entered behind a fence, deactivated and proven dead; then the fence is lifted', async () => {
  const stage = aNewKey();
  const record = await onboarded(stage);
  expect(stage.calls).toEqual([
    'keys.list',
    'ledger.find new',
    'probe',
    'standby.put',
    'ledger.add',
    deactivates,
    'probe',
    'ledger.replace new standby→standby',
  ]);
  expect(record).toEqual({
    schema: 1,
    apiKeyId: 'new',
    managedKey: 'production',
    state: 'standby',
    revision: 2,
    since: now,
    hint: 'sk-ant-api03-FAKE...0000',
    expiresAt: null,
    addedAt: now,
    standbyVersionId: 's-new',
    cause: { code: 'taken-in' },
    verifiedInactiveAt: now,
  });
  expect(stage.audit).toEqual([
    { apiKeyId: 'new', to: 'standby', by, because: 'being taken in' },
    {
      apiKeyId: 'new',
      to: 'standby',
      by,
      because: 'taken in: it is inactive, and Anthropic refuses its value',
      requestIds: ['anthropic new inactive'],
    },
  ]);
});

test('a key that comes inactive is not activated: killed then, nobody would know that it is active', async () => {
  const stage = aNewKey({}, 'inactive');
  expect(await failure(onboarded(stage))).toEqual({
    code: 'standby-refused',
    message: 'new is inactive, so nobody can prove its value',
    fix: 'enable it in the Console, and add it again: it is deactivated as soon as it is proven',
  });
  expect(stage.effects).toEqual([]);
});

test.each(['standby', 'rejected'] as const)(
  'an intake that was broken off and left a %s key goes on when the key is added again',
  async (state) => {
    const stage = aNewKey();
    const intent = { to: 'standby', at: now - 5 * minuteMs, cause: { code: 'being-taken-in' } } as const;
    stage.has('new', state, { status: 'active', verifiedInactive: false, ...(state === 'standby' ? { intent } : {}) });
    expect(await onboarded(stage)).toMatchObject({
      state: 'standby',
      verifiedInactiveAt: now,
      since: now,
      cause: { code: 'taken-in-again' },
    });
    expect(stage.record('new')).not.toHaveProperty('intent');
    expect(stage.effects).toEqual([
      'standby.put',
      `ledger.replace new ${state}→standby (intent)`,
      deactivates,
      'ledger.replace new standby→standby',
    ]);
  },
);

const notAKey = {
  code: 'standby-refused',
  message: 'this does not look like an Anthropic API key',
  fix: 'paste the whole key, which begins with sk-ant-api03-, and nothing else',
};

test.each([
  ['a word before it', `x sk-ant-${'a'.repeat(20)}`],
  ['a word behind it', `sk-ant-${'a'.repeat(20)} x`],
  ['a line break', `sk-ant-${'a'.repeat(20)}\n`],
  ['too few characters', `sk-ant-${'a'.repeat(19)}`],
  ['another beginning', `ant-${'a'.repeat(20)}`],
])('a paste with %s is refused before anybody is asked', async (_name, pasted) => {
  const stage = aNewKey();
  expect(await failure(onboarded(stage, undefined, new Secret(pasted)))).toEqual(notAKey);
  expect(stage.calls).toEqual([]);
});

test.each([
  ['an Admin key', 'sk-ant-admin01-', 'this is an Admin API key, which can manage the whole organization'],
  ['an OAuth token', 'sk-ant-oat01-', 'this is an OAuth access token, which ends within hours'],
  ['a Compliance key', 'sk-ant-api01-', 'this is a Compliance or scoped Admin key of Claude Enterprise'],
  ['a hint', 'sk-ant-api03-R2D...', 'this is the hint of a key as the Console shows it, not its value'],
  ['an id', 'apikey_', 'this is the id of a key, not its value'],
  ['a webhook', 'https://hooks.example.com/', 'this is an address'],
  ['a key of somebody else', 'sk-proj-', 'this is a key of another provider'],
])('%s is named as what it is, and sent nowhere', async (_name, start, message) => {
  const stage = aNewKey();
  expect(await failure(onboarded(stage, undefined, new Secret(`${start}${'a'.repeat(24)}`)))).toMatchObject({ message });
  expect(stage.calls).toEqual([]);
});

const day = { bucket: 'hour', workspaceId: 'wrkspc_batch', model: 'claude-haiku-4-5', tokens: 1_200 } as const;

test.each([
  ['in the minute before', [{ ...day, at: now - minuteMs, bucket: 'minute' }], `last used ${utcMinute(now - minuteMs)}`],
  ['six days ago', [{ ...day, at: now - 6 * dayMs }], `last used in the hour that began ${utcMinute(now - 6 * dayMs)}`],
] as const)('a key that was used %s is neither stored nor deactivated', async (_when, reported, last) => {
  const stage = aNewKey({ reported });
  const refused = await failure(onboarded(stage));
  expect(refused).toMatchObject({
    code: 'key-in-use',
    message: `new is in use, so it was neither stored nor deactivated: 1,200 tokens in the last 7 days in wrkspc_batch, with claude-haiku-4-5; ${last}`,
  });
  expect(refused.fix).toContain('npx --no-install keyguard standby add production --in-use');
  expect(stage.effects).toEqual([]);
});

test('a key of whose usage only our own records know is in use, and so may be one whose usage nobody can read', async () => {
  const seen = aNewKey({ lastTokensAt: { new: now - dayMs } });
  expect(await failure(onboarded(seen))).toMatchObject({
    code: 'key-in-use',
    message: expect.stringContaining('our own records') as string,
  });
  const unread = aNewKey({ reported: new Unavailable('usage_report.messages', '529') });
  const blind = aNewKey({ blindBecause: 'the usage report stands still' });
  for (const [stage, why] of [
    [unread, 'usage_report.messages did not succeed: 529'],
    [blind, 'the usage report stands still'],
  ] as const) {
    expect(await failure(onboarded(stage))).toMatchObject({ code: 'usage-unknown', message: expect.stringContaining(why) as string });
    expect(stage.effects).toEqual([]);
  }
});

test.each([
  ['the report stood still two hours ago, and the key is older', { known: 2 * hourMs, made: 3 * hourMs }, 'asked'],
  ['nobody was ever seen to use anything, and the key is of yesterday', { known: undefined, made: dayMs }, 'asked'],
  ['a pause of an hour and a minute, and nobody knows how old the key is', { known: hourMs + minuteMs, made: undefined }, 'asked'],
  ['a pause of an hour', { known: hourMs, made: dayMs }, 'taken'],
  ['an organization that sleeps, and the key is new', { known: undefined, made: hourMs }, 'taken'],
  ['a clock that runs behind Anthropic’s', { known: 2 * hourMs, made: -minuteMs }, 'taken'],
] as const)('whether a silent key is taken in without a question: %s', async (_case, { known, made }, outcome) => {
  const infos = made === undefined ? {} : { new: { createdAt: now - made } };
  const stage = aNewKey({ usageKnownUntil: known === undefined ? 0 : now - known, infos });
  if (outcome === 'taken') {
    expect(await onboarded(stage)).toMatchObject({ state: 'standby' });
    return;
  }
  const refused = await failure(onboarded(stage));
  expect(refused.code).toBe('usage-unknown');
  expect(refused.message).toContain(known === undefined ? 'were ever visible' : `are visible since ${utcMinute(now - known)}`);
  expect(refused.fix).toContain('npx --no-install keyguard standby add production --in-use');
  expect(stage.effects).toEqual([]);
});

test('a key in use is taken in where somebody was asked and says so, and its record is as young as the answer', async () => {
  const stage = aNewKey({ reported: [{ ...day, at: now - minuteMs }] });
  const { value } = stage.world.key('new');
  const asked: string[] = [];
  const answers = (yes: boolean) => async (found: KeyguardError, apiKeyId: string) => {
    asked.push(`${found.code} ${apiKeyId}`);
    stage.world.now += 10 * minuteMs;
    return yes;
  };
  expect(await failure(onboardStandbyKey(definition, value, { by, inUse: answers(false) }, stage.ports))).toMatchObject({
    code: 'key-in-use',
  });
  expect(stage.effects).toEqual([]);
  const record = await onboardStandbyKey(definition, value, { by, inUse: answers(true) }, stage.ports);
  expect(record).toMatchObject({ state: 'standby', since: now + 20 * minuteMs, addedAt: now + 20 * minuteMs });
  expect(asked).toEqual(['key-in-use new', 'key-in-use new']);
});

test('every character that a key can have is accepted', async () => {
  const stage = aNewKey({ infos: { new: { hint: 'sk-ant-...AzZ09_-' } } });
  const pasted = new Secret(`sk-ant-${'x'.repeat(13)}aAzZ09_-`);
  expect(await failure(onboarded(stage, undefined, pasted))).toMatchObject({
    message: expect.stringContaining('could not be proven') as string,
  });
});

test('a value that fits no key is refused, saying whether one key was meant or any', async () => {
  const fix = 'check the organization in keyguard.json, and that the whole key was pasted';
  const code = 'standby-refused';
  const stage = aNewKey({ infos: { new: { hint: 'sk-ant-api03-OTH...AAAA' } } });
  expect(await failure(onboarded(stage))).toEqual({
    code,
    message: "the value's start and end do not fit any active or inactive key of this organization",
    fix,
  });
  expect(await failure(onboarded(aNewKey(), 'another'))).toEqual({ code, message: "the value's start and end do not fit another", fix });
});

test.each(['archived', 'expired'] as const)(
  'the value of a key that is %s is told as that, and not as one of another organization',
  async (status) => {
    for (const apiKeyId of [undefined, 'new']) {
      expect(await failure(onboarded(aNewKey({ infos: { new: { status } } }), apiKeyId))).toEqual({
        code: 'standby-refused',
        message: `the value fits only new (new), which is ${status}, and never works again`,
        fix: 'make a new key in the Console, and paste its value',
      });
    }
  },
);

test('a value that fits several keys is refused with their ids and names; the id says which one it is', async () => {
  const stage = aNewKey({ infos: { twin: { name: 'the twin' } } });
  stage.world.create('twin');
  expect(await failure(onboarded(stage))).toEqual({
    code: 'standby-refused',
    message: 'the value fits 2 keys: new (new), twin (the twin)',
    fix: 'say which one it is: --api-key-id apikey_…',
  });
  expect(stage.effects).toEqual([]);
  expect(await onboarded(stage, 'new')).toMatchObject({ apiKeyId: 'new' });
});

test.each(['archived', 'expired', 'unknown'] as const)('a key that is %s is not among those that a value can fit', async (status) => {
  const stage = aNewKey({ infos: { twin: { status } } });
  stage.world.create('twin');
  expect(await onboarded(stage)).toMatchObject({ apiKeyId: 'new' });
});

test.each([
  ['standby', { managedKey: 'staging', verifiedInactive: false }, 'nothing; see it with npx --no-install keyguard standby list staging'],
  ['rejected', { managedKey: 'staging', verifiedInactive: false }, 'make a new key in the Console'],
  ['standby', {}, 'nothing; see it with npx --no-install keyguard standby list production'],
  ['rejected', {}, 'make a new key in the Console'],
  [
    'current',
    { verifiedInactive: false },
    'make a new key in the Console; this one is replaced by npx --no-install keyguard rotate production',
  ],
  ['draining', { managedKey: 'staging' }, 'make a new key in the Console; this one is deactivated by itself when nobody uses it any more'],
] as const)('a key that is %s elsewhere, or whose intake was finished (%j), is not taken in again', async (state, changes, fix) => {
  const stage = new Stage();
  stage.has('new', state, { status: 'active', ...changes });
  expect(await failure(onboarded(stage))).toMatchObject({ message: expect.stringContaining('is already known') as string, fix });
  expect(stage.effects).toEqual([]);
});

test('a key that is known already is refused with where it is', async () => {
  const stage = new Stage();
  stage.has('new', 'rejected', { managedKey: 'staging' });
  expect(await failure(onboarded(stage))).toEqual({
    code: 'standby-refused',
    message: 'new is already known: rejected of staging',
    fix: 'make a new key in the Console',
  });
});

test('an intake that may still be going on is left to whoever began it', async () => {
  const stage = aNewKey();
  const intent = { to: 'standby', at: now - 5 * minuteMs + 1, cause: { code: 'being-taken-in' } } as const;
  stage.has('new', 'standby', { status: 'active', verifiedInactive: false, intent });
  expect(await failure(onboarded(stage))).toEqual({
    code: 'standby-refused',
    message: 'new is being taken in this moment',
    fix: 'if that was broken off, add it again in five minutes',
  });
  expect(stage.effects).toEqual([]);
});

test('that other keys are known does not matter', async () => {
  const stage = aNewKey({ infos: { other: { hint: null } } });
  stage.has('other', 'standby');
  expect(await onboarded(stage)).toMatchObject({ apiKeyId: 'new' });
});

test.each<[string, Partial<ApiKeyInfo>, string, string]>([
  ['of another workspace', { workspaceId: 'wrkspc_other' }, 'new belongs to wrkspc_other', `make the key in workspace ${workspaceId}`],
  ['of no workspace', { workspaceId: null }, 'new belongs to the whole organization', `make the key in workspace ${workspaceId}`],
  [
    'that expires too soon',
    { expiresAt: needed - 1 },
    'new expires too soon for this rotation policy: from now on it must live for a whole interval and the maximum grace',
    'make a key that lives beyond 2026-10-14',
  ],
])('a key %s is refused before it is activated or stored', async (_name, info, message, fix) => {
  const stage = aNewKey({ infos: { new: info } }, 'inactive');
  expect(await failure(onboarded(stage))).toEqual({ code: 'standby-refused', message, fix });
  expect(stage.effects).toEqual([]);
});

test('a key that acts as a person is refused unless the operator accepts that; a service account’s is taken', async () => {
  const stage = aNewKey({ infos: { new: { principal: 'user' } } });
  expect(await failure(onboarded(stage))).toEqual({
    code: 'standby-refused',
    message: 'new acts as a person, and dies when that person leaves the organization',
    fix: 'make the key for a service account in the Console; to take this one all the same: --accept-user-key',
  });
  expect(stage.effects).toEqual([]);
  const { value } = stage.world.key('new');
  expect(await failure(onboardStandbyKey(definition, value, { userKey: 'refused', by }, stage.ports))).toMatchObject({
    code: 'standby-refused',
  });
  expect(await onboardStandbyKey(definition, value, { userKey: 'accepted', by }, stage.ports)).toMatchObject({ state: 'standby' });
  expect(await onboarded(aNewKey({ infos: { new: { principal: 'service account' } } }))).toMatchObject({ state: 'standby' });
});

test('a key that lives just long enough is taken, with its expiry', async () => {
  const stage = aNewKey({ infos: { new: { expiresAt: needed } } });
  expect(await onboarded(stage)).toMatchObject({ expiresAt: needed });
});

test('a key must live long enough from the rotation on that takes it', async () => {
  const takenAt = now + 31 * dayMs;
  const lives = async (expiresAt: number, at = takenAt) => {
    const stage = aNewKey({ infos: { new: { expiresAt } } });
    const { value } = stage.world.key('new');
    const intake = onboardStandbyKey(definition, value, { by, takenAt: at }, stage.ports);
    return { stage, intake };
  };
  const short = await lives(needed + 31 * dayMs - 1);
  expect(await failure(short.intake)).toEqual({
    code: 'standby-refused',
    message: `new expires too soon for this rotation policy: from the rotation that takes it (${utcMinute(takenAt)}) on it must live for a whole interval and the maximum grace`,
    fix: `make a key that lives beyond ${iso(needed + 31 * dayMs).slice(0, 10)}`,
  });
  expect(short.stage.effects).toEqual([]);
  expect(await (await lives(needed + 31 * dayMs)).intake).toMatchObject({ state: 'standby' });
  // A rotation that is late takes it now.
  expect(await (await lives(needed, now - dayMs)).intake).toMatchObject({ state: 'standby' });
});

const accepted: ProbeAnswer = { answer: 'accepted', organizationId, workspaceId };

test.each<[string, ProbeAnswer, string, string]>([
  [
    'belongs to another organization',
    { ...accepted, organizationId: 'org-other' },
    'the key belongs to another organization',
    'check anthropic.organizationId in keyguard.json',
  ],
  [
    'answers for another workspace',
    { ...accepted, workspaceId: 'wrkspc_other' },
    'the key answers for workspace wrkspc_other',
    `make the key in workspace ${workspaceId}`,
  ],
  [
    'is refused for half a minute',
    { answer: 'refused' },
    'new could not be proven: Anthropic refuses the value (401)',
    'check that the key is active in the Console and that it was pasted whole',
  ],
  [
    'is not answered for',
    { answer: 'unclear', why: 'overloaded' },
    'new could not be proven: overloaded',
    'check that the key is active in the Console and that it was pasted whole',
  ],
])('a key whose value %s is refused, and stored nowhere', async (_name, answer, message, fix) => {
  const active = aNewKey({ probe: () => answer });
  expect(await failure(onboarded(active))).toEqual({ code: 'standby-refused', message, fix });
  expect(active.effects).toEqual([]);
});

test('an answer that names neither organization nor workspace contradicts nothing', async () => {
  const anonymous: ProbeAnswer = { answer: 'accepted', organizationId: 'organization', workspaceId: null };
  const stage: Stage = aNewKey({ probe: () => (stage.world.key('new').status === 'active' ? anonymous : undefined) });
  expect(await onboarded(stage)).toMatchObject({ state: 'standby' });
});

test('a key that Anthropic refuses for a moment is waited for, half a minute at the most', async () => {
  let asked = 0;
  const soon = aNewKey({ probe: () => ((asked += 1) < 3 ? { answer: 'refused' } : undefined) });
  await onboarded(soon);
  expect(soon.world.now).toBe(now + 4_000);
  const never = aNewKey({ probe: () => ({ answer: 'refused' }) });
  await failure(onboarded(never));
  expect(never.world.now).toBe(now + 30_000);
  expect(never.calls.filter((call) => call === 'probe')).toHaveLength(16);
});

test('a value that answers on belongs to another key: this one is active again, and known to nobody', async () => {
  const stage = aNewKey({ probe: () => accepted });
  expect(await failure(onboarded(stage))).toEqual({
    code: 'standby-refused',
    message: 'new is set inactive, but Anthropic still accepts the value: the value belongs to another key',
    fix: 'the key is back as it was; look at the hints in the Console and give the right --api-key-id',
  });
  expect(stage.world.records.has('new')).toBe(false);
  expect(stage.world.key('new').status).toBe('active');
  // Before it is activated its record says so: killed then, whoever comes next deactivates it again.
  expect(stage.audit.at(-2)).toEqual({ apiKeyId: 'new', to: 'standby', by, because: 'not taken in' });
  expect(stage.audit.at(-1)).toEqual({
    apiKeyId: 'new',
    to: 'forgotten',
    by,
    because: 'not taken in: the value belongs to another key',
    requestIds: ['anthropic new inactive', 'anthropic new active'],
  });
});

test('an intake that is held up after its fence changes nothing at Anthropic any more', async () => {
  const early = aNewKey();
  const { ledger } = early.ports;
  const add: typeof ledger.add = async (record, who) => {
    await ledger.add(record, who);
    early.world.now += 3 * minuteMs;
  };
  const held = onboardStandbyKey(definition, early.world.key('new').value, { by }, { ...early.ports, ledger: { ...ledger, add } });
  expect(await failure(held)).toMatchObject({ code: 'busy' });
  expect(early.world.key('new').status).toBe('active');
});

test('a key that is none of ours is given back, however long the proof took, unless somebody went on with it', async () => {
  const slow = (meanwhile: (stage: Stage) => void): Stage => {
    const stage: Stage = aNewKey({
      probe: () => {
        if (stage.world.key('new').status === 'inactive') meanwhile(stage);
        return accepted;
      },
    });
    return stage;
  };
  const late = slow(({ world }) => void (world.now += 3 * minuteMs));
  expect(await failure(onboarded(late))).toMatchObject({ code: 'standby-refused' });
  expect([late.world.key('new').status, late.world.records.has('new')]).toEqual(['active', false]);
  const lost = slow(({ world }) => {
    const record = world.records.get('new');
    if (record !== undefined) world.records.set('new', { ...record, revision: 9 });
  });
  await expect(onboarded(lost)).rejects.toThrow(LostRace);
  expect(lost.world.key('new').status).toBe('inactive');
});
