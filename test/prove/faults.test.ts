import { afterEach, expect, test } from 'vitest';
import { aProofWorld, type ProofWorld } from './world.ts';
import { injectFault, kindsFor } from './faults.ts';

let world: ProofWorld;
afterEach(() => world.leaves());

const keys = '/v1/organizations/api_keys';

test.each([
  ['the word of another organization about one key is left out, and says why', 'other-organization'],
  ['half of a list is no answer to a call that asks for one key', 'cut-list'],
] as const)('%s', async (_what, kind) => {
  world = await aProofWorld({ seed: 1 });
  const { local } = world;
  const { id } = await world.adds();
  const ask = async (path: string): Promise<number> => {
    const headers = {
      'x-api-key': local.values().find((value) => value.startsWith('sk-ant-admin')) ?? '',
      'anthropic-version': '2023-06-01',
    };
    return (await fetch(new URL(path, local.anthropic.baseUrl), { headers })).status;
  };
  const fault = injectFault(local, 1, kind);
  expect(await ask(`${keys}/${id}`)).toBe(200);
  fault.stop();
  expect(fault.skipped()).toMatch(/nobody can tell|no answer/);
  expect(fault.reached()).toBe(false);
  expect(kindsFor(fault.calls[0] ?? { name: '', isRead: true })).not.toContain(kind);
});
