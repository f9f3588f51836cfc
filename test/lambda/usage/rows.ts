import type { UsageRow } from '../../../lambda/usage/ports.ts';

/** A minute of one key's ordinary use, but for what a test says. */
export function aUsageRow(changes: Partial<UsageRow> = {}): UsageRow {
  return {
    minute: Date.UTC(2026, 8, 7, 10, 0),
    apiKeyId: 'apikey_one',
    workspaceId: 'wrkspc_1',
    model: 'claude-sonnet-5-5',
    serviceTier: 'standard',
    contextWindow: '0-200k',
    inferenceGeo: 'global',
    speed: 'standard',
    uncachedInputTokens: 1000,
    cacheReadTokens: 200,
    cacheCreation5mTokens: 0,
    cacheCreation1hTokens: 0,
    outputTokens: 500,
    webSearches: 0,
    ...changes,
  };
}
