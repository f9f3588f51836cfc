import type { ApiKeyRecord, Wish } from '../contract/records.ts';
import { hourMs, minuteMs } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { chooseStandby } from '../lambda/rotation/claim.ts';
import { emergencyOf, isReplacedByEmergency, withoutGrace } from '../lambda/rotation/lifecycle.ts';
import { checkRestored } from '../lambda/rotation/commands/obstacle.ts';
import { claimedKey, type KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import { instant } from './output.ts';
import { nextKeyText, planOf, planWhy, type RotationPlan } from './rotation-plan.ts';

/** An emergency that is given again within this time goes on; later it is a new one. */
const sameEmergencyMs = hourMs;
/** An emergency that was over so lately is not begun anew by a mere repeat, which would cut off the key that has just taken over. */
const lateMs = 15 * minuteMs;

export interface EmergencyPlan {
  /**
   * `cut`: an emergency that was given before has switched already, and its old keys still live. `cut one`: the key that was named
   * is in its grace, and no other one is touched. Only `rotate and cut` ends a pause.
   */
  readonly todo: 'rotate and cut' | 'cut' | 'cut one';
  /** The keys that die: the current one first, since its wish says that the emergency has begun; of a named key that one alone. */
  readonly dying: readonly ApiKeyRecord[];
  readonly rotation: RotationPlan;
  /** Old keys that somebody wants back: nobody gets them now. */
  readonly wanted: readonly ApiKeyRecord[];
}

/**
 * What an emergency would do at `now`; `stolen`: the key that an operator named. Throws KeyguardError where no standby key can
 * take over, somebody is at work, or it was done a moment ago.
 */
export function emergencyPlan(sight: KeySnapshot, stolen: string | undefined, now: number): EmergencyPlan {
  const { own, definition } = sight;
  const { name } = definition;
  const current = own.find((record) => record.state === 'current');
  const draining = own.filter((record) => record.state === 'draining');
  const wanted = own.filter((record) => record.wanted !== undefined);
  const rotation = planOf(sight, now, chooseStandby);
  const named = draining.filter((record) => record.apiKeyId === stolen);
  if (named.length > 0 && current !== undefined) {
    return { todo: 'cut one', dying: named, rotation, wanted: wanted.filter((record) => record.apiKeyId === stolen) };
  }
  const claimed = claimedKey(sight);
  if (claimed?.origin !== undefined) throw onItsWayBack(claimed);
  const isCurrentNamed = current !== undefined && current.apiKeyId === stolen;
  const begun =
    stolen !== undefined || current === undefined || emergencyOf(current, now) !== undefined ? undefined : begunLately(own, now);
  if (begun !== undefined && draining.length > 0) return { todo: 'cut', dying: draining, rotation, wanted };
  if (begun !== undefined && current !== undefined) {
    throw new KeyguardError(
      'nothing-to-cut',
      `an emergency of ${name} was over ${instant(begun.since)}: ${begun.apiKeyId} is inactive, and ${current.apiKeyId} has taken over`,
      `nothing; to cut off ${current.apiKeyId} too: npx --no-install keyguard rotate ${name} --emergency --api-key-id ${current.apiKeyId}`,
    );
  }
  const dying = isCurrentNamed ? [current] : named.length > 0 ? named : current === undefined ? draining : [current, ...draining];
  if (dying.length === 0) {
    throw new KeyguardError(
      'nothing-to-cut',
      `no key of ${name} is in use, so there is none to cut off`,
      `npx --no-install keyguard rotate ${name}`,
    );
  }
  checkRestored(definition.secretName, sight.secret);
  if (rotation.next === undefined) {
    throw new KeyguardError(
      'no-standby-key',
      `${name} cannot rotate: ${planWhy(rotation)}`,
      `${nextKeyText(rotation, definition)}, then this again. To stop the old key at once although consumers then fail, disable it in the Claude Console`,
    );
  }
  return { todo: 'rotate and cut', dying, rotation, wanted };
}

/** The key that was replaced last, where an emergency did that lately: what is given again goes on with it. */
function begunLately(own: readonly ApiKeyRecord[], now: number): ApiKeyRecord | undefined {
  const [last] = own
    .filter((record) => record.switchedAt !== undefined && record.state !== 'pending')
    .sort((a, b) => (b.switchedAt ?? 0) - (a.switchedAt ?? 0));
  if (last === undefined) return undefined;
  const { switchedAt = 0, since } = last;
  const emergency = emergencyOf(last, now);
  if (!isReplacedByEmergency(last) && (emergency === undefined || switchedAt < emergency.at)) return undefined;
  const isLeft = own.some((record) => record.state === 'draining' && (emergencyOf(record, now)?.at ?? now) <= switchedAt);
  // By the switch first: a record that was touched later, as by a person who woke its key, does not make an old emergency a late one.
  const isLate = now < switchedAt + sameEmergencyMs && (emergency !== undefined || isLeft || now < since + lateMs);
  return isLate ? last : undefined;
}

/** An undo is at work on the key: cutting it off could leave consumers without one. */
export function onItsWayBack({ apiKeyId, managedKey: name }: ApiKeyRecord): KeyguardError {
  return new KeyguardError(
    'busy',
    `${apiKeyId} of ${name} is on its way back this moment`,
    `wait until npx --no-install keyguard status ${name} shows it as current, then give the emergency again; if it does not come: npx --no-install keyguard unstick ${name}`,
  );
}

/** The record with the emergency's wish; undefined where it has one that still holds, or consumers do not hold the key any more. */
export function condemned(record: ApiKeyRecord, wish: Wish): Omit<ApiKeyRecord, 'revision'> | undefined {
  if (record.state !== 'current' && record.state !== 'draining') return undefined;
  return emergencyOf(record, wish.at) === undefined ? withoutGrace(record, wish) : undefined;
}
