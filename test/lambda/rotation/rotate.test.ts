import { describe, expect, test } from 'vitest';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { dayMs } from '../../../lambda/foundation/clock.ts';
import { KeyguardError, LostRace, Unavailable } from '../../../lambda/foundation/errors.ts';
import { LostKeyRace, type RotationPorts, type SecretDescription } from '../../../lambda/rotation/ports.ts';
import { rotationStep } from '../../../lambda/rotation/rotate.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { failure, Stage } from './stage.ts';
import { said } from '../../support/causes.ts';

type StepName = 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
const token = 't-new';
const event = (Step: string) => ({ Step, SecretId: definition.secretName, ClientRequestToken: token });
const step = (stage: Stage, name: StepName, ports: RotationPorts = stage.ports) => rotationStep(event(name), ports);

/** Consumers read `current`, `next` waits in the pool, and a rotation has begun. */
function begun(deviations: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'standby');
  stage.world.register(token);
  return stage;
}

/** The candidate is claimed, active and stored. */
function created(deviations: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  return stage;
}

/** The ports, and what is so at each look at the secret: the first one is 1. */
function looking(stage: Stage, at: (look: number) => Partial<SecretDescription> | undefined): RotationPorts {
  const { secrets } = stage.ports;
  let looks = 0;
  const describe: typeof secrets.describe = async (secretId) => {
    looks += 1;
    const change = at(looks);
    return { ...(await secrets.describe(secretId)), ...change };
  };
  return { ...stage.ports, secrets: { ...secrets, describe } };
}

const standbyLabels = (stage: Stage): readonly string[] => [...stage.world.standbyVersions.values()].flatMap(({ labels }) => [...labels]);
const succeeded = { kind: 'rotation-failed', managedKey: 'production', end: 'switched' };
const doneLog = (name: StepName) => ({ event: 'rotation.step-done', fields: { step: name, managedKey: 'production', token } });

test('the four steps in order make the standby key current and leave the old one in its grace', async () => {
  const stage = begun();
  for (const name of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const) await step(stage, name);
  expect(stage.effects).toEqual([
    'ledger.replace next standby→pending',
    'keys.setStatus next active',
    'ledger.replace next pending→pending',
    'secrets.putPending',
    'ledger.replace next pending→pending (intent)',
    'secrets.promote',
    'ledger.replace current current→draining',
    'ledger.replace next pending→current',
    'alarm.clear',
    'secrets.freeStandbyLabels',
  ]);
  expect(stage.world.currentKey()).toBe('next');
  expect(stage.audit.at(-1)).toEqual({
    apiKeyId: 'next',
    to: 'current',
    by: 'rotation',
    because: 'AWSCURRENT moved to it',
    requestIds: ['aws promote'],
  });
  expect(stage.cleared).toEqual([succeeded]);
  expect(stage.logged).toEqual([
    doneLog('createSecret'),
    doneLog('setSecret'),
    doneLog('testSecret'),
    { event: 'rotation.switched', fields: { managedKey: 'production', token } },
    doneLog('finishSecret'),
  ]);
  expect(stage.world.violations).toEqual([]);
});

test('the first rotation of a secret moves AWSCURRENT from nowhere', async () => {
  const stage = new Stage();
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  await step(stage, 'finishSecret');
  expect(stage.world.currentKey()).toBe('next');
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', 'createSecret'],
  ['no step', { ...event('createSecret'), Step: undefined }],
  ['an empty step', event('')],
])('an event that is %s is refused: it has no Step', async (_name, wrong) => {
  const stage = begun();
  expect(await failure(rotationStep(wrong, stage.ports))).toEqual({
    code: 'not-a-rotation-event',
    message: 'the event has no Step',
    fix: 'only Secrets Manager calls this function',
  });
  expect(stage.calls).toEqual([]);
});

test.each(['SecretId', 'ClientRequestToken'])('an event without %s is refused', async (name) => {
  const message = `the event has no ${name}`;
  expect(await failure(rotationStep({ ...event('createSecret'), [name]: 7 }, begun().ports))).toMatchObject({ message });
});

test('an unknown step is refused with those that are known', async () => {
  expect(await failure(rotationStep(event('cleanSecret'), begun().ports))).toEqual({
    code: 'unknown-step',
    message: 'unknown step "cleanSecret"',
    fix: 'one of createSecret, setSecret, testSecret, finishSecret',
  });
});

