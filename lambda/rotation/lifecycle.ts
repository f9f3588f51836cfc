import type { Cause } from '../../contract/causes.ts';
import { oldStates, type ApiKeyState, type OldState } from '../../contract/api-key-states.ts';
import type { ApiKeyIntent, ApiKeyRecord, OperatorRequest } from '../../contract/records.ts';
import { dayMs, isWithin, minuteMs } from '../foundation/clock.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { causeText } from '../incidents/message/cause-text.ts';

/** An emergency that nobody could carry out for so long has lapsed: consumers must not be cut by surprise later. */
export const emergencyLastsMs = dayMs;

/** No function runs for longer: who stored an intent before that is over, and so is every call that it made. */
export const fenceMs = 5 * minuteMs;
/** A command at a terminal may be held up for any time; its last call, with retries, must have ended before others go on. */
const timelyMs = 3 * minuteMs;
/** So long retirement, which comes every five minutes, has for its look at a key that may have been activated, should it be held up. */
const lookMs = 30 * minuteMs;

/**
 * What can happen to an API key.
 * - `onboarded`: it was taken in again, after an intake that was broken off.
 * - `claimed`: a rotation took it. Old keys are claimed only where an operator wants them back.
 * - `abandoned`: that rotation is over without it.
 * - `rejected`: it failed its proof, or Anthropic no longer lets it live.
 * - `promoted`: AWSCURRENT moved to it. `replaced`: AWSCURRENT moved away from it.
 * - `retired`: made inactive after its grace. `contained`: made inactive because of an incident. `archived`: for ever.
 */
export const keyEvents = [
  'onboarded',
  'claimed',
  'abandoned',
  'rejected',
  'promoted',
  'replaced',
  'retired',
  'contained',
  'archived',
] as const;
export type KeyEventType = (typeof keyEvents)[number];

export interface KeyEvent {
  readonly type: KeyEventType;
  readonly at: number;
  readonly cause: Cause;
  /** Of `claimed`: the rotation's ClientRequestToken. */
  readonly token?: string;
}

/** The state that follows; `origin`: the one that it was claimed from; `same`: nothing changes; `refused`: it cannot happen. */
type Answer = ApiKeyState | 'origin' | 'same' | 'refused';

/** The whole lifecycle: every state has an answer to every event. docs/rotation.md shows this table. */
export const lifecycle: Readonly<Record<ApiKeyState, Readonly<Record<KeyEventType, Answer>>>> = {
  standby: {
    onboarded: 'standby',
    claimed: 'pending',
    abandoned: 'same',
    rejected: 'rejected',
    promoted: 'refused',
    replaced: 'refused',
    retired: 'refused',
    contained: 'contained',
    archived: 'archived',
  },
  pending: {
    onboarded: 'refused',
    claimed: 'refused',
    abandoned: 'origin',
    rejected: 'rejected',
    promoted: 'current',
    replaced: 'draining',
    retired: 'refused',
    contained: 'contained',
    archived: 'refused',
  },
  current: {
    onboarded: 'refused',
    claimed: 'refused',
    abandoned: 'refused',
    rejected: 'refused',
    promoted: 'same',
    replaced: 'draining',
    retired: 'refused',
    contained: 'contained',
    archived: 'refused',
  },
  draining: {
    onboarded: 'refused',
    claimed: 'pending',
    abandoned: 'refused',
    rejected: 'refused',
    promoted: 'current',
    replaced: 'same',
    retired: 'inactive',
    contained: 'contained',
    archived: 'refused',
  },
  inactive: {
    onboarded: 'refused',
    claimed: 'pending',
    abandoned: 'refused',
    rejected: 'refused',
    promoted: 'current',
    replaced: 'same',
    retired: 'same',
    contained: 'contained',
    archived: 'archived',
  },
  contained: {
    onboarded: 'refused',
    claimed: 'pending',
    abandoned: 'refused',
    rejected: 'refused',
    promoted: 'current',
    replaced: 'same',
    retired: 'same',
    contained: 'same',
    archived: 'archived',
  },
  rejected: {
    onboarded: 'standby',
    claimed: 'refused',
    abandoned: 'refused',
    rejected: 'same',
    promoted: 'refused',
    replaced: 'refused',
    retired: 'refused',
    contained: 'contained',
    archived: 'archived',
  },
  archived: {
    onboarded: 'refused',
    claimed: 'refused',
    abandoned: 'refused',
    rejected: 'refused',
    promoted: 'refused',
    replaced: 'refused',
    retired: 'refused',
    contained: 'refused',
    archived: 'same',
  },
};

/** Whether Anthropic should show a key in this state as active. `pending` may still be on its way. */
export function shouldBeActive(state: ApiKeyState): boolean {
  return state === 'current' || state === 'draining' || state === 'pending';
}

/** Whether consumers read it, now or before; one that is on its way back is not there yet. */
export function hasServed({ state, servedSince }: ApiKeyRecord): boolean {
  return servedSince !== undefined && state !== 'pending';
}

