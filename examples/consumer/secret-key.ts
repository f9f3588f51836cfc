import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

export interface SecretKeyOptions {
  readonly secrets: SecretsManagerClient;
  /** ARN or name of the managed key's secret: the stack's output `<Name>SecretArn`. */
  readonly secretId: string;
  /** How long a value is used before it is read again, in milliseconds. Must be far shorter than the key's minimum grace. @default 300,000 */
  readonly maxAgeMs?: number;
  /** Reads after refusals are at least so far apart, so that a dead key does not turn into a storm of reads. @default 5,000 */
  readonly restMs?: number;
  readonly now?: () => number;
}

/** The value of a managed key as it is now. */
export interface SecretKey {
  /** The value to send. Give this as the SDK's `apiKey`: it asks before every request. */
  current(): Promise<string>;
  /** Anthropic refused `value` (401). Answers the value that has taken its place, or undefined where none has. */
  replacementFor(value: string): Promise<string | undefined>;
}

/** Reads the secret, keeps its value for a while, and lets several requests at once share one read. */
export function secretKey({ secrets, secretId, maxAgeMs = 300_000, restMs = 5_000, now = Date.now }: SecretKeyOptions): SecretKey {
  let kept: { readonly value: string; readonly readAt: number } | undefined;
  let reading: Promise<string> | undefined;

  const read = async (): Promise<string> => {
    // By name: a consumer is allowed to read this version and no other.
    const answer = await secrets.send(new GetSecretValueCommand({ SecretId: secretId, VersionStage: 'AWSCURRENT' }));
    if (answer.SecretString === undefined || answer.SecretString === '') throw new Error(`${secretId} holds no key yet`);
    kept = { value: answer.SecretString, readAt: now() };
    return kept.value;
  };
  const readOnce = (): Promise<string> =>
    (reading ??= read().finally(() => {
      reading = undefined;
    }));
  const isFresh = (ageMs: number): boolean => kept !== undefined && now() - kept.readAt < ageMs;

  return {
    async current() {
      if (kept !== undefined && isFresh(maxAgeMs)) return kept.value;
      try {
        return await readOnce();
      } catch (error) {
        // The old key works during its whole grace: an outage of Secrets Manager need not be ours.
        if (kept !== undefined) return kept.value;
        throw error;
      }
    },
    async replacementFor(value) {
      // Another request may have read the new value already.
      if (kept !== undefined && kept.value !== value) return kept.value;
      if (isFresh(restMs)) return undefined;
      try {
        const next = await readOnce();
        return next === value ? undefined : next;
      } catch {
        // Then the caller sees Anthropic's 401, which is the cause.
        return undefined;
      }
    },
  };
}
