import { afterEach, expect, test } from 'vitest';
import { startWorld, type World } from '../../local/world.ts';

let world: World;
afterEach(() => world.stop());

test('a rotation makes the standby key current', async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  const { value } = await world.addStandbyKey('production');
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(value);
});
