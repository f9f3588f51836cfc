import type { AuthenticatedRequest, Route } from './routing.ts';
import type { MutableCounts, UsageDimensions } from './usage-ledger.ts';
import type { Platform } from './state.ts';
import { invalidRequest } from './errors.ts';
import { instantOf, limitOf, listOf, rfc3339, wordOf } from './fields.ts';
import { json } from './routing.ts';
import { MINUTE_MS, addTo } from './usage-ledger.ts';

const GROUPS = [
  'account_id',
  'api_key_id',
  'context_window',
  'inference_geo',
  'model',
  'service_account_id',
  'service_tier',
  'speed',
  'workspace_id',
] as const;
type Group = (typeof GROUPS)[number];

/** Buckets per page: the documented defaults and maxima. */
const WIDTHS = {
  '1m': { ms: MINUTE_MS, limit: { fallback: 60, maximum: 1440 } },
  '1h': { ms: 60 * MINUTE_MS, limit: { fallback: 24, maximum: 168 } },
  '1d': { ms: 24 * 60 * MINUTE_MS, limit: { fallback: 7, maximum: 31 } },
} as const;

/** Grouping or filtering by speed needs it. */
const FAST_MODE_BETA = 'fast-mode-2026-02-01';
/** A stale read answers as of this much earlier. */
export const STALE_REPORT_MS = 5 * MINUTE_MS;

/** The legacy usage report: tokens, never requests; buckets without usage are there, empty. */
export function usageReportRoutes(platform: Platform): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/organizations/usage_report/messages',
      access: 'admin',
      answer: (request) => json(usageReport(platform, request)),
    },
  ];
}

/** A page of buckets of one width, and where the next page starts. */
export interface BucketPage {
  readonly starts: readonly number[];
  readonly widthMs: number;
  readonly nextPage: string | null;
}

/**
 * Which buckets a page shows: from `starting_at` (snapped to its bucket) to those that end by `ending_at`, and none
 * that begins in the future. Shared by usage and cost report.
 */
export function bucketPage(
  query: URLSearchParams,
  now: number,
  width: { readonly ms: number; readonly limit: { readonly fallback: number; readonly maximum: number } },
): BucketPage {
  const startingAt = instantOf(query, 'starting_at');
  if (startingAt === undefined) throw invalidRequest('starting_at: Field required');
  const endingAt = instantOf(query, 'ending_at');
  if (endingAt !== undefined && endingAt <= startingAt) throw invalidRequest('ending_at: must be after starting_at');
  const first = pageStart(query) ?? startingAt - (startingAt % width.ms);
  const limit = limitOf(query, width.limit);
  const starts: number[] = [];
  const inRange = (start: number): boolean => start <= now && (endingAt === undefined || start + width.ms <= endingAt);
  for (let start = first; starts.length < limit && inRange(start); start += width.ms) starts.push(start);
  const next = (starts.at(-1) ?? first) + width.ms;
  return { starts, widthMs: width.ms, nextPage: starts.length === limit && inRange(next) ? pageToken(next) : null };
}

function usageReport(platform: Platform, request: AuthenticatedRequest): object {
  const { query, caller, now } = request;
  const width = WIDTHS[wordOf(query.get('bucket_width') ?? '1d', 'bucket_width', ['1m', '1h', '1d'] as const)];
  const groups = listOf(query, 'group_by').map((word) => wordOf(word, 'group_by', GROUPS));
  const showsSpeed = betasOf(request).includes(FAST_MODE_BETA);
  if (!showsSpeed && (groups.includes('speed') || listOf(query, 'speeds').length > 0)) {
    throw invalidRequest(`speed requires the ${FAST_MODE_BETA} beta`);
  }
  const matches = filterOf(query);
  const page = bucketPage(query, now, width);
  const from = page.starts.at(0) ?? now;
  const until = (page.starts.at(-1) ?? now) + width.ms;
  const organization = platform.organizations.get(caller.organizationId);
  const rowOf = rowMaker(groups, organization?.defaultWorkspaceId ?? '', showsSpeed);
  const buckets = new Map(page.starts.map((start) => [start, new Map<string, { row: object; counts: MutableCounts }>()]));
  for (const { minuteAt, dimensions, counts } of platform.usage.read(
    caller.organizationId,
    from,
    until,
    request.stale ? now - STALE_REPORT_MS : now,
  )) {
    if (!matches(dimensions)) continue;
    const { name, row } = rowOf(dimensions);
    const rows = buckets.get(minuteAt - (minuteAt % width.ms));
    const entry = rows?.get(name);
    if (entry !== undefined) addTo(entry.counts, counts);
    else rows?.set(name, { row, counts: { ...counts } });
  }
  return {
    data: [...buckets].map(([start, rows]) => ({
      starting_at: rfc3339(start),
      ending_at: rfc3339(start + width.ms),
      results: [...rows.values()].map(({ row, counts }) => ({ ...row, ...shownCounts(counts) })),
    })),
    has_more: page.nextPage !== null,
    next_page: page.nextPage,
  };
}

