import {
  CancelRotateSecretCommand,
  DeleteResourcePolicyCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { ListSubscriptionsByTopicCommand, SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { afterEach, expect, test } from 'vitest';
import { checked } from '../../cli/doctor/check.ts';
import { clockAnswer } from '../../cli/doctor/clock.ts';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { AwsRefused } from '../../lambda/foundation/errors.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { anOperator, type Operator } from './operator.ts';
import { configurationFile, keyguard, type Said } from './shell.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

/** One key is current, one waits, and every function has run. */
async function healthy(options: Parameters<typeof anOperator>[0] = {}) {
  me = await anOperator(options);
  const [first, second] = [await me.added(), await me.added()];
  await me.world.rotate('production');
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  return { first, second };
}

test('an alarm that somebody deleted, switched off or led elsewhere is named, with what mends it', async () => {
  await healthy();
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
});

async function found(state: 'broken' | 'warning', args: readonly string[] = []): Promise<readonly unknown[]> {
  const said = await me.run(['doctor', ...args, '--json']);
  const checks = JSON.parse(said.out) as readonly { readonly state: string }[];
  expect(said.code).toBe(checks.some((check) => check.state === 'broken') ? 1 : 0);
  return checks.filter((check) => check.state === state);
}

test('where all is well each check is a line that says so, and nothing is changed', async () => {
  await healthy();
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

test('functions that do not run, addresses that did not confirm and an empty Slack secret are broken', async () => {
  await healthy();
  const { installation, aws, clock } = me.world;
  for (const schedule of ['usage-collector', 'anomaly-detector', 'retirement']) aws.schedules.disable(schedule);
  clock.advance(2 * hourMs);
  await new SNSClient({}).send(
    new SubscribeCommand({ TopicArn: installation.alertTopicArn, Protocol: 'email', Endpoint: 'new@example.com' }),
  );
  expect(await found('broken')).toMatchObject([
    { check: 'collector', what: expect.stringMatching(/^it last ran 2026-.+, and should run within 10 minutes$/) as unknown },
    { check: 'retirement', fix: expect.stringContaining('RetirementFunctionName') as unknown },
    { check: 'alerts', what: 'new@example.com has not confirmed its subscription to alerts, and hears nothing of them' },
  ]);
});

test('an address that hears no alarms is broken', long, async () => {
  await healthy();
  const TopicArn = me.world.installation.alarmTopicArn;
  const { Subscriptions = [] } = await new SNSClient({}).send(new ListSubscriptionsByTopicCommand({ TopicArn }));
  for (const { SubscriptionArn } of Subscriptions) await new SNSClient({}).send(new UnsubscribeCommand({ SubscriptionArn }));
  expect(await found('broken')).toMatchObject([
    {
      check: 'alarms',
      what: 'security@keyguard.internal is not subscribed to alarms, though keyguard.json names it, and hears nothing of them',
    },
  ]);
  await new SNSClient({}).send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'new@example.com' }));
  expect(await found('broken')).toMatchObject([
    { check: 'alarms', fix: expect.stringContaining('--notification-endpoint security@keyguard.internal') as unknown },
    { check: 'alarms', what: 'new@example.com has not confirmed its subscription to alarms, and hears nothing of them' },
  ]);
});

test('alerts that nobody is subscribed to are broken, and with Slack a notifier that is not', long, async () => {
  await healthy();
  const { alertTopicArn } = me.world.installation;
  const { Subscriptions = [] } = await new SNSClient({}).send(new ListSubscriptionsByTopicCommand({ TopicArn: alertTopicArn }));
  const unsubscribe = async (protocol: string): Promise<void> => {
    for (const { Protocol, SubscriptionArn } of Subscriptions)
      if (Protocol === protocol) await new SNSClient({}).send(new UnsubscribeCommand({ SubscriptionArn }));
  };
  await unsubscribe('email');
  const mailless = {
    check: 'alerts',
    what: 'security@keyguard.internal is not subscribed to alerts, though keyguard.json names it, and hears nothing of them',
    fix: `aws sns subscribe --topic-arn ${alertTopicArn} --protocol email --notification-endpoint security@keyguard.internal; then confirm it from the email of AWS`,
  };
  expect(await found('broken')).toMatchObject([mailless]);
  await unsubscribe('lambda');
  const endpoint = Subscriptions.find(({ Protocol }) => Protocol === 'lambda')?.Endpoint ?? '';
  const fix = `aws sns subscribe --topic-arn ${alertTopicArn} --protocol lambda --notification-endpoint ${endpoint}`;
  const unheard = { check: 'Slack', what: 'its notifier is not subscribed to alerts, and Slack hears nothing of them', fix };
  expect(await found('broken')).toMatchObject([mailless, unheard]);
  const another = me.world.aws.functions.register('another', () => Promise.resolve());
  await new SNSClient({}).send(new SubscribeCommand({ TopicArn: alertTopicArn, Protocol: 'lambda', Endpoint: another }));
  expect(await found('broken')).toMatchObject([mailless, unheard]);
});

test('a notifier that is not there is broken', async () => {
  await healthy();
  const { notifier } = me.world.installation.functions;
  me.world.aws.functions.remove(notifier);
  expect(await found('broken')).toMatchObject([
    { check: 'functions', what: `there is no function ${notifier}` },
    { check: 'Slack', what: `there is no function ${notifier}`, fix: 'bring it back: npx cdk deploy --revert-drift' },
  ]);
});

test('a rotation function that cannot run, or that Secrets Manager may not call, is broken', async () => {
  await healthy();
  const denied = new AwsRefused('dynamodb:Query', 'AccessDeniedException', 'AccessDeniedException 400 1-2-3');
  me.world.aws.functions.register('rotation', () => Promise.reject(denied), { invokedBy: [] });
  expect(await found('broken')).toMatchObject([
    { check: 'rotation function', what: 'keyguard-rotation failed: dynamodb:Query: AccessDeniedException 400 1-2-3' },
    {
      check: 'rotation permission',
      what: 'Secrets Manager may not call keyguard-rotation: no rotation can begin',
      fix: expect.stringContaining('aws lambda add-permission --function-name keyguard-rotation') as unknown,
    },
  ]);
});

test('a heartbeat is there and its tokens are seen, or doctor says what it needs', long, async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'heartbeat' }], heartbeat: 'heartbeat' });
  await me.added();
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  const ofHeartbeat = async () =>
    (await found('broken')).filter((check) => check instanceof Object && Reflect.get(check, 'check') === 'heartbeat');
  expect(await ofHeartbeat()).toMatchObject([
    {
      what: 'Anthropic has taken no request of it, and none of its tokens was seen yet',
      fix: expect.stringContaining('npx --no-install keyguard standby add heartbeat') as unknown,
    },
  ]);
  await me.world.addStandbyKey('heartbeat');
  await me.world.rotate('heartbeat');
  await me.world.passes(70 * minuteMs, { beatMs: 10 * minuteMs });
  expect((await me.run(['doctor', '--verbose'])).out).toMatch(/^ok {7}keyguard, heartbeat: its tokens were last seen 2026-/m);
  me.world.aws.schedules.disable('heartbeat');
  me.world.clock.advance(3 * hourMs);
  expect(await ofHeartbeat()).toMatchObject([{ fix: expect.stringContaining('HeartbeatFunctionName') as unknown }]);
  me.world.aws.functions.remove('keyguard-heartbeat');
  expect(await found('broken')).toContainEqual(
    expect.objectContaining({
      check: 'functions',
      what: 'there is no function keyguard-heartbeat',
      fix: 'bring it back: npx cdk deploy --revert-drift',
    }),
  );
});

