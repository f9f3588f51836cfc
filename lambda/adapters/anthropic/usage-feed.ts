import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { iso, minuteMs } from '../../foundation/clock.ts';
import type { UsageFeed } from '../../usage/ports.ts';
import { anthropicCall } from './calls.ts';
import { readPages } from './pages.ts';
import { usagePage, type UsageBucket } from './usage-report.ts';

/** A day of one-minute buckets is the largest page, an hour the usual one (platform.claude.com/docs/en/manage-claude/usage-cost-api). */
const largestPage = 1440;
const smallestPage = 60;
/** Every stretch that is read has fewer pages of either size, so that no answer keeps us asking. */
const mostPages = 100;
const groups = ['api_key_id', 'workspace_id', 'model', 'service_tier', 'context_window', 'inference_geo', 'speed'];
/** Without it the report shows no speed. */
const speedBeta = 'fast-mode-2026-02-01';

/** The near-real-time feed: GET usage_report/messages at one-minute buckets. The SDK has no method for it, so this is its plain call. */
export function usageFeed(client: BaseAnthropic): UsageFeed {
  return {
    async minutes(from, to) {
      const span = { starting_at: iso(from), ending_at: iso(to), bucket_width: '1m', limit: largestPage, group_by: groups };
      const maxPages = Math.min(mostPages, Math.ceil((to - from) / minuteMs / smallestPage) + 1);
      const buckets = await readPages<UsageBucket>('the usage report', { nameOf: ({ minute }) => iso(minute), maxPages }, async (page) => {
        const query = { ...span, ...(page === undefined ? {} : { page }) };
        const headers = { 'anthropic-beta': speedBeta };
        const body = await anthropicCall('usage_report.messages', () =>
          client.get('/v1/organizations/usage_report/messages', { query, headers }).then((answer: unknown) => answer),
        );
        return usagePage(body, from, to);
      });
      return buckets.flatMap(({ rows }) => rows);
    },
  };
}
