import Anthropic from '@anthropic-ai/sdk';
import { expect, test } from 'vitest';
import { aPlatform } from './platform.ts';

const hello = { model: 'claude-sonnet-5-5', max_tokens: 40, messages: [{ role: 'user' as const, content: 'Say hello, please.' }] };

test('the SDK lists, retrieves, renames and deactivates keys with an Admin key, and no answer holds a value', async () => {
  const platform = await aPlatform();
  const listed = [];
  for await (const key of platform.admin.organization.apiKeys.list()) listed.push(key);
  expect(listed).toMatchObject([
    {
      type: 'api_key',
      id: platform.key.id,
      name: 'production',
      status: 'active',
      expires_at: null,
      principal: null,
      scope: { type: 'workspace', workspace_id: platform.workspaceId },
    },
  ]);
  expect(listed[0]?.partial_key_hint).toBe(`${platform.key.value.slice(0, 16)}...${platform.key.value.slice(-4)}`);
  const updated = await platform.admin.organization.apiKeys.update(platform.key.id, { name: 'renamed', status: 'inactive' });
  expect(updated).toMatchObject({ name: 'renamed', status: 'inactive' });
  expect(await platform.admin.organization.apiKeys.retrieve(platform.key.id)).toMatchObject({ name: 'renamed', status: 'inactive' });
  expect(JSON.stringify([listed, updated])).not.toContain(platform.key.value);
});

test('an inactive key answers 401 without organization headers, and works again once it is active', async () => {
  const platform = await aPlatform();
  const client = platform.client(platform.key.value);
  await platform.admin.organization.apiKeys.update(platform.key.id, { status: 'inactive' });
  const refusal = await client.models.list().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refusal instanceof Anthropic.AuthenticationError)) throw new Error('expected an AuthenticationError');
  expect(refusal.type).toBe('authentication_error');
  expect(refusal.requestID).toMatch(/^req_/);
  expect(refusal.headers.get('anthropic-organization-id')).toBeNull();
  expect(refusal.headers.get('anthropic-workspace-id')).toBeNull();
  await platform.admin.organization.apiKeys.update(platform.key.id, { status: 'active' });
  expect((await client.models.list({ limit: 1 })).data).toHaveLength(1);
});

test('a models call proves organization and workspace by its headers', async () => {
  const platform = await aPlatform();
  const { response } = await platform.client(platform.key.value).models.list({ limit: 1 }).withResponse();
  expect(response.headers.get('anthropic-organization-id')).toBe(platform.organization.id);
  expect(response.headers.get('anthropic-workspace-id')).toBe(platform.workspaceId);
  expect(response.headers.get('request-id')).toMatch(/^req_/);
});

test('a message answers the same words every time, with its tokens counted', async () => {
  const platform = await aPlatform();
  const client = platform.client(platform.key.value);
  const first = await client.messages.create(hello);
  const second = await client.messages.create(hello);
  expect(first.content).toEqual(second.content);
  expect(first.id).not.toBe(second.id);
  expect(first).toMatchObject({ type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', stop_reason: 'end_turn' });
  const counted = await client.messages.countTokens({ model: hello.model, messages: hello.messages });
  expect(first.usage).toMatchObject({ input_tokens: counted.input_tokens, cache_read_input_tokens: 0, service_tier: 'standard' });
  const [block] = first.content;
  expect(block?.type === 'text' ? block.text.split(' ') : []).toHaveLength(first.usage.output_tokens);
});

test('a small max_tokens cuts the reply off and says so', async () => {
  const platform = await aPlatform();
  const message = await platform.client(platform.key.value).messages.create({ ...hello, max_tokens: 3 });
  expect(message).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 3 } });
});

test('a stream sends the real order of events, and adds up to the message that is answered without a stream', async () => {
  const platform = await aPlatform();
  const client = platform.client(platform.key.value);
  const events: string[] = [];
  const stream = client.messages.stream(hello);
  for await (const event of stream) events.push(event.type);
  const deltas = events.filter((type) => type === 'content_block_delta').length;
  expect(deltas).toBeGreaterThan(1);
  expect(events).toEqual([
    'message_start',
    'content_block_start',
    ...Array.from({ length: deltas }, () => 'content_block_delta'),
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  const streamed = await stream.finalMessage();
  const whole = await client.messages.create(hello);
  expect(streamed.content).toEqual(whole.content);
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  expect(streamed.stop_reason).toBe(whole.stop_reason);
});

test('usage appears in the report by minute, once the feed has caught up', async () => {
  const platform = await aPlatform();
  const message = await platform.client(platform.key.value).messages.create(hello);
  const report = (): Promise<unknown> =>
    platform.admin.get('/v1/organizations/usage_report/messages', {
      query: {
        starting_at: '2026-11-23T11:59:30Z',
        ending_at: '2026-11-23T12:02:00Z',
        bucket_width: '1m',
        group_by: ['api_key_id', 'workspace_id', 'model'],
      },
    });
  const bucket = (minute: string, next: string, results: object[]): object => ({
    starting_at: `2026-11-23T${minute}:00Z`,
    ending_at: `2026-11-23T${next}:00Z`,
    results,
  });
  platform.clock.advance(4 * 60_000);
  const empty = [bucket('11:59', '12:00', []), bucket('12:00', '12:01', []), bucket('12:01', '12:02', [])];
  expect(await report()).toEqual({ data: empty, has_more: false, next_page: null });
  platform.clock.advance(60_000);
  const row = {
    account_id: null,
    api_key_id: platform.key.id,
    context_window: null,
    inference_geo: null,
    model: 'claude-sonnet-5-5',
    service_account_id: null,
    service_tier: null,
    workspace_id: platform.workspaceId,
    uncached_input_tokens: message.usage.input_tokens,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: message.usage.output_tokens,
    server_tool_use: { web_search_requests: 0 },
  };
  expect(await report()).toEqual({ data: [empty[0], bucket('12:00', '12:01', [row]), empty[2]], has_more: false, next_page: null });
});

test('use() counts, books and refuses as HTTP does', async () => {
  const platform = await aPlatform();
  const traffic = { model: 'claude-haiku-4-5', requests: 30, uncachedInputTokens: 3000, cacheReadTokens: 100, outputTokens: 900 };
  expect(platform.use(platform.key.value, traffic)).toEqual({ accepted: 30, rejected: 0, status: 200 });
  platform.console.setStatus(platform.key.id, 'inactive');
  expect(platform.use(platform.key.value, traffic)).toEqual({ accepted: 0, rejected: 30, status: 401, errorType: 'authentication_error' });
  expect(platform.inspect.key(platform.key.id).requests).toMatchObject({
    accepted: 30,
    rejected: 30,
    reasons: { authentication_error: 30 },
  });
});