test('a standby secret that others may read is broken, and one whose policy is gone', async () => {
  await healthy();
  const SecretId = me.world.definition('production').standbySecretArn;
  const { ResourcePolicy = '' } = await me.world.secrets.send(new GetResourcePolicyCommand({ SecretId }));
  const broken = [{ about: 'production', check: 'standby secret', fix: expect.stringContaining('OnlyTheRotationReads') as unknown }];
  const another = ResourcePolicy.replaceAll('role/keyguard-rotation', 'role/thief');
  await me.world.secrets.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: another }));
  expect(await found('broken')).toMatchObject(broken);
  await me.world.secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
  expect(await found('broken')).toMatchObject(broken);
});

test('a secret that lost its own policy is broken', async () => {
  await healthy();
  const { secretName } = me.world.definition('production');
  for (const SecretId of ['keyguard/admin-key', 'keyguard/slack-webhook', secretName])
    await me.world.secrets.send(new DeleteResourcePolicyCommand({ SecretId }));
  expect(await found('broken')).toMatchObject([
    { check: 'policy of the Admin key', fix: expect.stringContaining('OnlyFunctionsAndOperatorsRead') as unknown },
    { check: "policy of Slack's webhook", what: expect.stringContaining('keyguard/slack-webhook does not refuse') as unknown },
    { check: 'consumer secret', what: expect.stringContaining('role/keyguard-retirement secretsmanager:DescribeSecret') as unknown },
  ]);
});

