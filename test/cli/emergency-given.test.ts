import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { withUndoRequest } from '../../lambda/rotation/lifecycle.ts';
import { emergency, rotatedTwice } from './emergency.ts';
import { anOperator, type Operator } from './operator.ts';
import type { Said } from './shell.ts';

// One world and one emergency for all: what it said, and what is there after it. Somebody wanted the first key back before.
let me: Operator;
let keys: Awaited<ReturnType<typeof rotatedTwice>>;
let said: Said;
beforeAll(async () => {
  me = await anOperator();
  keys = await rotatedTwice(me);
  const ledger = apiKeyLedger(openTable(me.world.installation.stateTable));
  const record = await ledger.find(keys.first);
  if (record === undefined) throw new Error('no record');
  await ledger.replace(record, withUndoRequest(record, { at: me.world.clock.now(), by: 'Ada', because: 'undo' }), 'Ada');
  said = await me.run(emergency);
});
afterAll(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const statusOf = (apiKeyId: string): string => me.world.anthropic.inspect.key(apiKeyId).status;

test('an emergency switches and cuts off every old key at once, and says before who will fail', async () => {
  const { first, second, third, after } = keys;
  expect(said).toMatchObject({ code: 0 });
  expect(states()).toEqual(after);
  expect([first, second, third].map(statusOf)).toEqual(['inactive', 'inactive', 'active']);
  expect(said.err).toMatch(
    new RegExp(`${second} \\(sk-ant-\\S+\\), current since 2026-\\S+ \\S+ UTC, is cut off at once: whether it is used is not known`),
  );
  expect(said.err).toContain('environment variables of ECS and Kubernetes until they are deployed again');
  const [lower, higher] = [first, second].sort();
  expect(said.out).toMatch(
    new RegExp(`^production rotated: ${third} .+\\n${lower} .+ is inactive since .+\\n${higher} .+ is inactive since `),
  );
  expect((await me.run(['history', 'production'])).out).toContain('to be cut off once it is replaced: seen in a public repository');
});

test('what somebody wants back does not come back in an emergency', () => {
  const { first } = keys;
  expect(said.err).toContain(`The undo request for ${first} is withdrawn.`);
  expect(states()[first]).toBe('inactive');
});

test('after an emergency status says until when each old key can come back, and that it was cut off', async () => {
  const { first } = keys;
  const status = await me.run(['status', 'production']);
  expect(status.out).toMatch(
    new RegExp(
      `old key +${first} \\(sk-ant-\\S+\\), inactive since 2026-\\S+ \\S+ UTC, cut off \\(an emergency ended it\\); ` +
        `comes back until 2026-\\S+ \\S+ UTC by: npx --no-install keyguard undo production --api-key-id ${first}$`,
      'm',
    ),
  );
});

test('without a yes an active old key stays as it is', async () => {
  const { second } = keys;
  me.world.anthropic.console.setStatus(second, 'active');
  const refused = await me.run(['rotate', 'production', '--emergency', '--api-key-id', second]);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('give --yes if you mean it');
  expect(statusOf(second)).toBe('active');
});
