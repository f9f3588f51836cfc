import { CancelRotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { pauses } from '../../lambda/adapters/aws/pauses.ts';
import { openTable, type Table } from '../../lambda/adapters/aws/table.ts';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { withUndoRequest } from '../../lambda/rotation/lifecycle.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { emergency, rotatedTwice as onceMore } from './emergency.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const statusOf = (apiKeyId: string): string => me.world.anthropic.inspect.key(apiKeyId).status;
const table = (): Table => openTable(me.world.installation.stateTable);

async function rotatedTwice() {
  me = await anOperator();
  return onceMore(me);
}

test('an emergency that names a key in its grace cuts off that one alone, also when it is given again', long, async () => {
  const { first, second, third } = await rotatedTwice();
  const named = [...emergency, '--api-key-id', first];
  const outage = me.world.anthropic.intercept.onCall(({ phase, method }) =>
    phase === 'before' && method === 'POST' ? { kind: 'status', status: 500 } : undefined,
  );
  const failed = await withQuickTimers(() => me.run(named));
  expect(failed.code).toBe(1);
  expect(failed.err).toContain(`${second} stays the current key of production; only the key that you named is cut off.`);
  expect(failed.err).toContain(`error: ${first} is not cut off yet`);
  me.world.clock.advance(70 * minuteMs);
  outage();
  const said = await me.run(named);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain(`production did not rotate: ${second}`);
  expect(states()).toMatchObject({ [first]: 'inactive', [second]: 'current', [third]: 'standby' });
  expect([first, second].map(statusOf)).toEqual(['inactive', 'active']);
});

test('an emergency that has only to cut leaves a pause as it is', long, async () => {
  const { first, second } = await rotatedTwice();
  await me.run(['pause', 'production', '--because', 'a freeze', '--yes']);
  const said = await me.run([...emergency, '--api-key-id', first]);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).not.toContain('pause');
  expect(states()).toMatchObject({ [first]: 'inactive', [second]: 'current' });
  const { managedKeys } = (await me.asJson(['status', 'production'])) as { managedKeys: readonly unknown[] };
  expect(managedKeys).toMatchObject([{ paused: { because: 'a freeze' } }]);
});

test('an emergency that was killed after it had ended a pause is told to people', long, async () => {
  const { second } = await rotatedTwice();
  await me.run(['pause', 'production', '--because', 'a freeze', '--yes']);
  await me.killed(emergency, { phase: 'before', operation: 'RotateSecret' });
  await me.world.passes(15 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()[second]).toBe('current');
  const told = me.world.aws.mailbox.messages().map(({ body }) => body.replaceAll(/\s+/g, ' '));
  expect(told).toContainEqual(expect.stringContaining(`an emergency wants ${second} off, and rotation is not enabled`));
  expect(await me.run(emergency)).toMatchObject({ code: 0 });
  expect(states()[second]).toBe('inactive');
});

test('a key that is paused is cut off by an emergency all the same, and one that was void is given anew', long, async () => {
  const { first } = await rotatedTwice();
  const named = [...emergency, '--api-key-id', first];
  me.world.aws.schedules.disable('retirement');
  await me.killed(named, { phase: 'before', operation: 'Invoke' });
  me.world.clock.advance(26 * hourMs);
  expect(await me.run(named)).toMatchObject({ code: 0 });
  expect(states()[first]).toBe('inactive');
});

test('retirement carries out the cut of a reactivated key whose command was killed', long, async () => {
  const { second } = await rotatedTwice();
  await me.run(emergency);
  me.world.anthropic.console.setStatus(second, 'active');
  await me.killed([...emergency, '--api-key-id', second], { phase: 'after', operation: 'TransactWriteItems' });
  expect(statusOf(second)).toBe('active');
  await me.world.passes(15 * minuteMs, { beatMs: 5 * minuteMs });
  expect([states()[second], statusOf(second)]).toEqual(['contained', 'inactive']);
});

