import {
  CancelRotateSecretCommand,
  DeleteResourcePolicyCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { foundBy } from './doctor.ts';
import { anOperator, type Operator } from './operator.ts';
import { configurationFile, keyguard, type Said } from './shell.ts';

// One world for all: whoever breaks something mends it. One key is current, one waits, and every function has run.
let me: Operator;
beforeAll(async () => {
  me = await anOperator();
  await me.added();
  await me.added();
  await me.world.rotate('production');
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
});
afterAll(() => me.leaves());

const found = (state: 'broken' | 'warning') => foundBy(me, state);

/** As somebody who has another keyguard.json than what was deployed. */
function doctorWith(configuration: object): Promise<Said> {
  return keyguard(['doctor', '--config', configurationFile({ configuration: () => configuration })], { world: me.world });
}

test('where all is well each check is a line that says so, and nothing is changed', async () => {
  me.world.aws.intercept.forgetCalls();
  const said = await me.run(['doctor', '--verbose']);
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toMatch(/^ok {7}keyguard, AWS: you are arn:aws:sts::\S+ in us-east-1, which has 1 managed key$/m);
  expect(said.out).toMatch(/^ok {7}keyguard, AWS: this machine's clock agrees with AWS$/m);
  expect(said.out).toMatch(/^ok {7}keyguard, Anthropic: the admin credential works, and sees 2 API keys of /m);
  expect(said.out).toMatch(/^ok {7}keyguard, retirement: it ran 2026-/m);
  expect(said.out).toMatch(/^ok {7}keyguard, alerts: 1 subscription by email, confirmed$/m);
  expect(said.out).toMatch(/^ok {7}keyguard, Slack: its notifier is subscribed to alerts$/m);
  expect(said.out).toMatch(/^ok {7}keyguard, alarms: 1 subscription by email, confirmed$/m);
  expect(said.out).toMatch(/^ok {7}keyguard, rotation function: it runs, and reads the managed keys and the state table$/m);
  expect(said.out).toMatch(/^ok {7}keyguard, rotation permission: Secrets Manager may call the rotation function$/m);
  expect(said.out).toMatch(/^ok {7}production, standby secret: nobody but the rotation function may read its standby keys$/m);
  expect(said.out).toMatch(/^ok {7}production, Anthropic: Anthropic shows every key as the records say$/m);
  expect(said.out).toMatch(/^\d\d checks: \d\d ok, 0 warnings, 0 broken\.$/m);
  const operations = new Set(me.world.aws.intercept.calls().map(({ operation }) => operation));
  // The rotation function is asked for nothing; what it calls is among these operations too.
  for (const operation of operations) expect(operation).toMatch(/^(Get|Describe|List|Query|Invoke$)/);
  const reads = me.world.aws.intercept.calls().filter(({ operation }) => operation === 'GetSecretValue');
  expect(reads).toHaveLength(1);
  const [check] = (await me.asJson(['doctor'])) as readonly unknown[];
  expect(check).toEqual({
    about: 'keyguard',
    check: 'AWS',
    state: 'ok',
    what: expect.stringContaining('you are arn:') as unknown,
    fix: null,
  });
});

test('an alarm that somebody deleted, switched off or led elsewhere is named, with what mends it', async () => {
  const { alarms } = me.world.aws;
  const topic = me.world.installation.alarmTopicArn;
  alarms.delete('keyguard-retirement-silent');
  alarms.put({ name: 'keyguard-rotation-errors', actions: [topic], actionsEnabled: false });
  alarms.put({ name: 'keyguard-notifier-dead-letters', actions: [`${topic}-of-others`], actionsEnabled: true });
  const about = { about: 'keyguard', check: 'alarms', state: 'broken' };
  expect(await found('broken')).toEqual([
    {
      ...about,
      what: 'the actions of alarm keyguard-rotation-errors are off: it tells nobody',
      fix: 'aws cloudwatch enable-alarm-actions --alarm-names keyguard-rotation-errors',
    },
    {
      ...about,
      what: 'there is no alarm keyguard-retirement-silent: nobody would hear what it is there for',
      fix: 'npx cdk deploy; if somebody deleted it by hand, make it again as npx cdk synth shows it',
    },
    {
      ...about,
      what: `alarm keyguard-notifier-dead-letters tells nobody: it has no action that leads to ${topic}`,
      fix: 'add that topic to it in CloudWatch > Alarms',
    },
  ]);
  for (const name of ['retirement-silent', 'rotation-errors', 'notifier-dead-letters'])
    alarms.put({ name: `keyguard-${name}`, actions: [topic], actionsEnabled: true });
  expect(await found('broken')).toEqual([]);
});

test('a standby secret that others may read is broken, and one whose policy is gone', async () => {
  const SecretId = me.world.definition('production').standbySecretArn;
  const { ResourcePolicy = '' } = await me.world.secrets.send(new GetResourcePolicyCommand({ SecretId }));
  const broken = [{ about: 'production', check: 'standby secret', fix: expect.stringContaining('OnlyTheRotationReads') as unknown }];
  const another = ResourcePolicy.replaceAll('role/keyguard-rotation', 'role/thief');
  await me.world.secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: another }));
  expect(await found('broken')).toMatchObject(broken);
  await me.world.secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
  expect(await found('broken')).toMatchObject(broken);
  await me.world.secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }));
});

