import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, test } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { anOperator, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

/** The current key is disabled in the Console, and nothing can take its place. */
async function aDeath(): Promise<string> {
  me = await anOperator({ detects: true });
  const id = await me.added();
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  me.world.slack.cards.splice(0);
  me.world.anthropic.console.setStatus(id, 'inactive');
  return id;
}

const cards = (about: string): number => me.world.slack.cards.filter((card) => JSON.stringify(card).includes(about)).length;
const subjects = (): readonly string[] => me.world.aws.mailbox.messages().map(({ subject }) => subject);
const isDead = 'consumers fail, the current key';

test('Slack answers 429 while the current key dies: email and doctor say so, and redrive delivers it once', long, async () => {
  await aDeath();
  me.world.slack.fail(429, 400);
  await me.world.passes(21 * minuteMs, { beatMs: 3 * minuteMs });
  expect(cards(isDead)).toBe(0);
  // The other channel has the alert, and is told that this one has not.
  expect(subjects().filter((subject) => subject.includes(isDead))).toHaveLength(1);
  expect(subjects().filter((subject) => subject.startsWith('[WARNING] Slack: alerts do not arrive there'))).toHaveLength(1);

  const doctor = await me.run(['doctor']);
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(/deliveries: Slack has not taken .*current-key-dead of production/);
  expect(doctor.out).toContain('npx --no-install keyguard deliveries --redrive');
  expect(doctor.out).toMatch(
    /dead-letter queue of keyguard-notifier holds \d events?: .*alert current-key-dead of production, open \(2026-\S+ \S+ UTC\)/,
  );
  const shown = await me.run(['deliveries']);
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out).toContain('Slack answered 429');

  // As long as Slack does not take it, it stays where it is.
  expect(await me.run(['deliveries', '--redrive'])).toMatchObject({ code: 1 });
  expect((await me.run(['deliveries'])).out).toContain('alert current-key-dead of production, open');

  me.world.slack.forgive();
  await me.world.passes(3 * minuteMs);
  const redriven = await me.run(['deliveries', '--redrive']);
  expect(redriven).toMatchObject({ code: 0, err: '' });
  expect(redriven.out).toMatch(/^delivered keyguard-notifier: alert current-key-dead of production, open$/m);
  expect(cards(isDead)).toBe(1);
  expect((await me.run(['deliveries', '--redrive'])).out).toBe('No event lies in a dead-letter queue.\n');
  expect(cards(isDead)).toBe(1);
  await me.world.passes(5 * minuteMs);
  expect((await me.run(['deliveries'])).out).toBe('Every alert was delivered, and no event lies in a dead-letter queue.\n');
  expect(subjects().filter((subject) => subject === '[INFO] Slack: no alert is missing there any more')).toHaveLength(1);
});

test('what nobody wants any more is shown whole, and dropped once somebody agrees; others stay', long, async () => {
  await aDeath();
  me.world.slack.fail(429, 400);
  await me.world.passes(21 * minuteMs, { beatMs: 3 * minuteMs });
  const listed = (await me.asJson(['deliveries'])) as { readonly deadLetters: readonly { readonly id: string; readonly what: string }[] };
  const { id = '' } = listed.deadLetters.find(({ what }) => what.includes('current-key-dead')) ?? {};
  const others = listed.deadLetters.filter((letter) => letter.id !== id);

  const dry = await me.run(['deliveries', '--discard', id, '--dry-run']);
  expect(dry).toMatchObject({ code: 0, out: 'It stays where it is: alert current-key-dead of production, open.\n' });
  expect(dry.err).toContain(`production: ${isDead}`);
  expect(dry.err).toContain('npx --no-install keyguard status production');
  // Nobody is there to answer.
  expect(await me.run(['deliveries', '--discard', id])).toMatchObject({ code: 2, out: '' });

  expect(await me.asJson(['deliveries', '--discard', id, '--yes'])).toMatchObject({
    id,
    dropped: true,
    alert: { kind: 'current-key-dead' },
  });
  const left = (await me.asJson(['deliveries'])) as {
    readonly deadLetters: unknown;
    readonly undelivered: readonly { readonly kind: string }[];
  };
  expect(left.deadLetters).toEqual(others);
  expect(left.undelivered.map(({ kind }) => kind)).not.toContain('current-key-dead');
  expect(await me.run(['deliveries', '--discard', id, '--yes'])).toMatchObject({ code: 1, out: '' });
});

test('a webhook that was revoked is told by email at once, with the command that stores a new one', async () => {
  await aDeath();
  me.world.slack.fail(404, 400);
  await me.world.passes(7 * minuteMs);
  const mail = me.world.aws.mailbox.messages().find(({ subject }) => subject.includes('Slack: alerts do not arrive'));
  expect(mail?.body).toMatch(/npx --no-install keyguard\s+slack-webhook set/);
  expect(mail?.body).toContain('Slack answered 404');
  expect((await me.run(['doctor'])).out).toContain('npx --no-install keyguard slack-webhook set');
});

test('Slack is not asked again before the time that it asked for is over', long, async () => {
  await aDeath();
  me.world.slack.fail(429, 1, { 'retry-after': '150' });
  const posts: number[] = [];
  me.world.slack.onPost(() => posts.push(me.world.clock.now()));
  await me.world.passes(20 * minuteMs);
  const [first = 0, second = 0] = posts;
  expect(second - first).toBeGreaterThanOrEqual(150_000);
  expect(cards(isDead)).toBe(1);
});

test('what lies in a dead-letter queue is named, never shown, and ticks of a schedule are only taken out', async () => {
  me = await anOperator({ detects: true });
  const sqs = new SQSClient({});
  const account = me.world.aws.endpoint;
  const put = (name: string, MessageBody: string): Promise<unknown> =>
    sqs.send(new SendMessageCommand({ QueueUrl: `${account}/000000000000/keyguard-${name}-dead-letters`, MessageBody }));
  await put('retirement', '{}');
  await put('retirement', '{}');
  await put('notifier', JSON.stringify({ Records: [{ Sns: { Message: 'TOP SECRET' } }] }));
  await put('notifier', 'TOP SECRET');
  const before = await me.asJson(['deliveries']);
  expect(before).toMatchObject({
    undelivered: [],
    deadLetters: [
      { functionName: 'keyguard-retirement', kind: 'tick' },
      { functionName: 'keyguard-retirement', kind: 'tick' },
      { functionName: 'keyguard-notifier', kind: 'unreadable' },
      { functionName: 'keyguard-notifier', kind: 'unreadable' },
    ],
  });
  const ticks = /^warning +keyguard, dead letters: the dead-letter queue of keyguard-retirement holds 2 events: 2 ticks of its schedule/m;
  expect((await me.run(['doctor'])).out).toMatch(ticks);
  const redriven = await me.run(['deliveries', '--redrive']);
  expect(redriven.code).toBe(1);
  expect(redriven.out).toMatch(/^dropped {3}keyguard-retirement: a tick of its schedule$/m);
  expect(JSON.stringify(before) + redriven.out + redriven.err).not.toContain('TOP SECRET');
  sqs.destroy();
});
