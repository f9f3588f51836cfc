import { APIError } from '@anthropic-ai/sdk/core/error';
import { Models } from '@anthropic-ai/sdk/resources/models';
import { briefly } from '../../foundation/errors.ts';
import type { KeyProbe } from '../../rotation/ports.ts';
import { clientOf } from './client.ts';

/**
 * Asks GET /v1/models with the value: no tokens, and the response headers name organization and workspace (facts-anthropic
 * 5.1). It proves authentication, not spend headroom, which shows on inference only.
 */
export function keyProbe(baseUrl: string): KeyProbe {
  return {
    async probe(value) {
      try {
        const response = await new Models(clientOf(value, baseUrl)).list({ limit: 1 }).asResponse();
        return {
          answer: 'accepted',
          organizationId: response.headers.get('anthropic-organization-id'),
          workspaceId: response.headers.get('anthropic-workspace-id'),
        };
      } catch (error) {
        if (error instanceof APIError && error.status === 401) return { answer: 'refused' };
        return { answer: 'unclear', why: `GET /v1/models: ${briefly(error)}` };
      }
    },
  };
}