test('an emergency whose switch is done cuts off what is still on, and no other key', long, async () => {
  const { first, second, third, fourth } = await rotatedTwice();
  // What was replaced dies, and the key that was in its grace does not.
  const stop = me.world.anthropic.intercept.onCall(({ phase, method, target }) =>
    phase === 'before' && method === 'POST' && target === first ? { kind: 'status', status: 500 } : undefined,
  );
  const failed = await withQuickTimers(() => me.run(emergency));
  stop();
  expect(failed.code).toBe(1);
  expect(states()).toMatchObject({ [first]: 'draining', [second]: 'inactive', [third]: 'current' });
  me.world.aws.schedules.disable('retirement');
  for (const minutes of [1, 25]) {
    me.world.clock.advance(minutes * minuteMs);
    expect(await me.asJson([...emergency, '--dry-run', '--no-proof'])).toMatchObject({ current: third, wouldCutOff: [first] });
  }
  expect(await me.run(emergency)).toMatchObject({ code: 0 });
  expect(states()).toMatchObject({ [first]: 'inactive', [third]: 'current', [fourth]: 'standby' });
});

test('an emergency that is given again while an undo brings its key back says so, and is not over', long, async () => {
  const { second } = await rotatedTwice();
  await me.killed(emergency, { phase: 'before', operation: 'Invoke' });
  me.world.aws.schedules.disable('retirement');
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await withQuickTimers(() => me.run(['undo', 'production', '--api-key-id', second, '--yes']));
  outage();
  expect(states()[second]).toBe('pending');
  const said = await me.run(emergency);
  expect(said.code).toBe(1);
  expect(said.err).toContain(`${second} of production is on its way back this moment`);
  const { managedKeys } = (await me.asJson(['status', 'production'])) as { managedKeys: readonly { wishes: readonly unknown[] }[] };
  expect(JSON.stringify(managedKeys[0]?.wishes)).not.toContain(second);
});

test('a key in its grace that an undo has claimed is seen as previous, and an emergency says how to go on', long, async () => {
  const { first } = await rotatedTwice();
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await withQuickTimers(() => me.run(['undo', 'production', '--yes']));
  expect(states()[first]).toBe('pending');
  await me.run(['pause', 'production', '--because', 'a freeze', '--yes']);
  outage();
  const { managedKeys } = (await me.asJson(['status', 'production'])) as { managedKeys: readonly unknown[] };
  expect(managedKeys).toMatchObject([{ previous: [{ apiKeyId: first, waits: 'an operator asked for an undo: its proof is under way' }] }]);
  expect((await me.run(['standby', 'list', 'production'])).out).not.toContain(first);
  for (const args of [emergency, [...emergency, '--api-key-id', first]]) {
    const said = await me.run(args);
    expect(said.err).toContain(`${first} of production is on its way back this moment`);
    expect(said.err).toContain('if it does not come: npx --no-install keyguard unstick production');
  }
  expect(managedKeys).toMatchObject([{ wishes: [] }]);
  me.world.clock.advance(20 * minuteMs);
  await me.run(['unstick', 'production', '--yes']);
  await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect(await me.run(emergency)).toMatchObject({ code: 0 });
  expect(states()[first]).toBe('inactive');
});

test('an emergency that nobody carried out for a day has lapsed, and nothing says that it stands', long, async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(hourMs, { beatMs: hourMs });
  await me.killed(emergency, { phase: 'before', operation: 'RotateSecret' });
  me.world.aws.schedules.disable('retirement');
  expect((await me.run(['status', 'production'])).out).toContain('is to be cut off without grace');
  me.world.clock.advance(25 * hourMs);
  const said = await me.run(['status', 'production']);
  expect(said.out).not.toContain('without grace');
  expect(said.out).not.toContain('no grace');
  expect(states()).toEqual({ [first]: 'current', [second]: 'standby' });
});

test('the evidence names who uses the key that dies, and --json the keys that died', async () => {
  const { first, second, third } = await rotatedTwice();
  const value = await me.world.currentValue('production');
  me.guards(value);
  const usage = {
    schema: 1,
    apiKeyId: second,
    at: me.world.clock.now() - minuteMs,
    model: 'claude-haiku-4-5',
    workspaceId: me.world.definition('production').workspaceId,
    tokens: 5200,
  };
  await table().put('LAST_USE', second, usage);
  const said = await me.run([...emergency, '--json']);
  expect(said.err).toContain(`with claude-haiku-4-5 in ${usage.workspaceId}, 5,200 tokens in that minute.`);
  expect(JSON.parse(said.out)).toEqual({
    managedKey: 'production',
    apiKeyId: third,
    hint: me.world.anthropic.inspect.key(third).hint,
    since: expect.stringMatching(/^2026-09-07T/) as unknown,
    versionId: expect.any(String) as unknown,
    cutOff: [first, second].sort().map((apiKeyId) => ({
      apiKeyId,
      hint: me.world.anthropic.inspect.key(apiKeyId).hint,
      state: 'inactive',
      since: expect.stringMatching(/^2026-09-07T/) as unknown,
    })),
    pauseEnded: false,
  });
});

