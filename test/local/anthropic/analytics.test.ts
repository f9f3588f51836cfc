import type { UsageListParams } from '@anthropic-ai/sdk/resources/beta/organization/analytics/usage';
import type { TestPlatform } from './platform.ts';
import { describe, expect, test } from 'vitest';
import { aPlatform, refusalOf, traffic } from './platform.ts';

const HOUR_MS = 60 * 60_000;
const million = 1_000_000;

/** Traffic at noon on two keys and in the playground, seen after the watermark passed it. */
async function aBusyPlatform(): Promise<{ platform: TestPlatform; other: { id: string } }> {
  const platform = await aPlatform({ analyticsRefreshMs: HOUR_MS });
  const account = platform.console.createServiceAccount({ name: 'batch' });
  const other = platform.console.createApiKey({ name: 'other', principal: { type: 'service_account', id: account.id } });
  platform.use(platform.key.value, traffic({ requests: 3, uncachedInputTokens: million }));
  platform.use(other.value, traffic({ requests: 2, uncachedInputTokens: 500, model: 'claude-opus-5-5' }));
  platform.console.usePlayground(platform.workspaceId, traffic({ uncachedInputTokens: 7 }));
  platform.clock.advance(2 * HOUR_MS);
  return { platform, other };
}

const NOON = '2026-11-23T12:00:00Z';

test('usage comes by key and actor with requests, in pages, largest first', async () => {
  const { platform, other } = await aBusyPlatform();
  const rows = [];
  const page = platform.admin.beta.organization.analytics.usage.list({
    starting_at: NOON,
    group_by: ['api_key_id', 'actor', 'workspace_id'],
    limit: 2,
  });
  for await (const row of page) rows.push(row);
  expect(
    rows.map(({ group, usage }) => [group.api_key_id, group.actor?.type, group.workspace_id, usage.requests, usage.total_tokens]),
  ).toEqual([
    [platform.key.id, 'api_actor', platform.workspaceId, 3, million + 10],
    [other.id, 'service_account_actor', platform.organization.defaultWorkspaceId, 2, 510],
    [null, undefined, platform.workspaceId, 1, 17],
  ]);
  expect(rows[0]?.group.model).toBeNull();
  expect(rows[0]).toMatchObject({ starting_at: NOON, ending_at: '2026-11-23T14:00:00Z' });
});

test('cost comes per key in fractional cents, and split by kind without a request count', async () => {
  const { platform } = await aBusyPlatform();
  const { cost } = platform.admin.beta.organization.analytics;
  const byKey = await cost.list({ starting_at: NOON, group_by: ['api_key_id'], api_key_ids: [platform.key.id] });
  expect(byKey.data).toMatchObject([{ cost: { amount: '200.01', list_amount: '200.01', currency: 'USD', requests: 3 } }]);
  const split = await cost.list({ starting_at: NOON, group_by: ['api_key_id', 'token_type', 'cost_type'], api_key_ids: [platform.key.id] });
  expect(split.data.map(({ group, cost: { amount, requests } }) => [group.cost_type, group.token_type, amount, requests])).toEqual([
    ['tokens', 'uncached_input_tokens', '200', null],
    ['tokens', 'output_tokens', '0.01', null],
  ]);
});

test('an empty entry among the keys stands for usage without one', async () => {
  const { platform } = await aBusyPlatform();
  const { data } = await platform.admin.beta.organization.analytics.usage.list({
    starting_at: NOON,
    group_by: ['api_key_id'],
    api_key_ids: [''],
  });
  expect(data.map(({ group, usage }) => [group.api_key_id, usage.requests])).toEqual([[null, 1]]);
});

test('nothing is shown beyond the watermark, which the answer names', async () => {
  const platform = await aPlatform({ analyticsRefreshMs: 4 * HOUR_MS });
  platform.use(platform.key.value, traffic());
  const list = (): ReturnType<typeof platform.admin.beta.organization.analytics.usage.list> =>
    platform.admin.beta.organization.analytics.usage.list({ starting_at: NOON, ending_at: '2026-11-23T20:00:00Z' });
  platform.clock.advance(4 * HOUR_MS);
  expect(await list()).toMatchObject({ data: [], data_refreshed_at: NOON });
  platform.clock.advance(5 * 60_000);
  expect(await list()).toMatchObject({ data: [{ usage: { requests: 1 } }], data_refreshed_at: '2026-11-23T16:00:00Z' });
});

test('buckets come newest first when ordered by time', async () => {
  const platform = await aPlatform({ analyticsRefreshMs: HOUR_MS });
  for (const hour of [0, 1, 2]) platform.use(platform.key.value, traffic({ requests: hour + 1, at: Date.parse(NOON) - hour * HOUR_MS }));
  platform.clock.advance(2 * HOUR_MS);
  const query: UsageListParams = {
    starting_at: '2026-11-23T09:00:00Z',
    ending_at: '2026-11-23T14:00:00Z',
    time_bucket_width: '1h',
    order_by: 'time',
  };
  const { data } = await platform.admin.beta.organization.analytics.usage.list(query);
  expect(data.map(({ starting_at, usage }) => [starting_at, usage.requests])).toEqual([
    ['2026-11-23T12:00:00Z', 1],
    ['2026-11-23T11:00:00Z', 2],
    ['2026-11-23T10:00:00Z', 3],
  ]);
});

describe('a query is refused', () => {
  const cases: [why: string, query: UsageListParams][] = [
    ['before 2026', { starting_at: '2025-12-31T23:59:59Z' }],
    ['over more than 31 days', { starting_at: '2026-10-01T00:00:00Z', ending_at: '2026-11-02T00:00:00Z' }],
    [
      'by the minute over more than a day',
      { starting_at: '2026-11-20T00:00:00Z', ending_at: '2026-11-22T00:00:00Z', time_bucket_width: '1m' },
    ],
    ['in buckets without an end', { starting_at: NOON, time_bucket_width: '1h' }],
    ['by six dimensions', { starting_at: NOON, group_by: ['actor', 'api_key_id', 'model', 'speed', 'service_tier', 'workspace_id'] }],
    ['of more than 1,000 rows', { starting_at: NOON, limit: 1001 }],
  ];
  test.each(cases)('%s', async (_why, query) => {
    const platform = await aPlatform();
    expect(await refusalOf(platform.admin.beta.organization.analytics.usage.list(query))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
    });
  });

  test('without the beta', async () => {
    const platform = await aPlatform();
    expect(await refusalOf(platform.admin.get('/v1/organizations/analytics/usage', { query: { starting_at: NOON } }))).toMatchObject({
      status: 400,
    });
  });

  test('with an inference key', async () => {
    const platform = await aPlatform();
    expect(
      await refusalOf(platform.client(platform.key.value).beta.organization.analytics.usage.list({ starting_at: NOON })),
    ).toMatchObject({ status: 403 });
  });
});
