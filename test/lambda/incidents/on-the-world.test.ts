import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import type { ContainmentPolicy } from '../../../contract/policy.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { othersAtWork } from '../../support/others.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 3000, cacheReadTokens: 0, outputTokens: 900 };
const theft = { model: 'claude-sonnet-5-5', requests: 90, uncachedInputTokens: 90_000, cacheReadTokens: 0, outputTokens: 40_000 };

interface Scene {
  readonly containment?: ContainmentPolicy;
  readonly standbyKeys?: number;
  /** Before the theft. @default half a day */
  readonly calmMs?: number;
  /** Its usage is known for the calm time alone. @default for three days more */
  readonly isYoung?: true;
}

/** A calm time, then somebody copies the current value. Consumers read the secret's current value all along. */
async function aTheft({ containment, standbyKeys = 2, calmMs = 12 * hourMs, isYoung }: Scene = {}): Promise<{
  readonly stolen: string;
  readonly id: string;
  readonly steals: (ms: number, beatMs?: number) => Promise<void>;
}> {
  world = await startWorld({ managedKeys: [{ name: 'production', ...(containment === undefined ? {} : { containment }) }] });
  for (let number = 0; number < standbyKeys; number += 1) await world.addStandbyKey('production');
  await world.rotate('production');
  let value = '';
  const work = async (at: number): Promise<void> => {
    // As consumers do: a value that was read is kept for a while.
    if (at % hourMs === 0 || value === '' || isDead(value)) value = await world.currentValue('production');
    world.anthropic.use(value, { ...usual, at: at - minuteMs });
  };
  await world.passes(calmMs, { beatMs: calmMs / 2, eachMinute: work });
  if (isYoung !== true) await knownForDays(world, 'production');
  const stolen = await world.currentValue('production');
  return {
    stolen,
    id: world.keyOf(stolen) ?? '',
    steals: (ms, beatMs = 3 * minuteMs) =>
      world.passes(ms, {
        beatMs,
        eachMinute: async (at) => {
          await work(at);
          world.anthropic.use(stolen, { ...theft, at: at - minuteMs });
        },
      }),
  };
}

/** That a pool is used up is told beside. */
const isAside = (text: string): boolean => text.includes('standby keys run low');
const states = (): readonly unknown[] =>
  world.aws.inspect.topics.published().flatMap(({ bodies }) => {
    const alert: unknown = JSON.parse(bodies['default'] ?? 'null');
    if (!(alert instanceof Object) || Reflect.get(alert, 'kind') === 'pool-low') return [];
    const state: unknown = Reflect.get(alert, 'state');
    return [state];
  });
const mails = () => world.aws.mailbox.messages().filter(({ subject }) => !isAside(subject));
const cards = () => world.slack.cards.filter((card) => !isAside(JSON.stringify(card)));
const isDead = (value: string): boolean =>
  world.anthropic.use(value, { ...usual, requests: 0, uncachedInputTokens: 0, outputTokens: 0 }).status === 401;

