import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { othersAtWork } from '../support/others.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';
import { long, shortAndLong } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const pause = ['pause', 'production', '--because', 'an audit', '--yes'];
const resume = ['resume', 'production', '--because', 'the audit is over'];
const schedule = async (): Promise<unknown> => {
  const { RotationEnabled, RotationRules, RotationLambdaARN } = await me.world.secrets.send(
    new DescribeSecretCommand({ SecretId: me.world.definition('production').secretArn }),
  );
  return { RotationEnabled, RotationRules, RotationLambdaARN };
};

async function withTwoKeys() {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  return { first, second };
}

test('a paused key does not rotate by itself, nor by a command, until it is resumed with the rules it had', async () => {
  const { first, second } = await withTwoKeys();
  const rules = await schedule();
  const said = await me.run(pause);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toMatch(/^production is paused, since 2026-\S+ \S+ UTC by arn:\S+: an audit\.$/m);
  expect(await schedule()).toMatchObject({ RotationEnabled: false });
  await me.world.passes(40 * dayMs, { beatMs: 20 * dayMs });
  const refused = await me.run(['rotate', 'production', '--yes']);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/production is paused since .+: an audit\n.*fix: {3}npx --no-install keyguard resume production/);
  expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });

  const on = await me.run(resume);
  expect(on).toMatchObject({ code: 0 });
  expect(on.out).toMatch(/^production goes on, after a pause since 2026-\S+ \S+ UTC \(an audit\)\.\nIts next rotation is due by 2026-/);
  await me.world.aws.settle({ coalesce: true });
  expect(await schedule()).toEqual(rules);
  expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });
  expect((await me.run(['rotate', 'production', '--yes'])).code).toBe(0);
  const told = (await me.run(['history', 'production', '--since', '90d'])).out;
  expect(told).toContain('paused by arn:aws:sts::000000000000:assumed-role/keyguard-local/local: an audit');
  expect(told).toContain('resumed: the audit is over');
});

test('no old key becomes inactive while it is paused; after it, within minutes', long, async () => {
  const { first, second } = await withTwoKeys();
  await me.run(['rotate', 'production', '--again', '--yes']);
  await me.run(pause);
  await me.world.passes(3 * dayMs, { beatMs: 12 * hourMs, eachMinute: othersAtWork(me.world) });
  expect((await me.run(['undo', 'production', '--yes'])).err).toContain('production is paused since');
  expect(states()).toEqual({ [first]: 'draining', [second]: 'current' });
  await me.run(resume);
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs, eachMinute: othersAtWork(me.world) });
  expect(states()).toEqual({ [first]: 'inactive', [second]: 'current' });
});

test('both can be repeated, and say since when', async () => {
  await withTwoKeys();
  const paused = await me.asJson(pause);
  expect(paused).toEqual({
    managedKey: 'production',
    pausedSince: expect.stringMatching(/^2026-/) as unknown,
    by: expect.stringMatching(/^arn:/) as unknown,
    because: 'an audit',
    rotationLeftOpen: null,
  });
  me.world.clock.advance(hourMs);
  expect(await me.asJson(['pause', 'production', '--because', 'another reason', '--yes'])).toEqual(paused);
  expect((await me.run(pause)).out).toContain('production is paused already, since 2026-09-07 00:0');
  expect(await me.asJson(resume)).toMatchObject({ managedKey: 'production', resumed: true, nextRotationAt: expect.any(String) as unknown });
  expect(await me.asJson(resume)).toMatchObject({ pausedSince: null, resumed: false });
  expect((await me.run(resume)).out).toContain('production is not paused; nothing was changed.');
});

for (const [cases, options] of shortAndLong<Moment>(1, [
  { phase: 'after', operation: 'PutItem' },
  { phase: 'before', operation: 'CancelRotateSecret' },
  { phase: 'after', operation: 'CancelRotateSecret' },
]))
  test.each(cases)('killed %j, pause goes on when it is given again', options, async (moment) => {
    await withTwoKeys();
    await me.killed(pause, moment);
    expect(await me.run(pause)).toMatchObject({ code: 0 });
    expect(await schedule()).toMatchObject({ RotationEnabled: false });
    expect((await me.run(['history'])).out).toContain('paused by arn:');
  });

for (const [cases, options] of shortAndLong<Moment>(1, [
  { phase: 'before', operation: 'RotateSecret' },
  { phase: 'after', operation: 'RotateSecret' },
  { phase: 'before', operation: 'DeleteItem' },
  { phase: 'after', operation: 'DeleteItem' },
]))
  test.each(cases)('killed %j, resume goes on when it is given again', options, async (moment) => {
    const { first, second } = await withTwoKeys();
    await me.run(pause);
    await me.killed(resume, moment);
    expect(await me.run(resume)).toMatchObject({ code: 0 });
    expect(await schedule()).toMatchObject({ RotationEnabled: true });
    expect(await me.run(['rotate', 'production', '--dry-run', '--json'])).toMatchObject({ code: 0 });
    await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
    expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });
  });

test('two at once pause and resume once', async () => {
  await withTwoKeys();
  expect((await Promise.all([me.run(pause), me.run(pause)])).map(({ code }) => code)).toEqual([0, 0]);
  expect((await Promise.all([me.run(resume), me.run(resume)])).map(({ code }) => code)).toEqual([0, 0]);
  expect(await schedule()).toMatchObject({ RotationEnabled: true });
});

test('a rotation that is under way is waited for; one that hangs is broken off, and resume clears it away', long, async () => {
  const { first, second } = await withTwoKeys();
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await me.world.rotate('production');
  const said = await me.run(pause);
  expect(said.err).toContain('A rotation is under way; waiting for its end');
  expect(said.out).toContain('A rotation was broken off; to clear it away: npx --no-install keyguard unstick production');
  outage();
  expect(await me.run(resume)).toMatchObject({ code: 0 });
  await me.world.passes(hourMs, { beatMs: 5 * minuteMs });
  expect(states()).toMatchObject({ [first]: 'draining', [second]: 'current' });
});

test('a key that is added to a paused one starts no rotation', async () => {
  me = await anOperator();
  await me.world.rotate('production');
  await me.run(pause);
  const { value } = me.made();
  expect((await me.run(['standby', 'add', 'production'], value)).out).not.toContain('is started');
  expect(await schedule()).toMatchObject({ RotationEnabled: false });
});

test.each([
  [['pause', 'production', '--yes'], "required option '--because <text>' not specified"],
  [['pause', 'production', '--because', ' ', '--yes'], '--because wants a reason'],
  [['pause', 'production', '--because', 'an audit'], 'give --yes if you mean it'],
])('%j is wrong usage', async (args, words) => {
  me = await anOperator();
  const said = await me.run(args);
  expect(said.code).toBe(2);
  expect(said.err).toContain(words);
});

test('resume says that a rotation which had failed begins again, and it does', long, async () => {
  me = await anOperator();
  await me.added();
  await me.run(['rotate', 'production', '--yes']);
  await me.world.rotate('production');
  await me.run(pause);
  const second = await me.added();
  const said = await me.run(resume);
  expect(said.out).toContain('A rotation that did not come to its end, or was asked for, begins again within minutes.');
  expect(said.out).toContain('By its schedule the next rotation is due by 2026-');
  await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()[second]).toBe('current');
});
