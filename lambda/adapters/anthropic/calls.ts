import { APIConnectionError, APIError } from '@anthropic-ai/sdk/core/error';
import { WorkloadIdentityError } from '@anthropic-ai/sdk/lib/credentials/types';
import { briefly, KeyguardError, Unavailable } from '../../foundation/errors.ts';

/**
 * Runs one Anthropic call and turns what it throws into ours. The client has retried already. Branch on code, then type,
 * then status, never on messages (facts-anthropic 5.2). `known` sees the error first.
 */
export async function anthropicCall<T>(
  operation: string,
  call: () => Promise<T>,
  known?: (error: APIError) => Error | undefined,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof KeyguardError) throw error;
    const answer = answered(error);
    if (answer !== undefined) {
      const ours = known?.(answer);
      if (ours !== undefined) throw ours;
      const { status } = answer;
      const refusal = refused(operation, status);
      if (refusal !== undefined) throw refusal;
      if (status === 408 || status === 409 || status === 429 || (status !== undefined && status >= 500)) {
        throw new Unavailable(operation, briefly(error));
      }
      throw new KeyguardError('anthropic-refused', `${operation}: ${briefly(error)}`, 'see docs/faq.md');
    }
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    // A credential provider's own error arrives wrapped.
    if (cause instanceof KeyguardError) throw cause;
    // The exchange of a token under a federation rule has an error of its own.
    const exchange = [error, cause].find((each) => each instanceof WorkloadIdentityError);
    const refusal = refused(operation, exchange?.statusCode);
    if (refusal !== undefined) throw refusal;
    throw new Unavailable(operation, briefly(error));
  }
}

function refused(operation: string, status: number | null | undefined): KeyguardError | undefined {
  if (status === 401) {
    return new KeyguardError(
      'admin-access-refused',
      `${operation}: Anthropic refuses the admin credential (401)`,
      'store a valid admin key, or check the federation rule',
    );
  }
  if (status === 403) {
    return new KeyguardError(
      'admin-access-refused',
      `${operation}: the admin credential lacks the permission (403)`,
      'use an Admin key, or a rule with scope org:admin',
    );
  }
  return undefined;
}

/** The error of a request that Anthropic answered; undefined where no answer came. */
function answered(error: unknown): APIError | undefined {
  return error instanceof APIError && !(error instanceof APIConnectionError) ? error : undefined;
}
