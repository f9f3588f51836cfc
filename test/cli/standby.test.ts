import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

test('standby add says what it checks, ends with an inactive key, and says how far the pool reaches', async () => {
  me = await anOperator();
  const { id, value } = me.made();
  const said = await me.run(['standby', 'add', 'production'], `${value}\r\n`);
  expect(said.code).toBe(0);
  expect(said.err).toBe(
    [
      'Looking for the key in the organization …',
      'Workspace and expiry fit. Looking at its usage of the last seven days …',
      'No use of it is visible, and nobody’s usage is visible yet: whether it is in use, the usage report cannot show.',
      'Asking Anthropic with the key itself …',
      'Anthropic accepts it. Storing it …',
      `Making ${id} inactive …`,
      'Waiting until Anthropic refuses it …',
      '',
    ].join('\n'),
  );
  expect(said.out).toContain(
    `${id} (${me.world.anthropic.inspect.key(id).hint}, never expires) is a standby key of production: stored, inactive`,
  );
  expect(said.out).toMatch(/The pool of production holds 1 key: enough for 1 rotation \(\d\d days\), another one is needed before 2026-/);
  expect(me.world.anthropic.inspect.key(id).status).toBe('inactive');
});

test('standby list shows ids, hints, states and how far they reach', async () => {
  me = await anOperator();
  const first = await me.added();
  const second = await me.added();
  const said = await me.run(['standby', 'list', 'production']);
  expect(said.out).toMatch(/^MANAGED KEY +API KEY +HINT +STATE +ADDED +EXPIRES$/m);
  expect(said.out).toMatch(new RegExp(`^production +${first} +sk-ant-\\S+ +standby +2026-09-07 00:00 UTC +never$`, 'm'));
  expect(said.out).toContain(second);
  expect(await me.asJson(['standby', 'list'])).toMatchObject([
    {
      managedKey: 'production',
      pool: { standbyKeys: 2, rotations: 2 },
      keys: [{ apiKeyId: first, state: 'standby' }, { apiKeyId: second }],
    },
  ]);
});

test.each([
  ['a value that is no key', 'hello', 1, 'does not look like an Anthropic API key'],
  ['two lines', ['sk-ant-api03', 'FAKE'.repeat(6)].join('-') + '\nhello', 1, 'does not look like an Anthropic API key'],
  ['a key of nobody', ['sk-ant-api03', 'FAKE'.repeat(6)].join('-'), 1, 'do not fit any active or inactive key'],
  ['nothing', '', 2, 'nothing was given'],
])('standby add refuses %s, and stores nothing', async (_name, stdin, code, reason) => {
  me = await anOperator();
  const said = await me.run(['standby', 'add', 'production'], stdin);
  expect(said.code).toBe(code);
  expect(said.err).toContain(reason);
  expect(said.err).not.toContain('FAKE');
  expect(me.world.aws.inspect.secrets.versions(me.world.definition('production').standbySecretArn)).toEqual([]);
});

test('standby add refuses a key of another workspace, one that expires too soon, and one it knows', async () => {
  me = await anOperator();
  const elsewhere = me.made({ workspaceId: me.world.anthropic.console.createWorkspace('other').id });
  const short = me.made({ expiresAt: me.world.clock.now() + 7 * dayMs });
  const reasons: string[] = [];
  for (const { value } of [elsewhere, short]) reasons.push((await me.run(['standby', 'add', 'production'], value)).err);
  expect(reasons[0]).toContain(`fix:   make the key in workspace ${me.world.definition('production').workspaceId}`);
  expect(reasons[1]).toContain('expires too soon');
  expect(me.world.aws.inspect.secrets.versions(me.world.definition('production').standbySecretArn)).toEqual([]);
  const { value } = me.made();
  await me.run(['standby', 'add', 'production'], value);
  const again = await me.run(['standby', 'add', 'production', '--json'], value);
  expect(JSON.parse(again.err.split('\n').find((line) => line.startsWith('{"error"')) ?? '')).toMatchObject({
    error: {
      code: 'standby-refused',
      message: expect.stringContaining('is already known') as unknown,
      fix: 'nothing; see it with npx --no-install keyguard standby list production',
    },
  });
});

