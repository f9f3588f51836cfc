import { expect, test } from 'vitest';
import { usagePage } from '../../../../lambda/adapters/anthropic/usage-report.ts';
import { iso, minuteMs } from '../../../../lambda/foundation/clock.ts';

const from = Date.UTC(2026, 8, 7, 10, 0);
const to = from + 30 * minuteMs;

const row = {
  api_key_id: 'apikey_one',
  workspace_id: null,
  account_id: null,
  service_account_id: null,
  model: 'claude-sonnet-5-5',
  service_tier: 'standard',
  context_window: '0-200k',
  inference_geo: 'us',
  speed: 'fast',
  uncached_input_tokens: 1500,
  cache_read_input_tokens: 200,
  cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
  output_tokens: 500,
  server_tool_use: { web_search_requests: 10 },
};
const bucket = (minute: number, ...results: readonly object[]) => ({
  starting_at: iso(minute),
  ending_at: iso(minute + minuteMs),
  results,
});
const page = (...data: readonly object[]) => ({ data, has_more: false, next_page: null });
const read = (body: unknown) => usagePage(body, from, to);

test('a page as documented is read, with everything that the price depends on', () => {
  expect(read({ ...page(bucket(from), bucket(from + minuteMs, row)), has_more: true, next_page: 'page_2' })).toEqual({
    items: [
      { minute: from, rows: [] },
      {
        minute: from + minuteMs,
        rows: [
          {
            minute: from + minuteMs,
            apiKeyId: 'apikey_one',
            workspaceId: null,
            model: 'claude-sonnet-5-5',
            serviceTier: 'standard',
            contextWindow: '0-200k',
            inferenceGeo: 'us',
            speed: 'fast',
            uncachedInputTokens: 1500,
            cacheReadTokens: 200,
            cacheCreation5mTokens: 3,
            cacheCreation1hTokens: 4,
            outputTokens: 500,
            webSearches: 10,
          },
        ],
      },
    ],
    hasMore: true,
    next: 'page_2',
  });
});

test('a page that names no next one is the last, or the list is cut', () => {
  expect(read({ data: [], has_more: false })).toEqual({ items: [], hasMore: false, next: undefined });
  expect(read({ data: [], has_more: true })).toEqual({ items: [], hasMore: true, next: undefined });
});

test('what Anthropic adds is left alone, a speed that no beta shows is none, and an open minute is not counted', () => {
  const { speed, ...rest } = row;
  const { items } = read({ ...page(bucket(from, { ...rest, thinking_tokens: 7 }), bucket(to, row)), data_refreshed_at: null });
  expect(items).toMatchObject([{ minute: from, rows: [{ speed: null, outputTokens: 500 }] }]);
});

const withRow = (changes: object) => page(bucket(from, { ...row, ...changes }));
const withBucket = (changes: object) => page({ ...bucket(from, row), ...changes });

test.each<[what: string, body: unknown, field: string]>([
  ['no body', null, 'data: it is missing'],
  ['a page of a proxy', '<html>Blocked</html>', 'data: it is missing'],
  ['no list', { data: {}, has_more: false, next_page: null }, 'data: it is no list'],
  ['no has_more', { data: [], next_page: null }, 'has_more: it is missing'],
  ['has_more in words', { data: [], has_more: 'false', next_page: null }, 'has_more: it is neither true nor false'],
  ['a next_page that is a number', { data: [], has_more: true, next_page: 2 }, 'next_page: it is neither text nor null'],
  ['a bucket that is a word', page(bucket(from), ['x']), 'data[1].starting_at: it is missing'],
  ['no start', withBucket({ starting_at: undefined }), 'data[0].starting_at: it is missing'],
  ['a start that is no instant', withBucket({ starting_at: 'yesterday' }), 'data[0].starting_at: it is no instant'],
  ['an hour wide', withBucket({ ending_at: iso(from + 60 * minuteMs) }), 'data[0].ending_at: the bucket is not one minute wide'],
  ['of no width', withBucket({ ending_at: iso(from) }), 'data[0].ending_at: the bucket is not one minute wide'],
  ['half past a minute', page(bucket(from + 30_000, row)), 'data[0].starting_at: the bucket does not begin with a minute'],
  ['before what was asked', page(bucket(from - minuteMs, row)), 'data[0].starting_at: the bucket was not asked for'],
  ['after what was asked', page(bucket(to + minuteMs, row)), 'data[0].starting_at: the bucket was not asked for'],
  ['newest first', page(bucket(from + minuteMs, row), bucket(from, row)), 'data[1].starting_at: the buckets are not in order'],
  ['the same minute twice', page(bucket(from, row), bucket(from, row)), 'data[1].starting_at: the buckets are not in order'],
  ['no results', withBucket({ results: null }), 'data[0].results: it is no list'],
  ['no key', withRow({ api_key_id: undefined }), 'data[0].results[0].api_key_id: it is missing'],
  ['a key that is a number', withRow({ api_key_id: 7 }), 'data[0].results[0].api_key_id: it is neither text nor null'],
  ['no tier', withRow({ service_tier: undefined }), 'data[0].results[0].service_tier: it is missing'],
  ['no output tokens', withRow({ output_tokens: undefined }), 'data[0].results[0].output_tokens: it is missing'],
  ['tokens in words', withRow({ output_tokens: '500' }), 'data[0].results[0].output_tokens: it is no number of things'],
  ['tokens below zero', withRow({ output_tokens: -1 }), 'data[0].results[0].output_tokens: it is no number of things'],
  ['tokens without an end', withRow({ output_tokens: 1e300 }), 'data[0].results[0].output_tokens: it is no number of things'],
  ['half a token', withRow({ uncached_input_tokens: 0.5 }), 'data[0].results[0].uncached_input_tokens: it is no number of things'],
  ['no cache writes', withRow({ cache_creation: null }), 'data[0].results[0].cache_creation.ephemeral_5m_input_tokens: it is missing'],
  ['no tools', withRow({ server_tool_use: undefined }), 'data[0].results[0].server_tool_use: it is missing'],
])('%s is not believed, and the field is named', (_what, body, field) => {
  expect(() => read(body)).toThrow(
    expect.objectContaining({ code: 'usage-malformed', message: `the usage report is not as documented: ${field}` }),
  );
});
