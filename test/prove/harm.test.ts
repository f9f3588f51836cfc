import { afterEach, expect, test } from 'vitest';
import { aGround, type Ground } from './ground.ts';
import { inflict, kindsFor } from './harm.ts';

let ground: Ground;
afterEach(() => ground.leaves());

const keys = '/v1/organizations/api_keys';

test.each([
  ['the word of another organization about one key is left out, and says why', 'other-organization'],
  ['half of a list is no answer to a call that asks for one key', 'cut-list'],
] as const)('%s', async (_what, kind) => {
  ground = await aGround({ seed: 1 });
  const { world } = ground;
  const { id } = await ground.adds();
  const ask = async (path: string): Promise<number> => {
    const headers = {
      'x-api-key': world.values().find((value) => value.startsWith('sk-ant-admin')) ?? '',
      'anthropic-version': '2023-06-01',
    };
    return (await fetch(new URL(path, world.anthropic.baseUrl), { headers })).status;
  };
  const harm = inflict(world, 1, kind);
  expect(await ask(`${keys}/${id}`)).toBe(200);
  harm.stop();
  expect(harm.skipped()).toMatch(/nobody can tell|no answer/);
  expect(harm.reached()).toBe(false);
  expect(kindsFor(harm.calls[0] ?? { name: '', isRead: true })).not.toContain(kind);
});