/** One row per combination of the grouped values; what is not grouped reads null, and so does the default workspace. */
function rowMaker(
  groups: readonly Group[],
  defaultWorkspaceId: string,
  showsSpeed: boolean,
): (dimensions: UsageDimensions) => { name: string; row: object } {
  const made = new Map<UsageDimensions, { name: string; row: object }>();
  return (dimensions) => {
    const known = made.get(dimensions);
    if (known !== undefined) return known;
    const row: Record<string, string | null> = {};
    for (const group of GROUPS) {
      if (group !== 'speed' || showsSpeed) row[group] = groups.includes(group) ? valueOf(dimensions, group) : null;
    }
    if (row['workspace_id'] === defaultWorkspaceId) row['workspace_id'] = null;
    const entry = { name: Object.values(row).join(' '), row };
    made.set(dimensions, entry);
    return entry;
  };
}

function filterOf(query: URLSearchParams): (dimensions: UsageDimensions) => boolean {
  const filters: readonly (readonly [Group, readonly string[]])[] = [
    ['account_id', listOf(query, 'account_ids')],
    ['api_key_id', listOf(query, 'api_key_ids')],
    ['context_window', listOf(query, 'context_window').map((word) => wordOf(word, 'context_window', ['0-200k', '200k-1M']))],
    ['inference_geo', listOf(query, 'inference_geos').map((word) => wordOf(word, 'inference_geos', ['global', 'us', 'not_available']))],
    ['model', listOf(query, 'models')],
    ['service_account_id', listOf(query, 'service_account_ids')],
    ['service_tier', listOf(query, 'service_tiers')],
    ['speed', listOf(query, 'speeds')],
    ['workspace_id', listOf(query, 'workspace_ids')],
  ];
  const used = filters.filter(([, values]) => values.length > 0);
  return (dimensions) => used.every(([group, values]) => values.includes(valueOf(dimensions, group) ?? ''));
}

function valueOf(dimensions: UsageDimensions, group: Group): string | null {
  switch (group) {
    case 'account_id':
      return dimensions.accountId;
    case 'api_key_id':
      return dimensions.apiKeyId;
    case 'context_window':
      return dimensions.contextWindow;
    case 'inference_geo':
      return dimensions.inferenceGeo;
    case 'model':
      return dimensions.model;
    case 'service_account_id':
      return dimensions.serviceAccountId;
    case 'service_tier':
      return dimensions.serviceTier;
    case 'speed':
      return dimensions.speed;
    case 'workspace_id':
      return dimensions.workspaceId;
    default:
      return group satisfies never;
  }
}

const shownCounts = (counts: MutableCounts): object => ({
  uncached_input_tokens: counts.uncachedInputTokens,
  cache_read_input_tokens: counts.cacheReadTokens,
  cache_creation: { ephemeral_5m_input_tokens: counts.cacheCreation5mTokens, ephemeral_1h_input_tokens: counts.cacheCreation1hTokens },
  output_tokens: counts.outputTokens,
  server_tool_use: { web_search_requests: counts.webSearches },
});

/** Beta features that the call opts into. */
export function betasOf(request: Pick<AuthenticatedRequest, 'headers'>): readonly string[] {
  return String(request.headers['anthropic-beta'] ?? '')
    .split(',')
    .map((beta) => beta.trim());
}

/** Page tokens read as in Anthropic's examples: base64 of the next bucket's start. */
const pageToken = (start: number): string => `page_${Buffer.from(rfc3339(start)).toString('base64')}`;

function pageStart(query: URLSearchParams): number | undefined {
  const page = query.get('page');
  if (page === null || page === '') return undefined;
  const start = page.startsWith('page_') ? Date.parse(Buffer.from(page.slice(5), 'base64').toString()) : NaN;
  if (Number.isNaN(start)) throw invalidRequest('page: not a page token of this report');
  return start;
}
