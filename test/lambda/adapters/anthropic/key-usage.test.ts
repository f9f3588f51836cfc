import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { expect, test } from 'vitest';
import { reportedUse } from '../../../../lambda/adapters/anthropic/key-usage.ts';
import { dayMs, minuteMs } from '../../../../lambda/foundation/clock.ts';

const now = Date.parse('2026-06-10T10:20:30Z');
const clock = { now: () => now, pause: () => Promise.resolve() };

/** A report that answers so, and what it was asked. */
function aReport(answer: (query: URLSearchParams) => unknown) {
  const asked: URLSearchParams[] = [];
  const fetch = (url: string | URL | Request): Promise<Response> => {
    const query = new URL(url instanceof Request ? url.url : url).searchParams;
    asked.push(query);
    return Promise.resolve(Response.json(answer(query)));
  };
  const client = new BaseAnthropic({ baseURL: 'http://127.0.0.1:9', apiKey: 'none', maxRetries: 0, logLevel: 'off', fetch });
  return { asked, read: () => reportedUse(client, clock)('apikey_1', now - 7 * dayMs) };
}

const row = (changes: object = {}) => ({
  api_key_id: 'apikey_1',
  workspace_id: null,
  model: 'claude-haiku-4-5',
  uncached_input_tokens: 1,
  cache_read_input_tokens: 2,
  cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
  output_tokens: 5,
  server_tool_use: { web_search_requests: 0 },
  ...changes,
});
const hour = (results: readonly object[]) => ({ starting_at: '2026-06-04T00:00:00Z', results });
const nothing = { data: [], has_more: false, next_page: null };

test('the last week is asked for by the hour, the last hour or two by the minute, of this key alone', async () => {
  const { asked, read } = aReport(() => nothing);
  expect(await read()).toEqual([]);
  expect(asked.map((query) => [query.get('bucket_width'), query.get('starting_at'), query.get('ending_at')])).toEqual([
    ['1h', '2026-06-03T10:00:00.000Z', '2026-06-10T09:00:00.000Z'],
    ['1m', '2026-06-10T09:00:00.000Z', '2026-06-10T10:21:00.000Z'],
  ]);
  for (const query of asked) expect(query.getAll('api_key_ids[]')).toEqual(['apikey_1']);
});

test('tokens of every kind count; what is of another key, or of none, does not', async () => {
  const at = '2026-06-10T10:18:00Z';
  const none = { uncached_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
  const cached = { cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 } };
  const results = [row(), row({ ...none, ...cached, model: 'claude-opus-4-1' }), row({ api_key_id: 'apikey_2' })];
  const { read } = aReport((query) =>
    query.get('bucket_width') === '1m' ? { data: [{ starting_at: at, results }], has_more: false } : nothing,
  );
  expect(await read()).toEqual([{ at: Date.parse(at), bucket: 'minute', workspaceId: null, model: 'claude-haiku-4-5', tokens: 15 }]);
  expect(Date.parse(at)).toBeLessThan(now - minuteMs);
});

test('every page is read', async () => {
  const { asked, read } = aReport((query) => {
    const next = query.get('page') === null && query.get('bucket_width') === '1h';
    const starting_at = next ? '2026-06-04T00:00:00Z' : '2026-06-04T01:00:00Z';
    return { data: [{ starting_at, results: [row()] }], has_more: next, next_page: next ? 'page_2' : null };
  });
  expect(await read()).toHaveLength(3);
  expect(asked.map((query) => query.get('page'))).toEqual([null, 'page_2', null]);
});

test.each([
  ['is cut', { data: [], has_more: true, next_page: null }, 'answer-cut'],
  ['repeats a page', { data: [], has_more: true, next_page: 'page_1' }, 'answer-repeats'],
  ['shows an hour twice', { data: [hour([row()]), hour([row()])], has_more: false }, 'answer-repeats'],
])('a list that %s is no list', async (_how, answer, code) => {
  await expect(aReport(() => answer).read()).rejects.toMatchObject({ code });
});

test.each([
  ['has no list', { has_more: false }],
  ['has a bucket without an instant', { data: [{ results: [] }], has_more: false }],
  ['does not say whether there is more', { data: [] }],
  ['does not say whose tokens they are', { data: [hour([row({ api_key_id: undefined })])], has_more: false }],
  ['lacks a number', { data: [hour([row({ output_tokens: undefined })])], has_more: false }],
  ['lacks the numbers of the cache', { data: [hour([row({ cache_creation: undefined })])], has_more: false }],
  [
    'has tokens that are no number',
    { data: [{ starting_at: '2026-06-04T00:00:00Z', results: [row({ output_tokens: '5' })] }], has_more: false },
  ],
])('a report that %s is none', async (_how, answer) => {
  await expect(aReport(() => answer).read()).rejects.toMatchObject({ code: 'usage-malformed' });
});

test('a report that goes on for ever is given up', async () => {
  let pages = 0;
  const { asked, read } = aReport(() => ({ data: [], has_more: true, next_page: `page_${(pages += 1)}` }));
  await expect(read()).rejects.toMatchObject({ code: 'answer-endless' });
  expect(asked.length).toBeLessThan(20);
});
