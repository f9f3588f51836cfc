import { CancelRotateSecretCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { othersAtWork } from '../support/others.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';
import { long, shortAndLong } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const undo = ['undo', 'production', '--because', 'the new key is refused', '--yes'];

/** Two rotations: the second key is current, the first in its grace; a third waits. */
async function rotatedTwice() {
  me = await anOperator();
  const [first, second, third] = [await me.added(), await me.added(), await me.added()];
  await me.world.rotate('production');
  await me.world.passes(hourMs, { beatMs: hourMs });
  await me.world.rotate('production');
  me.world.clock.advance(minuteMs);
  return { first, second, third };
}

test('undo makes the old key current again, and the new one gets its grace', async () => {
  const { first, second, third } = await rotatedTwice();
  const said = await me.run(undo);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toMatch(new RegExp(`^production is back: ${first} \\(sk-ant-\\S+\\) is current since 2026-`));
  expect(said.out).toContain(`The previous key ${second} stays valid until 2026-09-08`);
  expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
  expect((await me.run(['history', 'production', '--api-key-id', first])).out).toContain('brought back: the new key is refused');
});

test('undo of a retired key reactivates it; with --json it says what rotate says', long, async () => {
  const { first, second } = await rotatedTwice();
  await me.world.passes(2 * dayMs, { beatMs: dayMs, eachMinute: othersAtWork(me.world) });
  expect(states()[first]).toBe('inactive');
  expect(await me.asJson(undo)).toEqual({
    managedKey: 'production',
    apiKeyId: first,
    hint: me.world.anthropic.inspect.key(first).hint,
    since: expect.stringMatching(/^2026-09-09T/) as unknown,
    versionId: expect.any(String) as unknown,
    previous: {
      apiKeyId: second,
      hint: me.world.anthropic.inspect.key(second).hint,
      validAtLeastUntil: expect.stringMatching(/^2026-09-10T/) as unknown,
    },
  });
  expect(me.world.anthropic.inspect.key(first).status).toBe('active');
});

test('an undo that is repeated does not undo itself', async () => {
  const { first, second } = await rotatedTwice();
  await me.run(undo);
  const again = await me.run(undo);
  expect(again.code).toBe(1);
  expect(again.err).toContain(`${first} of production itself came back by an undo at 2026-`);
  expect(again.err).toContain(`npx --no-install keyguard undo production --api-key-id ${second}`);
  expect((await me.run([...undo, '--api-key-id', first])).out).toMatch(new RegExp(`^production needs no undo: ${first} `));
  expect(await me.run([...undo, '--api-key-id', second])).toMatchObject({ code: 0 });
  expect(states()).toMatchObject({ [first]: 'draining', [second]: 'current' });
});

for (const [cases, options] of shortAndLong<Moment>(1, [
  { phase: 'before', operation: 'TransactWriteItems' },
  { phase: 'after', operation: 'TransactWriteItems' },
  { phase: 'before', operation: 'RotateSecret' },
  { phase: 'after', operation: 'RotateSecret' },
]))
  test.each(cases)('killed %j, an undo that is given again claims no standby key', options, async (moment) => {
    const { first, second, third } = await rotatedTwice();
    await me.killed(undo, moment);
    expect(await me.run(undo)).toMatchObject({ code: 0 });
    expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
    await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
    expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
  });

/** A person stops the open rotation by hand, takes AWSPENDING away and turns the schedule on again. */
async function forgetRotation(): Promise<void> {
  const { secretArn } = me.world.definition('production');
  const pending = me.world.aws.inspect.secrets.versions(secretArn).find((version) => version.labels.includes('AWSPENDING'));
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: secretArn }));
  await me.world.secrets.send(
    new UpdateSecretVersionStageCommand({ SecretId: secretArn, VersionStage: 'AWSPENDING', RemoveFromVersionId: pending?.versionId }),
  );
  await me.run(['resume', 'production']);
}

test('two who undo at once bring the key back once', long, async () => {
  const { first, second, third } = await rotatedTwice();
  const both = await Promise.all([me.run(undo), me.run(undo)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
});

test('an undo whose rotation was broken off is cleared away first', long, async () => {
  const { first, second, third } = await rotatedTwice();
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await me.killed(undo, { phase: 'after', operation: 'RotateSecret' });
  await me.world.aws.settle({ coalesce: true });
  expect(states()[first]).toBe('pending');
  outage();
  await forgetRotation();
  await me.world.aws.settle({ coalesce: true });
  const said = await me.run(undo);
  expect(said.code).toBe(1);
  expect(said.err).toContain(`the rotation that was to bring ${first} back was broken off`);
  me.world.clock.advance(20 * minuteMs);
  expect(await me.run(['unstick', 'production', '--yes'])).toMatchObject({ code: 0 });
  expect(states()).toEqual({ [first]: 'draining', [second]: 'current', [third]: 'standby' });
  expect(await me.run(undo)).toMatchObject({ code: 0 });
  expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
});

test('a key that an emergency ended comes back only by name, with a warning', async () => {
  me = await anOperator();
  const [leaked, next] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.run(['rotate', 'production', '--emergency', '--because', 'leaked', '--yes']);
  expect(states()).toEqual({ [leaked]: 'inactive', [next]: 'current' });
  const refused = await me.run(['undo', 'production', '--yes']);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(new RegExp(`the last key of production, ${leaked}, was cut off 2026-\\S+ \\S+ UTC: an emergency ended it`));
  expect(refused.err).toContain(`npx --no-install keyguard undo production --api-key-id ${leaked}`);
  expect(states()).toEqual({ [leaked]: 'inactive', [next]: 'current' });
  expect(me.world.anthropic.inspect.key(leaked).status).toBe('inactive');
  const said = await me.run([...undo, '--api-key-id', leaked]);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(`Careful: ${leaked} was cut off (an emergency ended it)`);
  expect(states()).toEqual({ [leaked]: 'current', [next]: 'draining' });
});

test('a key in its grace that somebody disabled in the Console comes back only by name, with a warning', long, async () => {
  const { first, second, third } = await rotatedTwice();
  me.world.anthropic.console.setStatus(first, 'inactive');
  const refused = await me.run(undo);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(`the last key of production, ${first}, is in its grace, and somebody disabled it at Anthropic`);
  expect(refused.err).toContain(`npx --no-install keyguard undo production --api-key-id ${first}`);
  expect(me.world.anthropic.inspect.key(first).status).toBe('inactive');
  const said = await me.run([...undo, '--api-key-id', first]);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(`Careful: somebody disabled ${first} at Anthropic`);
  expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
});

test('where nobody can answer it wants --yes', async () => {
  await rotatedTwice();
  const said = await me.run(['undo', 'production']);
  expect(said.code).toBe(2);
  expect(said.err).toContain('give --yes if you mean it');
});

test('of a key that gets no grace nobody says that it stays valid', long, async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(hourMs, { beatMs: hourMs });
  await me.run(['rotate', 'production', '--yes']);
  me.world.clock.advance(minuteMs);
  await me.added();
  await me.killed(['rotate', 'production', '--emergency', '--yes'], { phase: 'before', operation: 'RotateSecret' });
  const said = await me.run(['undo', 'production', '--api-key-id', first, '--yes']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(`${second} gets no grace`);
  expect(said.out).toContain(`The previous key ${second} gets no grace: an emergency cuts it off within minutes.`);
});
