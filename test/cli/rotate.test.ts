import { afterEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';
import { configurationFile, keyguard } from './shell.ts';
import { long, shortAndLong } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

test('rotate --dry-run names the key that would be claimed, and changes nothing', async () => {
  me = await anOperator();
  const id = await me.added();
  const said = await me.run(['rotate', 'production', '--dry-run']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain(`${id} becomes current`);
  await me.world.aws.settle({ coalesce: true });
  expect(me.world.anthropic.inspect.key(id).status).toBe('inactive');
  expect(me.world.aws.inspect.secrets.versions(me.world.definition('production').secretArn)).toEqual([]);
});

test('rotate follows until the new key is current, and says until when the previous one stays valid', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  expect((await me.run(['rotate', 'production', '--yes'])).out).toMatch(
    new RegExp(`^production rotated: ${first} \\(sk-ant-\\S+\\) is current since`),
  );
  await me.world.passes(hourMs, { beatMs: hourMs });
  const interrupts: string[] = [];
  const onInterrupt = (say: () => void) => {
    say();
    interrupts.push('may come');
    return () => interrupts.push('are as before');
  };
  const command = ['rotate', 'production', '--yes', '--config', configurationFile(me.world)];
  const said = await keyguard(command, { world: me.world, onInterrupt });
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toMatch(
    /^The rotation of production goes on without this command; look with: npx --no-install keyguard status production$/m,
  );
  expect(interrupts).toEqual(['may come', 'are as before']);
  expect(said.out).toContain(`production rotated: ${second} (`);
  expect(said.out).toMatch(
    new RegExp(`The previous key ${first} stays valid until 2026-09-08 01:\\d\\d UTC, then until it was quiet for 6 hours\\.`),
  );
  expect([first, second].map((id) => me.world.anthropic.inspect.key(id).status)).toEqual(['active', 'active']);
});

test('rotate does not begin what must fail: an empty pool is said at once, with the workspace and the command', async () => {
  me = await anOperator();
  const said = await me.run(['rotate', 'production', '--yes']);
  expect(said.code).toBe(1);
  expect(said.err).toContain('error: production cannot rotate: the pool is empty');
  expect(said.err).toContain(
    `workspace ${me.world.definition('production').workspaceId}), then: npx --no-install keyguard standby add production`,
  );
  expect(me.world.aws.functions.invocations('rotation').map(({ kind }) => kind)).toEqual(['rotation:testSecret']);
  expect((await me.run(['rotate', 'production', '--dry-run'])).out).toContain('would fail: the pool is empty');
});

test('a rotation that fails is reported with its reason and the next step', async () => {
  me = await anOperator();
  const id = await me.added();
  me.world.anthropic.console.setStatus(id, 'archived');
  const said = await me.run(['rotate', 'production', '--yes']);
  expect(said.code).toBe(1);
  expect(said.err).toContain(
    `error: the rotation of production failed: the rotation of production lost its new key: ${id}: the key is archived`,
  );
  expect(said.err).toContain('fix:   make a key in the Claude Console (workspace ');
  expect(await me.asJson(['status'])).toMatchObject({ managedKeys: [{ health: 'broken', incidents: [{ kind: 'rotation-failed' }] }] });
  expect((await me.run(['standby', 'list'])).out).toContain(`${id} was rejected: the key is archived.`);
});

test('an incident of an earlier failure does not make a later success look failed', async () => {
  me = await anOperator();
  await me.world.rotate('production');
  expect(await me.asJson(['status'])).toMatchObject({ managedKeys: [{ health: 'broken' }] });
  const id = await me.added();
  const said = await me.run(['rotate', 'production', '--yes']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.err).toContain('under way already');
  expect(said.out).toContain(`production rotated: ${id}`);
});

test('a rotation of which nothing is heard ends the command after its deadline, not the rotation', long, async () => {
  me = await anOperator();
  await me.added();
  me.world.aws.functions.register('rotation', () => Promise.reject(new Error('out of memory')));
  const said = await me.run(['rotate', 'production', '--yes']);
  expect(said.code).toBe(1);
  expect(said.err).toContain('did not finish within 6 minutes');
  expect(said.err).toContain('it goes on without us: npx --no-install keyguard status production');
});

for (const [cases, options] of shortAndLong<Moment>(1, [
  { phase: 'before', operation: 'RotateSecret' },
  { phase: 'after', operation: 'RotateSecret' },
]))
  test.each(cases)('killed %j, a rotation that is typed again is done once', options, async (moment) => {
    me = await anOperator();
    const ids = [await me.added(), await me.added(), await me.added()];
    for (const [index, id] of ids.slice(0, 2).entries()) {
      await me.killed(['rotate', 'production', '--yes'], moment);
      await me.world.passes(2 * minuteMs, { beatMs: minuteMs });
      const said = await me.run(['rotate', 'production', '--yes', '--json']);
      const done = { error: { code: 'just-rotated', message: expect.stringContaining(`${id} is current since 2026-`) as unknown } };
      if (moment.phase === 'before') expect(JSON.parse(said.out)).toMatchObject({ apiKeyId: id });
      else expect(JSON.parse(said.err)).toMatchObject(done);
      expect(said.code).toBe(moment.phase === 'before' ? 0 : 1);
      expect(me.world.ledger().filter(({ state }) => state === 'standby')).toHaveLength(2 - index);
      await me.world.passes(hourMs, { beatMs: hourMs });
    }
  });

test('within 15 minutes of a rotation another one wants --again; a dry run does not', long, async () => {
  me = await anOperator();
  await me.world.rotate('production');
  const { id: first, value } = me.made();
  expect(await me.run(['standby', 'add', 'production'], value)).toMatchObject({ code: 0 });
  me.world.clock.advance(minuteMs);
  const second = await me.added();
  await me.world.aws.settle({ coalesce: true });
  expect(await me.asJson(['status'])).toMatchObject({ managedKeys: [{ current: { apiKeyId: first } }] });
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
  const third = await me.added();
  for (const answer of [['--yes'], []]) {
    const refused = await me.run(['rotate', 'production', ...answer]);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(new RegExp(`production has rotated a moment ago: ${second} is current since 2026-\\S+ \\S+ UTC`));
    expect(refused.err).toContain('npx --no-install keyguard rotate production --again');
  }
  expect(await me.run(['rotate', 'production', '--dry-run'])).toMatchObject({ code: 0 });
  expect((await me.run(['rotate', 'production', '--again', '--yes'])).out).toContain(`production rotated: ${third} (`);
  await me.added();
  me.world.clock.advance(15 * minuteMs);
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
});

test('--again is no part of an emergency', async () => {
  me = await anOperator();
  const said = await me.run(['rotate', 'production', '--emergency', '--again', '--yes']);
  expect(said.code).toBe(2);
  expect(said.err).toContain('--again belongs to a rotation with grace');
});

test('rotate asks, and where nobody can answer it wants --yes', async () => {
  me = await anOperator();
  await me.added();
  const said = await me.run(['rotate', 'production']);
  expect(said.code).toBe(2);
  expect(said.err).toContain('give --yes if you mean it');
});

test('a key that is added starts the rotation again that had failed for want of it', async () => {
  me = await anOperator();
  await me.world.rotate('production');
  const { id, value } = me.made();
  const said = await me.run(['standby', 'add', 'production'], value);
  expect(said.out).toContain('A rotation of production to a new key is started: npx --no-install keyguard status production');
  await me.world.aws.settle({ coalesce: true });
  expect(await me.asJson(['status'])).toMatchObject({ managedKeys: [{ current: { apiKeyId: id }, incidents: [] }] });
});

test('a key stays taken in where the rotation cannot be started again', long, async () => {
  me = await anOperator();
  await me.world.rotate('production');
  const { id, value } = me.made();
  const stop = me.world.aws.intercept.onCall(({ operation, phase }) =>
    phase === 'before' && operation === 'RotateSecret' ? 'throttle' : undefined,
  );
  const said = await withQuickTimers(() => me.run(['standby', 'add', 'production'], value));
  stop();
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain(`${id} (`);
  expect(said.out).toContain('is a standby key of production: stored, inactive, proven dead.');
  expect(said.out).not.toContain('is started');
  expect(said.err).toContain('A rotation of production to it could not be started: secretsmanager:RotateSecret');
  expect(said.err).toContain('goes on by itself, or at once: npx --no-install keyguard rotate production');
  await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  expect(await me.asJson(['status'])).toMatchObject({ managedKeys: [{ current: { apiKeyId: id } }] });
});
