import { expect, test } from 'vitest';
import { readVersion } from '../../../lambda/rotation/read-version.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { Stage } from './stage.ts';

test('an absent value is believed after a minute and a half, looked for every three seconds', async () => {
  const stage = new Stage();
  const record = stage.has('next', 'standby');
  stage.world.standbyVersions.clear();
  const began = stage.world.now;
  expect(await readVersion(definition.standbySecretName, record.standbyVersionId ?? '', stage.ports)).toBe('absent');
  expect([stage.calls.length, stage.world.now - began]).toEqual([31, 90_000]);
});
