import { CancelRotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { anOperator, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const dryRun = ['rotate', 'production', '--dry-run'];

test('a dry run names the key that would be taken, proves it, and leaves nothing changed', async () => {
  me = await anOperator();
  const id = await me.added();
  const said = await me.run(dryRun);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(`makes ${id} active for a moment, and proves it`);
  expect(said.out).toContain(`${id} becomes current (it is the oldest standby key that lives long enough).`);
  expect(said.out).toContain('It is inactive again and proven dead; nothing remains changed.');
  await me.world.aws.settle({ coalesce: true });
  expect(me.world.anthropic.inspect.key(id).status).toBe('inactive');
  expect(me.world.aws.inspect.secrets.versions(me.world.definition('production').secretArn)).toEqual([]);
  expect(states()).toEqual({ [id]: 'standby' });
  expect(await me.asJson(dryRun)).toEqual({
    managedKey: 'production',
    wouldClaim: id,
    because: 'it is the oldest standby key that lives long enough',
    current: null,
    wouldCutOff: [],
    paused: false,
    proof: { verdict: 'good', because: null },
  });
});

test('with --no-proof nothing is activated', async () => {
  me = await anOperator();
  const id = await me.added();
  me.world.anthropic.intercept.forgetCalls();
  const said = await me.run([...dryRun, '--no-proof']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain(`${id} becomes current`);
  expect(said.out).toContain('Nothing was proven. Nothing was changed.');
  expect(me.world.anthropic.intercept.calls).toEqual([]);
});

test('a key that fails its proof is rejected, and the dry run fails with the next step', async () => {
  me = await anOperator();
  const [bad, good] = [await me.added(), await me.added()];
  me.world.anthropic.console.setStatus(bad, 'archived');
  const said = await me.run(dryRun);
  expect(said.code).toBe(1);
  expect(said.err).toContain(`error: ${bad} failed its proof: the key is archived`);
  expect(said.err).toContain(`npx --no-install keyguard standby remove production ${bad}`);
  expect(states()).toEqual({ [bad]: 'rejected', [good]: 'standby' });
  expect((await me.run(dryRun)).out).toContain(`${good} becomes current`);
});

test('where nobody can tell, the key stays in the pool', long, async () => {
  me = await anOperator();
  const id = await me.added();
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/organizations/api_keys/{api_key_id}' ? { kind: 'status', status: 529 } : undefined,
  );
  const said = await withQuickTimers(() => me.run(dryRun));
  outage();
  expect(said.code).toBe(1);
  expect(said.err).toContain(`${id} could not be proven`);
  await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect(me.world.anthropic.inspect.key(id).status).toBe('inactive');
  expect(await me.run(dryRun)).toMatchObject({ code: 0 });
});

test('killed while the key is proven, a dry run leaves no key active', async () => {
  me = await anOperator();
  const id = await me.added();
  await me.killed(dryRun, { phase: 'before', operation: 'Invoke' });
  expect(await me.run(dryRun)).toMatchObject({ code: 0 });
  expect(me.world.anthropic.inspect.key(id).status).toBe('inactive');
});

test('a dry run fails where the rotation would: an empty pool, a pause', async () => {
  me = await anOperator();
  const empty = await me.run(dryRun);
  expect(empty.code).toBe(1);
  expect(empty.out).toContain('A rotation of production would fail: the pool is empty.');
  expect(empty.err).toContain('npx --no-install keyguard standby add production');
  await me.added();
  await me.run(['pause', 'production', '--because', 'an audit', '--yes']);
  me.world.anthropic.intercept.forgetCalls();
  const paused = await me.run([...dryRun, '--json']);
  expect(paused.code).toBe(1);
  expect(JSON.parse(paused.out)).toMatchObject({ paused: true, wouldClaim: null, proof: null });
  expect(JSON.parse(paused.err)).toMatchObject({ error: { code: 'paused', fix: 'npx --no-install keyguard resume production' } });
  expect((await me.run(dryRun)).out).toMatch(/^A rotation of production would fail: production is paused since .+: an audit\.$/m);
  expect(me.world.anthropic.intercept.calls).toEqual([]);
});

test('a dry run fails where somebody stopped the schedule in AWS, and activates nothing', async () => {
  me = await anOperator();
  await me.added();
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: me.world.definition('production').secretArn }));
  me.world.anthropic.intercept.forgetCalls();
  const said = await me.run([...dryRun, '--json']);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out)).toMatchObject({ wouldClaim: null, because: 'rotation is not enabled for production', proof: null });
  expect(JSON.parse(said.err)).toMatchObject({ error: { code: 'rotation-disabled', fix: 'npx --no-install keyguard resume production' } });
  expect(me.world.anthropic.intercept.calls).toEqual([]);
  expect(JSON.parse((await me.run(['rotate', 'production', '--yes', '--json'])).err)).toMatchObject({
    error: { code: 'rotation-disabled' },
  });
});

test('what a dry run fails with has a code', async () => {
  me = await anOperator();
  const errorOf = async (): Promise<unknown> => JSON.parse((await me.run([...dryRun, '--json'])).err.split('\n').at(-2) ?? '') as unknown;
  expect(await errorOf()).toMatchObject({ error: { code: 'no-standby-key' } });
  const bad = await me.added();
  await me.added();
  me.world.anthropic.console.setStatus(bad, 'archived');
  expect(await errorOf()).toMatchObject({ error: { code: 'proof-failed' } });
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/organizations/api_keys/{api_key_id}' ? { kind: 'status', status: 529 } : undefined,
  );
  expect(await withQuickTimers(errorOf)).toMatchObject({ error: { code: 'proof-unclear' } });
  outage();
});

test('the dry run of an emergency says which keys would die', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(hourMs, { beatMs: hourMs });
  const said = await me.run([...dryRun, '--emergency']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain(`${first} (`);
  expect(said.out).toContain('is cut off at once');
  expect(await me.asJson([...dryRun, '--emergency'])).toMatchObject({ wouldClaim: second, wouldCutOff: [first] });
  expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });
});

test.each([
  [['rotate', 'production', '--no-proof'], '--no-proof belongs to --dry-run'],
  [['rotate', 'production', '--api-key-id', 'apikey_1'], '--api-key-id belongs to --emergency'],
])('%j is wrong usage', async (args, words) => {
  me = await anOperator();
  const said = await me.run(args);
  expect(said.code).toBe(2);
  expect(said.err).toContain(words);
});