test('a secret that lost its own policy is broken', async () => {
  const { secretName } = me.world.definition('production');
  const policies = new Map<string, string>();
  for (const SecretId of ['keyguard/admin-key', 'keyguard/slack-webhook', secretName]) {
    const { ResourcePolicy = '' } = await me.world.secrets.send(new GetResourcePolicyCommand({ SecretId }));
    policies.set(SecretId, ResourcePolicy);
    await me.world.secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
  }
  expect(await found('broken')).toMatchObject([
    { check: 'policy of the Admin key', fix: expect.stringContaining('OnlyFunctionsAndOperatorsRead') as unknown },
    { check: "policy of Slack's webhook", what: expect.stringContaining('keyguard/slack-webhook does not refuse') as unknown },
    { check: 'consumer secret', what: expect.stringContaining('role/keyguard-retirement secretsmanager:DescribeSecret') as unknown },
  ]);
  for (const [SecretId, ResourcePolicy] of policies)
    await me.world.secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy }));
});

test('a retirement that came to its end and failed on keys is a warning, until it succeeds', async () => {
  const stop = me.world.aws.intercept.onCall(({ operation, phase }) =>
    phase === 'before' && operation === 'DescribeSecret' ? 'throttle' : undefined,
  );
  await withQuickTimers(() => me.world.passes(5 * minuteMs, { beatMs: 5 * minuteMs }));
  stop();
  expect(await found('broken')).toEqual([]);
  expect(await found('warning')).toMatchObject([
    {
      check: 'retirement',
      what: expect.stringMatching(/^it ran 2026-.+, and failed on 1 key$/) as unknown,
      fix: expect.stringContaining('retirement.failed') as unknown,
    },
  ]);
  await me.world.passes(5 * minuteMs, { beatMs: 5 * minuteMs });
  expect(await found('warning')).toEqual([]);
});

test('a schedule that somebody stopped is broken, one that is paused is not', async () => {
  const { secretArn } = me.world.definition('production');
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: secretArn }));
  expect(await found('broken')).toMatchObject([{ check: 'schedule', fix: 'npx --no-install keyguard resume production' }]);
  await me.run(['resume', 'production']);
  await me.run(['pause', 'production', '--because', 'an audit', '--yes']);
  expect(await found('broken')).toEqual([]);
  expect(await found('warning')).toMatchObject([
    {
      check: 'schedule',
      what: expect.stringContaining('production is paused since') as unknown,
      fix: 'npx --no-install keyguard resume production',
    },
  ]);
  await me.run(['resume', 'production']);
});

test('a call that fails is named, and stops no other check', async () => {
  const stop = me.world.aws.intercept.onCall(({ operation, phase }) =>
    phase === 'before' && operation === 'ListSubscriptionsByTopic' ? 'throttle' : undefined,
  );
  const unheard = await withQuickTimers(() => me.run(['doctor']));
  stop();
  expect(unheard.code).toBe(0);
  expect(unheard.out).toMatch(/^warning {2}keyguard, alerts: not looked at: sns:ListSubscriptionsByTopic did not succeed/m);
  expect(unheard.out).toMatch(/^\d\d checks: \d\d ok, 3 warnings, 0 broken\. --verbose shows each\.$/m);
});

test('without Anthropic the rest is looked at all the same', async () => {
  const { adminAccess } = me.world.installation;
  const SecretString = me.guards(['sk-ant-admin01', 'FAKE'.repeat(8)].join('-'));
  const SecretId = adminAccess.kind === 'key' ? adminAccess.secretName : '';
  const before = await me.world.secrets.send(new GetSecretValueCommand({ SecretId }));
  await me.world.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }));
  const said = await me.run(['doctor', '--verbose']);
  await me.world.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: before.SecretString }));
  expect(said.code).toBe(1);
  expect(said.out).toMatch(/^broken {3}keyguard, Anthropic: organizations\.me: Anthropic refuses the admin credential \(401\); fix: /m);
  expect(said.out).toMatch(/^warning {2}production, Anthropic: not looked at/m);
  expect(said.out).toMatch(/^ok {7}production, schedule/m);
});

test('of two addresses one that unsubscribed from both topics is named, first of all', async () => {
  const { alertTopicArn, alarmTopicArn } = me.world.installation;
  const written = me.world.configuration() as { alerts: { emails: string[] } };
  const both = { ...written, alerts: { ...written.alerts, emails: [...written.alerts.emails, 'Second@Keyguard.Internal'] } };
  const said = await doctorWith(both);
  expect(said.code).toBe(1);
  const lines = said.out.trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  for (const [index, topic] of [alertTopicArn, alarmTopicArn].entries()) {
    expect(lines[index]).toMatch(
      /^broken {3}keyguard, al(erts|arms): second@keyguard\.internal is not subscribed to al(erts|arms), though keyguard\.json names it/,
    );
    expect(lines[index]).toContain(
      `aws sns subscribe --topic-arn ${topic} --protocol email --notification-endpoint second@keyguard.internal`,
    );
  }
});

test('what keyguard.json says and what is there are compared: schedule, replicas, functions', async () => {
  interface Written {
    anthropic: object;
    managedKeys: { rotation: object }[];
  }
  const written = me.world.configuration() as Written;
  const [key] = written.managedKeys;
  const changed = {
    ...written,
    detection: { falseAlarmsPerMonth: 7 },
    managedKeys: [{ ...key, rotation: { ...key?.rotation, every: '60d', maximumAge: '90d' }, replicas: [{ region: 'eu-west-1' }] }],
  };
  const said = await doctorWith(changed);
  expect(said.code).toBe(1);
  expect(said.out).toMatch(/^broken {3}production, settings: its schedule is rate\(30 days\), and keyguard\.json says rate\(60 days\)/m);
  expect(said.out).toMatch(/^broken {3}production, settings: it has no replica in eu-west-1/m);
  expect(said.out).toMatch(
    /^warning {2}keyguard, functions: keyguard-anomaly-detector does not work with what keyguard\.json says: .*detection\.falseAlarmsPerMonth/m,
  );
});
