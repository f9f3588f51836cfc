import { DeleteSecretCommand, GetSecretValueCommand, RestoreSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { dayMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { anOperator, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const restore = (name: string): string => `aws secretsmanager restore-secret --secret-id ${name}`;
const told = (): readonly string[] => me.world.aws.mailbox.messages().map(({ subject }) => subject);

async function rotated(): Promise<string> {
  const key = await me.added();
  expect(await me.run(['rotate', 'production', '--yes', '--again'])).toMatchObject({ code: 0 });
  return key;
}

test('a secret that is scheduled for deletion is told at once, and blocks every verb until it is restored', long, async () => {
  me = await anOperator();
  const cut = await rotated();
  const first = await rotated();
  expect(await me.run(['rotate', 'production', '--emergency', '--api-key-id', cut, '--yes'])).toMatchObject({ code: 0 });
  await rotated();
  await me.added();
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  me.world.anthropic.console.setStatus(cut, 'active');
  const { secretName } = me.world.definition('production');
  await me.world.secrets.send(new DeleteSecretCommand({ SecretId: secretName, RecoveryWindowInDays: 7 }));
  await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told().filter((subject) => subject.includes('deleted'))).toEqual([
    expect.stringMatching(/CRITICAL.*production: consumers fail, their secret is going to be deleted/),
  ]);

  const status = await me.run(['status']);
  expect(status.out).toMatch(/^production: broken$/m);
  expect(status.out).toContain(`! consumers cannot read their key: ${secretName} is scheduled for deletion`);
  expect(status.out).toContain(restore(secretName));
  const doctor = await me.run(['doctor', 'production']);
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(
    new RegExp(`^broken +production, current key: consumers cannot read their key: .*${restore(secretName)}$`, 'm'),
  );

  const before = me.world.ledger();
  for (const words of [
    ['rotate', 'production'],
    ['rotate', 'production', '--dry-run'],
    ['rotate', 'production', '--emergency'],
    ['undo', 'production', '--api-key-id', first],
    ['pause', 'production', '--because', 'a freeze'],
    ['resume', 'production'],
  ]) {
    const said = await me.run(words.includes('--dry-run') || words[0] === 'resume' ? words : [...words, '--yes']);
    expect([words, said.code, said.err]).toEqual([words, 1, expect.stringContaining(restore(secretName))]);
  }
  expect(me.world.ledger()).toEqual(before);
  // What needs no secret is done: a leaked key that somebody enabled again can be cut off.
  const woken = await me.run(['rotate', 'production', '--emergency', '--api-key-id', cut, '--yes']);
  expect([woken.code, me.world.anthropic.inspect.key(cut).status]).toEqual([0, 'inactive']);
  await me.run(['rotate', 'production', '--emergency', '--api-key-id', first, '--yes']);
  expect(me.world.anthropic.inspect.key(first).status).toBe('inactive');
  expect((await me.run(['unstick', 'production', '--yes'])).out).toContain(`left, broken: consumers cannot read their key`);

  await me.world.secrets.send(new RestoreSecretCommand({ SecretId: secretName }));
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told().some((subject) => subject.includes('production: consumers have a key that works again'))).toBe(true);
  expect((await me.world.secrets.send(new GetSecretValueCommand({ SecretId: secretName }))).SecretString).toBeDefined();
});

test('a standby secret that somebody scheduled for deletion burns no key, and every command names the cure', async () => {
  me = await anOperator();
  await rotated();
  const standby = await me.added();
  const { standbySecretName } = me.world.definition('production');
  await me.world.secrets.send(new DeleteSecretCommand({ SecretId: standbySecretName, RecoveryWindowInDays: 7 }));

  for (const words of [['status'], ['doctor', 'production'], ['standby', 'check']]) {
    const said = await me.run(words);
    expect([words, said.out + said.err]).toEqual([words, expect.stringContaining(restore(standbySecretName))]);
  }
  expect((await me.run(['status'])).out).toMatch(/^production: broken$/m);
  expect(await me.run(['standby', 'check'])).toMatchObject({ code: 1 });
  const { value } = me.made();
  for (const [words, stdin] of [
    [['standby', 'add', 'production'], value],
    [['rotate', 'production', '--yes', '--again'], ''],
  ] as const) {
    const said = await me.run(words, stdin);
    expect([words, said.code, said.err]).toEqual([words, 1, expect.stringMatching(/scheduled for deletion(.|\n)*restore-secret/)]);
  }
  expect(me.world.ledger().find(({ apiKeyId }) => apiKeyId === standby)).toMatchObject({
    state: expect.stringMatching(/standby|pending/) as unknown,
  });

  await me.world.secrets.send(new RestoreSecretCommand({ SecretId: standbySecretName }));
  await me.world.passes(60 * minuteMs, { beatMs: 5 * minuteMs });
  // The rotation that had failed goes on by itself.
  expect(me.world.ledger().find(({ apiKeyId }) => apiKeyId === standby)).toMatchObject({ state: 'current' });
});

test('while the Admin API is down, and where the pool is empty, a scheduled deletion is said as well', long, async () => {
  me = await anOperator();
  const key = await rotated();
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  const { secretName, standbySecretName } = me.world.definition('production');
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route.startsWith('/v1/organizations') ? { kind: 'status', status: 529 } : undefined,
  );
  await me.world.secrets.send(new DeleteSecretCommand({ SecretId: secretName, RecoveryWindowInDays: 7 }));
  await withQuickTimers(() => me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs }));
  expect(told().at(-1)).toContain('their secret is going to be deleted');
  outage();
  // It dies meanwhile: consumers who fail for another reason need another cure.
  me.world.anthropic.console.setStatus(key, 'inactive');
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  await me.world.secrets.send(new RestoreSecretCommand({ SecretId: secretName }));
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told().at(-1)).toContain('consumers fail, the current key');

  await me.world.secrets.send(new DeleteSecretCommand({ SecretId: standbySecretName, RecoveryWindowInDays: 7 }));
  const check = await me.run(['standby', 'check']);
  expect([check.code, check.err]).toEqual([1, expect.stringContaining(restore(standbySecretName))]);
});

