import { APIConnectionError, APIError } from '@anthropic-ai/sdk/core/error';
import { WorkloadIdentityError } from '@anthropic-ai/sdk/lib/credentials/types';
import { briefly, KeyguardError, Unavailable } from '../../foundation/errors.ts';
import { refusalOf, refusalOfAnybody } from './refusals.ts';

/**
 * Runs one Anthropic call and turns what it throws into ours. The client has retried already, and lets only Anthropic's own answers
 * through. Branch on code, then type, then status, never on messages, whose words may change (platform.claude.com/docs/en/api/errors).
 * `known` sees the error first.
 */
export async function anthropicCall<T>(
  operation: string,
  call: () => Promise<T>,
  known?: (error: APIError) => Error | undefined,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const ours = ourOwn(error);
    if (ours !== undefined) throw ours;
    const answer = answered(error);
    if (answer !== undefined) {
      const { status } = answer;
      const said = { status, type: answer.type, errorCode: answer.errorCode, message: answer.apiMessage };
      const named = refusalOfAnybody(operation, said) ?? known?.(answer) ?? refusalOf(operation, said);
      if (named !== undefined) throw named;
      if (status === 408 || status === 409 || status === 429 || (status !== undefined && status >= 500)) {
        throw new Unavailable(operation, briefly(error));
      }
      throw new KeyguardError('anthropic-refused', `${operation}: ${briefly(error)}`, 'see docs/faq.md');
    }
    // The exchange of a token under a federation rule has an error of its own.
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    const exchange = [error, cause].find((each) => each instanceof WorkloadIdentityError);
    const refusal =
      typeof exchange?.statusCode === 'number'
        ? refusalOf(operation, { status: exchange.statusCode, type: null, errorCode: null, message: null })
        : undefined;
    throw refusal ?? new Unavailable(operation, briefly(error));
  }
}

/** An error of ours that a middleware, a provider of credentials or `fetch` threw; the SDK may have wrapped it, more than once. */
export function ourOwn(error: unknown): KeyguardError | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause) if (each instanceof KeyguardError) return each;
  return undefined;
}

/** The error of a request that Anthropic answered; undefined where no answer came. */
function answered(error: unknown): APIError | undefined {
  return error instanceof APIError && !(error instanceof APIConnectionError) ? error : undefined;
}
