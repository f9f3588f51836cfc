import type { CostPart } from './prices.ts';
import type { AuthenticatedRequest, Route } from './routing.ts';
import type { Platform } from './state.ts';
import type { UsageDimensions } from './usage-ledger.ts';
import { modelNamed } from './catalogue.ts';
import { listOf, rfc3339, wordOf } from './fields.ts';
import { costOf, decimalCents } from './prices.ts';
import { STALE_REPORT_MS, bucketPage } from './report-pages.ts';
import { json } from './routing.ts';
import { sumBuckets } from './usage-buckets.ts';

const DAY_MS = 24 * 60 * 60_000;

/** The legacy cost report: by day, in cents, never by API key; Priority Tier costs are not in it. */
export function costReportRoutes(platform: Platform): Route[] {
  return [
    { method: 'GET', path: '/v1/organizations/cost_report', access: 'admin', answer: (request) => json(costReport(platform, request)) },
  ];
}

interface CostRow {
  readonly shown: Readonly<Record<string, string | null>>;
  amount: bigint;
}

function costReport(platform: Platform, request: AuthenticatedRequest): object {
  const { query, caller, now } = request;
  wordOf(query.get('bucket_width') ?? '1d', 'bucket_width', ['1d']);
  const groups = listOf(query, 'group_by').map((word) => wordOf(word, 'group_by', ['workspace_id', 'description'] as const));
  const page = bucketPage(query, now, { ms: DAY_MS, limit: { fallback: 7, maximum: 31 } });
  const from = page.starts.at(0) ?? now;
  const until = (page.starts.at(-1) ?? now) + DAY_MS;
  const cells = platform.usage.read(caller.organizationId, from, until, request.stale ? now - STALE_REPORT_MS : now);
  const days = sumBuckets(
    cells,
    (minuteAt) => minuteAt - (minuteAt % DAY_MS),
    (dimensions) => !dimensions.serviceTier.startsWith('priority'),
  );
  const defaultWorkspaceId = platform.organizations.get(caller.organizationId)?.defaultWorkspaceId;
  return {
    data: page.starts.map((start) => {
      const rows = new Map<string, CostRow>();
      for (const [dimensions, counts] of days.get(start) ?? []) {
        const workspaceId = dimensions.workspaceId === defaultWorkspaceId ? null : dimensions.workspaceId;
        for (const part of costOf(dimensions, counts)) {
          const shown = {
            workspace_id: groups.includes('workspace_id') ? workspaceId : null,
            ...(groups.includes('description') ? described(dimensions, part) : UNDESCRIBED),
          };
          const name = JSON.stringify(shown);
          const row = rows.get(name);
          if (row === undefined) rows.set(name, { shown, amount: part.amount });
          else row.amount += part.amount;
        }
      }
      return { starting_at: rfc3339(start), ending_at: rfc3339(start + DAY_MS), results: [...rows.values()].map(shownRow) };
    }),
    has_more: page.nextPage !== null,
    next_page: page.nextPage,
  };
}

const shownRow = ({ shown, amount }: CostRow): object => ({ currency: 'USD', amount: decimalCents(amount), ...shown });

const UNDESCRIBED = {
  description: null,
  cost_type: null,
  context_window: null,
  inference_geo: null,
  model: null,
  service_tier: null,
  token_type: null,
} as const;

/** Grouping by description breaks costs out by what the description says. */
function described(dimensions: UsageDimensions, part: CostPart): Record<keyof typeof UNDESCRIBED, string | null> {
  if (part.costType === 'web_search') return { ...UNDESCRIBED, description: 'Web Search Usage', cost_type: 'web_search' };
  const name = modelNamed(dimensions.model)?.displayName ?? dimensions.model;
  return {
    description: `${name} Usage - ${tokenWords(part)}`,
    cost_type: 'tokens',
    context_window: dimensions.contextWindow,
    inference_geo: dimensions.inferenceGeo,
    model: dimensions.model,
    service_tier: dimensions.serviceTier,
    token_type: part.tokenType,
  };
}

function tokenWords({ tokenType }: CostPart): string {
  switch (tokenType) {
    case 'uncached_input_tokens':
      return 'Input Tokens';
    case 'output_tokens':
      return 'Output Tokens';
    case 'cache_read_input_tokens':
      return 'Input Tokens, Cache Read';
    case 'cache_creation.ephemeral_5m_input_tokens':
      return 'Input Tokens, Cache Write (5m)';
    case 'cache_creation.ephemeral_1h_input_tokens':
      return 'Input Tokens, Cache Write (1h)';
    case null:
      return 'Other';
    default:
      return tokenType satisfies never;
  }
}
