import { expect, test } from 'vitest';
import { takeMade } from '../../../lambda/rotation/made-key.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { failure, Stage } from './stage.ts';

const token = 't-new';

/** A key that a strategy has just made, as Anthropic shows it. */
function made(shown: NonNullable<NonNullable<ConstructorParameters<typeof Stage>[0]>['infos']>[string] = {}): Stage {
  const stage = new Stage({ infos: { made: shown } });
  stage.world.create('made');
  return stage;
}

function taken(stage: Stage): ReturnType<typeof takeMade> {
  const records = [...stage.world.records.values()];
  return takeMade({ apiKeyId: 'made', hint: 'sk-ant-api03-FAK...0000', expiresAt: null }, records, definition, token, stage.ports);
}

test('a key that a strategy made is taken in for its rotation, active as it is', async () => {
  const stage = made();
  await taken(stage);
  expect(stage.effects).toEqual(['ledger.add']);
  expect(stage.record('made')).toMatchObject({ state: 'pending', token, managedKey: 'production', cause: { code: 'claimed' } });
});

test.each([
  ['in another workspace', { workspaceId: 'wrkspc_other' }, 'the key belongs to wrkspc_other, expected wrkspc_production'],
  ['of the whole organization', { workspaceId: null }, 'the key belongs to the whole organization, expected wrkspc_production'],
  ['that this organization does not know', 'gone', 'Anthropic knows no such key'],
] as const)('a key %s is not taken in, and who makes the keys is asked to mend it', async (_what, shown, because) => {
  const stage = made(shown);
  expect(await failure(taken(stage))).toEqual({
    code: 'made-key-refused',
    message: `made, which was made for production, is not taken in: ${because}`,
    fix:
      'have strategy "pool" make its keys in workspace wrkspc_production of this organization; ' +
      'delete made where it was made, because nothing uses it; then: npx --no-install keyguard unstick production',
  });
  expect([stage.effects.filter((call) => !call.startsWith('clock')), stage.world.records.has('made')]).toEqual([[], false]);
});

test('where Anthropic’s answer is not understood nobody can tell, and the key is not taken in yet', async () => {
  const stage = made({ unclear: 'workspace_id' });
  expect(await failure(taken(stage))).toMatchObject({ code: 'unavailable' });
  expect(stage.effects).toEqual([]);
});

test('a key that was made for another rotation is taken in by none', async () => {
  const stage = new Stage();
  stage.has('made', 'draining', { token: 't-old' });
  await expect(taken(stage)).rejects.toThrow(new TypeError('made was made before, for another rotation'));
});