test('a secret of somebody else is refused before anything is read of it', async () => {
  const stage = begun();
  const directory = { ...stage.ports.directory, bySecret: async () => undefined };
  expect(await failure(step(stage, 'createSecret', { ...stage.ports, directory }))).toEqual({
    code: 'foreign-secret',
    message: `${definition.secretName} is no managed key of this installation`,
    fix: 'point its rotation at its own function',
  });
  expect(stage.calls).toEqual([]);
});

test('a secret whose rotation is switched off is refused', async () => {
  const stage = begun({ secret: { rotationEnabled: false } });
  expect(await failure(step(stage, 'createSecret'))).toEqual({
    code: 'rotation-disabled',
    message: 'rotation is not enabled for production',
    fix: 'deploy again, or enable rotation of the secret',
  });
  expect(stage.effects).toEqual([]);
});

test.each([
  ['is no version of this secret', new Map<string, string[]>()],
  ['is not labelled AWSPENDING', new Map([[token, ['AWSPREVIOUS']]])],
])('a token that %s is refused in each step, claimed or not, and nobody is alarmed', async (problem, stages) => {
  // Secrets Manager may go on with a rotation whose label somebody has taken off (hashicorp/terraform-provider-aws PR 9487).
  const calls: readonly [StepName, Stage][] = [
    ['createSecret', begun({ secret: { stages } })],
    ...(['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const).map((name): [StepName, Stage] => [
      name,
      created({ secret: { stages } }),
    ]),
  ];
  for (const [name, stage] of calls) {
    expect(await failure(step(stage, name))).toEqual({
      code: 'unknown-token',
      message: `version ${token} of production ${problem}`,
      fix: 'nothing: this call changed nothing',
    });
    expect(stage.effects).toEqual([]);
  }
});