test.each<Moment>([
  { phase: 'after', operation: 'TransactWriteItems' },
  { phase: 'after', operation: 'TransactWriteItems', skip: 1 },
  { phase: 'after', operation: 'RotateSecret' },
  { phase: 'before', operation: 'Invoke' },
  { phase: 'after', operation: 'Invoke' },
])('killed %j, an emergency that is given again takes one standby key', long, async (moment) => {
  const { after } = await rotatedTwice();
  await me.killed(emergency, moment);
  await me.run(emergency);
  await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()).toEqual(after);
});

test('an emergency that is over is not begun anew by a repeat; whoever means the new key names it', long, async () => {
  const { second, third, fourth, after } = await rotatedTwice();
  await me.run(emergency);
  const again = await me.run(emergency);
  expect(again.code).toBe(1);
  expect(again.err).toMatch(/an emergency of production was over 2026-\S+ \S+ UTC: \S+ is inactive, and \S+ has taken over/);
  expect(again.err).toContain(`npx --no-install keyguard rotate production --emergency --api-key-id ${third}`);
  expect(await me.asJson([...emergency, '--api-key-id', second])).toMatchObject({ apiKeyId: third, cutOff: [{ apiKeyId: second }] });
  expect(states()).toEqual(after);
  expect(await me.run([...emergency, '--api-key-id', third])).toMatchObject({ code: 0 });
  expect(states()).toEqual({ ...after, [third]: 'inactive', [fourth]: 'current' });
});

test('a retired key that somebody enabled in the Console is cut off when it is named, by Anthropic’s word', long, async () => {
  const { second, third, after } = await rotatedTwice();
  await me.run(emergency);
  me.world.anthropic.console.setStatus(second, 'active');
  const named = [...emergency, '--api-key-id', second];
  const plan = `${second} (${me.world.anthropic.inspect.key(second).hint}) is inactive since `;
  const dry = await me.run([...named, '--dry-run']);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.out).toContain(`An emergency of production would rotate nothing, and do this:\n  ${plan}`);
  expect(await me.asJson([...named, '--dry-run'])).toMatchObject({ wouldClaim: null, current: third, wouldCutOff: [second] });
  expect(statusOf(second)).toBe('active');

  me.world.aws.intercept.forgetCalls();
  const said = await me.run(named);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(plan);
  expect(said.err).toContain('but Anthropic shows it as active. It is made inactive at once: whether it is used is not known');
  expect(said.out).toContain('was active and is cut off: Anthropic shows it as inactive, and whether its value is refused only a function');
  expect(said.out).toContain(`${third} (`);
  expect(statusOf(second)).toBe('inactive');
  expect(states()).toEqual({ ...after, [second]: 'contained' });
  expect((await me.run(['history', 'production'])).out).toMatch(
    /inactive → contained .*cut off by an operator: seen in a public repository/,
  );
  const { secretArn } = me.world.definition('production');
  expect(me.world.aws.inspect.secrets.versions(secretArn).some(({ labels }) => labels.includes('AWSCURRENT'))).toBe(true);
  expect(me.world.aws.intercept.calls().filter(({ operation }) => operation === 'RotateSecret' || operation === 'Invoke')).toEqual([]);
  expect(await me.asJson(named)).toMatchObject({ cutOff: [{ apiKeyId: second }], anthropicStatus: 'inactive', wasAwake: false });
});

test('Anthropic that goes on showing it as active is no success', long, async () => {
  const { second } = await rotatedTwice();
  await me.run(emergency);
  me.world.anthropic.console.setStatus(second, 'active');
  const stop = me.world.anthropic.intercept.onCall(({ method, phase }) => {
    if (phase === 'after' && method === 'POST') me.world.anthropic.console.setStatus(second, 'active');
    return undefined;
  });
  const said = await me.run([...emergency, '--api-key-id', second]);
  stop();
  expect(said.code).toBe(1);
  expect(said.err).toContain(`${second} was made inactive, and Anthropic shows it as active`);
});

