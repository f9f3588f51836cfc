import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs } from '../../lambda/foundation/clock.ts';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

test('history tells each step of each key: when, from which state to which, who and why', async () => {
  me = await anOperator();
  const { id: first, value } = me.made();
  await me.run(['standby', 'add', 'production'], value);
  await me.run(['rotate', 'production', '--yes']);
  const said = await me.run(['history', 'production']);
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toMatch(/^WHEN +API KEY +STATE +WHO +WHY$/m);
  expect(said.out).toMatch(
    new RegExp(`^2026-09-07 00:00 UTC +${first} +new → standby +assumed-role/keyguard-local/local +about to become standby`, 'm'),
  );
  expect(said.out).toMatch(new RegExp(`^2026-\\S+ \\S+ UTC +${first} +standby → pending +rotation +claimed by a rotation$`, 'm'));
  expect(said.out).toMatch(new RegExp(`${first} +pending → current +rotation +AWSCURRENT moved to it$`, 'm'));
});

test('history --json names the rotation and the calls that had the effect, and keeps the order', async () => {
  me = await anOperator();
  const first = await me.added();
  await me.run(['rotate', 'production', '--yes']);
  const steps = (await me.asJson(['history'])) as readonly { readonly at: string }[];
  expect(steps).toEqual([...steps].sort((a, b) => a.at.localeCompare(b.at)));
  expect(steps.at(-1)).toEqual({
    at: expect.stringMatching(/^2026-09-07T/) as unknown,
    managedKey: 'production',
    apiKeyId: first,
    from: 'pending',
    to: 'current',
    because: 'AWSCURRENT moved to it',
    by: 'rotation',
    rotation: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    requestIds: [expect.stringMatching(/^aws /) as unknown],
  });
});

test('history can be narrowed to a key and to a time', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  expect(await me.asJson(['history', '--api-key-id', second])).not.toContainEqual(expect.objectContaining({ apiKeyId: first }));
  await me.world.passes(2 * dayMs, { beatMs: 12 * hourMs });
  expect(await me.asJson(['history', '--since', '1d'])).toEqual([]);
  expect((await me.run(['history', 'production', '--since', '1d'])).out).toMatch(
    /^Nothing happened to production since .+; --since looks further back\.$/m,
  );
});

test('a key of another managed key is named as such, and any length of time can be looked back', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'staging' }] });
  const first = await me.added();
  const said = await me.run(['history', 'staging', '--api-key-id', first]);
  expect(said).toMatchObject({ code: 2 });
  expect(said.err).toContain(`${first} is no key of staging, but of production`);
  expect(said.err).toContain(`npx --no-install keyguard history production --api-key-id ${first}`);
  expect(await me.asJson(['history', '--since', '999999d'])).toEqual(await me.asJson(['history', '--since', '1d']));
});

test.each([
  [['history', '--since', 'yesterday'], '--since is no length of time'],
  [['history', '--api-key-id', 'key_1'], '--api-key-id is no id of a key'],
  [['history', '--since', '1000000d'], 'a whole number from 1 to 999999, and s, m, h or d'],
  [['history', '--api-key-id', 'apikey_01Mistyped'], 'Key Guard has no record of apikey_01Mistyped'],
  [['history', 'prod'], 'choose one of: production'],
])('%j is wrong usage', async (args, words) => {
  me = await anOperator();
  const said = await me.run(args);
  expect(said.code).toBe(2);
  expect(said.err).toContain(words);
});