/** A key whose intake was broken off, or failed its last check: nobody has proven that its value is its own. */
export function isUnfinishedIntake({ state, verifiedInactiveAt, standbyVersionId }: ApiKeyRecord): boolean {
  return verifiedInactiveAt === undefined && standbyVersionId !== undefined && (state === 'standby' || state === 'rejected');
}

/** Whether an emergency ended it that also put another key in its place. */
export function isReplacedByEmergency(record: ApiKeyRecord): boolean {
  const { cause } = record;
  // One that was in its grace already when the emergency came, no other key has replaced since.
  return isEndedByEmergency(record) && !(cause?.code === 'retired' && cause.why.code === 'grace-over' && cause.why.inGrace === true);
}

/** Whether somebody, or containment, cut it off because it may be stolen. */
export function isCutOff(record: ApiKeyRecord): boolean {
  return (
    record.state === 'contained' || isEndedByEmergency(record) || (record.state === 'inactive' && record.cause?.code === 'operator-cut')
  );
}

/** Whether an operator's emergency ended it: it may be stolen, and is as little to come back unasked as one that was cut off. */
export function isEndedByEmergency({ state, cause }: ApiKeyRecord): boolean {
  return state === 'inactive' && saysEmergency(cause);
}

function saysEmergency(cause: Cause | undefined): boolean {
  if (cause?.before === 'emergency') return true;
  return cause?.code === 'retired' && cause.why.code === 'grace-over' && cause.why.end === 'emergency';
}

/** Where a claimed key goes that its rotation gives up: to where it came from. One that was made for that rotation nobody takes again. */
export function givenBackTo({ origin, standbyVersionId }: ApiKeyRecord): OldState | 'standby' | 'rejected' {
  return origin?.state ?? (standbyVersionId === undefined ? 'rejected' : 'standby');
}

export function isOld(state: ApiKeyState): state is OldState {
  return oldStates.some((old) => old === state);
}

/**
 * The record after an event. An intent is fulfilled and so removed, and so is a request; a key that is given back forgets its
 * claim. Throws KeyguardError `illegal-transition` where the lifecycle refuses the event.
 */
export function transition(record: ApiKeyRecord, event: KeyEvent): Omit<ApiKeyRecord, 'revision'> {
  const answer = lifecycle[record.state][event.type];
  if (answer === 'refused') throw illegal(record, event.type);
  if (answer === 'same') return record;
  const {
    intent,
    token,
    switchedAt,
    origin,
    undoRequest,
    revokeRequest,
    reactivatedAt,
    foundDeadAt,
    claimBlockedUntil,
    lateActivationUntil,
    ...rest
  } = record;
  // An emergency outlives an undo that fails.
  const kept = revokeRequest !== undefined && isRevoked(record, event.at) ? { revokeRequest } : {};
  const revocation = foundDeadAt === undefined ? {} : { foundDeadAt };
  const state = answer === 'origin' ? givenBackTo(record) : answer;
  // An undo that fails leaves what an emergency ended as it was.
  const isTried = event.type === 'claimed' || (event.type === 'abandoned' && origin !== undefined);
  const cause: Cause = isTried && saysEmergency(record.cause) ? { ...event.cause, before: 'emergency' } : event.cause;
  // Where AWSCURRENT moved, the intent may be that of another run, which is at work on the key still.
  const foreign = event.type === 'replaced' || event.type === 'promoted' ? intent : undefined;
  const base = { ...rest, state, since: event.at, cause, ...claimBlockOf(claimBlockedUntil, foreign, event.at) };
  // The version of its rotation is all that holds the value of a key that the strategy made.
  const madeFor = record.standbyVersionId !== undefined || token === undefined ? {} : { token };
  switch (event.type) {
    case 'onboarded':
      return base;
    case 'claimed': {
      if (event.token === undefined) throw illegal(record, 'claimed without a token');
      const claim = { ...base, token: event.token, ...(switchedAt === undefined ? {} : { switchedAt }) };
      if (!isOld(record.state)) return claim;
      if (undoRequest === undefined || token === undefined) throw illegal(record, 'claimed: no undo asks for it');
      return { ...claim, ...kept, ...revocation, origin: { state: record.state, versionId: token } };
    }
    case 'abandoned':
      if (origin === undefined) return { ...base, ...madeFor };
      return {
        ...base,
        token: origin.versionId,
        ...(switchedAt === undefined ? {} : { switchedAt }),
        ...(origin.state === 'draining' ? { ...kept, ...revocation } : { lateActivationUntil: event.at + fenceMs }),
      };
    case 'promoted':
      return { ...base, servedSince: record.servedSince ?? event.at, ...(token === undefined ? {} : { token }) };
    case 'replaced':
      return {
        ...base,
        ...(token === undefined ? {} : { token }),
        servedSince: record.servedSince ?? intent?.at ?? record.since,
        switchedAt: event.at,
        ...revocation,
        ...kept,
      };
    case 'rejected':
      // Its rotation goes on with another key, whose value the version will hold.
      return { ...base, ...madeFor };
    case 'retired':
    case 'contained':
    case 'archived':
      return {
        ...base,
        ...(token === undefined ? {} : { token }),
        ...(switchedAt === undefined ? {} : { switchedAt }),
        ...lateActivationOf(lateActivationUntil, event.at),
      };
  }
}