test('a stolen key is replaced and cut off within 15 minutes; each channel hears each step once', async () => {
  const { stolen, id, steals } = await aTheft({ calmMs: 4 * hourMs });
  await steals(15 * minuteMs);
  expect(isDead(stolen)).toBe(true);
  const now = await world.currentValue('production');
  expect(now).not.toBe(stolen);
  expect(isDead(now)).toBe(false);
  expect(states()).toEqual(['open', 'contained']);
  expect(world.ledger().find((record) => record.apiKeyId === id)?.state).toBe('contained');
  await steals(5 * minuteMs);
  // That it is over is known only from later tokens of somebody.
  await world.passes(50 * minuteMs, { beatMs: 10 * minuteMs, eachMinute: othersAtWork(world) });
  expect(states()).toEqual(['open', 'contained', 'recovered']);
  expect(cards()).toHaveLength(3);
  expect(mails()).toHaveLength(3);
  for (const mail of mails()) expect(mail.body).not.toMatch(/^\s*\{/);
});

test('with containment off nothing is cut, and a theft is not told as over because the report stands still', long, async () => {
  const { stolen, steals } = await aTheft({ containment: { mode: 'off', lastCredential: 'keep' } });
  await steals(20 * minuteMs);
  expect(states()).toEqual(['open']);
  world.anthropic.intercept.usage.standStill(world.clock.now());
  await steals(45 * minuteMs, 5 * minuteMs);
  expect(states()).toEqual(['open']);
  expect(isDead(stolen)).toBe(false);
});

test('the last working credential stays, and people are told why', async () => {
  const { stolen, steals } = await aTheft({ standbyKeys: 1, calmMs: 4 * hourMs });
  await steals(15 * minuteMs);
  expect(isDead(stolen)).toBe(false);
  expect(states()).toEqual(['open']);
  expect(mails()[0]?.body).toContain('last working credential');
});

test('a theft in the first days of a key is told with why it is not cut off, and it stays so', async () => {
  const { stolen, steals } = await aTheft({ calmMs: 4 * hourMs, isYoung: true });
  await steals(15 * minuteMs);
  expect(isDead(stolen)).toBe(false);
  expect(states()).toEqual(['open']);
  expect(mails()[0]?.body.replaceAll(/\s+/g, ' ')).toMatch(
    /not cut off automatically: its usage is known only since 2026-09-07 00:\d\d UTC, and what begins in the first three days is not cut off by itself\./,
  );
});

test('unless the policy says so by name', long, async () => {
  const { stolen, steals } = await aTheft({ standbyKeys: 1, containment: { mode: 'auto', lastCredential: 'cut' } });
  await steals(15 * minuteMs);
  expect(isDead(stolen)).toBe(true);
  expect(mails().map(({ body }) => body.replaceAll(/\s+/g, ' '))).toContainEqual(
    expect.stringContaining('production has no current key now'),
  );
  // Then consumers have no key: people hear it, and the first one that is added is theirs.
  await world.passes(15 * minuteMs, { beatMs: 5 * minuteMs });
  expect(mails().map(({ subject }) => subject)).toContainEqual(expect.stringContaining('consumers have no key'));
  await world.addStandbyKey('production');
  await world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  expect(isDead(await world.currentValue('production'))).toBe(false);
  expect(mails().map(({ subject }) => subject)).toContainEqual(expect.stringContaining('consumers have a key that works again'));
});

test('two detectors at once open one incident and tell people once', long, async () => {
  const { steals } = await aTheft({ containment: { mode: 'off', lastCredential: 'keep' } });
  world.aws.schedules.disable('anomaly-detector');
  await steals(15 * minuteMs);
  await Promise.all([world.aws.functions.invoke('anomaly-detector', {}), world.aws.functions.invoke('anomaly-detector', {})]);
  await world.aws.settle();
  expect(states()).toEqual(['open']);
  expect(cards()).toHaveLength(1);
});

test('a Slack that fails is tried until the card is there, and a message that SNS delivers twice reaches it once', long, async () => {
  const { steals } = await aTheft({ containment: { mode: 'off', lastCredential: 'keep' } });
  world.slack.fail(500, 2);
  await steals(20 * minuteMs);
  expect(cards()).toHaveLength(1);
  const [published] = world.aws.inspect.topics.published();
  const again = { Records: [{ EventSource: 'aws:sns', Sns: { Message: published?.bodies['default'] } }] };
  await world.aws.functions.invoke('notifier', again);
  expect(cards()).toHaveLength(1);
});

test('a standby key that shows tokens was reactivated and used: it is cut off at once', async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  await world.addStandbyKey('production');
  await world.rotate('production');
  const { apiKeyId, value } = await world.addStandbyKey('production');
  await world.passes(12 * minuteMs, { beatMs: 6 * minuteMs });
  world.aws.schedules.disable('retirement');
  world.anthropic.console.setStatus(apiKeyId, 'active');
  const steal = (at: number): void => void world.anthropic.use(value, { ...usual, at: at - minuteMs });
  await world.passes(12 * minuteMs, { beatMs: 3 * minuteMs, eachMinute: steal });
  expect(isDead(value)).toBe(true);
  expect(world.ledger().find((record) => record.apiKeyId === apiKeyId)?.state).toBe('contained');
  expect(states()).toEqual(['open', 'contained']);
});

test('a thief who reads what is current is told and cut off again, key after key, down to the last one', long, async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  for (let number = 0; number < 3; number += 1) await world.addStandbyKey('production');
  await world.rotate('production');
  const current = async (): Promise<string> => world.currentValue('production');
  const work = async (at: number): Promise<void> => void world.anthropic.use(await current(), { ...usual, at: at - minuteMs });
  await world.passes(12 * hourMs, { beatMs: 6 * hourMs, eachMinute: work });
  await knownForDays(world, 'production');
  await world.passes(80 * minuteMs, {
    beatMs: 4 * minuteMs,
    eachMinute: async (at) => {
      await work(at);
      world.anthropic.use(await current(), { ...theft, at: at - minuteMs });
    },
  });
  expect(states()).toEqual(['open', 'contained', 'open', 'contained', 'open']);
  expect(cards()).toHaveLength(5);
  expect(world.ledger().map(({ state }) => state)).toEqual(expect.arrayContaining(['contained', 'contained', 'current']));
  expect(mails()[4]?.body).toContain('last working credential');
  const [, first] = mails();
  const [id] = /apikey_\w+/.exec(first?.subject ?? '') ?? [];
  expect(mails()[2]?.subject).toContain('also after the cut');
  expect(mails()[2]?.body.replace(/\s+/g, ' ')).toContain(`It went on after a cut: ${id} was cut off.`);
});

