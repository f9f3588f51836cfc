import { expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { Unavailable } from '../../../lambda/foundation/errors.ts';
import type { Snapshot } from '../../../lambda/rotation/conditions.ts';
import { startDueRotation } from '../../../lambda/rotation/start-due-rotation.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { failure, Stage } from './stage.ts';
import { inWords, said } from '../../support/causes.ts';

const now = new Stage().world.now;
const request = (at: number) => ({ at, by: 'operator', because: 'stolen' });
const started = ['rotations.start'];

/** One beat, with a current key; `standby`: whether a key is there to rotate to. */
function aStage({ standby = true, ...deviations }: { standby?: boolean } & ConstructorParameters<typeof Stage>[0] = {}): Stage {
  const stage = new Stage(deviations);
  stage.has('current', 'current', { labels: ['AWSCURRENT'] });
  if (standby) stage.has('next', 'standby');
  return stage;
}

const facts = { cause: said('the pool is empty') };

async function seen(stage: Stage, paused = false): Promise<Snapshot> {
  const snapshot = await stage.snapshot();
  const pause = { schema: 1, managedKey: definition.name, at: now, by: 'operator', because: 'a freeze' } as const;
  return paused ? { ...snapshot, pause } : snapshot;
}

async function resumed(stage: Stage, failedAt?: number, registeredAt?: number, paused = false): Promise<readonly string[]> {
  const ports = { ...stage.ports, secrets: { ...stage.ports.secrets, registeredAt: async () => registeredAt } };
  const failed = failedAt === undefined ? undefined : { openedAt: failedAt, at: failedAt, facts };
  await startDueRotation(await seen(stage, paused), failed, ports, stage.tally);
  return stage.effects;
}

test('where nothing is owed, no rotation is started', async () => {
  const stage = aStage();
  expect(await resumed(stage)).toEqual([]);
  expect(stage.tally.resumed).toBe(0);
  // What the beat has seen is enough for that.
  expect(stage.calls).toEqual([]);
});

test('a rotation that failed goes on a quarter of an hour later, once a key is there', async () => {
  expect(await resumed(aStage(), now - 15 * minuteMs + 1)).toEqual([]);
  expect(await resumed(aStage({ standby: false }), now - dayMs)).toEqual([]);
  const stage = aStage();
  expect(await resumed(stage, now - 15 * minuteMs)).toEqual(started);
  expect(stage.world.asked).toEqual([definition.secretName]);
  expect(stage.logged).toEqual([
    { event: 'retirement.rotation-resumed', fields: { managedKey: 'production', why: 'failed rotation', answer: 'started' } },
  ]);
  expect(stage.tally.resumed).toBe(1);
});

test('a failure that a switch has followed is over: no further key is spent on it, and the alarm is called off', async () => {
  const stage = aStage();
  stage.has('current', 'current', { labels: ['AWSCURRENT'], since: now - hourMs });
  expect(await resumed(stage, now - hourMs - 1)).toEqual(['alarm.clear']);
  expect(stage.cleared).toEqual([{ kind: 'rotation-failed', managedKey: 'production', end: 'switched' }]);
  const later = aStage();
  later.has('current', 'current', { labels: ['AWSCURRENT'], since: now - hourMs });
  expect(await resumed(later, now - hourMs)).toEqual(started);
});

test('a key that joined the pool since the failure overcomes nothing, and an open rotation calls no alarm off', async () => {
  const stage = aStage();
  stage.has('next', 'standby', { since: now - minuteMs });
  expect(await resumed(stage, now - hourMs)).toEqual(started);
  const open = aStage();
  open.has('current', 'current', { labels: ['AWSCURRENT'], since: now - hourMs });
  open.world.register('t-open');
  expect(await resumed(open, now - 2 * hourMs, now)).toEqual([]);
});

test('a rotation that has come to its end since retirement looked is followed by no other one', async () => {
  const stage = aStage();
  stage.world.register('t-open');
  stage.has('taken', 'pending', { token: 't-open', since: now - hourMs });
  const snapshot = await stage.snapshot();
  stage.world.versions.get('t-open')?.labels.delete('AWSPENDING');
  await startDueRotation(snapshot, undefined, stage.ports, stage.tally);
  expect(stage.effects).toEqual([]);
  // Nor is a request that was fulfilled meanwhile, whatever another managed key is waiting for, nor a failure that a switch has followed.
  const fulfilled = aStage();
  fulfilled.has('old', 'inactive', { undoRequest: request(now - 5 * minuteMs) });
  const before = await fulfilled.snapshot();
  fulfilled.has('old', 'current', {});
  fulfilled.has('of staging', 'current', { managedKey: 'staging', revokeRequest: request(now - hourMs) });
  await startDueRotation(before, undefined, fulfilled.ports, fulfilled.tally);
  const switched = aStage();
  const failed = await switched.snapshot();
  switched.has('current', 'current', { labels: ['AWSCURRENT'], since: now });
  await startDueRotation(failed, { openedAt: now - hourMs, at: now - hourMs, facts }, switched.ports, switched.tally);
  expect([fulfilled.effects, switched.effects]).toEqual([[], []]);
});

test('a failed undo leaves no rotation owed: once it is over, people are told so, and no third key is taken', async () => {
  const inVain = { openedAt: now - dayMs, at: now - dayMs, facts: { cause: said('the key is archived'), grade: 'undo-in-vain' } };
  const stage = aStage();
  await startDueRotation(await stage.snapshot(), inVain, stage.ports, stage.tally);
  expect([stage.effects, stage.cleared]).toEqual([
    ['alarm.clear'],
    [{ kind: 'rotation-failed', managedKey: 'production', end: 'still-current' }],
  ]);
  // Its own rotation is open still, and Secrets Manager tries that one again.
  const open = aStage();
  open.world.register('t-open');
  const ports = { ...open.ports, secrets: { ...open.ports.secrets, registeredAt: async () => now - 14 * minuteMs } };
  await startDueRotation(await open.snapshot(), inVain, ports, open.tally);
  expect(open.effects).toEqual([]);
});

test('while rotation of the secret is switched off, none is started', async () => {
  expect(await resumed(aStage({ secret: { rotationEnabled: false } }), now - dayMs)).toEqual([]);
});

test('a rotation that is open for a quarter of an hour is started again', async () => {
  const open = (registeredAt: number | undefined) => {
    const stage = aStage();
    stage.world.register('t-open');
    return resumed(stage, undefined, registeredAt);
  };
  expect(await open(now - 15 * minuteMs + 1)).toEqual([]);
  expect(await open(now - 15 * minuteMs)).toEqual(started);
  // Nobody knows since when: it may have begun this moment.
  expect(await open(undefined)).toEqual([]);
});

test('a version that holds a copy of the current value is a test of changed settings, and no rotation', async () => {
  const filled = (apiKeyId: string) => {
    const stage = aStage();
    stage.has('current', 'current', { labels: ['AWSCURRENT'] });
    stage.has('other', 'rejected');
    stage.world.versions.set('t-test', { value: stage.world.key(apiKeyId).value, labels: new Set(['AWSPENDING']) });
    return resumed(stage, undefined, now - dayMs);
  };
  expect(await filled('current')).toEqual([]);
  // Neither started nor told: the other value is one that a rotation was broken off with.
  expect(await filled('other')).toEqual([...started, 'alarm.raise']);
});

test('an open rotation that has its key goes on with an empty pool, and is as old as its claim', async () => {
  const claimed = (since: number) => {
    const stage = aStage({ standby: false });
    stage.has('claimed', 'pending', { labels: ['AWSPENDING'], since });
    return resumed(stage, undefined, now - dayMs);
  };
  expect(await claimed(now - 15 * minuteMs)).toEqual(started);
  expect(await claimed(now - 15 * minuteMs + 1)).toEqual([]);
});

test('a claim for another version, or a key that is not claimed, gives an open rotation no key', async () => {
  const stage = aStage({ standby: false });
  stage.world.register('t-open');
  stage.has('other', 'pending', { labels: [] });
  stage.has('same', 'rejected', { token: 't-open', labels: ['AWSPENDING'] });
  expect(await resumed(stage, undefined, now - 20 * minuteMs)).toEqual([]);
});

test('people are told of a rotation that has not finished within the hour', async () => {
  const since = now - hourMs - 1;
  const stage = aStage();
  stage.world.register('t-open');
  expect(await resumed(stage, undefined, since)).toEqual([...started, 'alarm.raise']);
  expect(stage.raised).toEqual([
    {
      kind: 'rotation-failed',
      reason: 'a rotation that began 2026-09-06 22:59 UTC has neither finished nor failed',
      startedAt: since,
      workspaceId: definition.workspaceId,
    },
  ]);
  const inTime = aStage();
  inTime.world.register('t-open');
  expect(await resumed(inTime, undefined, now - hourMs)).toEqual(started);
});

test('a rotation that is known as failed keeps its reason, which is the better one', async () => {
  const stage = aStage({ standby: false });
  stage.world.register('t-open');
  expect(await resumed(stage, now - hourMs, now - 2 * hourMs)).toEqual(['alarm.raise']);
  expect(stage.raised).toEqual([{ kind: 'rotation-failed', ...inWords(facts) }]);
});

test('that people cannot be told holds up no rotation', async () => {
  const stage = aStage();
  stage.world.register('t-open');
  const deaf = async (): Promise<never> => {
    throw new Unavailable('sns:Publish', 'KMS');
  };
  const ports = { ...stage.ports, alarm: { ...stage.ports.alarm, raise: deaf } };
  const late = { ...ports, secrets: { ...ports.secrets, registeredAt: async () => now - 2 * hourMs } };
  expect(await failure(startDueRotation(await stage.snapshot(), undefined, late, stage.tally))).toMatchObject({ code: 'unavailable' });
  expect(stage.effects).toEqual(started);
});

test('while it is paused nothing is started, and people are told all the same', async () => {
  const stage = aStage();
  stage.world.register('t-open');
  expect(await resumed(stage, now - dayMs, now - 2 * hourMs, true)).toEqual(['alarm.raise']);
});

test('AWSPENDING on a version that has served is no open rotation: somebody moved AWSCURRENT away from it by hand', async () => {
  const stage = aStage();
  stage.has('replaced', 'draining', { token: 't-replaced', labels: ['AWSPENDING'], servedSince: now - 2 * dayMs });
  expect(await resumed(stage, undefined, now - 2 * dayMs)).toEqual([]);
  const cut = aStage();
  cut.has('cut', 'contained', { token: 't-cut', labels: ['AWSPENDING'] });
  expect(await resumed(cut, undefined, now - 30 * minuteMs)).toEqual(started);
});

test('a rotation that is over is not open: AWSPENDING lies with AWSCURRENT then', async () => {
  const stage = new Stage();
  stage.has('current', 'current', { labels: ['AWSCURRENT', 'AWSPENDING'] });
  stage.has('next', 'standby');
  expect(await resumed(stage, undefined, now - dayMs)).toEqual([]);
});

test('an undo that was asked for five minutes ago, and that nobody started, is started; a void wish is not', async () => {
  const asked = async (at: number) => {
    const stage = aStage();
    stage.has('old', 'inactive', { undoRequest: request(at) });
    return resumed(stage);
  };
  expect(await asked(now - 5 * minuteMs + 1)).toEqual([]);
  expect(await asked(now - 5 * minuteMs)).toEqual(started);
  expect(await asked(now - hourMs)).toEqual([]);
});

test('an emergency that nobody started is started after five minutes; after a day it has lapsed', async () => {
  const asked = async (at: number) => {
    const stage = new Stage();
    stage.has('current', 'current', { labels: ['AWSCURRENT'], revokeRequest: request(at) });
    stage.has('next', 'standby');
    return resumed(stage);
  };
  expect(await asked(now - 5 * minuteMs + 1)).toEqual([]);
  expect(await asked(now - 5 * minuteMs)).toEqual(started);
  expect(await asked(now - dayMs + 1)).toEqual(started);
  expect(await asked(now - dayMs)).toEqual([]);
});

test('an emergency whose key was replaced is no reason for another rotation', async () => {
  const stage = aStage();
  stage.has('old', 'draining', { revokeRequest: request(now - hourMs) });
  expect(await resumed(stage)).toEqual([]);
});

test('where the last key was cut off, the first one that is added is rotated to at once, unless a rotation is at it', async () => {
  const cut = (standby: boolean): Stage => {
    const stage = aStage({ standby });
    stage.has('current', 'contained', { labels: ['AWSCURRENT'] });
    return stage;
  };
  expect(await resumed(cut(true))).toEqual(started);
  expect(await resumed(cut(false))).toEqual([]);
  expect(await resumed(cut(true), undefined, undefined, true)).toEqual([]);
  expect(await resumed(cut(true), now - minuteMs)).toEqual([]);
  const open = cut(true);
  open.world.register('t-open');
  expect(await resumed(open, undefined, now)).toEqual([]);
});

test('an emergency whose command died before it turned the schedule on again is told to people', async () => {
  const off = (at: number, secret = { rotationEnabled: false }) => {
    const stage = aStage({ secret });
    stage.has('current', 'current', { labels: ['AWSCURRENT'], revokeRequest: request(at) });
    return stage;
  };
  const stage = off(now - 5 * minuteMs);
  expect(await resumed(stage)).toEqual(['alarm.raise']);
  expect(stage.raised).toEqual([
    {
      kind: 'rotation-failed',
      reason: 'an emergency wants current off, and rotation is not enabled',
      apiKeyId: 'current',
      workspaceId: definition.workspaceId,
      grade: 'emergency-stopped',
    },
  ]);
  const paused = off(now - hourMs);
  expect(await resumed(paused, undefined, undefined, true)).toEqual(['alarm.raise']);
  expect(paused.raised[0]?.reason).toContain('an emergency wants current off, and production is paused');
  // A pause that was broken off leaves the schedule on.
  const half = off(now - hourMs, { rotationEnabled: true });
  half.ports.pauses.find = async () => ({ schema: 1, managedKey: 'production', at: now, by: 'Ada', because: 'a freeze' });
  expect(await resumed(half, undefined, undefined, true)).toEqual(['alarm.raise']);
  // Its command may be at it still; it has lapsed; the pause was ended in this moment; the schedule is on.
  expect(await resumed(off(now - 5 * minuteMs + 1))).toEqual([]);
  expect(await resumed(off(now - dayMs))).toEqual([]);
  expect(await resumed(off(now - hourMs, { rotationEnabled: true }), undefined, undefined, true)).toEqual([]);
  expect(await resumed(off(now - hourMs, { rotationEnabled: true }))).toEqual(started);
});

test('an open rotation whose emergency has lapsed is told with its own reason', async () => {
  const stage = aStage({ secret: { rotationEnabled: false } });
  stage.has('current', 'current', { labels: ['AWSCURRENT'], revokeRequest: request(now - 2 * dayMs) });
  stage.world.register('t-open');
  const told = { openedAt: now - dayMs, at: now - hourMs, facts: { cause: said('stopped'), grade: 'emergency-stopped' } };
  await startDueRotation({ ...(await seen(stage, true)), now: now + 2 * hourMs }, told, stage.ports, stage.tally);
  expect(stage.raised).toEqual([expect.objectContaining({ reason: expect.stringMatching(/has neither finished nor failed/) as unknown })]);
  expect(stage.raised[0]).not.toHaveProperty('grade');
});

test('that an emergency has stopped is told of the present, and is over once the emergency is', async () => {
  const stage = aStage({ secret: { rotationEnabled: false } });
  stage.has('current', 'current', { labels: ['AWSCURRENT'], revokeRequest: request(now - hourMs) });
  const snapshot = await stage.snapshot();
  stage.has('current', 'draining', {});
  await startDueRotation(snapshot, undefined, stage.ports, stage.tally);
  expect(stage.effects).toEqual([]);
  // Of a key that was replaced an emergency does not stop: it is cut off whether or not rotations are scheduled.
  const replaced = aStage({ secret: { rotationEnabled: false } });
  replaced.has('old', 'draining', { revokeRequest: request(now - hourMs) });
  expect(await resumed(replaced)).toEqual([]);
  const over = aStage();
  const told = { openedAt: now - dayMs, at: now - hourMs, facts: { cause: said('stopped'), grade: 'emergency-stopped' } };
  await startDueRotation(await over.snapshot(), told, over.ports, over.tally);
  expect([over.effects, over.cleared]).toEqual([
    ['alarm.clear'],
    [
      {
        kind: 'rotation-failed',
        managedKey: 'production',
        end: 'emergency-lapsed',
      },
    ],
  ]);
  const carriedOut = aStage();
  carriedOut.has('old', 'draining', { revokeRequest: request(now - hourMs) });
  await startDueRotation(await carriedOut.snapshot(), told, carriedOut.ports, carriedOut.tally);
  expect(carriedOut.effects).toEqual(['alarm.clear']);
  // As long as it stands it is not over: while the key is paused, and in the pass that goes on with it.
  for (const isPaused of [true, false]) {
    const stands = aStage();
    stands.has('current', 'current', { labels: ['AWSCURRENT'], revokeRequest: request(now - hourMs) });
    await startDueRotation(await seen(stands, isPaused), told, stands.ports, stands.tally);
    expect(stands.effects).toEqual(isPaused ? [] : started);
  }
});
