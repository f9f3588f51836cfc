import { APIError } from '@anthropic-ai/sdk/core/error';
import { briefly, Unavailable, type KeyguardError } from '../../foundation/errors.ts';
import type { KeyProbe, ProbeAnswer } from '../../rotation/ports.ts';
import { ourOwn } from './calls.ts';
import { clientOf } from './client.ts';
import { canonicalId } from './organization.ts';
import { refusalOfAnybody } from './refusals.ts';
import { fieldOf } from './shape.ts';

/**
 * Asks GET /v1/models with the value: no tokens, and the response headers name organization and workspace
 * (platform.claude.com/docs/en/manage-claude/workspaces). It proves authentication, not spend headroom, which shows on inference only.
 * Only Anthropic's own answers are a verdict: a list of models that names the organization, or the error that says that the credential
 * is none.
 */
export function keyProbe(baseUrl: string): KeyProbe {
  return {
    async probe(value) {
      try {
        const { data, response } = await clientOf(value, baseUrl)
          .get<unknown>('/v1/models', { query: { limit: 1 } })
          .withResponse();
        return accepted(data, response.headers);
      } catch (error) {
        if (error instanceof APIError && error.status === 401 && error.type === 'authentication_error') return { answer: 'refused' };
        return unclearBecause(error);
      }
    },
  };
}

function accepted(data: unknown, headers: Headers): ProbeAnswer {
  if (!Array.isArray(fieldOf(data, 'data'))) return { ...unclear('the answer is no list of models'), lasting: true };
  const organizationId = headers.get('anthropic-organization-id');
  if (organizationId === null) return { ...unclear('the answer does not name the organization'), lasting: true };
  return { answer: 'accepted', organizationId: canonicalId(organizationId), workspaceId: headers.get('anthropic-workspace-id') };
}

/** An answer that is not Anthropic's own, or refuses whoever asks, and a proxy's refusal stay so until somebody mends it. */
function unclearBecause(error: unknown): ProbeAnswer {
  const named = ourOwn(error) ?? refusalIn(error);
  if (named === undefined) return unclear(briefly(error));
  return { ...unclear(named.message), ...(named instanceof Unavailable ? {} : { lasting: true }) };
}

function unclear(why: string): Extract<ProbeAnswer, { answer: 'unclear' }> {
  return { answer: 'unclear', why: `GET /v1/models: ${why}` };
}

function refusalIn(error: unknown): KeyguardError | undefined {
  if (!isAnswered(error)) return undefined;
  const { status, type, errorCode, apiMessage: message } = error;
  return refusalOfAnybody('refused', { status, type, errorCode, message });
}

function isAnswered(error: unknown): error is APIError {
  return error instanceof APIError;
}
