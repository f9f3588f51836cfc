/** The `anthropic-ratelimit-*` headers of Messages answers. Informative: refusals are scripted, never caused by these. */
export interface RateHeaders {
  /** Takes from the organization's buckets. */
  spend(organizationId: string, used: RateSpending, now: number): void;
  headers(organizationId: string, now: number): Record<string, string>;
}

interface RateSpending {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Per minute, for a whole organization: all of its keys share them, so a thief's use shows in everyone's headers. */
const LIMITS = { requests: 4000, inputTokens: 2_000_000, outputTokens: 400_000 } as const;
const NAMES = { requests: 'requests', inputTokens: 'input-tokens', outputTokens: 'output-tokens' } as const;
type LimitName = keyof typeof LIMITS;

interface Bucket {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  at: number;
}

export function rateHeaders(): RateHeaders {
  const buckets = new Map<string, Bucket>();
  return {
    spend(organizationId, used, now) {
      const bucket = buckets.get(organizationId) ?? { ...LIMITS, at: now };
      buckets.set(organizationId, bucket);
      const elapsedMs = now - bucket.at;
      bucket.requests = Math.max(0, levelAfter(bucket, 'requests', elapsedMs) - used.requests);
      bucket.inputTokens = Math.max(0, levelAfter(bucket, 'inputTokens', elapsedMs) - used.inputTokens);
      bucket.outputTokens = Math.max(0, levelAfter(bucket, 'outputTokens', elapsedMs) - used.outputTokens);
      bucket.at = now;
    },
    headers(organizationId, now) {
      const bucket = buckets.get(organizationId) ?? { ...LIMITS, at: now };
      const headers: Record<string, string> = {};
      for (const name of ['requests', 'inputTokens', 'outputTokens'] as const) {
        const level = levelAfter(bucket, name, now - bucket.at);
        const fullAt = now + ((LIMITS[name] - level) * 60_000) / LIMITS[name];
        const header = `anthropic-ratelimit-${NAMES[name]}`;
        headers[`${header}-limit`] = String(LIMITS[name]);
        // Token remainders are rounded to thousands.
        headers[`${header}-remaining`] = String(name === 'requests' ? Math.floor(level) : Math.round(level / 1000) * 1000);
        headers[`${header}-reset`] = new Date(Math.ceil(fullAt)).toISOString();
      }
      return headers;
    },
  };
}

/** Token buckets, refilled all the time. */
function levelAfter(bucket: Bucket, name: LimitName, elapsedMs: number): number {
  return Math.min(LIMITS[name], bucket[name] + (elapsedMs * LIMITS[name]) / 60_000);
}
