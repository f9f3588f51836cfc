import type { AuthenticatedRequest, Route } from './routing.ts';
import type { UsageReportPage } from './usage-faults.ts';
import type { MutableCounts, UsageDimensions } from './usage-ledger.ts';
import type { Platform } from './state.ts';
import { invalidRequest } from './errors.ts';
import { listOf, rfc3339, wordOf } from './fields.ts';
import { STALE_REPORT_MS, betasOf, bucketPage } from './report-pages.ts';
import { json } from './routing.ts';
import { sumBuckets } from './usage-buckets.ts';
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
/** The legacy usage report: tokens, never requests; buckets without usage are there, empty. */
export function usageReportRoutes(platform: Platform): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/organizations/usage_report/messages',
      access: 'admin',
      answer: (request) => json(platform.usageFaults.sent(usageReport(platform, request))),
    },
  ];
}

function usageReport(platform: Platform, request: AuthenticatedRequest): UsageReportPage {
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
  const asOf = platform.usageFaults.asOf(request.stale ? now - STALE_REPORT_MS : now);
  const sums = sumBuckets(
    platform.usage.read(caller.organizationId, from, until, asOf),
    (minuteAt) => minuteAt - (minuteAt % width.ms),
    matches,
  );
  return {
    data: page.starts.map((start) => ({
      starting_at: rfc3339(start),
      ending_at: rfc3339(start + width.ms),
      results: resultsOf(sums.get(start) ?? new Map<UsageDimensions, MutableCounts>(), rowOf),
    })),
    has_more: page.nextPage !== null,
    next_page: page.nextPage,
  };
}

function resultsOf(sums: ReadonlyMap<UsageDimensions, MutableCounts>, rowOf: RowMaker): object[] {
  const rows = new Map<string, { row: object; counts: MutableCounts }>();
  for (const [dimensions, counts] of sums) {
    const { name, row } = rowOf(dimensions);
    const entry = rows.get(name);
    if (entry === undefined) rows.set(name, { row, counts: { ...counts } });
    else addTo(entry.counts, counts);
  }
  return [...rows.values()].map(({ row, counts }) => ({ ...row, ...shownCounts(counts) }));
}

type RowMaker = (dimensions: UsageDimensions) => { readonly name: string; readonly row: object };

/** One row per combination of the grouped values; what is not grouped reads null, and so does the default workspace. */
function rowMaker(groups: readonly Group[], defaultWorkspaceId: string, showsSpeed: boolean): RowMaker {
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
