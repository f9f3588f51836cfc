import { AwsRefused, briefly, KeyguardError, Unavailable } from '../../foundation/errors.ts';
import { restoring } from '../../rotation/commands/obstacle.ts';

/** Error names that mean: not now. The SDK has retried already (each service has its own words for throttling). */
const passing =
  /throttl|toomanyrequests|requestlimit|limitexceeded|internal|serviceunavailable|timeout|networking|ECONN|EPIPE|ENOTFOUND|socket|TransactionInProgress|TransactionConflict|ThroughputExceeded|SlowDown|PriorRequestNotComplete/i;

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
    const status = statusOf(error);
    const code: unknown = Reflect.get(error, 'code');
    if (passing.test(error.name) || passing.test(String(code)) || status === undefined || status >= 500) {
      throw new Unavailable(operation, briefly(error));
    }
    throw new AwsRefused(operation, error.name, briefly(error));
  }
}

/** The status of the answer that an SDK's error stands for; undefined where no answer came. */
export function statusOf(error: Error): number | undefined {
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown = metadata instanceof Object ? Reflect.get(metadata, 'httpStatusCode') : undefined;
  return typeof status === 'number' ? status : undefined;
}