test.each(['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const)(
  '%s of a rotation that is over records what is still owed, and only the last step calls the alarm off',
  async (name) => {
    const stage = new Stage();
    stage.has('old', 'current');
    stage.has('next', 'pending', { token, labels: ['AWSCURRENT', 'AWSPENDING'] });
    await step(stage, name);
    expect(stage.effects).toEqual([
      'ledger.replace old current→draining',
      'ledger.replace next pending→current',
      ...(name === 'finishSecret' ? ['alarm.clear'] : []),
      'secrets.freeStandbyLabels',
    ]);
    expect(stage.audit).toMatchObject([{ by: 'rotation' }, { by: 'rotation' }]);
    expect(stage.cleared).toEqual(name === 'finishSecret' ? [succeeded] : []);
  },
);

test('labels are freed of keys that have left the pool, and of no others', async () => {
  const stage = new Stage();
  stage.has('used', 'inactive');
  stage.has('waiting', 'standby');
  stage.has('claimed', 'pending');
  stage.has('foreign', 'current', { managedKey: 'staging' });
  // Its intake was broken off: it is stored, and adding it again stores nothing new.
  stage.has('unfinished', 'rejected', { verifiedInactive: false });
  // Until somebody puts it away, its label says that it is ours.
  stage.has('bad', 'rejected');
  stage.has('removed', 'archived');
  stage.has('next', 'current', { token, labels: ['AWSCURRENT'] });
  await step(stage, 'setSecret');
  expect(standbyLabels(stage)).toEqual(['standby-waiting', 'standby-claimed', 'standby-foreign', 'standby-unfinished', 'standby-bad']);
});

test('createSecret that is called again has nothing to do: the version holds its value', async () => {
  const stage = created();
  stage.world.paused = { schema: 1, managedKey: 'production', at: 0, by: 'operator', because: 'a freeze' };
  await step(stage, 'createSecret');
  expect(stage.effects).toEqual([]);
});

test('a switch that a killed rotation left unrecorded is recorded before the next key is claimed', async () => {
  const stage = new Stage();
  stage.has('old', 'current');
  stage.has('current', 'pending', { labels: ['AWSCURRENT'] });
  stage.has('next', 'standby');
  stage.world.register(token);
  await step(stage, 'createSecret');
  expect(stage.effects.slice(0, 3)).toEqual([
    'ledger.replace old current→draining',
    'ledger.replace current pending→current',
    'ledger.replace next standby→pending',
  ]);
  expect(stage.audit[0]).toMatchObject({ by: 'rotation' });
});

test('while a managed key is paused its rotation takes no key, and nobody is alarmed', async () => {
  const stage = begun();
  stage.world.paused = { schema: 1, managedKey: 'production', at: 0, by: 'operator', because: 'a freeze' };
  expect(await failure(step(stage, 'createSecret'))).toEqual({
    code: 'paused',
    message: 'production is paused: a freeze',
    fix: 'npx --no-install keyguard resume production',
  });
  expect(stage.effects).toEqual([]);
});

test('a secret that was written by hand ends the rotation before it, so that the next one can begin', async () => {
  const stage = new Stage();
  stage.has('current', 'current', { token, labels: ['AWSPENDING', 'AWSPREVIOUS'] });
  stage.has('next', 'standby');
  stage.world.versions.set('by hand', { value: stage.world.create('other'), labels: new Set(['AWSCURRENT']) });
  expect(await failure(step(stage, 'createSecret'))).toMatchObject({ code: 'candidate-lost' });
  expect([...(stage.world.versions.get(token)?.labels ?? [])]).toEqual(['AWSPREVIOUS']);
  expect(stage.raised).toMatchObject([{ kind: 'rotation-failed' }]);
  expect(stage.record('next').state).toBe('standby');
});

test('a key that is current since a moment was not replaced by hand: labels may be old', async () => {
  const stage = new Stage();
  stage.has('current', 'current', { token, labels: ['AWSPENDING'], since: stage.world.now });
  stage.world.versions.set('before', { value: stage.world.create('other'), labels: new Set(['AWSCURRENT']) });
  await step(stage, 'createSecret');
  expect(stage.world.versions.get(token)?.labels).toContain('AWSPENDING');
  expect(stage.raised).toEqual([]);
});

test('a rotation without a key alarms people with the reason and the next step', async () => {
  const stage = begun();
  stage.world.records.delete('next');
  expect(await failure(step(stage, 'createSecret'))).toMatchObject({ code: 'no-standby-key' });
  expect(stage.raised).toEqual([
    {
      kind: 'rotation-failed',
      reason: 'production cannot rotate: the pool is empty',
      fix: `make a key in the Claude Console (workspace ${definition.workspaceId}), then: npx --no-install keyguard standby add production`,
      workspaceId: definition.workspaceId,
    },
  ]);
  expect(stage.raised[0]).not.toHaveProperty('grade');
});

test.each<[string, Error, readonly string[]]>([
  ['a platform that cannot answer now', new Unavailable('GetSecretValue', 'throttled'), []],
  ['a lost race', new LostRace('next'), []],
  ['an error that nobody foresaw', new TypeError('sk-ant-api03-FAKE in a body'), ['an unexpected error; see the function log']],
])('%s fails the step, and people are told only what needs them', async (_name, error, reasons) => {
  const stage = begun();
  const read = async (): Promise<never> => {
    throw error;
  };
  await expect(step(stage, 'createSecret', { ...stage.ports, secrets: { ...stage.ports.secrets, read } })).rejects.toBe(error);
  expect(stage.raised.map(({ reason }) => reason)).toEqual(reasons);
});

test('setSecret activates a candidate that became inactive', async () => {
  const stage = created();
  stage.world.key('next').status = 'inactive';
  await step(stage, 'setSecret');
  expect(stage.effects).toEqual(['keys.setStatus next active', 'ledger.replace next pending→pending']);
});

test.each([
  ['with another key left the rotation starts again by itself', 0, 'nothing: the rotation starts again within twenty minutes'],
  ['after the second lost key people must look first', 1, expect.stringContaining('says why each was rejected') as unknown],
])('%s, and that is what people are told', async (_what, before, fix) => {
  const stage = created({ infos: { next: { status: 'archived' } } });
  stage.has('spare', 'standby');
  for (let index = 0; index < before; index += 1) stage.has(`lost-${index}`, 'rejected', { since: stage.world.now });
  expect(await failure(step(stage, 'setSecret'))).toMatchObject({ code: 'candidate-lost', fix });
});

test.each(['setSecret', 'testSecret', 'finishSecret'] as const)(
  'a candidate that is lost at %s ends this rotation and blocks no other; AWSCURRENT stays',
  async (name) => {
    const stage = created({ infos: { next: { status: 'archived' } } });
    expect(await failure(step(stage, name))).toEqual({
      code: 'candidate-lost',
      message: 'the rotation of production lost its new key: next: the key is archived',
      fix: `make a key in the Claude Console (workspace ${definition.workspaceId}), then: npx --no-install keyguard standby add production`,
    });
    // People first: killed before the last call, somebody must know that a rotation is owed.
    expect(stage.effects).toEqual([
      'ledger.replace next pending→pending (intent)',
      'ledger.replace next pending→rejected',
      'alarm.raise',
      'secrets.discardPending',
    ]);
    expect(stage.world.holder('AWSPENDING')).toBeUndefined();
    expect(stage.world.currentKey()).toBe('current');
    expect(stage.logged).toContainEqual({
      event: 'rotation.candidate-lost',
      fields: { managedKey: 'production', token, because: 'next: the key is archived' },
    });
  },
);

/** An undo that has begun, of a key that somebody archived. */
function undoOfArchived(): Stage {
  const stage = new Stage({ infos: { old: { status: 'archived' } } });
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('old', 'draining', { undoRequest: { at: stage.world.now, by: 'operator', because: 'the new one is broken' } });
  stage.has('next', 'standby');
  stage.world.register(token);
  return stage;
}

test('an undo that cannot be is told: no other key is taken, and no rotation is owed', async () => {
  const stage = undoOfArchived();
  expect(await failure(step(stage, 'createSecret'))).toEqual({
    code: 'cannot-come-back',
    message: 'the undo of production failed: old: the key is archived',
    fix: 'nothing: the key that was current still is; to move on to another key: npx --no-install keyguard rotate production --again',
  });
  expect(stage.effects).toEqual([
    'ledger.replace old draining→pending',
    'alarm.raise',
    'secrets.discardPending',
    'alarm.clear',
    'ledger.replace old pending→draining',
  ]);
  expect(stage.cleared).toEqual([{ ...succeeded, end: 'still-current' }]);
  expect(stage.logged).toEqual([
    { event: 'rotation.not-back', fields: { managedKey: 'production', token, because: 'old: the key is archived' } },
  ]);
  expect(stage.world.currentKey()).toBe('current');
});

test('an undo that cannot be neither hides nor ends an earlier failure, whose rotation is still owed', async () => {
  const stage = undoOfArchived();
  const { alarm } = stage.ports;
  await alarm.raise('rotation-failed', 'production', { cause: said('the pool was empty') });
  stage.world.now += 1;
  const asked: string[] = [];
  const lasting: typeof alarm.lasting = (kind, managedKey) => {
    asked.push(`${kind} ${managedKey}`);
    return alarm.lasting(kind, managedKey);
  };
  await failure(step(stage, 'createSecret', { ...stage.ports, alarm: { ...alarm, lasting } }));
  expect(asked).toEqual(['rotation-failed production']);
  expect([stage.raised.length, stage.cleared]).toEqual([1, []]);
});

test.each([0, 1])('a failure of this very undo, %i ms after its claim, is no earlier one: what became of it is told', async (later) => {
  const stage = new Stage({ infos: { old: { status: 'archived' } } });
  const { now } = stage.world;
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'standby', { since: now + 2 * dayMs });
  stage.has('other', 'pending', { since: now + dayMs });
  stage.has('old', 'pending', { since: now, token, labels: ['AWSPENDING'], origin: { state: 'draining', versionId: 'v-before' } });
  stage.world.now += later;
  await stage.ports.alarm.raise('rotation-failed', 'production', { cause: said('the proof took too long') });
  await failure(step(stage, 'testSecret'));
  expect(stage.raised.map(({ grade }) => grade)).toEqual([undefined, 'undo-in-vain']);
  expect(stage.cleared).toEqual([{ ...succeeded, end: 'still-current' }]);
});

