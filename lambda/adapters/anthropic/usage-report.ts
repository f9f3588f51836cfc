import { minuteMs } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { UsageRow } from '../../usage/ports.ts';
import type { Page } from './pages.ts';

/** One minute of the report. */
export interface UsageBucket {
  /** Epoch ms. */
  readonly minute: number;
  readonly rows: readonly UsageRow[];
}

/**
 * Reads one page of GET usage_report/messages as documented (platform.claude.com/docs/en/manage-claude/usage-cost-api): one-minute
 * buckets of [from, to), each later than the one before. Throws KeyguardError `usage-malformed`, which names the field, for everything
 * else: a number that is missing is no zero, and usage that cannot be read is not known. Fields that we do not know are left alone, as
 * Anthropic adds some.
 */
export function usagePage(body: unknown, from: number, to: number): Page<UsageBucket> {
  const buckets: UsageBucket[] = [];
  for (const [index, bucket] of list(body, 'data').entries()) {
    const where = `data[${index}]`;
    const minute = instant(bucket, 'starting_at', where);
    if (instant(bucket, 'ending_at', where) - minute !== minuteMs)
      throw malformed(`${where}.ending_at`, 'the bucket is not one minute wide');
    if (minute % minuteMs !== 0) throw malformed(`${where}.starting_at`, 'the bucket does not begin with a minute');
    const before = buckets.at(-1)?.minute;
    if (before !== undefined && minute <= before) throw malformed(`${where}.starting_at`, 'the buckets are not in order');
    // Whether a bucket that begins with the end belongs to the answer, the documentation leaves open; its minute is not over yet.
    if (minute < from || minute > to) throw malformed(`${where}.starting_at`, 'the bucket was not asked for');
    const rows = list(bucket, 'results', where).map((row, nth) => rowOf(minute, row, `${where}.results[${nth}]`));
    if (minute < to) buckets.push({ minute, rows });
  }
  const hasMore = field(body, 'has_more');
  if (typeof hasMore !== 'boolean') throw malformed('has_more', 'it is neither true nor false');
  // On the last page it has nothing to say; missing on another, the list is cut.
  const next = body instanceof Object && Reflect.has(body, 'next_page') ? textOrNull(body, 'next_page') : null;
  return { items: buckets, hasMore, next: next ?? undefined };
}

function rowOf(minute: number, row: unknown, where: string): UsageRow {
  const creation = field(row, 'cache_creation', where);
  const tools = field(row, 'server_tool_use', where);
  return {
    minute,
    apiKeyId: textOrNull(row, 'api_key_id', where),
    workspaceId: textOrNull(row, 'workspace_id', where),
    model: textOrNull(row, 'model', where),
    serviceTier: textOrNull(row, 'service_tier', where),
    contextWindow: textOrNull(row, 'context_window', where),
    inferenceGeo: textOrNull(row, 'inference_geo', where),
    speed: speedOf(row, where),
    uncachedInputTokens: count(row, 'uncached_input_tokens', where),
    cacheReadTokens: count(row, 'cache_read_input_tokens', where),
    cacheCreation5mTokens: count(creation, 'ephemeral_5m_input_tokens', `${where}.cache_creation`),
    cacheCreation1hTokens: count(creation, 'ephemeral_1h_input_tokens', `${where}.cache_creation`),
    outputTokens: count(row, 'output_tokens', where),
    webSearches: count(tools, 'web_search_requests', `${where}.server_tool_use`),
  };
}

/** The speed is behind a beta header: where the beta has ended, its absence is no reason to see nothing at all. */
function speedOf(row: unknown, where: string): string | null {
  return row instanceof Object && Reflect.has(row, 'speed') ? textOrNull(row, 'speed', where) : null;
}

function field(holder: unknown, name: string, where = ''): unknown {
  const value: unknown = holder instanceof Object ? Reflect.get(holder, name) : undefined;
  if (value === undefined) throw malformed(where === '' ? name : `${where}.${name}`, 'it is missing');
  return value;
}

function textOrNull(holder: unknown, name: string, where = ''): string | null {
  const value = field(holder, name, where);
  if (value === null || typeof value === 'string') return value;
  throw malformed(where === '' ? name : `${where}.${name}`, 'it is neither text nor null');
}

function list(holder: unknown, name: string, where = ''): readonly unknown[] {
  const value = field(holder, name, where);
  if (Array.isArray(value)) return value;
  throw malformed(where === '' ? name : `${where}.${name}`, 'it is no list');
}

function instant(holder: unknown, name: string, where: string): number {
  const value = Date.parse(textOrNull(holder, name, where) ?? '');
  if (Number.isNaN(value)) throw malformed(`${where}.${name}`, 'it is no instant');
  return value;
}

/** Tokens are whole, and no sum of them may lose any. */
function count(holder: unknown, name: string, where: string): number {
  const value = field(holder, name, where);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(`${where}.${name}`, 'it is no number of things');
}

function malformed(name: string, why: string): KeyguardError {
  return new KeyguardError(
    'usage-malformed',
    `the usage report is not as documented: ${name}: ${why}`,
    'nothing of it was believed or published; see CHANGELOG.md for a newer version',
  );
}
