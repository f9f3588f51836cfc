import { afterEach, expect, test } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { anOperator, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const told = (): readonly string[] => me.world.aws.mailbox.messages().map(({ subject }) => subject);

/** Somebody disables the current key in the Console, and retirement finds it. */
async function withDeadKey(): Promise<string> {
  me = await anOperator();
  const first = await me.added();
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  me.world.anthropic.console.setStatus(first, 'inactive');
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told().at(-1)).toContain('consumers fail, the current key');
  return first;
}

test('a key that was dead before it was replaced is said to be dead, and is no second incident', long, async () => {
  const first = await withDeadKey();
  await me.added();
  await me.added();
  const said = await me.run(['rotate', 'production', '--yes', '--again']);
  expect(said.out).toMatch(
    new RegExp(
      `^The previous key ${first} does not work: it was found dead at Anthropic 2026-\\S+ \\S+ UTC, before it was replaced\\.$`,
      'm',
    ),
  );
  // Consumers have a key again, although people are told that only in some minutes.
  expect((await me.run(['resume', 'production'])).out).not.toContain('have no key that works');
  await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  expect(
    told()
      .filter((subject) => !subject.includes('standby keys'))
      .slice(1),
  ).toEqual([expect.stringContaining('consumers have a key that works again')]);
  const status = await me.run(['status']);
  expect(status.out).toMatch(new RegExp(`previous key +${first} \\(\\S+\\), does not work: it was found dead at Anthropic`));
  expect(status.out).toMatch(/^production: ok$/m);

  // Whoever disabled it may have had a reason.
  const undo = await me.run(['undo', 'production', '--yes']);
  expect(undo.code).toBe(1);
  expect(undo.err).toContain(`npx --no-install keyguard undo production --api-key-id ${first}`);

  // It may have been a mistake.
  me.world.anthropic.console.setStatus(first, 'active');
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect((await me.run(['status'])).out).toMatch(new RegExp(`previous key +${first} \\(\\S+\\), valid until`));
  // And from now on it is news when somebody ends it.
  me.world.anthropic.console.setStatus(first, 'inactive');
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told().at(-1)).toContain('production: somebody disabl');
  expect((await me.run(['status'])).out).toMatch(
    new RegExp(`previous key +${first} \\(\\S+\\), does not work: somebody disabled it before its grace was over`),
  );
});

test('a current key that works again is as good as before', long, async () => {
  const first = await withDeadKey();
  me.world.anthropic.console.setStatus(first, 'active');
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told().at(-1)).toContain('consumers have a key that works again');
  await me.added();
  expect((await me.run(['rotate', 'production', '--yes', '--again'])).out).toMatch(
    new RegExp(`^The previous key ${first} stays valid until`, 'm'),
  );
  expect((await me.run(['history', 'production'])).out).toMatch(
    new RegExp(`${first} .*it is dead at Anthropic, and Key Guard did not do it`),
  );
});

test('whoever adds a key or resumes while consumers fail hears that they go on failing until it rotates', long, async () => {
  await withDeadKey();
  const waits = 'Consumers of production have no key that works until it rotates: npx --no-install keyguard rotate production';
  const { value } = me.made();
  expect((await me.run(['standby', 'add', 'production'], value)).out).toContain(waits);
  await me.run(['pause', 'production', '--because', 'a freeze', '--yes']);
  const status = await me.run(['status']);
  expect(status.out).toContain('pool           1 key: enough for 1 rotation; none is scheduled now');
  const doctor = await me.run(['doctor', 'production']);
  expect(doctor.out).toContain('fix: npx --no-install keyguard resume production, then npx --no-install keyguard rotate production');
  expect((await me.run(['resume', 'production'])).out).toContain(waits);
  const again = await me.run(['resume', 'production']);
  expect(again.out).not.toContain('begins again within minutes');
  expect(await me.asJson(['resume', 'production'])).toMatchObject({ resumed: false, rotationOwed: false });
});

test('a key that died a minute after its switch is rotated without a second thought', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production', rotation: { onDeath: 'ask' } }] });
  const first = await me.added();
  const second = await me.added();
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
  me.world.anthropic.console.setStatus(first, 'inactive');
  me.world.clock.advance(minuteMs);
  const doctor = await me.run(['doctor', 'production']);
  expect(doctor.out).toMatch(new RegExp(`warning +production, Anthropic: not compared yet: ${first} is current since \\S+ \\S+ UTC`));
  expect(doctor.out).not.toContain('Anthropic shows every key as the records say');
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
  expect(me.world.ledger().find(({ apiKeyId }) => apiKeyId === second)).toMatchObject({ state: 'current' });
  // The guard stands for a key that works.
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('a moment ago') as unknown,
  });
});

test('status names a dead current key, since when, and why it is not replaced, without asking Anthropic', async () => {
  const first = await withDeadKey();
  const said = await me.run(['status', 'production']);
  expect(said.out).toMatch(/^production: broken$/m);
  expect(said.out).toMatch(
    new RegExp(
      `! the current key ${first} does not work: .+ last seen active 2026-.+ first seen dead 2026-.+ not replaced by itself: the pool is empty`,
    ),
  );
});