test('an undo that cannot be, and whose claim was given back meanwhile, hides no earlier failure either', async () => {
  const stage = undoOfArchived();
  const { alarm } = stage.ports;
  await alarm.raise('rotation-failed', 'production', { cause: said('the pool was empty') });
  const lasting: typeof alarm.lasting = async (kind, managedKey) => {
    const { token: claim, ...rest } = stage.record('old');
    stage.world.records.set('old', { ...rest, state: 'draining' });
    return alarm.lasting(kind, managedKey);
  };
  expect(await failure(step(stage, 'createSecret', { ...stage.ports, alarm: { ...alarm, lasting } }))).toMatchObject({
    code: 'cannot-come-back',
  });
  expect([stage.raised.length, stage.cleared]).toEqual([1, []]);
});

test('AWSCURRENT does not move to a key that another run has switched to and replaced meanwhile', async () => {
  const stage = created();
  const ports = looking(stage, (look) => {
    if (look === 2) stage.world.records.set('next', { ...stage.record('next'), state: 'inactive' });
    return undefined;
  });
  await expect(step(stage, 'finishSecret', ports)).rejects.toBeInstanceOf(LostRace);
  expect([stage.effects, stage.world.currentKey()]).toEqual([[], 'current']);
});

test('an undo that cannot be, killed after people were told, is given up by its repeat like the first time', async () => {
  const stage = undoOfArchived();
  await stage.ports.alarm.raise('rotation-failed', 'production', { cause: said('told before'), grade: 'undo-in-vain' });
  await failure(step(stage, 'createSecret'));
  expect(stage.raised).toMatchObject([{ reason: 'told before' }, { grade: 'undo-in-vain' }]);
  expect(stage.cleared).toEqual([{ ...succeeded, end: 'still-current' }]);
});

