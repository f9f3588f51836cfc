import type { Anthropic } from '@anthropic-ai/sdk';
import type { InferenceLimit } from '../../../local/anthropic/limits.ts';
import { describe, expect, test } from 'vitest';
import { MINUTE_MS, aPlatform, refusalOf, traffic } from './platform.ts';

const hello = { model: 'claude-sonnet-5-5', max_tokens: 40, messages: [{ role: 'user' as const, content: 'Say hello, please.' }] };

describe('a request is refused', () => {
  const cases: [why: string, changes: Record<string, unknown>, status: number, type: string][] = [
    ['without max_tokens', { max_tokens: undefined }, 400, 'invalid_request_error'],
    ['with max_tokens below one', { max_tokens: 0 }, 400, 'invalid_request_error'],
    ['with more max_tokens than the model gives', { max_tokens: 128_001 }, 400, 'invalid_request_error'],
    ['without a model', { model: undefined }, 400, 'invalid_request_error'],
    ['for a model that does not exist', { model: 'claude-nobody' }, 404, 'not_found_error'],
    ['without messages', { messages: [] }, 400, 'invalid_request_error'],
    ['with a role that does not exist', { messages: [{ role: 'robot', content: 'x' }] }, 400, 'invalid_request_error'],
    ['without content', { messages: [{ role: 'user' }] }, 400, 'invalid_request_error'],
    ['with temperature, which 2026-10-21 removed', { temperature: 0.5 }, 400, 'invalid_request_error'],
    ['with top_p, which 2026-10-21 removed', { top_p: 0.5 }, 400, 'invalid_request_error'],
    ['with a stream that is no boolean', { stream: 'yes' }, 400, 'invalid_request_error'],
  ];
  test.each(cases)('%s', async (_why, changes, status, type) => {
    const platform = await aPlatform();
    const answer = await platform.call('/v1/messages', {
      method: 'POST',
      headers: { authorization: `Bearer ${platform.key.value}`, 'anthropic-version': '2026-10-21' },
      body: JSON.stringify({ ...hello, ...changes }),
    });
    expect(answer).toMatchObject({ status, body: { type: 'error', error: { type } } });
    expect(platform.inspect.usage(platform.organization.id, 0, Infinity)).toEqual([]);
  });

  test('that is no JSON, and one that is too long for the model', async () => {
    const platform = await aPlatform();
    const headers = { authorization: `Bearer ${platform.key.value}`, 'anthropic-version': '2026-10-21' };
    expect((await platform.call('/v1/messages', { method: 'POST', headers, body: '{' })).status).toBe(400);
    const long = { ...hello, model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'word '.repeat(170_000) }] };
    expect(await platform.call('/v1/messages', { method: 'POST', headers, body: JSON.stringify(long) })).toMatchObject({ status: 400 });
  });
});

test('the older API version still takes temperature', async () => {
  const platform = await aPlatform();
  const answer = await platform.call('/v1/messages', {
    method: 'POST',
    headers: { 'x-api-key': platform.key.value, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ ...hello, temperature: 0.5 }),
  });
  expect(answer.status).toBe(200);
});

test('tokens are a quarter of the bytes, and four more for each message', async () => {
  const platform = await aPlatform();
  const count = async (messages: Anthropic.MessageParam[], system?: string): Promise<number> =>
    (
      await platform
        .client(platform.key.value)
        .messages.countTokens({ model: hello.model, messages, ...(system === undefined ? {} : { system }) })
    ).input_tokens;
  expect(await count([{ role: 'user', content: 'abcdefgh' }])).toBe(6);
  expect(await count([{ role: 'user', content: 'abcdefghi' }])).toBe(7);
  expect(await count([{ role: 'user', content: 'äöü' }])).toBe(6);
  expect(await count([{ role: 'user', content: [{ type: 'text', text: 'abcd' }] }], 'abcd')).toBe(6);
});

