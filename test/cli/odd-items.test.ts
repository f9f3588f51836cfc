import { afterEach, expect, test } from 'vitest';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

test('status and doctor name an item that cannot be read, and doctor says how to repair it', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  await me.added();
  await me.world.rotate('production');
  const table = openTable(me.world.installation.stateTable);
  await table.put('LAST_USE', 'apikey_odd', { schema: 1, at: 'yesterday' });
  await table.put('API_KEY', 'apikey_of_batch', { schema: 2, managedKey: 'batch' });
  expect((await me.run(['status'])).out).toContain(
    'cannot be read: API_KEY apikey_of_batch, LAST_USE apikey_odd; how to repair them: npx --no-install keyguard doctor',
  );
  expect(await me.asJson(['status'])).toMatchObject({ unreadableItems: ['API_KEY apikey_of_batch', 'LAST_USE apikey_odd'] });
  await table.put('LAST_USE', "apikey_'; echo paste", { schema: 1 });
  const { out } = await me.run(['doctor']);
  expect(out).toContain(String.raw`{"S":"apikey_'\''; echo paste"}`);
  expect(out).toMatch(
    /^broken +keyguard, state table: the item LAST_USE apikey_odd cannot be read.*aws dynamodb delete-item --table-name keyguard-state/m,
  );
  expect(out).toMatch(
    /^broken +keyguard, state table: the item API_KEY apikey_of_batch cannot be read.*get-item.*npx --no-install keyguard history/m,
  );
  expect(await me.run(['pause', 'batch', '--because', 'x', '--yes'])).toMatchObject({
    err: expect.stringContaining('API_KEY apikey_of_batch') as unknown,
  });
});