/** Two old keys, the first of which somebody enables and uses, and the second six minutes later. */
async function twoOldKeysReactivated(
  containment: ContainmentPolicy,
): Promise<readonly { readonly apiKeyId: string; readonly value: string }[]> {
  world = await startWorld({ managedKeys: [{ name: 'production', containment }] });
  const keys: { readonly apiKeyId: string; readonly value: string }[] = [];
  for (let number = 0; number < 3; number += 1) {
    keys.push(await world.addStandbyKey('production'));
    await world.rotate('production');
    await world.passes(hourMs, { beatMs: hourMs });
  }
  await world.addStandbyKey('production');
  await world.passes(2 * dayMs, { beatMs: 16 * hourMs, eachMinute: othersAtWork(world) });
  const old = keys.slice(0, 2);
  let minute = 0;
  await world.passes(30 * minuteMs, {
    beatMs: 3 * minuteMs,
    eachMinute: (at) => {
      for (const [index, { apiKeyId, value }] of old.entries()) {
        if (minute === 6 * index) world.anthropic.console.setStatus(apiKeyId, 'active');
        world.anthropic.use(value, { ...usual, at: at - minuteMs });
      }
      minute += 1;
    },
  });
  return old;
}
/** The messages of tokens on an inactive key, each with the key that it is about. */
const inactiveKeys = (keys: readonly { readonly apiKeyId: string }[]): readonly string[] =>
  world.aws.inspect.topics.published().flatMap(({ bodies }) => {
    const { kind, state, title } = JSON.parse(bodies['default'] ?? '{}') as Record<string, string>;
    return kind === 'retired-key-used' ? [`${state} ${keys.findIndex(({ apiKeyId }) => title?.includes(apiKeyId))}`] : [];
  });

test('a second old key that is used is told and cut off, although the first one is cut off', long, async () => {
  const keys = await twoOldKeysReactivated({ mode: 'auto', lastCredential: 'keep' });
  expect(inactiveKeys(keys)).toEqual(['open 0', 'contained 0', 'open 1', 'contained 1']);
  expect(keys.map(({ value }) => isDead(value))).toEqual([true, true]);
});

test('a second old key that is used is told once, although people leave the first one in use', long, async () => {
  const keys = await twoOldKeysReactivated({ mode: 'off', lastCredential: 'keep' });
  expect(inactiveKeys(keys)).toEqual(['open 0', 'open 1']);
});

test('what holds containment back after the first message is told once', long, async () => {
  const { stolen, id, steals } = await aTheft();
  const spare = world.ledger().find(({ state }) => state === 'standby');
  world.anthropic.console.setStatus(spare?.apiKeyId ?? '', 'archived');
  world.aws.schedules.disable('retirement');
  await steals(40 * minuteMs);
  const told = world.aws.mailbox.messages().filter(({ subject }) => subject.includes('the usual output tokens'));
  expect(told.map(({ body }) => body.includes('last working credential'))).toEqual([false, true]);
  expect(told[1]?.body).toContain('Held back');
  expect(isDead(stolen)).toBe(false);
  expect(world.ledger().find((record) => record.apiKeyId === id)?.state).toBe('current');
});

test('looking at a fleet at peace costs as many reads of items for six managed keys as for one', async () => {
  const reads: number[] = [];
  for (const names of [['one'], ['one', 'two', 'three', 'four', 'five', 'six']]) {
    world = await startWorld({ managedKeys: names.map((name) => ({ name })) });
    for (const name of names) await world.addStandbyKey(name);
    await world.passes(2 * minuteMs);
    world.aws.intercept.forgetCalls();
    await world.aws.functions.invoke('anomaly-detector', {});
    reads.push(world.aws.intercept.calls().filter(({ operation }) => operation === 'GetItem').length);
    if (reads.length === 1) await world.stop();
  }
  expect(reads[1]).toBe(reads[0]);
});

test('the notifier answers what is no alert with one clear error', async () => {
  world = await startWorld({ managedKeys: [] });
  const notified = (event: unknown): Promise<unknown> => world.aws.functions.invoke('notifier', event);
  for (const event of [{ Records: [] }, {}]) await expect(notified(event)).rejects.toThrow('no SNS records');
  const foreign = { Records: [{ Sns: { Message: '{"schema":"other"}' } }] };
  await expect(notified(foreign)).rejects.toThrow('is no keyguard.alert/1 document');
  expect(cards()).toHaveLength(0);
});
