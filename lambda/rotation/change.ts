import type { Cause } from '../../contract/causes.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { keyEvents, transition, claimBlockOf, lateActivationOf, type KeyEventType } from './lifecycle.ts';

/** Something that became known of a key, or was given up, and moves it into no other state. */
export type Note =
  /** Consumers read it, and it is dead at Anthropic. */
  | 'dead'
  /** Somebody has enabled a dead one again. */
  | 'alive'
  /** Another key is about to be asked for in the place of this dead one. */
  | 'being replaced'
  /** An old key that should be inactive was enabled by somebody: its undo period does not run meanwhile. */
  | 'reactivated'
  /** It is inactive again, and its undo period begins anew. */
  | 'inactive again'
  /** A key of the pool is inactive, and whatever this run began with it is over. */
  | 'verified inactive'
  /** The emergency has lapsed: the key has its ordinary grace. */
  | 'with grace'
  /** What another run began is given up. */
  | 'without intent'
  /** No call can come late any more that would activate it. */
  | 'no late call'
  /** No undo asks for it any more. */
  | 'without undo request'
  /** Only the history says more: the record stays. */
  | 'as it is';

/** What is recorded of a key: an event of its lifecycle, or a note; and why. `seenActiveAt`: when a dead key was last seen not to be. */
export interface Change {
  readonly to: Exclude<KeyEventType, 'claimed'> | Note;
  readonly cause: Cause;
  readonly seenActiveAt?: number;
}

/** The record after `change`, at `at` (epoch ms, UTC). Throws KeyguardError `illegal-transition` where the lifecycle refuses its event. */
export function changed(record: ApiKeyRecord, { to, cause, seenActiveAt }: Change, at: number): Omit<ApiKeyRecord, 'revision'> {
  if (isEvent(to)) {
    // One that was cut off before begins its undo period anew.
    if (to === 'contained' && record.state === to) return { ...inactiveAgain(record, at), cause };
    return transition(record, { type: to, at, cause });
  }
  switch (to) {
    case 'dead':
      return { ...record, foundDeadAt: at, ...(seenActiveAt === undefined ? {} : { seenActiveAt }) };
    case 'alive': {
      const { foundDeadAt, seenActiveAt: seen, ...rest } = record;
      return rest;
    }
    case 'being replaced':
      return { ...record, replacedAt: at };
    case 'reactivated':
      return { ...withoutIntent(record, at), reactivatedAt: record.reactivatedAt ?? at };
    case 'inactive again':
      return inactiveAgain(record, at);
    case 'verified inactive': {
      const { intent, ...rest } = record;
      return { ...rest, verifiedInactiveAt: at };
    }
    case 'with grace': {
      const { revokeRequest, ...rest } = record;
      return rest;
    }
    case 'without intent':
      return withoutIntent(record, at);
    case 'no late call': {
      const { lateActivationUntil, ...rest } = record;
      return rest;
    }
    case 'without undo request':
      return withoutUndoRequest(record) ?? record;
    case 'as it is':
      return record;
  }
}

/** Whether it is an event of the lifecycle: then the record itself says when and why. */
export function isEvent(to: Change['to']): to is Exclude<KeyEventType, 'claimed'> {
  return keyEvents.some((event) => event === to);
}

/** No undo asks for it any more; undefined where none did. */
export function withoutUndoRequest({ undoRequest, ...rest }: ApiKeyRecord): Omit<ApiKeyRecord, 'revision'> | undefined {
  return undoRequest === undefined ? undefined : rest;
}

function withoutIntent(record: ApiKeyRecord, at: number): Omit<ApiKeyRecord, 'revision'> {
  const { intent, claimBlockedUntil, ...rest } = record;
  return { ...rest, ...claimBlockOf(claimBlockedUntil, intent, at) };
}

function inactiveAgain(record: ApiKeyRecord, at: number): Omit<ApiKeyRecord, 'revision'> {
  const { reactivatedAt, lateActivationUntil, ...rest } = withoutIntent(record, at);
  return { ...rest, since: at, ...lateActivationOf(lateActivationUntil, at) };
}
