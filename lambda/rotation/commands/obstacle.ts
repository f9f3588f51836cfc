import type { PauseRecord } from '../../../contract/records.ts';
import { utcMinute } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { SecretDescription } from '../ports.ts';
import type { KeySnapshot } from './snapshot.ts';

/** Why no rotation may begin: the secret is going to be deleted, the managed key is paused, or its schedule was stopped by somebody. */
export function rotationObstacle({ definition: { name, secretName }, secret, pause }: KeySnapshot): KeyguardError | undefined {
  const resume = `npx --no-install keyguard resume ${name}`;
  const deleted = deletedError(secretName, secret);
  if (deleted !== undefined) return deleted;
  if (pause !== undefined) return new KeyguardError('paused', pausedText(name, pause), resume);
  return secret.rotationEnabled ? undefined : new KeyguardError('rotation-disabled', `rotation is not enabled for ${name}`, resume);
}

/** Throws KeyguardError where no rotation may begin. */
export function checkRotates(snapshot: KeySnapshot): void {
  const obstacle = rotationObstacle(snapshot);
  if (obstacle !== undefined) throw obstacle;
}

/** Throws KeyguardError `secret-deleted` where the secret is scheduled for deletion: it can be neither read nor rotated until it is restored. */
export function checkRestored(secretName: string, secret: SecretDescription): void {
  const error = deletedError(secretName, secret);
  if (error !== undefined) throw error;
}

function deletedError(secretName: string, { deletionAt }: SecretDescription): KeyguardError | undefined {
  if (deletionAt === null) return undefined;
  return new KeyguardError('secret-deleted', deletionText(secretName, deletionAt), restoring(secretName));
}

/** Of a secret that nobody can read any more, and how long it can be restored. */
export function deletionText(secretName: string, deletionAt: number): string {
  return `${secretName} is scheduled for deletion, and cannot be read; nothing brings it back after ${utcMinute(deletionAt)}`;
}

/** How a secret that is scheduled for deletion comes back. */
export function restoring(secretId: string): string {
  return `bring it back before its recovery window is over: aws secretsmanager restore-secret --secret-id ${secretId}`;
}

export function pausedText(name: string, { at, by, because }: PauseRecord): string {
  return `${name} is paused since ${utcMinute(at)} by ${by}: ${because}`;
}
