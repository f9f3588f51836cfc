import { ApiError, invalidRequest } from './errors.ts';

/**
 * Reasons for which the platform refuses inference to a workspace whose keys are in order.
 * `workspace-spend` and `organization-spend` are customer-set, `tier-spend` and `contract-spend` are Anthropic's caps.
 */
export type InferenceLimit =
  | { readonly reason: 'workspace-spend' | 'organization-spend' | 'tier-spend' | 'contract-spend' | 'on-hold' }
  | { readonly reason: 'rate' | 'ramp'; readonly retryAfterSeconds: number };

/** Limits in force, by workspace. */
export interface WorkspaceLimits {
  set(workspaceId: string, limit: InferenceLimit | undefined): void;
  /** Throws the API's refusal when the workspace is limited; `on-hold` stops everything, the others inference only. */
  check(workspaceId: string, use: 'inference' | 'read'): void;
}

export function workspaceLimits(): WorkspaceLimits {
  const limits = new Map<string, InferenceLimit>();
  return {
    set(workspaceId, limit) {
      if (limit === undefined) limits.delete(workspaceId);
      else limits.set(workspaceId, limit);
    },
    check(workspaceId, use) {
      const limit = limits.get(workspaceId);
      if (limit !== undefined && (use === 'inference' || limit.reason === 'on-hold')) throw refusal(limit);
    },
  };
}

/** Statuses, codes and the presence of retry-after: the platform's error map. */
function refusal(limit: InferenceLimit): ApiError {
  switch (limit.reason) {
    case 'workspace-spend':
      return invalidRequest('You have reached your specified workspace API usage limits.');
    case 'organization-spend':
      return invalidRequest('You have reached your specified API usage limits.');
    case 'on-hold':
      return new ApiError(400, 'invalid_request_error', 'This organization has been disabled.', {
        details: { error_code: 'organization_on_hold', appeal_url: null },
      });
    case 'tier-spend':
      return new ApiError(429, 'rate_limit_error', 'You have reached the monthly usage threshold of your API tier.', {
        details: { error_code: 'enforced_spend_limit_reached' },
      });
    case 'contract-spend':
      return new ApiError(429, 'rate_limit_error', 'You have reached the spend limit of your contract.', {
        details: { error_code: 'contract_spend_limit_reached' },
      });
    case 'rate':
      return new ApiError(429, 'rate_limit_error', 'This request would exceed your rate limit.', {
        headers: retryAfter(limit.retryAfterSeconds),
      });
    case 'ramp':
      return new ApiError(429, 'rate_limit_error', 'This request would exceed your acceleration limit.', {
        details: { error_code: 'ramp_limit_exceeded' },
        headers: retryAfter(limit.retryAfterSeconds),
      });
    default:
      return limit satisfies never;
  }
}

const retryAfter = (seconds: number): Record<string, string> => ({ 'retry-after': String(seconds) });