test('without Anthropic’s word an old key is not said to be off', long, async () => {
  const { second } = await rotatedTwice();
  await me.run(emergency);
  me.world.anthropic.intercept.onCall(({ phase }) => (phase === 'before' ? { kind: 'status', status: 500 } : undefined));
  const said = await withQuickTimers(() => me.run([...emergency, '--api-key-id', second]));
  expect(said).toMatchObject({ code: 1, out: '' });
  expect(said.err).toContain('organizations.me did not succeed');
});

test('an old key that an undo asks for does not come back when it is named as stolen', long, async () => {
  const { second, third } = await rotatedTwice();
  await me.run(emergency);
  const ledger = apiKeyLedger(table());
  const record = await ledger.find(second);
  if (record === undefined) throw new Error('no record');
  await ledger.replace(record, withUndoRequest(record, { at: me.world.clock.now(), by: 'Ada', because: 'undo' }), 'Ada');
  const said = await me.run([...emergency, '--api-key-id', second]);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain(`The undo request for ${second} is withdrawn.`);
  await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()).toMatchObject({ [second]: 'inactive', [third]: 'current' });
});

test('killed and never given again, the emergency is carried out by retirement', long, async () => {
  const { after } = await rotatedTwice();
  await me.killed(emergency, { phase: 'before', operation: 'RotateSecret' });
  await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()).toEqual(after);
});

test('two who give an emergency at once take one standby key', long, async () => {
  const { after } = await rotatedTwice();
  const both = await Promise.all([me.run(emergency), me.run(emergency)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(states()).toEqual(after);
});

test('without a standby key it refuses, with instructions, and changes nothing', async () => {
  me = await anOperator();
  const only = await me.added();
  await me.run(['rotate', 'production', '--yes']);
  const said = await me.run([...emergency, '--json']);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.err)).toMatchObject({
    error: {
      code: 'no-standby-key',
      message: 'production cannot rotate: the pool is empty',
      fix: expect.stringMatching(
        /npx --no-install keyguard standby add production, then this again\. .+ disable it in the Claude Console/,
      ) as unknown,
    },
  });
  expect(states()).toEqual({ [only]: 'current' });
});

test('an emergency ends a pause, with the schedule on again', long, async () => {
  const { after } = await rotatedTwice();
  const pause = { schema: 1, managedKey: 'production', at: me.world.clock.now(), by: 'Ada', because: 'an audit' } as const;
  await pauses(table()).begin(pause);
  await me.world.secrets.send(new CancelRotateSecretCommand({ SecretId: me.world.definition('production').secretArn }));
  const said = await me.run(emergency);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toMatch(/production is paused since 2026-\S+ \S+ UTC by Ada \(an audit\): the emergency ends that/);
  expect(said.err).toContain('The pause of production is over');
  expect(states()).toEqual(after);
  expect(await pauses(table()).find('production')).toBeUndefined();
  expect((await me.run(['history', 'production'])).out).toContain('the pause is ended by an emergency: seen in a public repository');
});

test('where the rotation of an emergency lost its key, the same command takes the next one at once', long, async () => {
  const { first, second, third, fourth } = await rotatedTwice();
  const stop = me.world.aws.intercept.onCall(({ operation, phase }) => {
    if (operation !== 'PutSecretValue' || phase !== 'after') return undefined;
    stop();
    me.world.anthropic.console.setStatus(third, 'archived');
    return undefined;
  });
  const failed = await me.run(emergency);
  expect(failed.code).toBe(1);
  expect(failed.err).toContain(`the rotation of production lost its new key: ${third}`);
  expect(failed.err).toContain(`${second}, ${first} still works; as soon as another key is current, retirement cuts it off`);
  const before = me.world.clock.now();
  expect(await me.run(emergency)).toMatchObject({ code: 0 });
  expect(me.world.clock.now() - before).toBeLessThan(minuteMs);
  expect(states()).toMatchObject({ [first]: 'inactive', [second]: 'inactive', [fourth]: 'current' });
});

test('a retirement that cannot cut in time is reported, with what happens by itself', long, async () => {
  const { first, second } = await rotatedTwice();
  me.world.aws.functions.register('retirement', () => Promise.reject(new Error('LEAK of something')));
  const said = await me.run(emergency);
  expect(said.code).toBe(1);
  expect(said.err).toContain('Retirement is not done with everything yet: keyguard-retirement failed: Error');
  expect(said.err).toContain(`production rotated, and ${[first, second].sort().join(', ')} is not cut off yet`);
  expect(said.err).toContain('retirement does it within five minutes by itself');
  expect(said.err).not.toContain('LEAK');
});
