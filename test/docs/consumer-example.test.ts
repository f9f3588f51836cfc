import { AuthenticationError } from '@anthropic-ai/sdk';
import type Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claudeClient } from '../../examples/consumer/claude-client.ts';
import { secretKey } from '../../examples/consumer/secret-key.ts';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../local/world.ts';

let world: World;
let old: { readonly apiKeyId: string; readonly value: string };
let claude: Anthropic;

beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  old = await world.addStandbyKey('production');
  await world.rotate('production');
  const key = secretKey({ secrets: world.secrets, secretId: world.definition('production').secretArn, now: () => world.clock.now() });
  claude = claudeClient({ key, baseURL: world.anthropic.baseUrl });
  world.aws.intercept.forgetCalls();
});
afterEach(() => world.stop());

const ask = () => claude.messages.create({ model: 'claude-haiku-5-5', max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] });
const reads = (): number => world.aws.intercept.calls().filter(({ operation }) => operation === 'GetSecretValue').length;
const accepted = (apiKeyId: string): number => world.anthropic.inspect.requests(apiKeyId).accepted;

async function rotated(): Promise<{ readonly apiKeyId: string }> {
  world.clock.advance(minuteMs);
  const next = await world.addStandbyKey('production');
  await world.rotate('production');
  world.aws.intercept.forgetCalls();
  return next;
}

test('requests at once share one read, and later ones use the kept value', async () => {
  await Promise.all([ask(), ask(), ask()]);
  await ask();
  expect(reads()).toBe(1);
});

test('after a rotation the kept value still works, and is exchanged when it is five minutes old', async () => {
  await ask();
  const next = await rotated();
  const before = accepted(next.apiKeyId);
  await ask();
  expect(accepted(next.apiKeyId)).toBe(before);
  world.clock.advance(5 * minuteMs);
  await ask();
  expect(accepted(next.apiKeyId)).toBe(before + 1);
});

test('a request that meets the cut-off of its key is answered with the new key, also when it streams', async () => {
  await ask();
  const next = await rotated();
  world.anthropic.console.setStatus(old.apiKeyId, 'inactive');
  const before = accepted(next.apiKeyId);
  const stream = await claude.messages.create({
    model: 'claude-haiku-5-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
  });
  const types = [];
  for await (const event of stream) types.push(event.type);
  expect(types.at(-1)).toBe('message_stop');
  await Promise.all([ask(), ask()]);
  expect(accepted(next.apiKeyId)).toBe(before + 3);
  expect(reads()).toBe(1);
});

test('a dead key without a replacement is an authentication error, and no storm of reads', async () => {
  await ask();
  world.anthropic.console.setStatus(old.apiKeyId, 'inactive');
  world.clock.advance(minuteMs);
  world.aws.intercept.forgetCalls();
  for (let request = 0; request < 5; request += 1) await expect(ask()).rejects.toThrow(AuthenticationError);
  expect(reads()).toBe(1);
});

test('while Secrets Manager does not answer, the kept value goes on being used', async () => {
  await ask();
  world.clock.advance(10 * minuteMs);
  world.aws.intercept.onCall(({ operation }) => (operation === 'GetSecretValue' ? 'drop-before' : undefined));
  await expect(ask()).resolves.toMatchObject({ type: 'message' });
  expect(reads()).toBeGreaterThan(1);
});