/** The operator's emergency that has taken its grace, and holds at `now`. */
export function emergencyOf({ revokeRequest }: ApiKeyRecord, now: number): OperatorRequest | undefined {
  return revokeRequest !== undefined && isWithin(revokeRequest.at, emergencyLastsMs, now) ? revokeRequest : undefined;
}

export function isRevoked(record: ApiKeyRecord, now: number): boolean {
  return emergencyOf(record, now) !== undefined;
}

/**
 * The record with the intent that is stored before the effect, so that whoever comes next can finish it. It ends a request. Who goes
 * on with what another run began stores it anew, so that the other one loses its race; that one's calls may come late all the same.
 */
export function withIntent(record: ApiKeyRecord, intent: ApiKeyIntent): Omit<ApiKeyRecord, 'revision'> {
  const { undoRequest, claimBlockedUntil, ...rest } = record;
  // Whoever goes on with an order does not end it.
  const isOrdered = record.intent?.ordered === true && record.intent.to === intent.to;
  return {
    ...rest,
    intent: isOrdered ? { ...intent, ordered: true } : intent,
    ...claimBlockOf(claimBlockedUntil, record.intent, intent.at),
  };
}

/**
 * Before a command at a terminal has the effect of its intent. Throws KeyguardError where so much time has gone by since it stored
 * that intent (a machine that was asleep) that others may be at work on the key already.
 */
export function checkTimely({ apiKeyId, managedKey, intent }: ApiKeyRecord, now: number): void {
  if (intent !== undefined && now - intent.at < timelyMs) return;
  throw new KeyguardError(
    'busy',
    `this command was held up for minutes while it was at work on ${apiKeyId} of ${managedKey}, and has stopped before its next call`,
    'give it again in five minutes: by then what it had begun is finished or taken back',
  );
}

/** Whether a late call may still reach it, of a run that lost it to another one. */
export function isClaimBlocked({ claimBlockedUntil }: ApiKeyRecord, now: number): boolean {
  return claimBlockedUntil !== undefined && now < claimBlockedUntil;
}

/** How long a key rests that somebody else's `intent` was to deactivate; nothing where all of that is over at `at`. */
export function claimBlockOf(
  known: number | undefined,
  intent: ApiKeyIntent | undefined,
  at: number,
): Pick<ApiKeyRecord, 'claimBlockedUntil'> {
  const until = Math.max(known ?? 0, intent === undefined || intent.to === 'current' ? 0 : intent.at + fenceMs);
  return until > at ? { claimBlockedUntil: until } : {};
}

/** An operator asks for an old key back. Throws KeyguardError where it cannot come back, or somebody is at work on it. */
export function withUndoRequest(record: ApiKeyRecord, request: OperatorRequest): Omit<ApiKeyRecord, 'revision'> {
  if (!isOld(record.state) || record.token === undefined) {
    throw new KeyguardError(
      'cannot-come-back',
      `${record.apiKeyId} of ${record.managedKey} is ${record.state}: only an old key that is not archived comes back`,
      `npx --no-install keyguard history ${record.managedKey}`,
    );
  }
  if (record.intent !== undefined) {
    throw new KeyguardError(
      'busy',
      `${record.apiKeyId} of ${record.managedKey} is about to become ${record.intent.to} (${causeText(record.intent.cause)})`,
      'try again in five minutes',
    );
  }
  return { ...record, undoRequest: request };
}

/** Of a key that was given back inactive: whether a call that activates it may still come late, or may have come; later it is a person's doing. */
export function lateActivation({ lateActivationUntil }: ApiKeyRecord, now: number): 'may come' | 'may have come' | undefined {
  if (lateActivationUntil === undefined || now >= lateActivationUntil + lookMs) return undefined;
  return now < lateActivationUntil ? 'may come' : 'may have come';
}

export function lateActivationOf(until: number | undefined, at: number): Pick<ApiKeyRecord, 'lateActivationUntil'> {
  return until !== undefined && until > at ? { lateActivationUntil: until } : {};
}

/** An operator's emergency: the key gets no grace once it is replaced. Throws KeyguardError for a key that consumers do not hold. */
export function withRevokeRequest(record: ApiKeyRecord, request: OperatorRequest): Omit<ApiKeyRecord, 'revision'> {
  if (record.state !== 'current' && record.state !== 'draining') throw illegal(record, 'an old key without grace');
  return { ...record, revokeRequest: request };
}

function illegal(record: ApiKeyRecord, what: string): KeyguardError {
  return new KeyguardError(
    'illegal-transition',
    `${record.apiKeyId} of ${record.managedKey} is ${record.state} and cannot be ${what}`,
    `look at its history: npx --no-install keyguard history ${record.managedKey}`,
  );
}