test('a retirement that came to its end and failed on keys is a warning, until it succeeds', async () => {
  await healthy();
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

test('before anything ran, doctor says so', async () => {
  me = await anOperator();
  const broken = await found('broken');
  expect(broken).toMatchObject([
    { check: 'collector', what: 'it has never come to its end' },
    { check: 'retirement', what: 'it has never come to its end' },
  ]);
  expect(await found('warning')).toMatchObject([{ about: 'production', check: 'current key', what: 'it has no key yet' }]);
});

test('a key that somebody changed at Anthropic is found', async () => {
  const { first, second } = await healthy();
  me.world.aws.schedules.disable('retirement');
  me.world.anthropic.console.setStatus(first, 'inactive');
  me.world.anthropic.console.setStatus(second, 'active');
  me.world.clock.advance(6 * minuteMs);
  expect(await found('broken', ['production'])).toMatchObject([
    {
      check: 'Anthropic',
      what: expect.stringContaining(
        `the current key ${first} does not work: Anthropic shows it as inactive, and Key Guard did not do it: it is`,
      ) as unknown,
    },
    { check: 'Anthropic', what: expect.stringContaining(`${second} is a standby key, was found active`) as unknown },
  ]);
  const said = await me.run(['doctor', '--verbose']);
  expect(said.err).toContain('error: 2 checks found something broken');
});

test('a schedule that somebody stopped is broken, one that is paused is not', async () => {
  await healthy();
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
});

test('a call that fails is named, and stops no other check', async () => {
  await healthy();
  me.world.aws.intercept.onCall(({ operation, phase }) =>
    phase === 'before' && operation === 'ListSubscriptionsByTopic' ? 'throttle' : undefined,
  );
  const unheard = await withQuickTimers(() => me.run(['doctor']));
  expect(unheard.code).toBe(0);
  expect(unheard.out).toMatch(/^warning {2}keyguard, alerts: not looked at: sns:ListSubscriptionsByTopic did not succeed/m);
  expect(unheard.out).toMatch(/^\d\d checks: \d\d ok, 3 warnings, 0 broken\. --verbose shows each\.$/m);
});

test.each(['AccessDeniedException 400', 'AuthorizationErrorException 403'])('%s is a warning that names the action', async (answer) => {
  const denied = new AwsRefused('sns:ListSubscriptionsByTopic', answer);
  expect(await checked('keyguard', 'alerts', () => Promise.reject(denied))).toEqual([
    {
      about: 'keyguard',
      check: 'alerts',
      state: 'warning',
      what: 'not looked at: you may not do sns:ListSubscriptionsByTopic',
      fix: expect.stringContaining('docs/security.md') as unknown,
    },
  ]);
});

test('without Anthropic the rest is looked at all the same', async () => {
  await healthy();
  const { adminAccess } = me.world.installation;
  const SecretString = me.guards(['sk-ant-admin01', 'FAKE'.repeat(8)].join('-'));
  await me.world.secrets.send(
    new PutSecretValueCommand({ SecretId: adminAccess.kind === 'key' ? adminAccess.secretName : '', SecretString }),
  );
  const said = await me.run(['doctor', '--verbose']);
  expect(said.code).toBe(1);
  expect(said.out).toMatch(/^broken {3}keyguard, Anthropic: organizations\.me: Anthropic refuses the admin credential \(401\); fix: /m);
  expect(said.out).toMatch(/^warning {2}production, Anthropic: not looked at/m);
  expect(said.out).toMatch(/^ok {7}production, schedule/m);
});

test('with federation the person at the keyboard need not get in', long, async () => {
  await healthy({ adminAccess: 'federation' });
  expect(await me.run(['doctor'])).toMatchObject({ code: 0 });
  me.world.aws.identity.assume('arn:aws:iam::000000000000:role/somebody');
  const said = await withQuickTimers(() => me.run(['doctor', '--verbose']));
  expect(said.code).toBe(0);
  expect(said.out).toMatch(/^warning {2}keyguard, Anthropic: not looked at: your own AWS role does not get in \(.*\(401\)\)/m);
});

test('with federation a role that gets in and may not list the keys is no fault either', async () => {
  me = await anOperator({ adminAccess: 'federation' });
  const body = JSON.stringify({ type: 'error', error: { type: 'permission_error', message: 'not allowed' } });
  const answer = { status: 403, headers: { 'content-type': 'application/json', 'request-id': 'req_01narrow' }, body };
  const asked: string[] = [];
  me.world.anthropic.intercept.onCall(({ phase, method, route }) => {
    if (phase === 'before') asked.push(`${method} ${route}`);
    return phase === 'before' && route === '/v1/organizations/api_keys' ? { kind: 'stranger', answer } : undefined;
  });
  const said = await me.run(['doctor', '--verbose']);
  expect(asked).toEqual(expect.arrayContaining(['GET /v1/organizations/me', 'GET /v1/organizations/api_keys']));
  expect(said.out).toMatch(/^warning {2}keyguard, Anthropic: not looked at: your own AWS role does not get in \(.*\(403\)\)/m);
  expect(said.out).not.toMatch(/^broken {3}keyguard, Anthropic:/m);
});

test.each([
  ['the same second', 0, 'ok', 'agrees with AWS'],
  ['a minute and a half behind', 90_000, 'ok', 'agrees with AWS'],
  ['three minutes behind', 180_000, 'broken', '3 minutes behind AWS'],
  ['ten minutes ahead', -601_000, 'broken', '10 minutes ahead of AWS'],
])('a clock that is %s', (_name, serverAheadMs, state, words) => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  const answer = clockAnswer('AWS', now + serverAheadMs, now, now);
  expect(answer.state).toBe(state);
  expect(answer.what).toContain(words);
});

/** As somebody who has another keyguard.json than what was deployed. */
function doctorWith(configuration: object): Promise<Said> {
  return keyguard(['doctor', '--config', configurationFile({ configuration: () => configuration })], { world: me.world });
}

test('of two addresses one that unsubscribed from both topics is named, first of all', async () => {
  await healthy();
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
  await healthy();
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
