/** The `anthropic-ratelimit-*` headers of Messages answers. Informative: refusals are scripted, never caused by these. */
export interface RateHeaders {
  /** Takes from the organization's buckets. */
  spend(organizationId: string, used: RateSpending, now: number): void;
  headers(organizationId: string, now: number): Record<string, string>;
}

export interface RateSpending {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Per minute, for a whole organization: all of its keys share them, so a thief's use shows in everyone's headers. */
const LIMITS = { requests: 4000, 'input-tokens': 2_000_000, 'output-tokens': 400_000 } as const;
type LimitName = keyof typeof LIMITS;

export function rateHeaders(): RateHeaders {
  const buckets = new Map<string, { level: number; at: number }>();
  // Token buckets, refilled all the time.
  const levelOf = (organizationId: string, name: LimitName, now: number): number => {
    const bucket = buckets.get(`${organizationId} ${name}`);
    return bucket === undefined ? LIMITS[name] : Math.min(LIMITS[name], bucket.level + ((now - bucket.at) * LIMITS[name]) / 60_000);
  };
  const take = (organizationId: string, name: LimitName, count: number, now: number): void => {
    buckets.set(`${organizationId} ${name}`, { level: Math.max(0, levelOf(organizationId, name, now) - count), at: now });
  };
  return {
    spend(organizationId, used, now) {
      take(organizationId, 'requests', used.requests, now);
      take(organizationId, 'input-tokens', used.inputTokens, now);
      take(organizationId, 'output-tokens', used.outputTokens, now);
    },
    headers(organizationId, now) {
      const headers: Record<string, string> = {};
      for (const name of ['requests', 'input-tokens', 'output-tokens'] as const) {
        const level = levelOf(organizationId, name, now);
        const fullAt = now + ((LIMITS[name] - level) * 60_000) / LIMITS[name];
        headers[`anthropic-ratelimit-${name}-limit`] = String(LIMITS[name]);
        // Token remainders are rounded to thousands.
        headers[`anthropic-ratelimit-${name}-remaining`] = String(
          name === 'requests' ? Math.floor(level) : Math.round(level / 1000) * 1000,
        );
        headers[`anthropic-ratelimit-${name}-reset`] = new Date(Math.ceil(fullAt)).toISOString();
      }
      return headers;
    },
  };
}
