import { createHash } from 'node:crypto';
import type { ApiKeyRecord, OperatorRequest } from '../../contract/records.ts';
import { hourMs } from '../foundation/clock.ts';

/** Why a rotation is started. `about`: the API key or the incident; `at`: when the cause began (epoch ms, UTC). */
export interface RotationCause {
  readonly why: 'wish' | 'dead key' | 'cut-off key' | 'containment' | 'failed rotation' | 'open rotation';
  readonly about: string;
  readonly at: number;
}

/**
 * The ClientRequestToken of a rotation that Key Guard starts for a cause, which is also the id of the version that it makes. The same cause and attempt give the
 * same token, so that whoever asks again asks for the same rotation, and no second standby key is used.
 */
export function rotationToken({ why, about, at }: RotationCause, attempt = firstAttempt): string {
  // 36 characters of 32 to 64 (API_RotateSecret).
  return createHash('sha256').update([why, about, at, attempt].join(' ')).digest('hex').slice(0, 36);
}

const firstAttempt = '0-0';

/** Of what an operator asks for: the command and whoever goes on with it ask for the same rotation. */
export function requestCause(apiKeyId: string, { at, by }: OperatorRequest): RotationCause {
  return { why: 'wish', about: `${apiKeyId} ${by}`, at };
}

/** Of a rotation that failed and is owed: retirement and an intake ask for the same one. */
export function failureCause(managedKey: string, failedAt: number): RotationCause {
  return { why: 'failed rotation', about: managedKey, at: failedAt };
}

/** Of a key that was cut off while consumers read it. */
export function cutOffCause({ apiKeyId, since }: Pick<ApiKeyRecord, 'apiKeyId' | 'since'>): RotationCause {
  return { why: 'cut-off key', about: apiKeyId, at: since };
}

/**
 * Which attempt this is. A rotation that lost its candidate left a version that can never become current, and its token with it: the
 * next one has another name. So has the one of the next hour, should the first have failed in any other way.
 *
 * @param own the API keys of the managed key
 */
export function attemptOf({ at }: Pick<RotationCause, 'at'>, own: readonly ApiKeyRecord[], now: number): string {
  const lost = own.filter(({ servedSince, state, since }) => servedSince === undefined && isLost(state) && since >= at);
  return `${lost.length}-${Math.max(Math.floor((now - at) / hourMs), 0)}`;
}

function isLost(state: ApiKeyRecord['state']): boolean {
  return state === 'rejected' || state === 'archived' || state === 'contained';
}
