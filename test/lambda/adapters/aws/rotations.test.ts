import { afterEach, expect, test } from 'vitest';
import { secretsManager } from '../../../../lambda/adapters/aws/clients.ts';
import { rotations } from '../../../../lambda/adapters/aws/secret-versions.ts';
import { startWorld, type World } from '../../../../local/world.ts';

let world: World;
afterEach(() => world.stop());

const asked = (): number => world.aws.intercept.calls().filter(({ operation }) => operation === 'RotateSecret').length;

test('a rotation that is over is not asked for again under its token, whatever AWS would make of it', async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  await world.addStandbyKey('production');
  await world.rotate('production');
  const { secretName } = world.definition('production');
  const token = world.aws.inspect.secrets.versions(secretName).find(({ labels }) => labels.includes('AWSCURRENT'))?.versionId;
  const before = [asked(), await world.currentValue('production')];

  expect(await rotations(secretsManager()).start(secretName, token)).toBe('running');
  expect([asked(), await world.currentValue('production')]).toEqual(before);
  expect(await rotations(secretsManager()).start(secretName, 'b'.repeat(36))).toBe('started');
});