test('a secret that is gone hides no other managed key', async () => {
  me = await anOperator({ managedKeys: [{ name: 'batch' }, { name: 'production' }] });
  const standby = await me.added();
  const { secretName, standbySecretName } = me.world.definition('batch');
  await me.world.secrets.send(new DeleteSecretCommand({ SecretId: secretName, ForceDeleteWithoutRecovery: true }));
  const status = await me.run(['status']);
  expect(status).toMatchObject({ code: 0 });
  expect(status.out).toMatch(/^batch: broken\n {2}! it could not be looked at: no secret keyguard\/batch\/consumers/m);
  expect(status.out).toMatch(/^production: attention$/m);
  expect(status.out).toContain('2 managed keys: 1 attention, 1 broken.');
  expect(await me.asJson(['status'])).toMatchObject({ managedKeys: [{ name: 'production' }, { name: 'batch', health: 'broken' }] });
  for (const words of [
    ['standby', 'list'],
    ['standby', 'check'],
  ]) {
    const said = await me.run(words);
    expect([words, said]).toEqual([
      words,
      {
        code: 1,
        out: expect.stringContaining(standby) as unknown,
        err: expect.stringContaining(`batch could not be looked at: no secret ${secretName}`) as unknown,
      },
    ]);
  }
  expect(await me.run(['status', 'batch'])).toMatchObject({ code: 1, err: expect.stringContaining('no secret') as unknown });

  await me.world.secrets.send(
    new DeleteSecretCommand({ SecretId: me.world.definition('production').standbySecretName, ForceDeleteWithoutRecovery: true }),
  );
  expect((await me.run(['status', 'production'])).out).toMatch(
    /! its standby secret keyguard\/production\/standby was deleted for good, and no rotation finds a key: take production out/,
  );
  expect(standbySecretName).not.toBe(secretName);
  me.world.clock.advance(dayMs);
});