test.each(['setSecret', 'testSecret', 'finishSecret'] as const)(
  'an undo whose key is lost at %s is given up as one that cannot begin',
  async (name) => {
    const stage = new Stage({ infos: { old: { status: 'archived' } } });
    stage.has('current', 'current', { labels: ['AWSCURRENT'] });
    stage.has('old', 'pending', { token, labels: ['AWSPENDING'], origin: { state: 'draining', versionId: 'v-before' } });
    expect(await failure(step(stage, name))).toMatchObject({
      code: 'cannot-come-back',
      message: 'the undo of production failed: old: the key is archived',
    });
    expect(stage.effects).toEqual(['alarm.raise', 'secrets.discardPending', 'alarm.clear', 'ledger.replace old pending→draining']);
    expect(stage.audit).toEqual([
      { apiKeyId: 'old', to: 'draining', by: 'rotation', because: 'cannot come back: old: the key is archived' },
    ]);
    expect(stage.record('old').token).toBe('v-before');
  },
);

test('AWSCURRENT does not move once somebody has stopped the schedule, and nobody is alarmed', async () => {
  const stage = created();
  const ports = looking(stage, (look) => ({ rotationEnabled: look === 1 }));
  const error = await failure(step(stage, 'finishSecret', ports));
  expect(error).toMatchObject({ code: 'rotation-disabled', message: 'rotation is not enabled for production' });
  expect([stage.effects, stage.raised]).toEqual([[], []]);
  expect(stage.world.currentKey()).toBe('current');
});

test('testSecret proves the candidate', async () => {
  const stage = created();
  await step(stage, 'testSecret');
  expect(stage.effects).toEqual([]);
  expect(stage.calls).toContain('keys.retrieve next');
});

describe('testSecret without a claim: Secrets Manager tests changed settings on a copy of the current value', () => {
  const copy = (stage: Stage, status: 'active' | 'inactive' | 'archived' = 'active'): Stage => {
    stage.world.key('current').status = status;
    stage.world.versions.set(token, { value: stage.world.key('current').value, labels: new Set(['AWSPENDING']) });
    return stage;
  };
  test.each<[string, () => Stage]>([
    ['of a key that works', () => copy(begun())],
    ['of a key that Anthropic refuses', () => copy(begun(), 'inactive')],
    ['of a key that somebody archived', () => copy(begun(), 'archived')],
    ['that is empty, where there was no value', () => begun()],
    ['that is no version, where there was no value', () => begun({ secret: { stages: new Map() } })],
    ['that has lost its label meanwhile', () => begun({ secret: { stages: new Map([[token, []]]) } })],
  ])('succeeds on a version %s, and has no effect', async (_what, make) => {
    const stage = make();
    await step(stage, 'testSecret');
    expect(stage.effects).toEqual([]);
    expect(stage.raised).toEqual([]);
    expect(stage.calls).toEqual(['ledger.of']);
    expect(stage.logged).toEqual([{ event: 'rotation.tested-without-candidate', fields: { managedKey: 'production', token } }]);
  });

  test('that cannot read the records fails, and tells nobody of a rotation', async () => {
    const stage = copy(begun());
    const of = async (): Promise<never> => {
      throw new KeyguardError('aws-refused', 'Query was refused', 'nothing');
    };
    const ports = { ...stage.ports, ledger: { ...stage.ports.ledger, of } };
    expect(await failure(step(stage, 'testSecret', ports))).toMatchObject({ code: 'aws-refused' });
    expect(stage.raised).toEqual([]);
  });
});

