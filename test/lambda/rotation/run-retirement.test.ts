import { expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { KeyguardError, LostRace, Unavailable } from '../../../lambda/foundation/errors.ts';
import { watchedKinds, type RetirementPorts } from '../../../lambda/rotation/ports.ts';
import { runRetirement } from '../../../lambda/rotation/run-retirement.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { Stage } from './stage.ts';
import { said } from '../../support/causes.ts';

const nothing = { retired: 0, archived: 0, returned: 0, putToSleep: 0, waiting: 0, resumed: 0, failed: 0 };
const now = new Stage().world.now;

function healthy(deviations: ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  stage.has('next', 'standby');
  return stage;
}

/** The ports, but for a call that fails. */
function failing(stage: Stage, call: 'list' | 'setStatus' | 'update' | 'start', error: Error): RetirementPorts {
  const { ports } = stage;
  const fails = async (): Promise<never> => {
    throw error;
  };
  switch (call) {
    case 'list':
      return { ...ports, keys: { ...ports.keys, list: fails } };
    case 'setStatus':
      return { ...ports, keys: { ...ports.keys, setStatus: fails } };
    case 'update':
      return { ...ports, watch: { ...ports.watch, update: fails } };
    case 'start':
      return { ...ports, rotations: { start: fails } };
  }
}

test('a beat over healthy keys changes nothing, and people are told that all is well', async () => {
  const stage = healthy();
  expect(await runRetirement(stage.ports)).toEqual(nothing);
  expect(stage.effects).toEqual([]);
  expect(stage.settled).toEqual([{ found: [], left: [], kinds: watchedKinds }]);
});

test('a switch that a killed rotation left unrecorded is recorded first', async () => {
  const stage = new Stage();
  stage.has('old', 'current');
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  stage.has('pool', 'standby');
  await runRetirement(stage.ports);
  expect(stage.effects).toEqual(['ledger.replace old current→draining', 'ledger.replace next pending→current']);
  expect(stage.audit).toMatchObject([{ by: 'retirement' }, { by: 'retirement' }]);
});

test('the evidence of usage reaches each key: a silent one retires, a used one waits', async () => {
  const stage = healthy({ lastTokensAt: { used: now - 30 * minuteMs } });
  stage.has('silent', 'draining');
  stage.has('used', 'draining');
  expect(await runRetirement(stage.ports)).toEqual({ ...nothing, retired: 1, waiting: 1 });
  expect([stage.record('silent').state, stage.record('used').state]).toEqual(['inactive', 'draining']);
});

test('revoked keys go first, and every key is inactive before the first proof of revocation', async () => {
  const stage = healthy({ probe: () => ({ answer: 'unclear', why: 'overloaded' }) });
  stage.has('silent', 'draining');
  for (const key of ['stolen', 'stolen too']) {
    stage.has(key, 'draining', { switchedAt: now, revokeRequest: { at: now, by: 'operator', because: 'stolen' } });
  }
  expect(await runRetirement(stage.ports)).toEqual({ ...nothing, failed: 3 });
  const calls = stage.calls.filter((call) => call.startsWith('keys.setStatus') || call === 'probe');
  expect(calls.slice(0, 4)).toEqual([...['stolen', 'stolen too', 'silent'].map((key) => `keys.setStatus ${key} inactive`), 'probe']);
});

test('a use that comes to light between two reads of the usage report is not missed', async () => {
  const stage = healthy();
  const read: string[] = [];
  const { usage } = stage.ports;
  const ports = {
    ...stage.ports,
    usage: {
      knownUntil: () => (read.push('knownUntil'), usage.knownUntil()),
      lastUses: () => (read.push('lastUses'), usage.lastUses()),
    },
  };
  await runRetirement(ports);
  expect(read).toEqual(['knownUntil', 'lastUses']);
});

test('what people must know is told before a minute is spent on a key that will not die', async () => {
  const stage = healthy({ probe: () => ({ answer: 'accepted', organizationId: 'organization', workspaceId: null }) });
  stage.has('undead', 'draining');
  let toldAt = 0;
  const { watch } = stage.ports;
  const update: typeof watch.update = async (...found) => {
    toldAt = stage.world.now;
    await watch.update(...found);
  };
  await runRetirement({ ...stage.ports, watch: { ...watch, update } });
  expect([toldAt, stage.world.now - now >= minuteMs]).toEqual([now, true]);
});

test('keys that will not die take turns, so that each of them is tried although the time is short', async () => {
  const intent = { to: 'inactive', at: now - hourMs, cause: { code: 'grace-over', end: 'silent' } } as const;
  const firstProven = async (beat: number): Promise<string | undefined> => {
    const stage = healthy();
    stage.world.now += beat * 5 * minuteMs;
    for (const key of ['a', 'b', 'c']) stage.has(key, 'draining', { intent });
    await runRetirement(stage.ports);
    return stage.calls.find((call) => call.startsWith('secrets.read'));
  };
  expect(new Set([await firstProven(0), await firstProven(1), await firstProven(2)]).size).toBe(3);
});

test('one key’s failure does not hold up the others, and is logged without what Anthropic said', async () => {
  const stage = healthy();
  stage.has('first', 'draining');
  stage.has('abandoned', 'pending', { status: 'inactive' });
  const tally = await runRetirement(failing(stage, 'setStatus', new Error('sk-ant-api03-FAKE in a body')));
  expect(tally).toEqual({ ...nothing, failed: 1, returned: 1 });
  expect(stage.logged).toEqual([{ event: 'retirement.failed', fields: { what: 'first', error: 'Error' } }]);
});

test('a lost race is no failure: whoever won goes on with the key', async () => {
  const stage = healthy();
  stage.has('old', 'draining');
  expect(await runRetirement(failing(stage, 'setStatus', new LostRace('old')))).toEqual(nothing);
  expect(stage.logged).toEqual([]);
});

test('a rotation that failed is started again, and one that cannot be started is a failure of its own', async () => {
  const failed = {
    failedRotations: new Map([['production', { openedAt: now - hourMs, at: now - hourMs, facts: { cause: said('failed') } }]]),
  };
  expect(await runRetirement(healthy(failed).ports)).toEqual({ ...nothing, resumed: 1 });
  const stage = healthy(failed);
  expect(await runRetirement(failing(stage, 'start', new Unavailable('RotateSecret', 'throttled')))).toEqual({ ...nothing, failed: 1 });
  expect(stage.logged).toEqual([
    {
      event: 'retirement.failed',
      fields: { what: 'rotation of production', error: 'unavailable: RotateSecret did not succeed: throttled' },
    },
  ]);
});

test('while a managed key is paused, its old keys stay and its rotation is not started', async () => {
  const pausedBeat = async (managedKey: string) => {
    const stage = healthy({
      failedRotations: new Map([['production', { openedAt: now - hourMs, at: now - hourMs, facts: { cause: said('failed') } }]]),
    });
    stage.has('old', 'draining');
    stage.world.paused = { schema: 1, managedKey, at: now, by: 'operator', because: 'a freeze' };
    return runRetirement(stage.ports);
  };
  expect(await pausedBeat('production')).toEqual(nothing);
  expect(await pausedBeat('staging')).toEqual({ ...nothing, retired: 1, resumed: 1 });
});

test('what people must know is what was found, before it was mended', async () => {
  const stage = healthy();
  stage.has('woken', 'standby', { status: 'active' });
  expect(await runRetirement(stage.ports)).toEqual({ ...nothing, putToSleep: 1 });
  expect(stage.settled).toMatchObject([{ found: [{ kind: 'key-changed', managedKey: 'production' }], left: [] }]);
});

test('people who cannot be told are a failure of the beat', async () => {
  const stage = healthy();
  expect(await runRetirement(failing(stage, 'update', new TypeError('no table')))).toEqual({ ...nothing, failed: 1 });
  expect(stage.logged).toEqual([{ event: 'retirement.failed', fields: { what: 'what people must know', error: 'TypeError' } }]);
});

test('a managed key whose secret cannot be read is left as it is, and does not hold up the others', async () => {
  const stage = healthy();
  stage.has('old', 'draining');
  stage.has('foreign', 'draining', { managedKey: 'staging' });
  const staging = { ...definition, name: 'staging', secretName: 'staging' };
  const { ports } = stage;
  const tally = await runRetirement({
    ...ports,
    directory: { ...ports.directory, all: async () => [staging, definition] },
    secrets: {
      ...ports.secrets,
      describe: async (secretName) => {
        if (secretName === 'staging') throw new Unavailable('DescribeSecret', 'throttled');
        return ports.secrets.describe(secretName);
      },
    },
  });
  expect(tally).toEqual({ ...nothing, retired: 1, failed: 1 });
  expect(stage.record('foreign').state).toBe('draining');
  expect(stage.settled).toEqual([{ found: [], left: ['staging'], kinds: watchedKinds }]);
  expect(stage.logged[0]?.fields).toMatchObject({ what: 'staging' });
});

test('of a removed managed key the keys that are still active are named; nothing is done to them', async () => {
  const stage = healthy({ infos: { 'gone-lost': 'gone' } });
  stage.has('gone-lost', 'draining', { managedKey: 'gone' });
  stage.has('gone-one', 'draining', { managedKey: 'gone' });
  stage.has('gone-two', 'current', { managedKey: 'gone' });
  stage.has('gone-asleep', 'inactive', { managedKey: 'gone', since: now - 30 * dayMs });
  stage.has('lost', 'current', { managedKey: 'lost' });
  expect(await runRetirement(stage.ports)).toEqual(nothing);
  const left = (apiKeyId: string, managedKey: string) => ({
    grade: 'left-active',
    apiKeyId,
    cause: { code: 'left-active', apiKeyId, managedKey } as const,
  });
  const changes = [left('gone-one', 'gone'), left('gone-two', 'gone')];
  expect(stage.settled[0]?.found).toEqual([
    {
      kind: 'key-changed',
      managedKey: 'gone',
      facts: { ...changes[0], cause: { code: 'changes', changes: changes.map(({ cause }) => cause) }, changes },
    },
    { kind: 'key-changed', managedKey: 'lost', facts: left('lost', 'lost') },
  ]);
});

test('while Anthropic does not answer, no key is touched, and people are told what AWS alone shows', async () => {
  const stage = new Stage({
    failedRotations: new Map([['production', { openedAt: now - hourMs, at: now - hourMs, facts: { cause: said('overloaded') } }]]),
  });
  stage.has('current', 'current', { labels: ['AWSCURRENT'], since: now - 400 * dayMs, servedSince: now - 400 * dayMs });
  stage.has('silent', 'draining');
  stage.has('next', 'standby');
  const ports = failing(stage, 'list', new Unavailable('api_keys.list', '503'));
  expect(await runRetirement(ports)).toEqual({ ...nothing, resumed: 1, failed: 1 });
  expect(stage.effects).toEqual(['rotations.start']);
  expect(stage.calls.filter((call) => call.startsWith('keys.'))).toEqual([]);
  expect(stage.settled.map(({ found, kinds }) => [found.map(({ kind }) => kind), kinds])).toEqual([
    [['rotation-overdue'], ['straggler', 'rotation-overdue', 'pool-low', 'key-expiring', 'replica-behind']],
  ]);
  expect(stage.logged).toContainEqual({
    event: 'retirement.failed',
    fields: { what: 'the list of API keys', error: expect.any(String) as unknown },
  });
});

test('while Anthropic does not answer, a last key that was cut off is told, and no other one is taken for dead', async () => {
  const stage = new Stage();
  stage.has('cut', 'contained', { labels: ['AWSCURRENT'], since: now - hourMs });
  await runRetirement(failing(stage, 'list', new Unavailable('api_keys.list', '503')));
  expect(stage.settled.flatMap(({ found }) => found.map(({ kind, facts }) => [kind, facts.grade]))).toEqual([
    ['current-key-dead', 'cut-off'],
  ]);
  const alive = healthy();
  await runRetirement(failing(alive, 'list', new Unavailable('api_keys.list', '503')));
  expect(alive.settled.flatMap(({ found }) => found)).toEqual([]);
});

test('a list that is behind accuses nobody: what it shows as changed is asked for once more', async () => {
  const stage = healthy();
  stage.has('old', 'inactive', { since: now - hourMs });
  stage.has('woken', 'inactive', { since: now - hourMs, status: 'active' });
  const { keys } = stage.ports;
  const behind = async () =>
    (await keys.list()).map((info) => ({ ...info, status: info.apiKeyId === 'old' ? ('active' as const) : info.status }));
  await runRetirement({ ...stage.ports, keys: { ...keys, list: behind } });
  expect(stage.settled.flatMap(({ found }) => found.map(({ facts }) => [facts.apiKeyId, facts.changes]))).toEqual([['woken', undefined]]);
  // One that is gone since, too.
  const gone = new Stage();
  gone.has('current', 'current', { labels: ['AWSCURRENT'], since: now - hourMs });
  gone.has('next', 'standby');
  const { ports } = gone;
  const late = { ...ports.keys, list: async () => (await ports.keys.list()).map((info) => ({ ...info, status: 'inactive' as const })) };
  await runRetirement({ ...ports, keys: { ...late, retrieve: async () => 'gone' as const } });
  expect(gone.settled.flatMap(({ found }) => found.map(({ kind, facts }) => [kind, facts.cause]))).toEqual([
    ['current-key-dead', expect.objectContaining({ code: 'current-key-dead', status: 'gone' })],
  ]);
});

test.each<[string, Error]>([
  ['fails', new Unavailable('api_keys.retrieve', '503')],
  ['meets another organization', new KeyguardError('other-organization', 'the admin credential leads to another organization', 'mend it')],
])('of a key whose second look %s nothing is told or noted, its incidents stay, and other keys are told', async (_how, error) => {
  const stage = healthy();
  stage.has('woken', 'inactive', { since: now - hourMs, status: 'active' });
  stage.has('other', 'inactive', { since: now - hourMs, status: 'active' });
  stage.world.inConsole('current', 'inactive');
  const { keys } = stage.ports;
  const retrieve: typeof keys.retrieve = async (apiKeyId) => {
    if (apiKeyId !== 'other') throw error;
    return keys.retrieve(apiKeyId);
  };
  expect(await runRetirement({ ...stage.ports, keys: { ...keys, retrieve } })).toMatchObject({ retired: 0, failed: 2 });
  const failures = stage.logged.filter(({ event }) => event === 'retirement.failed').map(({ fields }) => fields);
  expect(failures).toMatchObject([{ what: 'a second look at woken' }, { what: 'a second look at current' }]);
  expect(stage.settled.map(({ found, left }) => [found.map(({ facts }) => facts.apiKeyId), left])).toEqual([[['other'], ['production']]]);
  expect(stage.record('current')).not.toHaveProperty('foundDeadAt');
  expect(stage.record('woken')).not.toHaveProperty('reactivatedAt');
});
