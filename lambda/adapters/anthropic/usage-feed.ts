import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { iso } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { UsageFeed, UsageRow } from '../../usage/ports.ts';
import { anthropicCall } from './calls.ts';

/** A day of one-minute buckets is the largest page (facts-anthropic 4.2). */
const bucketsPerPage = 1440;
const groups = ['api_key_id', 'workspace_id', 'model', 'service_tier', 'context_window', 'inference_geo'];

/** The near-real-time feed: GET usage_report/messages at one-minute buckets. The SDK has no method for it, so this is its plain call. */
export function usageFeed(client: BaseAnthropic): UsageFeed {
  return {
    async minutes(from, to) {
      const rows: UsageRow[] = [];
      let page: string | undefined;
      do {
        const query = {
          starting_at: iso(from),
          ending_at: iso(to),
          bucket_width: '1m',
          limit: bucketsPerPage,
          group_by: groups,
          ...(page === undefined ? {} : { page }),
        };
        const answer = await anthropicCall('usage_report.messages', () =>
          client.get('/v1/organizations/usage_report/messages', { query }).then((body: unknown) => body),
        );
        for (const bucket of list(answer, 'data')) {
          const minute = Date.parse(text(bucket, 'starting_at') ?? '');
          if (Number.isNaN(minute)) throw malformed('starting_at');
          // A bucket that reaches past the span is still open.
          if (minute < from || minute >= to) continue;
          for (const result of list(bucket, 'results')) rows.push(rowOf(minute, result));
        }
        page = field(answer, 'has_more') === true ? text(answer, 'next_page') : undefined;
      } while (page !== undefined);
      return rows;
    },
  };
}

function rowOf(minute: number, result: unknown): UsageRow {
  const creation = field(result, 'cache_creation');
  return {
    minute,
    apiKeyId: text(result, 'api_key_id') ?? null,
    workspaceId: text(result, 'workspace_id') ?? null,
    model: text(result, 'model') ?? null,
    serviceTier: text(result, 'service_tier') ?? null,
    uncachedInputTokens: count(result, 'uncached_input_tokens'),
    cacheReadTokens: count(result, 'cache_read_input_tokens'),
    cacheCreation5mTokens: count(creation, 'ephemeral_5m_input_tokens'),
    cacheCreation1hTokens: count(creation, 'ephemeral_1h_input_tokens'),
    outputTokens: count(result, 'output_tokens'),
    webSearches: count(field(result, 'server_tool_use'), 'web_search_requests'),
  };
}

function field(holder: unknown, name: string): unknown {
  return holder instanceof Object ? Reflect.get(holder, name) : undefined;
}

function text(holder: unknown, name: string): string | undefined {
  const value = field(holder, name);
  return typeof value === 'string' ? value : undefined;
}

function list(holder: unknown, name: string): readonly unknown[] {
  const value = field(holder, name);
  if (Array.isArray(value)) return value;
  throw malformed(name);
}

/** Absent counts are zero: a row need not name what it has none of. A count that is no number is an error, never zero. */
function count(holder: unknown, name: string): number {
  const value = field(holder, name) ?? 0;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw malformed(name);
}

function malformed(name: string): KeyguardError {
  return new KeyguardError(
    'usage-malformed',
    `the usage report's ${name} is not as documented`,
    'nothing was published; see CHANGELOG.md for a newer version',
  );
}