test('counting tokens adds no usage', async () => {
  const platform = await aPlatform();
  await platform.client(platform.key.value).messages.countTokens(hello);
  expect(platform.inspect.usage(platform.organization.id, 0, Infinity)).toEqual([]);
});

test('replies come from the seed: the same seed says the same, another seed something else', async () => {
  const say = async (seed: number): Promise<string> => {
    const platform = await aPlatform({ seed });
    const { content } = await platform.client(platform.key.value).messages.create(hello);
    return content[0]?.type === 'text' ? content[0].text : '';
  };
  const [one, again, other] = [await say(1), await say(1), await say(2)];
  expect(one).toBe(again);
  expect(one).not.toBe(other);
});

test('a cached prefix is written once, read while it lives, and written again after that', async () => {
  const platform = await aPlatform();
  const client = platform.client(platform.key.value);
  const send = async (): Promise<number[]> => {
    const { usage } = await client.messages.create({
      ...hello,
      system: [{ type: 'text', text: 'rule '.repeat(1000), cache_control: { type: 'ephemeral' } }],
    });
    return [usage.input_tokens, usage.cache_creation_input_tokens ?? 0, usage.cache_read_input_tokens ?? 0];
  };
  expect(await send()).toEqual([9, 1250, 0]);
  platform.clock.advance(4 * MINUTE_MS);
  expect(await send()).toEqual([9, 0, 1250]);
  platform.clock.advance(4 * MINUTE_MS);
  expect(await send()).toEqual([9, 0, 1250]);
  platform.clock.advance(5 * MINUTE_MS);
  expect(await send()).toEqual([9, 1250, 0]);
});

test('everyone in the organization sees in the rate headers what the others use', async () => {
  const platform = await aPlatform();
  const remaining = async (): Promise<string | null> => {
    const { response } = await platform.client(platform.key.value).messages.create(hello).withResponse();
    return response.headers.get('anthropic-ratelimit-requests-remaining');
  };
  expect(await remaining()).toBe('3999');
  const thief = platform.console.createApiKey({ name: 'thief', workspaceId: platform.workspaceId });
  platform.use(thief.value, traffic({ requests: 1000 }));
  expect(await remaining()).toBe('2998');
  platform.clock.advance(MINUTE_MS);
  expect(await remaining()).toBe('3999');
});

describe('a workspace under a limit', () => {
  const cases: [limit: InferenceLimit, status: number, errorCode: string | null, retryAfter: string | null][] = [
    [{ reason: 'workspace-spend' }, 400, null, null],
    [{ reason: 'organization-spend' }, 400, null, null],
    [{ reason: 'tier-spend' }, 429, 'enforced_spend_limit_reached', null],
    [{ reason: 'contract-spend' }, 429, 'contract_spend_limit_reached', null],
    [{ reason: 'rate', retryAfterSeconds: 7 }, 429, null, '7'],
    [{ reason: 'ramp', retryAfterSeconds: 7 }, 429, 'ramp_limit_exceeded', '7'],
    [{ reason: 'on-hold' }, 400, 'organization_on_hold', null],
  ];
  test.each(cases)('%o', async (limit, status, errorCode, retryAfter) => {
    const platform = await aPlatform();
    const client = platform.client(platform.key.value);
    platform.intercept.limitWorkspace(platform.workspaceId, limit);
    const refusal = await refusalOf(client.messages.create(hello));
    expect(refusal).toMatchObject({ status, errorCode });
    expect(refusal.headers?.get('retry-after')).toBe(retryAfter);
    expect(refusal.workspaceID).toBe(platform.workspaceId);
    expect(platform.use(platform.key.value, traffic())).toMatchObject({ status, rejected: 1 });
    // Liveness probes say nothing about spending.
    const models = await platform.call('/v1/models', { headers: { 'x-api-key': platform.key.value, 'anthropic-version': '2026-10-21' } });
    expect(models.status).toBe(limit.reason === 'on-hold' ? 400 : 200);
    platform.intercept.limitWorkspace(platform.workspaceId, undefined);
    expect((await client.messages.create(hello)).type).toBe('message');
  });
});
