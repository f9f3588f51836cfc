import { isThrottlingError, isTransientError } from '@smithy/core/retry';
import { AwsRefused, briefly, KeyguardError, Unavailable } from '../../foundation/errors.ts';
import { restoring } from '../../rotation/commands/obstacle.ts';

/** What passes too, and the SDK does not know: a KMS key that is throttled, and an item that a transaction has in hand. */
const passing = /throttl|TransactionConflict/i;

/**
 * Runs one SDK call and turns what it throws into ours: `Unavailable` for what passes by itself, KeyguardError otherwise.
 * `known` sees the error first. The SDK's error object never leaves: it can carry the response body, and that can be a key.
 */
export async function awsCall<T>(operation: string, call: () => Promise<T>, known?: (error: Error) => Error | undefined): Promise<T> {
  try {
    return await call();
  } catch (error) {
    // Such as what a proxy refuses: it is said already what happened, and how to mend it.
    if (error instanceof KeyguardError) throw error;
    if (!(error instanceof Error)) throw new KeyguardError('aws-refused', `${operation}: unknown error`, 'see the function log');
    const ours = known?.(error);
    if (ours !== undefined) throw ours;
    if (error.name === 'InvalidRequestException' && /(marked|scheduled) for deletion/i.test(error.message)) {
      throw new KeyguardError(
        'secret-deleted',
        `${operation}: the secret is scheduled for deletion`,
        `${restoring('ARN')}; npx --no-install keyguard doctor names it`,
      );
    }
    if (passes(error)) throw new Unavailable(operation, briefly(error));
    throw new AwsRefused(operation, error.name, briefly(error));
  }
}

/** Reads every page of one of AWS's lists, all or nothing; it throws as `awsCall` does. */
export async function awsPages<T>(operation: string, pages: AsyncIterable<T>): Promise<readonly T[]> {
  return awsCall(operation, async () => {
    const all: T[] = [];
    for await (const page of pages) all.push(page);
    return all;
  });
}

/** Not now: no answer came, the service failed, or it was too much for it. The SDK has retried already. */
function passes(error: Error): boolean {
  const status = statusOf(error);
  if (status === undefined || status >= 500 || passing.test(error.name)) return true;
  return isSdkError(error) && (isThrottlingError(error) || isTransientError(error));
}

function isSdkError(error: Error): error is Parameters<typeof isThrottlingError>[0] {
  return error.cause === undefined || error.cause instanceof Error;
}

/** The status of the answer that an SDK's error stands for; undefined where no answer came. */
export function statusOf(error: Error): number | undefined {
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown = metadata instanceof Object ? Reflect.get(metadata, 'httpStatusCode') : undefined;
  return typeof status === 'number' ? status : undefined;
}
