import type { UsageDimensions } from './usage-ledger.ts';
import { invalidRequest } from './errors.ts';
import { instantOf, limitOf, listOf, wordOf } from './fields.ts';
import { MINUTE_MS } from './usage-ledger.ts';

/** Dimensions that this platform has usage for; the others are accepted and always read null. */
const KNOWN = [
  'actor',
  'actor_type',
  'api_key_id',
  'context_window',
  'inference_geo',
  'model',
  'service_tier',
  'speed',
  'workspace_id',
] as const;
const ALWAYS_NULL = [
  'agent_id',
  'claude_tag_category',
  'claude_tag_user_id',
  'deployment_id',
  'environment_id',
  'organization_id',
  'product',
  'rbac_group_id',
  'session_id',
  'slack_channel_id',
  'user_profile_id',
] as const;
export const ANALYTICS_GROUPS = [...KNOWN, ...ALWAYS_NULL] as const;
export const COST_GROUPS = ['cost_type', 'token_type'] as const;
export type AnalyticsGroup = (typeof ANALYTICS_GROUPS)[number] | (typeof COST_GROUPS)[number];

/** Filters on dimensions that nothing has: they match nothing. */
const EMPTY_FILTERS = [
  'agent_ids',
  'claude_tag_categories',
  'claude_tag_user_ids',
  'deployment_ids',
  'environment_ids',
  'organization_ids',
  'products',
  'rbac_group_ids',
  'session_ids',
  'slack_channel_ids',
  'user_profile_ids',
];

export interface AnalyticsQuery {
  readonly from: number;
  readonly until: number;
  /** Undefined: one row per group over the whole range. */
  readonly bucketMs: number | undefined;
  readonly groups: readonly AnalyticsGroup[];
  readonly orderBy: string;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** Rows that earlier pages held. */
  readonly offset: number;
  readonly matches: (dimensions: UsageDimensions) => boolean;
}

/** Whom usage is attributed to: the user if there is one, else the service account, else the API key. */
export type Actor =
  | { readonly type: 'user_actor'; readonly id: string }
  | { readonly type: 'service_account_actor'; readonly id: string }
  | { readonly type: 'api_actor'; readonly id: string };

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WIDTHS = { '1m': MINUTE_MS, '1h': HOUR_MS, '1d': DAY_MS } as const;
const EARLIEST = Date.parse('2026-01-01T00:00:00Z');

/** Reads the query that both analytics reports share; 400 where the API's bounds are broken. */
export function readAnalyticsQuery(
  query: URLSearchParams,
  now: number,
  allowed: { readonly groups: readonly AnalyticsGroup[]; readonly orders: readonly string[] },
): AnalyticsQuery {
  const groups = listOf(query, 'group_by').map((word) => wordOf(word, 'group_by', allowed.groups));
  if (groups.filter((group) => group !== 'cost_type' && group !== 'token_type').length > 5)
    throw invalidRequest('group_by: at most 5 dimensions');
  return {
    ...rangeOf(query, now),
    groups,
    orderBy: wordOf(query.get('order_by') ?? allowed.orders[0] ?? 'time', 'order_by', allowed.orders),
    order: wordOf(query.get('order') ?? 'desc', 'order', ['asc', 'desc']),
    limit: limitOf(query, { fallback: 20, maximum: 1000 }),
    offset: offsetOf(query),
    matches: filterOf(query),
  };
}

export function actorOf(dimensions: UsageDimensions): Actor | null {
  if (dimensions.accountId !== null) return { type: 'user_actor', id: dimensions.accountId };
  if (dimensions.serviceAccountId !== null) return { type: 'service_account_actor', id: dimensions.serviceAccountId };
  return dimensions.apiKeyId === null ? null : { type: 'api_actor', id: dimensions.apiKeyId };
}

export const pageAfter = (offset: number): string => `page_${Buffer.from(`row ${offset}`).toString('base64')}`;

function rangeOf(query: URLSearchParams, now: number): Pick<AnalyticsQuery, 'from' | 'until' | 'bucketMs'> {
  const startingAt = instantOf(query, 'starting_at');
  if (startingAt === undefined) throw invalidRequest('starting_at: Field required');
  if (startingAt < EARLIEST || startingAt < now - 365 * DAY_MS)
    throw invalidRequest('starting_at: must be within the last 365 days and not before 2026');
  const width = query.get('time_bucket_width');
  const endingAt = instantOf(query, 'ending_at');
  if (width !== null && endingAt === undefined) throw invalidRequest('ending_at: required with time_bucket_width');
  const until = endingAt ?? Math.min(now, startingAt + 31 * DAY_MS);
  if (until - startingAt > 31 * DAY_MS) throw invalidRequest('the range may span at most 31 days');
  if (width === null) return { from: startingAt - (startingAt % HOUR_MS), until: until - (until % HOUR_MS), bucketMs: undefined };
  const bucketMs = WIDTHS[wordOf(width, 'time_bucket_width', ['1m', '1h', '1d'] as const)];
  if (bucketMs === MINUTE_MS && until - startingAt > DAY_MS) throw invalidRequest('with 1m buckets the range may span at most 24 hours');
  return { from: startingAt - (startingAt % bucketMs), until, bucketMs };
}

function offsetOf(query: URLSearchParams): number {
  const page = query.get('page');
  if (page === null || page === '') return 0;
  const offset = /^row (\d+)$/.exec(page.startsWith('page_') ? Buffer.from(page.slice(5), 'base64').toString() : '')?.[1];
  if (offset === undefined) throw invalidRequest('page: not a page token of this report');
  return Number(offset);
}

function filterOf(query: URLSearchParams): (dimensions: UsageDimensions) => boolean {
  if (EMPTY_FILTERS.some((name) => listOf(query, name).length > 0)) return () => false;
  const filters: readonly (readonly [string, (dimensions: UsageDimensions) => string])[] = [
    // An empty entry stands for usage that no API key authenticated.
    ['api_key_ids', ({ apiKeyId }) => apiKeyId ?? ''],
    ['actor_ids', (dimensions) => actorOf(dimensions)?.id ?? ''],
    ['actor_types', (dimensions) => actorOf(dimensions)?.type ?? ''],
    ['workspace_ids', ({ workspaceId }) => workspaceId],
    ['models', ({ model }) => model],
    ['service_tiers', ({ serviceTier }) => serviceTier],
    ['context_windows', ({ contextWindow }) => contextWindow],
    ['inference_geos', ({ inferenceGeo }) => inferenceGeo],
    ['speeds', ({ speed }) => speed],
  ];
  const used = filters.map(([name, valueOf]) => ({ values: listOf(query, name), valueOf })).filter(({ values }) => values.length > 0);
  return (dimensions) => used.every(({ values, valueOf }) => values.includes(valueOf(dimensions)));
}
