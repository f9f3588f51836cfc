import { ListSubscriptionsByTopicCommand, SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { afterEach, expect, test } from 'vitest';
import { checked } from '../../cli/doctor/check.ts';
import { clockAnswer } from '../../cli/doctor/clock.ts';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { AwsRefused } from '../../lambda/foundation/errors.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { foundBy } from './doctor.ts';
import { anOperator, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());
const found = (state: 'broken' | 'warning', args: readonly string[] = []) => foundBy(me, state, args);

/** One key is current, one waits, and every function has run. */
async function healthy(options: Parameters<typeof anOperator>[0] = {}) {
  me = await anOperator(options);
  const [first, second] = [await me.added(), await me.added()];
  await me.world.rotate('production');
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  return { first, second };
}

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
      fix: expect.stringContaining('npx --no-install keyguard rotate heartbeat, which says what to do') as unknown,
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
