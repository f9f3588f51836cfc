import type { ApiRequest } from './routing.ts';
import { invalidRequest } from './errors.ts';
import { instantOf, limitOf, rfc3339 } from './fields.ts';
import { MINUTE_MS } from './usage-ledger.ts';

/** A stale read answers as of this much earlier. */
export const STALE_REPORT_MS = 5 * MINUTE_MS;

/** A page of buckets of one width, and where the next page starts. */
export interface BucketPage {
  readonly starts: readonly number[];
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
  return { starts, nextPage: starts.length === limit && inRange(next) ? pageToken(next) : null };
}

/** Beta features that the call opts into. */
export function betasOf(request: Pick<ApiRequest, 'headers'>): readonly string[] {
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