test('standby add measures the expiry from the rotation that will take the key', async () => {
  me = await anOperator();
  const lives = (days: number) => me.made({ expiresAt: me.world.clock.now() + days * dayMs });
  const first = await me.run(['standby', 'add', 'production'], lives(38).value);
  expect(first).toMatchObject({ code: 0, out: expect.stringContaining('1 key: enough for 1 rotation') as unknown });
  await me.run(['rotate', 'production', '--yes']);
  const refused = await me.run(['standby', 'add', 'production'], lives(38).value);
  expect(refused).toMatchObject({ code: 1, out: '' });
  expect(refused.err).toMatch(/expires too soon for this rotation policy: from the rotation that takes it \(2026-10-\d\d \S+ UTC\) on/);
  expect(refused.err).toMatch(/fix: {3}make a key that lives beyond 2026-11-1\d/);
  const { id, value } = lives(69);
  const taken = await me.run(['standby', 'add', 'production'], value);
  expect(taken.code).toBe(0);
  expect(taken.err).not.toContain('Take note');
  me.world.clock.advance(minuteMs);
  const later = lives(70);
  const noted = await me.run(['standby', 'add', 'production'], later.value);
  expect(noted.code).toBe(0);
  const words = `${later.id} expires 2026-11-16 00:01 UTC, too soon for its turn: other standby keys go first`;
  expect(noted.err).toContain(`Take note: ${words}.\n`);
  const checked = await me.run(['standby', 'check', 'production']);
  expect(checked.code).toBe(0);
  expect(checked.out).toMatch(new RegExp(`${id} +\\S+ +good, not proven$`, 'm'));
  expect(checked.out).toContain('good, not proven; it expires 2026-11-16 00:01 UTC, too soon for its turn: other standby keys go first');
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  expect((await me.run(['status', 'production'])).out).toContain(`! standby key ${words}`);
});

test('standby check and status name a key that the next rotation comes too late for', async () => {
  me = await anOperator();
  const key = me.made({ expiresAt: me.world.clock.now() + 38 * dayMs });
  await me.added();
  // While another key serves first, it comes in with a warning; taken by hand, its turn would have come.
  expect((await me.run(['standby', 'add', 'production'], key.value)).err).toContain('too soon for its turn');
  await me.run(['rotate', 'production', '--yes']);
  const words = /expires 2026-10-15 00:00 UTC, too soon for the rotation of 2026-10-\d\d \S+ UTC that would take it/;
  const checked = await me.run(['standby', 'check']);
  expect(checked).toMatchObject({ code: 1, out: expect.stringMatching(words) as unknown });
  expect(checked.out).not.toContain('good, not proven');
  const status = await me.run(['status']);
  expect(status.out).toMatch(/^production: attention$/m);
  expect(status.out).toMatch(words);
});

test('a key whose intake was broken off can be added again after a rotation: its value is still there', async () => {
  me = await anOperator();
  await me.added();
  const { id, value } = me.made();
  const dies = new Promise<void>((resolve) => {
    const stop = me.world.anthropic.intercept.onCall(async ({ phase, method, target }) => {
      if (phase !== 'before' || method !== 'POST' || target !== id) return undefined;
      stop();
      resolve();
      return new Promise<never>(() => undefined);
    });
  });
  void me.run(['standby', 'add', 'production'], value);
  await dies;
  await me.world.passes(15 * minuteMs, { beatMs: 5 * minuteMs });
  expect(me.world.ledger().find(({ apiKeyId }) => apiKeyId === id)).toMatchObject({ state: 'rejected' });
  await me.run(['rotate', 'production', '--yes']);
  me.world.anthropic.console.setStatus(id, 'active');
  expect(await me.run(['standby', 'add', 'production'], value)).toMatchObject({ code: 0 });
  expect(await me.run(['standby', 'check', 'production', '--prove'])).toMatchObject({ code: 0 });
});

const traffic = { model: 'claude-haiku-4-5', requests: 3, uncachedInputTokens: 1_000, cacheReadTokens: 0, outputTokens: 250 };

