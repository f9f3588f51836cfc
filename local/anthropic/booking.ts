import type { Caller } from './authenticate.ts';
import type { Platform } from './state.ts';
import type { UsageCounts, UsageDimensions } from './usage-ledger.ts';

/** Everything about accepted work that usage rows and rate headers are made of. */
export interface Work {
  readonly caller: Caller;
  readonly workspaceId: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly contextWindow: string;
  readonly inferenceGeo: string;
  readonly speed: string;
  readonly counts: UsageCounts;
  /** The minute that the usage belongs to, milliseconds since the epoch. */
  readonly at: number;
}

/** Books accepted work: a usage row, and what is left of the rate limits. */
export function book(platform: Platform, work: Work): void {
  const { counts } = work;
  platform.usage.add(dimensionsOf(work), counts, work.at);
  const inputTokens = counts.uncachedInputTokens + counts.cacheCreation5mTokens + counts.cacheCreation1hTokens;
  const spent = { requests: counts.requests, inputTokens, outputTokens: counts.outputTokens };
  platform.rates.spend(work.caller.organizationId, spent, platform.clock.now());
}

/** Prompts beyond 200,000 tokens are a tier of their own. */
export const contextWindowOf = (inputTokens: number): string => (inputTokens > 200_000 ? '200k-1M' : '0-200k');

function dimensionsOf(work: Work): UsageDimensions {
  const { credential, organizationId } = work.caller;
  const principal = credential.kind === 'api-key' ? credential.key.principal : null;
  const tokensAccount = credential.kind === 'token' ? credential.token.serviceAccountId : null;
  return {
    organizationId,
    apiKeyId: credential.kind === 'api-key' ? credential.key.id : null,
    workspaceId: work.workspaceId,
    accountId: principal?.type === 'user' ? principal.id : null,
    serviceAccountId: principal?.type === 'service_account' ? principal.id : tokensAccount,
    model: work.model,
    serviceTier: work.serviceTier,
    contextWindow: work.contextWindow,
    inferenceGeo: work.inferenceGeo,
    speed: work.speed,
  };
}
