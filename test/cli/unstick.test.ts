import { CancelRotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';
import { long, shortAndLong } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const labels = (): readonly string[] =>
  me.world.aws.inspect.secrets.versions(me.world.definition('production').secretArn).flatMap((version) => version.labels);
const unstick = ['unstick', 'production', '--yes'];

/** One key is current; the rotation to the second has claimed it and cannot go on. */
async function stuck() {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  me.world.clock.advance(minuteMs);
  const mend = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await me.world.rotate('production');
  expect(states()).toEqual({ [first]: 'current', [second]: 'pending' });
  // Nobody tries it again: what is stuck stays so.
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: me.world.definition('production').secretArn }));
  mend();
  return { first, second };
}

test('unstick frees the label, returns the claimed key, says what it did and what is left', async () => {
  const { first, second } = await stuck();
  me.world.clock.advance(20 * minuteMs);
  const said = await me.run(unstick);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toMatch(/^done: AWSPENDING is taken off version [0-9a-f-]{36}\.$/m);
  expect(said.out).toContain(`done: ${second} is standby again.`);
  expect(said.out).toContain(
    'left, broken: its rotation schedule is off, and nobody paused it: npx --no-install keyguard resume production',
  );
  expect(labels()).not.toContain('AWSPENDING');
  expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });
  expect(me.world.anthropic.inspect.key(second).status).toBe('inactive');
  expect((await me.run(['history'])).out).toContain('unstuck: AWSPENDING is taken off');
  await me.run(['resume', 'production']);
  await me.world.aws.settle({ coalesce: true });
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
});

test('a request is taken back', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(hourMs, { beatMs: hourMs });
  await me.run(['rotate', 'production', '--yes']);
  await me.killed(['undo', 'production', '--because', 'it fails', '--yes'], { phase: 'before', operation: 'RotateSecret' });
  expect(await me.asJson(unstick)).toEqual({
    managedKey: 'production',
    did: [`The undo request for ${first} is withdrawn (it fails).`],
    remains: [],
    waits: [],
    left: [expect.objectContaining({ check: 'pool', state: 'attention' })],
  });
  await me.world.passes(30 * minuteMs, { beatMs: 15 * minuteMs });
  expect(states()).toEqual({ [first]: 'draining', [second]: 'current' });
});

test('what retirement cannot do is not said to be done, and the exit code says so', long, async () => {
  const { first, second } = await stuck();
  me.world.clock.advance(20 * minuteMs);
  const outage = me.world.anthropic.intercept.onCall(({ phase }) => (phase === 'before' ? { kind: 'status', status: 500 } : undefined));
  const said = await withQuickTimers(() => me.run([...unstick, '--json']));
  outage();
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out)).toMatchObject({
    did: [expect.stringMatching(/^AWSPENDING is taken off version/)],
    remains: [`Retirement returns ${second} to where it was claimed from.`],
  });
  expect(said.err).toContain('1 of 2 things that stood in the way of production stand there still');
  expect(said.err).toContain('look for retirement.failed in the log of the function in the output RetirementFunctionName');
  expect(states()).toEqual({ [first]: 'current', [second]: 'pending' });
  const again = await me.run(unstick);
  expect(again).toMatchObject({ code: 0 });
  expect(again.out).toContain(`done: ${second} is standby again.`);
});

test('a key to which AWSCURRENT was about to move is not said to go back', long, async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  me.world.clock.advance(minuteMs);
  const { secretArn } = me.world.definition('production');
  const mend = me.world.aws.intercept.onCall(({ operation, phase }) =>
    phase === 'before' && operation === 'UpdateSecretVersionStage' ? 'throttle' : undefined,
  );
  await withQuickTimers(() => me.world.rotate('production'));
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: secretArn }));
  mend();
  expect(states()).toEqual({ [first]: 'current', [second]: 'pending' });
  me.world.clock.advance(20 * minuteMs);
  const said = await me.run(unstick);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(`Retirement gives ${second} its grace: AWSCURRENT was about to move to it`);
  expect(said.out).toContain(`done: ${second} is draining.`);
  expect(said.out + said.err).not.toContain('to where it was claimed from');
});

for (const [cases, options] of shortAndLong<Moment>(1, [
  { phase: 'after', operation: 'PutItem' },
  { phase: 'before', operation: 'UpdateSecretVersionStage' },
  { phase: 'after', operation: 'UpdateSecretVersionStage' },
  { phase: 'before', operation: 'Invoke' },
]))
  test.each(cases)('killed %j, unstick goes on when it is given again', options, async (moment) => {
    const { first, second } = await stuck();
    me.world.clock.advance(20 * minuteMs);
    await me.killed(unstick, moment);
    expect(await me.run(unstick)).toMatchObject({ code: 0 });
    expect(labels()).not.toContain('AWSPENDING');
    expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });
  });

test('where nothing is stuck it says so, and asks nothing', async () => {
  me = await anOperator();
  await me.added();
  const said = await me.run(['unstick', 'production']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain('Nothing of production is stuck.');
  expect(said.out).toContain('left, attention: it has no key yet: npx --no-install keyguard rotate production');
  expect(me.world.aws.functions.invocations('retirement')).toEqual([]);
});

test('where nobody can answer it wants --yes', long, async () => {
  await stuck();
  me.world.clock.advance(20 * minuteMs);
  const said = await me.run(['unstick', 'production']);
  expect(said.code).toBe(2);
  expect(said.err).toContain('AWSPENDING is taken off version');
  expect(said.err).toContain('give --yes if you mean it');
  expect(labels()).toContain('AWSPENDING');
});