test('finishSecret proves the candidate once more and records an owed switch, before it moves AWSCURRENT', async () => {
  const stage = new Stage();
  stage.has('old', 'current');
  stage.has('current', 'pending', { labels: ['AWSCURRENT'] });
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  await step(stage, 'finishSecret');
  const { calls } = stage;
  expect(calls.indexOf('probe')).toBeLessThan(calls.indexOf('secrets.promote'));
  expect(stage.effects).toEqual([
    'ledger.replace old current→draining',
    'ledger.replace current pending→current',
    'ledger.replace next pending→pending (intent)',
    'secrets.promote',
    'ledger.replace current current→draining',
    'ledger.replace next pending→current',
    'alarm.clear',
    'secrets.freeStandbyLabels',
  ]);
});

/** A step that AWS refuses, while Secrets Manager still shows the labels from before the switch. */
async function refusedBehind(changes: Partial<ApiKeyRecord>): Promise<Stage> {
  const stage = new Stage({ secret: { stages: new Map([[token, ['AWSPENDING']]]) } });
  stage.has('old', 'draining', { servedSince: stage.world.now });
  stage.has('next', 'current', { token, labels: ['AWSCURRENT'], ...changes });
  const read = async (): Promise<never> => {
    throw new KeyguardError('aws-refused', 'GetSecretValue was refused', 'nothing');
  };
  const ports = { ...stage.ports, secrets: { ...stage.ports.secrets, read } };
  expect(await failure(step(stage, 'createSecret', ports))).toMatchObject({ code: 'aws-refused' });
  return stage;
}

test('a step that comes again after the switch is no failure, although the labels look old', async () => {
  const { now } = new Stage().world;
  expect((await refusedBehind({ servedSince: now })).raised).toEqual([]);
  // One that is on its way back has served before, and not by this rotation.
  expect((await refusedBehind({ state: 'pending', servedSince: now })).raised).toHaveLength(1);
  expect((await refusedBehind({ token: 't-other', servedSince: now })).raised).toHaveLength(1);
});

test('labels that cannot be freed make no failure of a rotation that succeeded', async () => {
  const stage = new Stage();
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  const denied = new KeyguardError('aws-refused', 'secretsmanager:UpdateSecretVersionStage was refused', 'deploy again');
  const freeStandbyLabels = async (): Promise<never> => {
    throw denied;
  };
  const ports = { ...stage.ports, secrets: { ...stage.ports.secrets, freeStandbyLabels } };
  await rotationStep({ Step: 'finishSecret', SecretId: definition.secretName, ClientRequestToken: token }, ports);
  expect(stage.raised).toEqual([]);
  expect(stage.cleared).toMatchObject([{ kind: 'rotation-failed' }]);
  expect(stage.logged[0]).toEqual({
    event: 'rotation.labels-left',
    fields: { managedKey: 'production', error: 'aws-refused: secretsmanager:UpdateSecretVersionStage was refused' },
  });
});

/** finishSecret that is refused, while another run of the same rotation switches at the `look`th look at the secret. */
async function refusedBeside(look: number): Promise<Stage> {
  const stage = new Stage();
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  const ports = looking(stage, (each) => {
    if (each === look) stage.world.versions.get(token)?.labels.add('AWSCURRENT');
    return undefined;
  });
  const promote = async (): Promise<never> => {
    throw new KeyguardError('aws-refused', 'secretsmanager:UpdateSecretVersionStage was refused', 'deploy again');
  };
  await failure(step(stage, 'finishSecret', { ...ports, secrets: { ...ports.secrets, promote } }));
  return stage;
}

test('what fails in one of two runs is no news once the other has switched, and is called off where both met', async () => {
  const alone = await refusedBeside(0);
  expect([alone.raised.length, alone.cleared.length]).toEqual([1, 0]);
  // The first look is the step's own, the second that before the switch.
  const late = await refusedBeside(3);
  expect([late.raised.length, late.cleared.length]).toEqual([0, 0]);
  const met = await refusedBeside(4);
  expect([met.raised.length, met.cleared]).toEqual([1, [succeeded]]);
});

test('where nobody can tell whether another run has switched, people are told of the failure', async () => {
  const stage = begun();
  const ports = looking(stage, (look) => {
    if (look > 2) throw new Unavailable('secretsmanager:DescribeSecret', 'throttled');
    return undefined;
  });
  stage.world.records.delete('next');
  expect(await failure(step(stage, 'createSecret', ports))).toMatchObject({ code: 'no-standby-key' });
  expect(stage.raised).toMatchObject([{ kind: 'rotation-failed' }]);
});

