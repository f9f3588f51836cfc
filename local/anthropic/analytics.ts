import type { BetaAnalyticsActor } from '@anthropic-ai/sdk/resources/beta/organization/analytics';
import type { AnalyticsGroup, AnalyticsQuery } from './analytics-query.ts';
import type { AuthenticatedRequest, Route } from './routing.ts';
import type { CostPart } from './prices.ts';
import type { MutableCounts, UsageCounts, UsageDimensions } from './usage-ledger.ts';
import type { Platform } from './state.ts';
import { ANALYTICS_GROUPS, COST_GROUPS, actorOf, pageAfter, readAnalyticsQuery } from './analytics-query.ts';
import { invalidRequest } from './errors.ts';
import { rfc3339 } from './fields.ts';
import { costOf, decimalCents } from './prices.ts';
import { betasOf } from './report-pages.ts';
import { json } from './routing.ts';
import { sumBuckets } from './usage-buckets.ts';
import { addTo } from './usage-ledger.ts';

const BETA = 'analytics-usage-cost-2026-08-24';

/**
 * The Usage & Cost Analytics API: requests and per-key cost, but only as fresh as `data_refreshed_at`. Unlike in the
 * legacy report, the default workspace shows its real id.
 */
export function analyticsRoutes(platform: Platform): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/organizations/analytics/usage',
      access: 'analytics',
      answer: (request) => json(report(platform, request, USAGE)),
    },
    {
      method: 'GET',
      path: '/v1/organizations/analytics/cost',
      access: 'analytics',
      answer: (request) => json(report(platform, request, COST)),
    },
  ];
}

/** One row before it is written down. */
interface Row {
  readonly start: number;
  readonly end: number;
  readonly group: Readonly<Record<string, unknown>>;
  readonly counts: MutableCounts;
  amount: bigint;
}

/** In what the two reports differ. */
interface Report {
  readonly groups: readonly AnalyticsGroup[];
  readonly orders: readonly string[];
  readonly shown: (row: Row, groups: readonly AnalyticsGroup[]) => object;
}

const USAGE: Report = {
  groups: ANALYTICS_GROUPS,
  orders: ['total_tokens', 'output_tokens', 'requests', 'uncached_input_tokens', 'time'],
  shown: ({ counts }) => ({
    usage: {
      uncached_input_tokens: counts.uncachedInputTokens,
      cache_read_input_tokens: counts.cacheReadTokens,
      cache_creation: { ephemeral_5m_input_tokens: counts.cacheCreation5mTokens, ephemeral_1h_input_tokens: counts.cacheCreation1hTokens },
      output_tokens: counts.outputTokens,
      total_tokens: totalTokens(counts),
      requests: counts.requests,
      server_tool_use: { web_search_requests: counts.webSearches },
    },
  }),
};

const COST: Report = {
  groups: [...ANALYTICS_GROUPS, ...COST_GROUPS],
  orders: ['amount', 'list_amount', 'time'],
  shown: ({ amount, counts }, groups) => ({
    cost: {
      amount: decimalCents(amount),
      list_amount: decimalCents(amount),
      currency: 'USD',
      // The count cannot be split by component.
      requests: groups.includes('cost_type') || groups.includes('token_type') ? null : counts.requests,
    },
  }),
};

function report(platform: Platform, request: AuthenticatedRequest, kind: Report): object {
  const { query, caller, now } = request;
  if (!betasOf(request).includes(BETA)) throw invalidRequest(`anthropic-beta: ${BETA} is required`);
  const asked = readAnalyticsQuery(query, now, kind);
  const { analyticsRefreshMs, usageDelayMs } = platform.settings;
  // Up to the watermark everything is there, so it never runs ahead of the feed.
  const refreshedAt = now - usageDelayMs - ((now - usageDelayMs) % analyticsRefreshMs);
  const until = Math.min(asked.until, refreshedAt);
  const { bucketMs } = asked;
  const buckets = sumBuckets(
    platform.usage.read(caller.organizationId, asked.from, until, now),
    (minuteAt) => (bucketMs === undefined ? asked.from : minuteAt - (minuteAt % bucketMs)),
    asked.matches,
  );
  const rows = new Map<string, Row>();
  for (const [start, sums] of buckets) {
    const end = bucketMs === undefined ? asked.until : start + bucketMs;
    for (const [dimensions, counts] of sums) addRows(rows, { start, end, group: {} }, { dimensions, counts, asked });
  }
  const sorted = [...rows.values()].sort(by(asked));
  const data = sorted.slice(asked.offset, asked.offset + asked.limit);
  const next = asked.offset + data.length;
  const hasMore = next < sorted.length;
  return {
    data: data.map((row) => ({
      starting_at: rfc3339(row.start),
      ending_at: rfc3339(row.end),
      group: row.group,
      ...kind.shown(row, asked.groups),
    })),
    has_more: hasMore,
    next_page: hasMore ? pageAfter(next) : null,
    data_refreshed_at: rfc3339(refreshedAt),
  };
}

