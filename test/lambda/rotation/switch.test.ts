import { expect, test } from 'vitest';
import { settleSwitch, versionWith } from '../../../lambda/rotation/switch.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { Stage } from './stage.ts';

const stages = new Map([
  ['v-old', ['AWSPREVIOUS']],
  ['v-current', ['other', 'AWSCURRENT']],
]);

test('the version that carries a label is found, whatever else it carries, or none', () => {
  expect(versionWith(stages, 'AWSCURRENT')).toBe('v-current');
  expect(versionWith(stages, 'AWSPREVIOUS')).toBe('v-old');
  expect(versionWith(stages, 'AWSPENDING')).toBeUndefined();
});

const settled = (stage: Stage, version: string | undefined) =>
  settleSwitch(definition, { current: version, at: stage.world.now }, [...stage.world.records.values()], stage.ports, 'rotation', [
    'aws promote',
  ]);

test('after a switch the old key drains and the new one is current, in this order: whoever is killed in between is finished', async () => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  expect(await settled(stage, 'v-next')).toBe('settled');
  expect(stage.effects).toEqual(['ledger.replace current current→draining', 'ledger.replace next pending→current']);
  expect(stage.audit).toEqual([
    { apiKeyId: 'current', to: 'draining', by: 'rotation', because: 'replaced by next' },
    { apiKeyId: 'next', to: 'current', by: 'rotation', because: 'AWSCURRENT moved to it', requestIds: ['aws promote'] },
  ]);
  expect(await settled(stage, 'v-next')).toBe('nothing to do');
});

test('a switch that was half recorded is recorded to its end', async () => {
  const first = new Stage();
  first.has('next', 'pending', { labels: ['AWSCURRENT'] });
  expect(await settled(first, 'v-next')).toBe('settled');
  const second = new Stage();
  second.has('current', 'current');
  second.has('next', 'current', { labels: ['AWSCURRENT'] });
  expect(await settled(second, 'v-next')).toBe('settled');
  expect(second.effects).toEqual(['ledger.replace current current→draining']);
});

test('an old key to which somebody moved AWSCURRENT back is current again', async () => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('old', 'draining', { labels: ['AWSCURRENT'] });
  expect(await settled(stage, 'v-old')).toBe('settled');
  expect(stage.record('old').state).toBe('current');
});

test.each([
  ['that no rotation made', 'by-hand'],
  ['of a key that is archived', 'v-archived'],
  ['of a key of another managed key', 'v-foreign'],
  ['that does not exist', undefined],
])('a version %s settles nothing', async (_name, version) => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('archived', 'archived');
  stage.has('foreign', 'pending', { managedKey: 'staging' });
  const { token, ...tokenless } = stage.has('lost', 'draining');
  stage.world.records.set('lost', tokenless);
  expect(await settled(stage, version)).toBe('nothing to do');
  expect(stage.effects).toEqual([]);
});

test('the current key of another managed key is none of this switch’s business', async () => {
  const stage = new Stage();
  stage.has('foreign', 'current', { managedKey: 'staging' });
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  await settled(stage, 'v-next');
  expect(stage.effects).toEqual(['ledger.replace next pending→current']);
});

test('what was seen before somebody recorded a newer switch is no news', async () => {
  const stage = new Stage();
  stage.has('old', 'draining', { token: 'v-old' });
  stage.has('new', 'current', { token: 'v-new', since: stage.world.now + 1 });
  expect(await settled(stage, 'v-old')).toBe('nothing to do');
  expect(stage.effects).toEqual([]);
});
