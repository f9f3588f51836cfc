import type { ErrorType } from './errors.ts';
import type { Platform } from './state.ts';
import type { Tallies } from './inspect.ts';
import { book } from './booking.ts';
import { knownCredential, requireAccess, requireWorking, workspaceOf } from './authenticate.ts';
import { modelNamed } from './catalogue.ts';
import { ApiError, notFound } from './errors.ts';

/** A number of like requests with one credential, within one minute. Token counts are totals over all of them. */
export interface Traffic {
  readonly model: string;
  readonly requests: number;
  readonly uncachedInputTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
  readonly cacheCreation5mTokens?: number;
  readonly cacheCreation1hTokens?: number;
  readonly webSearches?: number;
  /** @default 'standard' */
  readonly serviceTier?: string;
  /** @default 'global' */
  readonly inferenceGeo?: string;
  /** @default '0-200k' */
  readonly contextWindow?: string;
  /** @default 'standard' */
  readonly speed?: string;
  /** Needed by credentials of several workspaces, as the `anthropic-workspace-id` header is. */
  readonly workspaceId?: string;
  /** When the usage happened, milliseconds since the epoch; the credential is judged by the clock all the same. @default the clock's time */
  readonly at?: number;
}

export interface UseOutcome {
  readonly accepted: number;
  readonly rejected: number;
  readonly status: number;
  readonly errorType?: ErrorType;
  readonly errorCode?: string;
}

/** The same judgement as over HTTP, for many requests at once: a week of traffic in seconds. */
export function useCredential(platform: Platform, counted: Tallies, value: string, traffic: Traffic): UseOutcome {
  const now = platform.clock.now();
  const caller = knownCredential(platform, value);
  try {
    const working = requireWorking(platform, caller);
    requireAccess(platform, working, 'inference');
    const workspaceId = workspaceOf(platform, working, traffic.workspaceId);
    platform.limits.check(workspaceId, 'inference');
    if (modelNamed(traffic.model) === undefined) throw notFound(`model: ${traffic.model}`);
    book(platform, {
      caller: working,
      workspaceId,
      model: traffic.model,
      serviceTier: traffic.serviceTier ?? 'standard',
      contextWindow: traffic.contextWindow ?? '0-200k',
      inferenceGeo: traffic.inferenceGeo ?? 'global',
      speed: traffic.speed ?? 'standard',
      counts: countsOf(traffic),
      at: traffic.at ?? now,
    });
    counted.count(working.credentialId, traffic.requests, undefined, now);
    return { accepted: traffic.requests, rejected: 0, status: 200 };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const errorCode = error.details?.error_code;
    counted.count(caller?.credentialId, traffic.requests, errorCode ?? error.type, now);
    const outcome = { accepted: 0, rejected: traffic.requests, status: error.status, errorType: error.type };
    return errorCode === undefined ? outcome : { ...outcome, errorCode };
  }
}

/** The usage counts of some traffic. */
export const countsOf = (traffic: Traffic): Parameters<typeof book>[1]['counts'] => ({
  requests: traffic.requests,
  uncachedInputTokens: traffic.uncachedInputTokens,
  cacheReadTokens: traffic.cacheReadTokens,
  cacheCreation5mTokens: traffic.cacheCreation5mTokens ?? 0,
  cacheCreation1hTokens: traffic.cacheCreation1hTokens ?? 0,
  outputTokens: traffic.outputTokens,
  webSearches: traffic.webSearches ?? 0,
});
