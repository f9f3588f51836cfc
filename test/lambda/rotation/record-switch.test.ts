import { expect, test } from 'vitest';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { LostRace } from '../../../lambda/foundation/errors.ts';
import { recordSwitch } from '../../../lambda/rotation/record-switch.ts';
import { versionWith } from '../../../lambda/rotation/staging-labels.ts';
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

/** Settles with AWSCURRENT on this version; answers what was done. */
async function settled(stage: Stage, version: string | undefined): Promise<readonly string[]> {
  for (const { labels } of stage.world.versions.values()) labels.delete('AWSCURRENT');
  if (version !== undefined) {
    const known = stage.world.versions.get(version) ?? { value: undefined, labels: new Set<string>() };
    known.labels.add('AWSCURRENT');
    stage.world.versions.set(version, known);
  }
  const before = stage.effects.length;
  await recordSwitch(definition, stage.ports, 'rotation', { requestIds: ['aws promote'] });
  return stage.effects.slice(before);
}

test('after a switch the old key drains, then the new one is current: a killed run is finished', async () => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  expect(await settled(stage, 'v-next')).toEqual(['ledger.replace current current→draining', 'ledger.replace next pending→current']);
  expect(stage.audit).toEqual([
    { apiKeyId: 'current', to: 'draining', by: 'rotation', because: 'replaced by next' },
    { apiKeyId: 'next', to: 'current', by: 'rotation', because: 'AWSCURRENT moved to it', requestIds: ['aws promote'] },
  ]);
  expect(await settled(stage, 'v-next')).toEqual([]);
});

test('a current key that was cut off stays cut off until AWSCURRENT is moved back to it by hand', async () => {
  const stage = new Stage();
  stage.has('current', 'contained', { labels: ['AWSCURRENT'] });
  expect(await settled(stage, 'v-current')).toEqual([]);
  stage.has('next', 'pending');
  expect(await settled(stage, 'v-next')).toEqual(['ledger.replace next pending→current']);
  stage.world.now += 2 * minuteMs;
  expect(await settled(stage, 'v-current')).toEqual(['ledger.replace next current→draining', 'ledger.replace current contained→current']);
  expect(stage.record('current').cause).toEqual({ code: 'switched-by-hand' });
});

test('a switch that was half recorded is recorded to its end', async () => {
  const first = new Stage();
  first.has('next', 'pending', { labels: ['AWSCURRENT'] });
  expect(await settled(first, 'v-next')).toEqual(['ledger.replace next pending→current']);
  const second = new Stage();
  second.has('current', 'current');
  second.has('next', 'current', { labels: ['AWSCURRENT'] });
  expect(await settled(second, 'v-next')).toEqual(['ledger.replace current current→draining']);
});

test('an old key to which somebody moved AWSCURRENT back is current again', async () => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('old', 'draining', { labels: ['AWSCURRENT'] });
  expect(await settled(stage, 'v-old')).toEqual(['ledger.replace current current→draining', 'ledger.replace old draining→current']);
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
  expect(await settled(stage, version)).toEqual([]);
});

test('the current key of another managed key is none of this switch’s business', async () => {
  const stage = new Stage();
  stage.has('foreign', 'current', { managedKey: 'staging' });
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  await settled(stage, 'v-next');
  expect(stage.effects).toEqual(['ledger.replace next pending→current']);
});

test('within a minute of a switch, what points to an older key may be an old answer, and settles nothing', async () => {
  const stage = new Stage();
  stage.has('old', 'draining');
  stage.has('new', 'current', { since: stage.world.now - minuteMs + 1 });
  expect(await settled(stage, 'v-old')).toEqual([]);
  stage.world.now += 1;
  expect(await settled(stage, 'v-old')).toEqual(['ledger.replace new current→draining', 'ledger.replace old draining→current']);
});

test('who records a newer switch meanwhile wins: the ledger is read before Secrets Manager is asked', async () => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  await settled(stage, 'v-next');
  expect(stage.calls.slice(0, 2)).toEqual(['ledger.of', 'secrets.describe']);
});

test('who loses the race for a record looks again; any other failure ends the look', async () => {
  const stage = new Stage();
  stage.has('current', 'current');
  stage.has('next', 'pending', { labels: ['AWSCURRENT'] });
  const { ledger } = stage.ports;
  let races = 0;
  const replace: typeof ledger.replace = async (before, ...rest) => {
    races += 1;
    if (races > 1) return ledger.replace(before, ...rest);
    stage.world.records.set('current', { ...before, revision: before.revision + 1 });
    throw new LostRace('current');
  };
  await recordSwitch(definition, { ...stage.ports, ledger: { ...ledger, replace } }, 'rotation');
  expect([stage.record('current').state, stage.record('next').state]).toEqual(['draining', 'current']);
  const broken = async (): Promise<never> => {
    throw new TypeError('no table');
  };
  stage.has('other', 'pending', { labels: ['AWSCURRENT'] });
  stage.world.versions.get('v-next')?.labels.clear();
  await expect(recordSwitch(definition, { ...stage.ports, ledger: { ...ledger, replace: broken } }, 'rotation')).rejects.toThrow(
    'no table',
  );
});