/** Cost types and token types split one sum into several rows. */
function addRows(
  rows: Map<string, Row>,
  at: Pick<Row, 'start' | 'end' | 'group'>,
  { dimensions, counts, asked }: { readonly dimensions: UsageDimensions; readonly counts: UsageCounts; readonly asked: AnalyticsQuery },
): void {
  const parts = costOf(dimensions, counts);
  const splits = asked.groups.includes('cost_type') || asked.groups.includes('token_type');
  for (const piece of splits ? parts.map((part) => [part]) : [parts]) {
    const group = groupOf(dimensions, asked.groups, piece[0]);
    const name = `${at.start} ${JSON.stringify(group)}`;
    const amount = piece.reduce((sum, part) => sum + part.amount, 0n);
    const row = rows.get(name);
    if (row === undefined) rows.set(name, { ...at, group, counts: { ...counts }, amount });
    else {
      addTo(row.counts, counts);
      row.amount += amount;
    }
  }
}

/** All dimensions, null unless asked for. */
function groupOf(dimensions: UsageDimensions, groups: readonly AnalyticsGroup[], part: CostPart | undefined): Record<string, unknown> {
  const costGroups = groups.includes('cost_type') || groups.includes('token_type') ? COST_GROUPS : [];
  const values: Partial<Record<AnalyticsGroup, unknown>> = {
    actor: wireActor(dimensions),
    actor_type: actorOf(dimensions)?.type ?? null,
    api_key_id: dimensions.apiKeyId,
    context_window: dimensions.contextWindow,
    inference_geo: dimensions.inferenceGeo === 'not_available' ? null : dimensions.inferenceGeo,
    model: dimensions.model,
    service_tier: dimensions.serviceTier,
    speed: dimensions.speed,
    workspace_id: dimensions.workspaceId,
    cost_type: part?.costType,
    token_type: part?.tokenType,
  };
  return Object.fromEntries(
    [...ANALYTICS_GROUPS, ...costGroups].map((group) => [group, groups.includes(group) ? (values[group] ?? null) : null]),
  );
}

function wireActor(dimensions: UsageDimensions): BetaAnalyticsActor | null {
  const actor = actorOf(dimensions);
  switch (actor?.type) {
    case 'user_actor':
      return { type: 'user_actor', user_id: actor.id, deleted: false, email_address: null, name: null };
    case 'service_account_actor':
      return { type: 'service_account_actor', service_account_id: actor.id };
    case 'api_actor':
      return { type: 'api_actor', api_key_id: actor.id };
    case undefined:
      return null;
    default:
      return actor satisfies never;
  }
}

/** By the metric, or by bucket and then by tokens; equal rows stay in the order of their first use. */
function by({ orderBy, order, bucketMs }: AnalyticsQuery): (a: Row, b: Row) => number {
  const sign = order === 'asc' ? 1 : -1;
  if (orderBy === 'time' && bucketMs !== undefined) {
    return (a, b) => sign * (a.start - b.start) || totalTokens(b.counts) - totalTokens(a.counts);
  }
  if (orderBy === 'amount' || orderBy === 'list_amount') return (a, b) => sign * (a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0);
  const metric = ({ counts }: Row): number => {
    if (orderBy === 'output_tokens') return counts.outputTokens;
    if (orderBy === 'requests') return counts.requests;
    return orderBy === 'uncached_input_tokens' ? counts.uncachedInputTokens : totalTokens(counts);
  };
  return (a, b) => sign * (metric(a) - metric(b));
}

const totalTokens = (counts: UsageCounts): number =>
  counts.uncachedInputTokens + counts.cacheReadTokens + counts.cacheCreation5mTokens + counts.cacheCreation1hTokens + counts.outputTokens;
