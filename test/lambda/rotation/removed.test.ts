import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { removedDefinition, removedKeys } from '../../../lambda/rotation/removed.ts';
import { runRetirement } from '../../../lambda/rotation/run-retirement.ts';
import type { RetirementPorts } from '../../../lambda/rotation/ports.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { Stage } from './stage.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { aRecord } from '../../support/records.ts';

test('a managed key counts as removed while one of its keys may still work', () => {
  const of = (changes: Parameters<typeof aRecord>[0]) => removedKeys([aRecord(changes)], new Set(['batch']));
  for (const state of ['pending', 'current', 'draining'] as const) expect(of({ state })).toEqual(['production']);
  for (const state of ['standby', 'inactive', 'archived', 'rejected', 'contained'] as const) expect(of({ state })).toEqual([]);
  expect(of({ state: 'current', foundDeadAt: 1 })).toEqual([]);
  expect(of({ state: 'current', managedKey: 'batch' })).toEqual([]);
});

test('a removed managed key has a policy that cuts nothing, and its secrets keep their names', () => {
  expect(removedDefinition('keyguard', 'production')).toMatchObject({
    secretName: 'keyguard/production/consumers',
    standbySecretName: 'keyguard/production/standby',
    rotation: { atMaximum: 'wait', onDeath: 'ask' },
    containment: { mode: 'off', lastCredential: 'keep' },
  });
});

/** The ports of a stage whose managed key was taken out of the configuration. */
function removedFrom(stage: Stage): RetirementPorts {
  const { ports } = stage;
  return { ...ports, directory: { ...ports.directory, all: async () => [{ ...definition, removed: true }] } };
}

test('of a removed managed key old keys still retire, nothing is replaced, and standby keys are left', async () => {
  const stage = new Stage();
  stage.has('current', 'current', { labels: ['AWSCURRENT'], undoRequest: { at: 0, by: 'operator', because: 'a request of before' } });
  stage.has('old', 'draining');
  stage.has('next', 'standby');
  expect(await runRetirement(removedFrom(stage))).toMatchObject({ retired: 1, resumed: 0, failed: 0 });
  expect([stage.record('old').state, stage.record('current').state, stage.record('next').state]).toEqual([
    'inactive',
    'current',
    'standby',
  ]);
  expect(stage.world.asked).toEqual([]);
  // What is still active is named; nothing is asked for that only a rotation could mend.
  expect(stage.settled[0]?.found.map(({ kind, facts }) => [kind, facts.grade, facts.apiKeyId])).toEqual([
    ['key-changed', 'left-active', 'current'],
  ]);
});

let world: World;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  await world.addStandbyKey('production');
  await world.rotate('production');
  await world.addStandbyKey('production');
  await world.removes('production');
});
afterEach(() => world.stop());

test('in a deployment without it, it is watched on and never rotated, whoever asks', async () => {
  const before = await world.currentValue('production');
  await world.secrets.send(
    new RotateSecretCommand({
      SecretId: world.definition('production').secretArn,
      RotationLambdaARN: 'arn:aws:lambda:us-east-1:000000000000:function:keyguard-rotation',
      RotationRules: { AutomaticallyAfterDays: 1 },
    }),
  );
  await world.passes(hourMs, { beatMs: 15 * minuteMs });
  expect(await world.currentValue('production')).toBe(before);
  expect(world.ledger().filter(({ managedKey, state }) => managedKey === 'production' && state === 'standby')).toHaveLength(1);
  const incidents = world.aws.inspect.tables.items('keyguard-state').filter((item) => item['pk']?.S === 'INCIDENT');
  expect(incidents.map((item) => item['sk']?.S)).toEqual(['key-changed#production']);
});
