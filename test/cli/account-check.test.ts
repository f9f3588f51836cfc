import { CancelRotateSecretCommand, CreateSecretCommand, DeleteSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { functionNames } from '../../contract/registry.ts';
import { anOperator, type Operator } from './operator.ts';
import { configurationFile, keyguard, type Said } from './shell.ts';

let me: Operator;
afterEach(() => me.leaves());

const check = ['config', 'check', '--account'];
const changed = (changes: object): Promise<Said> => {
  const configuration = (): object => ({ ...me.world.configuration(), ...changes });
  return keyguard([...check, '--config', configurationFile({ configuration })], { world: me.world });
};

interface Written {
  readonly anthropic: object;
  readonly managedKeys: readonly { readonly name: string; readonly workspaceId: string }[];
  readonly alerts: { readonly emails: readonly string[] };
}
const written = (): Written => me.world.configuration() as Written;
const nothingLost = 'loses nothing and leaves nothing behind';

test('what is deployed as it is loses nothing, and a file without a managed key says what it leaves behind', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  await me.added();
  await me.world.rotate('production');
  await me.added();
  expect(await me.run(check)).toMatchObject({ code: 0, out: expect.stringContaining(nothingLost) as unknown });

  const { managedKeys } = written();
  const without = (gone: string) => changed({ managedKeys: managedKeys.filter(({ name }) => name !== gone) });
  expect(await without('production')).toMatchObject({
    code: 0,
    out: expect.stringContaining('keyguard/production/consumers with a value, ') as unknown,
  });
  expect((await without('production')).out).toContain('1 standby key and 2 records');
  // It never had a key, and its secrets block the name all the same.
  expect((await without('batch')).out).toContain(
    'keyguard/batch/consumers without a value, keyguard/batch/standby without a value, 0 standby keys and 0 records',
  );

  // Somebody stopped its schedule behind the stack's back.
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: 'keyguard/production/consumers' }));
  expect(await me.run(check)).toMatchObject({ code: 0, out: expect.stringContaining(nothingLost) as unknown });
  for (const name of ['retirement', 'rotation'] as const) {
    me.world.aws.functions.remove(`keyguard-${name}`);
    const said = await me.run(check);
    expect([said.code, said.out]).toEqual([1, expect.stringMatching(new RegExp(`^broken +there is no function keyguard-${name}, `, 'm'))]);
    expect(said.out).not.toMatch(/delete-secret|no installation/);
  }
});

test('what a deployment would break or leave behind is said', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  const { anthropic, managedKeys, alerts } = written();
  const [production, batch] = managedKeys.map(({ workspaceId }) => workspaceId);
  const swapped = { managedKeys: managedKeys.map((key) => ({ ...key, workspaceId: key.name === 'batch' ? production : batch })) };
  const other = { anthropic: { ...anthropic, organizationId: 'b2b0c6d4-1111-4222-8333-0123456789ab' } };
  // Before any key came, all of it is still free.
  for (const change of [swapped, other])
    expect(await changed(change)).toMatchObject({ code: 0, out: expect.stringContaining(nothingLost) as unknown });
  const first = await me.added();
  await me.world.rotate('production');

  expect(await changed(other)).toMatchObject({ code: 1, out: expect.stringMatching(/^broken +anthropic\.organizationId is /m) as unknown });
  const moved = await changed(swapped);
  expect([moved.code, moved.out]).toEqual([
    1,
    expect.stringContaining(`workspaceId of production is ${production} there and ${batch} in this file`),
  ]);
  expect(moved.out).toContain(`its current key ${first} and 0 other keys`);
  expect(moved.out).not.toContain('workspaceId of batch');

  expect((await changed({ alerts: { emails: alerts.emails } })).out).toMatch(
    /^warning +nothing is posted to Slack any more, and keyguard\/slack-webhook/m,
  );
  const adminAccess = { kind: 'federation', federationRuleId: 'fdrl_1', serviceAccountId: 'svac_1' };
  expect((await changed({ anthropic: { ...anthropic, adminAccess } })).out).toMatch(
    /^warning +admin access changes .*keyguard\/admin-key stays behind/m,
  );
});

