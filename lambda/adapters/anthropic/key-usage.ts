import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { floorTo, hourMs, iso, minuteMs, type Clock } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { KeyUse, RecentUse } from '../../rotation/intake-use.ts';
import { anthropicCall } from './calls.ts';
import { readPages, type Page } from './pages.ts';
import { fieldOf, textOf } from './shape.ts';

/** The largest pages of the report (platform.claude.com/docs/en/manage-claude/usage-cost-api). */
const widths = { hour: { word: '1h', limit: 168 }, minute: { word: '1m', limit: 1440 } } as const;
/** A week of hours and two hours of minutes are three pages at the most: what goes on for longer is no report. */
const pagesAtMost = 10;

/** One API key's rows of the usage report: by the hour, and the last hour or two by the minute. */
export function reportedUse(client: BaseAnthropic, clock: Clock): RecentUse['reported'] {
  return async (apiKeyId, from) => {
    const now = clock.now();
    const minutesFrom = floorTo(now, hourMs) - hourMs;
    return [
      ...(await rows(client, apiKeyId, 'hour', floorTo(from, hourMs), minutesFrom)),
      ...(await rows(client, apiKeyId, 'minute', minutesFrom, floorTo(now, minuteMs) + minuteMs)),
    ];
  };
}

async function rows(
  client: BaseAnthropic,
  apiKeyId: string,
  bucket: KeyUse['bucket'],
  from: number,
  to: number,
): Promise<readonly KeyUse[]> {
  const { word, limit } = widths[bucket];
  const span = { starting_at: iso(from), ending_at: iso(to), bucket_width: word, limit };
  const asked = { ...span, group_by: ['api_key_id', 'workspace_id', 'model'], api_key_ids: [apiKeyId] };
  const options = { nameOf: ({ at }: Bucket) => iso(at), maxPages: pagesAtMost };
  const buckets = await readPages(`the usage report of ${apiKeyId}`, options, async (page): Promise<Page<Bucket>> => {
    const query = { ...asked, ...(page === undefined ? {} : { page }) };
    const answer = await anthropicCall('usage_report.messages', () =>
      client.get('/v1/organizations/usage_report/messages', { query }).then((body: unknown) => body),
    );
    const hasMore = fieldOf(answer, 'has_more');
    if (typeof hasMore !== 'boolean') throw malformed('has_more');
    return { items: list(answer, 'data').map((each) => bucketOf(each, apiKeyId, bucket)), hasMore, next: textOf(answer, 'next_page') };
  });
  return buckets.flatMap(({ uses }) => uses);
}

interface Bucket {
  readonly at: number;
  readonly uses: readonly KeyUse[];
}

function bucketOf(answered: unknown, apiKeyId: string, bucket: KeyUse['bucket']): Bucket {
  const at = Date.parse(textOf(answered, 'starting_at') ?? '');
  if (Number.isNaN(at)) throw malformed('starting_at');
  const uses = list(answered, 'results').flatMap((result): readonly KeyUse[] => {
    const tokens = tokensIn(result);
    const whose = fieldOf(result, 'api_key_id');
    if (whose !== null && typeof whose !== 'string') throw malformed('api_key_id');
    // Should the filter ever be overlooked, another key's usage is not this one's.
    if (tokens === 0 || whose !== apiKeyId) return [];
    return [{ at, bucket, workspaceId: textOf(result, 'workspace_id') ?? null, model: textOf(result, 'model') ?? null, tokens }];
  });
  return { at, uses };
}

function tokensIn(result: unknown): number {
  const creation = fieldOf(result, 'cache_creation');
  return (
    count(result, 'uncached_input_tokens') +
    count(result, 'cache_read_input_tokens') +
    count(creation, 'ephemeral_5m_input_tokens') +
    count(creation, 'ephemeral_1h_input_tokens') +
    count(result, 'output_tokens')
  );
}

function list(holder: unknown, name: string): readonly unknown[] {
  const value = fieldOf(holder, name);
  if (Array.isArray(value)) return value;
  throw malformed(name);
}

/** A number that is missing is no zero: what cannot be read may be the usage. */
function count(holder: unknown, name: string): number {
  const value = fieldOf(holder, name);
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw malformed(name);
}

function malformed(name: string): KeyguardError {
  return new KeyguardError('usage-malformed', `the usage report's ${name} is not as documented`, 'see CHANGELOG.md for a newer version');
}
