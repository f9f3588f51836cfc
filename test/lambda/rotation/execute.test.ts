import { expect, test } from 'vitest';
import { execute, type Act } from '../../../lambda/rotation/execute.ts';
import { Stage } from './stage.ts';

const cause = { code: 'operator-cut', reason: 'it is stolen' } as const;

test('a value that nobody can try counts as accepted', async () => {
  const stage = new Stage();
  const act: Act = { set: 'inactive', proof: 'refused', change: { to: 'contained', cause } };
  const record = stage.has('old', 'draining');
  await expect(execute(record, act, { by: 'operator' }, stage.ports)).rejects.toMatchObject({ code: 'still-alive' });
  expect(stage.record('old')).toMatchObject({ state: 'draining' });
});

test('who comes too late after the intent sets nothing, and leaves it to others', async () => {
  const stage = new Stage();
  const intent = { to: 'archived', at: stage.world.now, cause } as const;
  const act: Act = { intent, set: 'archived', looksFirst: true, change: { to: 'archived', cause } };
  const beforeEffect = (): never => {
    throw new Error('too late');
  };
  const work = execute(stage.has('next', 'standby'), act, { by: 'operator', beforeEffect }, stage.ports);
  await expect(work).rejects.toThrow('too late');
  expect(stage.effects).toEqual(['ledger.replace next standby→standby (intent)']);
});

test.each([
  [true, 'archived'],
  ['and spares an active key', 'active'],
] as const)('with looksFirst "%s" an active key is %s after archiving', async (looksFirst, status) => {
  const stage = new Stage();
  const record = stage.has('old', 'inactive', { status: 'active' });
  stage.world.removed.add('old');
  await execute(record, { set: 'archived', looksFirst, change: { to: 'archived', cause } }, { by: 'operator' }, stage.ports);
  expect(stage.world.statusOf('old')).toBe(status);
});
