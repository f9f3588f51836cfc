import type { ApiKeyRecord, AuditRecord } from '../contract/records.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { causeText } from '../lambda/incidents/message/cause-text.ts';
import { isWanted } from '../lambda/rotation/claim.ts';
import { isCondemned, isEndedByEmergency, isOld } from '../lambda/rotation/lifecycle.ts';
import { claimedKey, isAbandoned, type KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import { instant } from './output.ts';

/**
 * The key that an undo goes back to: the one that was named, one that is on its way back already, or the one that AWSCURRENT
 * left last. It may be current already. Throws KeyguardError where there is nothing to go back to, or somebody is at work.
 *
 * @param steps what happened within the last hour: an undo that is repeated must not undo itself
 */
export function undoTarget(sight: KeySnapshot, steps: readonly AuditRecord[], apiKeyId: string | undefined, now: number): ApiKeyRecord {
  const { own, definition } = sight;
  const underWay = own.find((record) => record.origin !== undefined) ?? own.find((record) => isWanted(record, now));
  const target = apiKeyId === undefined ? (underWay ?? lastOf(sight, steps, now)) : named(sight, apiKeyId);
  if (target.state === 'current') return target;
  if (underWay !== undefined && underWay.apiKeyId !== target.apiKeyId) {
    throw busy(`${underWay.apiKeyId} of ${definition.name} is on its way back already`, definition.name);
  }
  if (isAbandoned(target, sight)) throw busy(`the rotation that was to bring ${target.apiKeyId} back was broken off`, definition.name);
  const claimed = claimedKey(sight);
  if (claimed !== undefined && claimed.apiKeyId !== target.apiKeyId) {
    throw busy(`a rotation of ${definition.name} to ${claimed.apiKeyId} is under way since ${instant(claimed.since)}`, definition.name);
  }
  if (target.expiresAt !== null && target.expiresAt <= now) {
    throw nothing(`${target.apiKeyId} of ${definition.name} expired ${instant(target.expiresAt)}`, definition.name);
  }
  return target;
}

function named({ own, definition: { name } }: KeySnapshot, apiKeyId: string): ApiKeyRecord {
  const record = own.find((each) => each.apiKeyId === apiKeyId);
  if (record === undefined) throw nothing(`${apiKeyId} is no key of ${name}`, name);
  if (record.state === 'current' || record.origin !== undefined || (isOld(record.state) && record.token !== undefined)) return record;
  const why = record.state === 'archived' ? `was archived ${instant(record.since)}, which is for ever` : `is ${record.state}, no old key`;
  throw nothing(`${apiKeyId} of ${name} ${why}`, name);
}

/** The keys that AWSCURRENT has left, or may have: the last one first. Which that is, Secrets Manager says with AWSPREVIOUS. */
export function leftKeys({ own, secret: { stages } }: Pick<KeySnapshot, 'own' | 'secret'>): readonly ApiKeyRecord[] {
  const wasLast = ({ token }: ApiKeyRecord): boolean => token !== undefined && stages.get(token)?.includes('AWSPREVIOUS') === true;
  return own
    .filter((record) => record.switchedAt !== undefined)
    .sort((a, b) => Number(wasLast(b)) - Number(wasLast(a)) || (b.switchedAt ?? 0) - (a.switchedAt ?? 0));
}

function lastOf(sight: KeySnapshot, steps: readonly AuditRecord[], now: number): ApiKeyRecord {
  const { own, definition } = sight;
  const { name } = definition;
  const left = leftKeys(sight);
  const target = left.find((record) => isOld(record.state) && record.token !== undefined && cutText(record, now) === undefined);
  const [last] = left;
  if (target === undefined) {
    if (last === undefined) throw nothing(`${name} has no old key to go back to`, name);
    const cut = cutText(last, now);
    if (cut !== undefined) {
      throw new KeyguardError(
        'cannot-come-back',
        `the last key of ${name}, ${last.apiKeyId}, was cut off ${instant(last.since)}: ${cut}`,
        `if you are sure that nobody else has it: npx --no-install keyguard undo ${name} --api-key-id ${last.apiKeyId}`,
      );
    }
    throw nothing(`the last key of ${name}, ${last.apiKeyId}, is ${last.state} since ${instant(last.since)}`, name);
  }
  const current = own.find((record) => record.state === 'current');
  const undone = steps.find(({ apiKeyId, from, to }) => apiKeyId === current?.apiKeyId && to === 'pending' && cameBack(from));
  if (current === undefined || undone === undefined) return target;
  throw new KeyguardError(
    'cannot-come-back',
    `${current.apiKeyId} of ${name} itself came back by an undo at ${instant(undone.at)}`,
    `nothing, if that is the key you want; to go on to the one it replaced: npx --no-install keyguard undo ${name} --api-key-id ${target.apiKeyId}`,
  );
}

/** Why nobody should hold an old key any more; undefined where it was merely replaced. Such a key comes back only by its name. */
export function cutText(record: ApiKeyRecord, now: number): string | undefined {
  if (record.state === 'contained') return record.cause === undefined ? 'because of an incident' : causeText(record.cause);
  if (isEndedByEmergency(record)) return 'an emergency ended it';
  return record.state === 'draining' && isCondemned(record, now) ? `an emergency: ${record.noGrace?.because ?? ''}` : undefined;
}

/** Throws KeyguardError where a person disabled this key, which nobody named, in the Console: its record cannot know why. */
export function checkEnabled({ apiKeyId, state }: ApiKeyRecord, isEnabled: boolean, name: string): void {
  if (isEnabled || state !== 'draining') return;
  throw new KeyguardError(
    'cannot-come-back',
    `the last key of ${name}, ${apiKeyId}, is in its grace, and somebody disabled it at Anthropic`,
    `if you are sure that nobody else has it: npx --no-install keyguard undo ${name} --api-key-id ${apiKeyId}`,
  );
}

function cameBack(from: AuditRecord['from']): boolean {
  return from !== undefined && from !== 'unknown' && isOld(from);
}

function nothing(message: string, name: string): KeyguardError {
  return new KeyguardError(
    'cannot-come-back',
    message,
    `to move on to a standby key: npx --no-install keyguard rotate ${name} --again; what happened: npx --no-install keyguard history ${name}`,
  );
}

function busy(message: string, name: string): KeyguardError {
  return new KeyguardError('busy', message, `wait until it is done, or: npx --no-install keyguard unstick ${name}`);
}
