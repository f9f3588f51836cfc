import type { ApiKeyState } from '../../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { hourMs, minuteMs, utcMinute } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { chooseNew } from '../claim.ts';
import { emergencyOf, isReplacedByEmergency } from '../lifecycle.ts';
import { noKeyError } from '../no-key.ts';
import { checkRestored } from './obstacle.ts';
import { planNextKey, type NextKeyPlan } from './rotate.ts';
import { claimedKey, type KeySnapshot } from './snapshot.ts';

/** An emergency that is given again within this time goes on; later it is a new one. */
const sameEmergencyMs = hourMs;
/** An emergency that was over so lately is not begun anew by a mere repeat, which would cut off the key that has just taken over. */
const lateMs = 15 * minuteMs;

export interface RevokePlan {
  /**
   * `cut`: an emergency that was given before has switched already, and its old keys still live. `cut one`: the key that was named
   * is in its grace, and no other one is touched. Only `rotate and cut` ends a pause.
   */
  readonly todo: 'rotate and cut' | 'cut' | 'cut one';
  /** The keys that die: the current one first, since its request says that the emergency has begun; of a named key that one alone. */
  readonly dying: readonly ApiKeyRecord[];
  readonly rotation: NextKeyPlan;
  /** Old keys that somebody wants back: nobody gets them now. */
  readonly wanted: readonly ApiKeyRecord[];
}

/**
 * What an emergency would do at `now`; `stolen`: the key that an operator named. Throws KeyguardError where no standby key can
 * take over, somebody is at work, or it was done a moment ago.
 */
export function planRevocation(snapshot: KeySnapshot, stolen: string | undefined, now: number): RevokePlan {
  const { own, definition } = snapshot;
  const { name } = definition;
  const current = own.find((record) => record.state === 'current');
  const draining = own.filter((record) => record.state === 'draining');
  const wanted = own.filter((record) => record.undoRequest !== undefined);
  const rotation = planNextKey(snapshot, now, chooseNew);
  const named = draining.filter((record) => record.apiKeyId === stolen);
  if (named.length > 0 && current !== undefined) {
    return { todo: 'cut one', dying: named, rotation, wanted: wanted.filter((record) => record.apiKeyId === stolen) };
  }
  const claimed = claimedKey(snapshot);
  if (claimed?.origin !== undefined) throw onItsWayBack(claimed);
  const isCurrentNamed = current !== undefined && current.apiKeyId === stolen;
  const begun =
    stolen !== undefined || current === undefined || emergencyOf(current, now) !== undefined ? undefined : begunLately(own, now);
  if (begun !== undefined && draining.length > 0) return { todo: 'cut', dying: draining, rotation, wanted };
  if (begun !== undefined && current !== undefined) {
    throw new KeyguardError(
      'nothing-to-cut',
      `an emergency of ${name} was over ${utcMinute(begun.since)}: ${begun.apiKeyId} is inactive, and ${current.apiKeyId} has taken over`,
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
  checkRestored(definition.secretName, snapshot.secret);
  if (rotation.next === undefined) {
    const also = ', then this again. To stop the old key at once although consumers then fail, disable it in the Claude Console';
    throw noKeyError(rotation.why, definition, also);
  }
  return { todo: 'rotate and cut', dying, rotation, wanted };
}

/** The key that an operator named as stolen. Throws KeyguardError `nothing-to-cut` where consumers do not hold it. */
export function stolenKey({ own, definition: { name } }: KeySnapshot, apiKeyId: string): ApiKeyRecord {
  const record = own.find((each) => each.apiKeyId === apiKeyId);
  if (record !== undefined && record.state !== 'standby' && record.state !== 'pending') return record;
  if (record?.origin !== undefined) throw onItsWayBack(record);
  const what = record === undefined ? 'no key' : `a ${record.state} key`;
  const status = `npx --no-install keyguard status ${name}`;
  throw new KeyguardError(
    'nothing-to-cut',
    `${apiKeyId} is ${what} of ${name}: consumers do not hold it`,
    record?.state === 'standby' ? `npx --no-install keyguard standby remove ${name} ${apiKeyId}` : status,
  );
}

/** Whether consumers hold a key in this state, as far as the records know. */
export function isHeld(state: ApiKeyState): boolean {
  return state === 'current' || state === 'draining';
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
  // By the switch first: a record that was touched later, as by a person who reactivated its key, does not make an old emergency a late one.
  const isLate = now < switchedAt + sameEmergencyMs && (emergency !== undefined || isLeft || now < since + lateMs);
  return isLate ? last : undefined;
}

/** An undo is at work on the key: cutting it off could leave consumers without one. */
function onItsWayBack({ apiKeyId, managedKey: name }: ApiKeyRecord): KeyguardError {
  return new KeyguardError(
    'busy',
    `${apiKeyId} of ${name} is on its way back this moment`,
    `wait until npx --no-install keyguard status ${name} shows it as current, then give the emergency again; if it does not come: npx --no-install keyguard unstick ${name}`,
  );
}