test('standby add refuses a key that is in use, says where and since when, and stores nothing', async () => {
  me = await anOperator();
  const { id, value } = me.made();
  me.world.anthropic.use(value, traffic);
  me.world.clock.advance(20 * minuteMs);
  const said = await me.run(['standby', 'add', 'production'], value);
  expect(said).toMatchObject({ code: 1, out: '' });
  expect(said.err).toContain(
    `error: ${id} is in use, so it was neither stored nor deactivated: 1,250 tokens in the last 7 days in ` +
      `${me.world.definition('production').workspaceId}, with claude-haiku-4-5; last used 2026-09-07 00:00 UTC\n`,
  );
  // Six days later it may be a job that runs once a week.
  me.world.clock.advance(6 * dayMs);
  expect((await me.run(['standby', 'add', 'production'], value)).err).toContain('last used in the hour that began 2026-09-07 00:00 UTC');
  expect(me.world.anthropic.inspect.key(id).status).toBe('active');
  expect(me.world.aws.inspect.secrets.versions(me.world.definition('production').standbySecretArn)).toEqual([]);
  me.world.clock.advance(2 * dayMs);
  me.world.anthropic.use(me.made().value, traffic);
  await me.world.passes(20 * minuteMs, { beatMs: 20 * minuteMs });
  const taken = await me.run(['standby', 'add', 'production'], value);
  expect(taken).toMatchObject({ code: 0 });
  expect(taken.err).toContain('No use of it is visible. Usage is known until 2026-09-15 00:10 UTC: later use cannot be seen yet.\n');
});

test('--in-use asks for the id of the key once more; where nobody can be asked it must be given', async () => {
  me = await anOperator();
  const { id, value } = me.made();
  me.world.anthropic.use(value, traffic);
  me.world.clock.advance(20 * minuteMs);
  const unasked = await me.run(['standby', 'add', 'production', '--in-use'], value);
  expect(unasked).toMatchObject({ code: 2, err: expect.stringContaining(`--in-use --confirm ${id}`) as unknown });
  const another = await me.run(['standby', 'add', 'production', '--in-use', '--confirm', 'apikey_01another'], value);
  expect(another).toMatchObject({ code: 2, err: expect.stringContaining(`the key is ${id}`) as unknown });
  expect(await me.run(['standby', 'add', 'production', '--confirm', id], value)).toMatchObject({ code: 2 });
  expect(me.world.anthropic.inspect.key(id).status).toBe('active');
  const taken = await me.run(['standby', 'add', 'production', '--in-use', '--confirm', id], `export ANTHROPIC_API_KEY="${value}"\n\n`);
  expect(taken).toMatchObject({ code: 0, err: expect.stringContaining(`Take note: ${id} is in use: 1,250 tokens`) as unknown });
  expect(me.world.anthropic.inspect.key(id).status).toBe('inactive');
});

test('while the usage report fails, nobody can tell whether a key is in use, and it is not deactivated', async () => {
  me = await anOperator();
  const { id, value } = me.made();
  me.world.anthropic.intercept.onCall(({ route, phase }) =>
    phase === 'before' && route.includes('usage_report') ? { kind: 'status', status: 529 } : undefined,
  );
  const said = await withQuickTimers(() => me.run(['standby', 'add', 'production'], value));
  expect(said).toMatchObject({ code: 1, err: expect.stringContaining(`whether ${id} is used is not known`) as unknown });
  expect(me.world.anthropic.inspect.key(id).status).toBe('active');
  const inUse = ['standby', 'add', 'production', '--in-use', '--confirm', id];
  expect(await withQuickTimers(() => me.run(inUse, value))).toMatchObject({ code: 0 });
});

test('where the usage report stands still, a key that may be in use is not deactivated, and --in-use asks', async () => {
  me = await anOperator();
  const [others, { id, value }] = [me.made(), me.made()];
  me.world.anthropic.use(others.value, traffic);
  await me.world.passes(40 * minuteMs, { beatMs: 40 * minuteMs });
  me.world.anthropic.intercept.usage.standStill(me.world.clock.now());
  await me.world.passes(2 * hourMs, { beatMs: hourMs, eachMinute: () => void me.world.anthropic.use(value, traffic) });
  const said = await me.run(['standby', 'add', 'production'], value);
  expect(said).toMatchObject({ code: 1, err: expect.stringContaining(`whether ${id} is used is not known`) as unknown });
  expect(said.err).toContain('no tokens of anybody in the organization are visible since 2026-09-07 00:01 UTC');
  expect(me.world.anthropic.inspect.key(id).status).toBe('active');
  const taken = await me.run(['standby', 'add', 'production', '--in-use', '--confirm', id], value);
  expect(taken).toMatchObject({ code: 0, err: expect.stringContaining(`Take note: whether ${id} is used is not known`) as unknown });
});
