import type { ApiKeyRecord, AuditRecord } from '../contract/records.ts';
import { minuteMs } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { expiresTooSoon } from '../lambda/rotation/conditions.ts';
import { isSwitchedByHand, notServing } from '../lambda/rotation/switch.ts';
import type { OpenInstallation } from './installation.ts';
import type { KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import { instant } from './output.ts';

/** Whoever asks for a rotation so soon after one may be repeating a command that was interrupted. */
export const repeatMs = 15 * minuteMs;

/**
 * The current key, where a rotation made it current so lately that another one needs a second thought. The first key counts
 * only where an operator asked for its rotation: one that came with an intake is no answer to a command. A key that people are
 * told to replace counts never.
 *
 * @param steps what happened to the managed key within `repeatMs`
 */
export function justRotated(sight: Omit<KeySnapshot, 'pause'>, steps: readonly AuditRecord[], now: number): ApiKeyRecord | undefined {
  const { own, secret } = sight;
  const current = own.find((record) => record.state === 'current');
  if (current === undefined || now >= current.since + repeatMs) return undefined;
  // No rotation brought what consumers read: somebody moved AWSCURRENT, or wrote the secret.
  if (isSwitchedByHand(current) || notServing(own, secret, now) !== undefined) return undefined;
  // As an undo may bring one back.
  if (expiresTooSoon(sight, now)) return undefined;
  const isFirst = !own.some(({ apiKeyId, switchedAt }) => apiKeyId !== current.apiKeyId && switchedAt !== undefined);
  const wasAsked = steps.some(({ at, cause }) => cause.code === 'rotation-asked-for' && at <= current.since);
  return isFirst && !wasAsked ? undefined : current;
}

export function justRotatedError({ managedKey: name, apiKeyId, since }: ApiKeyRecord): KeyguardError {
  return new KeyguardError(
    'just-rotated',
    `${name} has rotated a moment ago: ${apiKeyId} is current since ${instant(since)}`,
    `nothing, if that was your rotation; to rotate once more all the same: npx --no-install keyguard rotate ${name} --again`,
  );
}

/** Whether Anthropic accepts the key no more, as retirement has recorded or Anthropic says now: then a second thought is no help to anybody. */
export async function isDead({ apiKeyId, foundDeadAt }: ApiKeyRecord, { ports }: OpenInstallation): Promise<boolean> {
  if (foundDeadAt !== undefined) return true;
  try {
    const info = await ports.keys.retrieve(apiKeyId);
    return info === 'gone' || (info.status !== 'active' && info.status !== 'unknown');
  } catch (error) {
    // Who may not ask Anthropic, or gets no answer, is asked for --again.
    if (error instanceof KeyguardError) return false;
    throw error;
  }
}