/** finishSecret, where somebody else changes the record of the candidate just before its `look`th reading. */
async function finishedBeside(
  look: number,
  change: (record: ApiKeyRecord, stage: Stage) => Partial<ApiKeyRecord>,
): Promise<{ stage: Stage; ended: unknown }> {
  const stage = new Stage();
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  const { ledger } = stage.ports;
  let looks = 0;
  const beside = <T>(read: (of: string) => Promise<T>) => {
    return (of: string): Promise<T> => {
      looks += 1;
      const record = stage.record('next');
      if (looks === look) stage.world.records.set('next', { ...record, ...change(record, stage), revision: record.revision + 1 });
      return read(of);
    };
  };
  const watched = { ...ledger, of: beside((name) => ledger.of(name)), find: beside((apiKeyId) => ledger.find(apiKeyId)) };
  const ended = await step(stage, 'finishSecret', { ...stage.ports, ledger: watched }).then(
    () => 'done',
    (error: unknown) => (error instanceof KeyguardError ? `${error.code}: ${error.message}` : error),
  );
  return { stage, ended };
}

test('AWSCURRENT does not move to a claim that was given back after its last proof', async () => {
  const at = new Stage().world.now;
  // The readings: by the proof, by the record of owed switches, and before the switch.
  const givenBack = await finishedBeside(3, () => ({ intent: { to: 'standby', at, cause: { code: 'rotation-abandoned' } } }));
  const lost = 'lost-race: the claim of version t-new was changed by another run';
  expect(givenBack.ended).toBe(lost);
  const gone = await finishedBeside(3, () => ({ state: 'standby', token: 't-other' }));
  expect(gone.ended).toBe(lost);
  const claimedAgain = await finishedBeside(3, () => ({ token: 't-other' }));
  expect(claimedAgain.ended).toBe(lost);
  for (const { stage } of [givenBack, gone, claimedAgain]) expect(stage.effects).not.toContain('secrets.promote');
});

test('that AWSCURRENT is about to move is written by each run that moves it, and not once it has moved', async () => {
  const at = new Stage().world.now;
  const intents = (stage: Stage): number => stage.effects.filter((effect) => effect.endsWith('(intent)')).length;
  const written = await finishedBeside(3, () => ({ intent: { to: 'current', at, cause: { code: 'switching' } } }));
  const current = await finishedBeside(3, () => ({ state: 'current' }));
  expect([intents(written.stage), intents(current.stage)]).toEqual([1, 0]);
  for (const { stage, ended } of [written, current]) {
    expect(ended).toBe('done');
    expect(stage.effects).toContain('secrets.promote');
    expect(stage.record('next')).not.toHaveProperty('claimBlockedUntil');
  }
});

test('AWSCURRENT does not move where another run rejected the key that was proven, and claimed another one', async () => {
  const { stage, ended } = await finishedBeside(3, (_record, beside) => {
    beside.has('other', 'pending', { token, labels: ['AWSPENDING'] });
    return { token: 't-none', state: 'rejected' };
  });
  expect(ended).toMatch(/^lost-race: /);
  expect(stage.effects).toEqual([]);
});

test('of two steps that write it at once the loser goes on from the record that won; any other failure ends it', async () => {
  const stage = new Stage();
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'pending', { token, labels: ['AWSPENDING'] });
  const { ledger } = stage.ports;
  const failsOnce = (error: Error): typeof ledger.replace => {
    let failed = false;
    return async (before, ...rest) => {
      if (failed) return ledger.replace(before, ...rest);
      failed = true;
      throw error;
    };
  };
  const broken = { ...ledger, replace: failsOnce(new TypeError('no table')) };
  await expect(step(stage, 'finishSecret', { ...stage.ports, ledger: broken })).rejects.toThrow('no table');
  stage.calls.length = 0;
  const raced = { ...ledger, replace: failsOnce(new LostKeyRace('next', stage.record('next'))) };
  await step(stage, 'finishSecret', { ...stage.ports, ledger: raced });
  expect(stage.world.currentKey()).toBe('next');
  expect(stage.calls.filter((call) => call.startsWith('ledger.find'))).toEqual(['ledger.find next']);
});
