import { DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { functionNames } from '../../contract/environment.ts';
import { anOperator, type Operator } from './operator.ts';
import { configurationFile, keyguard, type Said } from './shell.ts';

let me: Operator;
afterEach(() => me.leaves());

const check = ['config', 'check', '--account'];
const changed = (changes: object): Promise<Said> => {
  const configuration = (): object => ({ ...me.world.configuration(), ...changes });
  return keyguard([...check, '--config', configurationFile({ configuration })], { world: me.world });
};

test('what is deployed as it is loses nothing, and a file without a managed key says what it leaves behind', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  await me.added();
  await me.world.rotate('production');
  await me.added();
  expect(await me.run(check)).toMatchObject({
    code: 0,
    out: expect.stringContaining('loses nothing and leaves nothing behind') as unknown,
  });

  const { managedKeys } = me.world.configuration() as { readonly managedKeys: readonly { readonly name: string }[] };
  const said = await changed({ managedKeys: managedKeys.filter(({ name }) => name !== 'production') });
  expect(said.code).toBe(0);
  expect(said.out).toContain('keyguard/production/consumers with a value, 1 standby key and 2 records');
});

test('a key that was removed and is added again is blocked by its own secret, until that is gone', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  const before = me.world.configuration();
  await me.world.removes('production');
  const again = await changed(before);
  expect(again.code).toBe(1);
  expect(again.out).toMatch(
    /^broken +secret keyguard\/production\/consumers is there already.*delete-secret --secret-id keyguard\/production\/consumers/m,
  );
  expect(again.err).toContain('would fail');
  expect(JSON.parse((await me.run([...check, '--json'])).out)).toMatchObject({ installation: 'keyguard', account: [{ state: 'ok' }] });
  const { secretName } = me.world.definition('production');
  await me.world.secrets.send(new DeleteSecretCommand({ SecretId: secretName, ForceDeleteWithoutRecovery: true }));
  expect(await changed(before)).toMatchObject({ code: 0 });
});

test('beside what a destroyed stack left behind, a first deployment would fail', async () => {
  me = await anOperator();
  for (const name of functionNames) me.world.aws.functions.remove(`keyguard-${name}`);
  const said = await me.run(check);
  expect(said.code).toBe(1);
  for (const name of ['admin-key', 'slack-webhook', 'production/consumers', 'production/standby'])
    expect(said.out).toContain(`secret keyguard/${name} is there already`);
  // An installation of another name meets none of them.
  expect(await changed({ installation: 'other' })).toMatchObject({
    code: 0,
    out: expect.stringContaining('a deployment makes one') as unknown,
  });
});
