import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../local/anthropic/catalogue.ts';
import { costOf, decimalCents } from '../../../local/anthropic/prices.ts';
import { MINUTE_MS, aPlatform, refusalOf, traffic } from './platform.ts';

const PATH = '/v1/organizations/cost_report';
const million = 1_000_000;

const dimensions = {
  organizationId: 'org',
  apiKeyId: null,
  workspaceId: 'wrkspc_1',
  accountId: null,
  serviceAccountId: null,
  model: 'claude-sonnet-5-5',
  serviceTier: 'standard',
  contextWindow: '0-200k',
  inferenceGeo: 'global',
  speed: 'standard',
};
const counts = {
  requests: 1,
  uncachedInputTokens: 0,
  cacheReadTokens: 0,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  outputTokens: 0,
  webSearches: 0,
};

describe('list prices in cents', () => {
  const cases: [about: Partial<typeof dimensions>, used: Partial<typeof counts>, cents: string][] = [
    [{}, { uncachedInputTokens: million }, '200'],
    [{}, { outputTokens: million }, '1000'],
    [{}, { cacheReadTokens: million }, '10'],
    [{}, { cacheCreation5mTokens: million }, '250'],
    [{}, { cacheCreation1hTokens: million }, '400'],
    [{}, { uncachedInputTokens: 1 }, '0.0002'],
    [{}, { webSearches: 3 }, '3'],
    [{ serviceTier: 'batch' }, { outputTokens: million }, '500'],
    [{ inferenceGeo: 'us' }, { outputTokens: million }, '1100'],
    [{ model: 'claude-haiku-5-5' }, { cacheReadTokens: 1 }, '0.000001'],
    [{ model: 'claude-nobody' }, { outputTokens: million }, '0'],
  ];
  test.each(cases)('%o using %o', (about, used, cents) => {
    const parts = costOf({ ...dimensions, ...about }, { ...counts, ...used });
    expect(decimalCents(parts.reduce((sum, part) => sum + part.amount, 0n))).toBe(cents);
  });

  test('are above nothing for every model and every kind of token', () => {
    for (const { price } of catalogue) for (const cents of Object.values(price)) expect(cents).toBeGreaterThan(0);
  });
});

test('days come in decimal cents, by workspace, without the Priority Tier and without keys', async () => {
  const platform = await aPlatform();
  const inDefault = platform.console.createApiKey({ name: 'default' });
  platform.use(platform.key.value, traffic({ uncachedInputTokens: million, outputTokens: 1 }));
  platform.use(platform.key.value, traffic({ uncachedInputTokens: million, serviceTier: 'priority' }));
  platform.use(inDefault.value, traffic({ uncachedInputTokens: 0, outputTokens: million }));
  platform.clock.advance(5 * MINUTE_MS);
  const answer = await platform.admin.get(PATH, { query: { starting_at: '2026-11-22T00:00:00Z', group_by: ['workspace_id'] } });
  const rest = {
    description: null,
    cost_type: null,
    context_window: null,
    inference_geo: null,
    model: null,
    service_tier: null,
    token_type: null,
  };
  expect(answer).toEqual({
    data: [
      { starting_at: '2026-11-22T00:00:00Z', ending_at: '2026-11-23T00:00:00Z', results: [] },
      {
        starting_at: '2026-11-23T00:00:00Z',
        ending_at: '2026-11-24T00:00:00Z',
        results: [
          { currency: 'USD', amount: '200.001', workspace_id: platform.workspaceId, ...rest },
          { currency: 'USD', amount: '1000', workspace_id: null, ...rest },
        ],
      },
    ],
    has_more: false,
    next_page: null,
  });
});

test('a description says model and kind of token', async () => {
  const platform = await aPlatform();
  platform.use(platform.key.value, traffic({ uncachedInputTokens: million, outputTokens: million, webSearches: 2 }));
  platform.clock.advance(5 * MINUTE_MS);
  const answer = await platform.admin.get(PATH, { query: { starting_at: '2026-11-23T00:00:00Z', group_by: ['description'] } });
  const tokens = {
    cost_type: 'tokens',
    model: 'claude-sonnet-5-5',
    service_tier: 'standard',
    context_window: '0-200k',
    workspace_id: null,
  };
  expect(answer).toMatchObject({
    data: [
      {
        results: [
          { amount: '200', description: 'Claude Sonnet 5.5 Usage - Input Tokens', token_type: 'uncached_input_tokens', ...tokens },
          { amount: '1000', description: 'Claude Sonnet 5.5 Usage - Output Tokens', token_type: 'output_tokens', ...tokens },
          { amount: '2', description: 'Web Search Usage', cost_type: 'web_search', token_type: null, model: null },
        ],
      },
    ],
  });
});

test.each([{ bucket_width: '1h' }, { group_by: ['api_key_id'] }, { limit: 32 }])('%o is refused', async (query) => {
  const platform = await aPlatform();
  expect(await refusalOf(platform.admin.get(PATH, { query: { starting_at: '2026-11-22T00:00:00Z', ...query } }))).toMatchObject({
    status: 400,
  });
});