test('a left-over secret blocks its name, and only an empty one may be deleted for good', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  const before = me.world.configuration();
  await me.added();
  await me.world.rotate('production');
  await me.world.removes('production');
  const again = await changed(before);
  expect(again.code).toBe(1);
  expect(again.out).toMatch(
    /^broken +secret keyguard\/production\/consumers is there already \(stack keyguard made it\), and holds a value/m,
  );
  expect(again.out).toMatch(/^broken +secret keyguard\/production\/standby is there already/m);
  expect(again.out).not.toContain('--force-delete-without-recovery');
  expect(again.err).toContain('would fail');
  const [batch] = written().managedKeys;
  await me.world.secrets.send(new CreateSecretCommand({ Name: 'keyguard/third/standby' }));
  const third = await changed({ managedKeys: [batch, { ...batch, name: 'third' }] });
  expect(third.out).toContain('delete-secret --secret-id keyguard/third/standby --force-delete-without-recovery');
  for (const name of ['consumers', 'standby'])
    await me.world.secrets.send(new DeleteSecretCommand({ SecretId: `keyguard/production/${name}`, RecoveryWindowInDays: 7 }));
  expect((await changed(before)).out).toMatch(/production\/consumers .*; fix: its name is free after 2026-/);
});

test('an Admin key that an earlier installation kept blocks the way back from federation', async () => {
  me = await anOperator({ adminAccess: 'federation' });
  await me.world.secrets.send(new CreateSecretCommand({ Name: 'keyguard/admin-key', SecretString: 'kept' }));
  const { anthropic } = written();
  const back = await changed({ anthropic: { ...anthropic, adminAccess: { kind: 'key' } } });
  expect([back.code, back.out]).toEqual([1, expect.stringContaining('secret keyguard/admin-key is there already (no stack made it)')]);
});

test('beside what a destroyed stack left behind, a first deployment would fail', async () => {
  me = await anOperator();
  for (const name of functionNames) me.world.aws.functions.remove(`keyguard-${name}`);
  const said = await me.run(check);
  expect(said.code).toBe(1);
  for (const name of ['admin-key', 'slack-webhook', 'production/consumers', 'production/standby'])
    expect(said.out).toContain(`secret keyguard/${name} is there already`);
  // Its functions may be all that somebody deleted.
  expect(said.out).toContain('aws cloudformation describe-stacks --stack-name keyguard;');
  expect(said.out).not.toContain('--force-delete-without-recovery');
  // An installation of another name meets none of them.
  expect(await changed({ installation: 'other' })).toMatchObject({
    code: 0,
    out: expect.stringContaining('a deployment makes one') as unknown,
  });
});

test('operators of another account, a caller who is none, and limits of the Region are said', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }] });
  const own = 'arn:aws:iam::123456789012:role/team/keyguard-local';
  expect((await changed({ operators: [own] })).out).toContain(nothingLost);
  const said = await changed({ operators: ['arn:aws:iam::999999999999:role/keyguard-local'] });
  expect(said.out).toMatch(/999999999999:role\/keyguard-local is not of account [0-9]{12}/);
  expect(said.out).toMatch(/you \(.*assumed-role\/keyguard-local\/local\) are not in "operators"/);
  // The Region of a profile is known to AWS's client alone.
  const [production] = written().managedKeys;
  const replicas = await changed({ operators: [own], managedKeys: [{ ...production, replicas: [{ region: 'cn-north-1' }] }] });
  expect([replicas.code, replicas.out + replicas.err]).toEqual([
    1,
    expect.stringMatching(/replicas\[0\]\.region.*another partition of AWS/),
  ]);
});
