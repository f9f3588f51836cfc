import type { Cause, PlainCause, RetirementCause } from '../../../contract/causes.ts';
import { causeText } from '../../incidents/message/cause-text.ts';
import type { Change } from '../change.ts';
import { isOver, type Shown } from '../verify-revoked.ts';
import type { Act } from '../execute.ts';
import { givenBackTo, isUnfinishedIntake } from '../lifecycle.ts';
import { atWorkUntil, endOf, isListedArchived, type Key } from './key.ts';

/** What retirement does with one API key next. Plain data: to know it changes nothing. */
export type Step = Decided | Look;

/** The list of keys may be behind: Anthropic is asked for this one, and the plan is made anew. */
interface Look {
  readonly do: 'look';
}

export type Decided =
  /** Its time has not come, or somebody else is at work on it. `until`: when it is looked at with another answer (epoch ms, UTC). */
  { readonly do: 'wait'; readonly until?: number } | ({ readonly do: 'act' } & Act);

export const wait: Decided = { do: 'wait' };

export function waitForIntent({ intent }: Key): Decided {
  return intent === undefined ? wait : { do: 'wait', until: atWorkUntil(intent) };
}

export function note(to: Change['to'], cause: Cause): Decided {
  return { do: 'act', change: { to, cause } };
}

export function withdraw(code: PlainCause): Decided {
  return note('without intent', { code });
}

export function served(code: PlainCause): Decided {
  return note('replaced', { code });
}

export function retire(key: Key): Decided {
  const why = endOf(key) ?? { code: 'expired' };
  return {
    do: 'act',
    intent: { to: 'inactive', at: key.now, cause: why },
    ...(isOver(key.status) ? {} : { set: 'inactive' }),
    proof: 'refused',
    change: { to: 'retired', cause: isRetirement(why) ? { code: 'retired', why } : why },
  };
}

function isRetirement(cause: Cause): cause is RetirementCause {
  return cause.code === 'grace-over' || cause.code === 'ended-at-anthropic';
}

export function finishContainment({ intent, status, now }: Key): Decided {
  if (intent === undefined) return wait;
  return {
    do: 'act',
    ...(status === 'active' ? { intent: { ...intent, at: now }, set: 'inactive' } : {}),
    proof: 'refused',
    ...(intent.ordered === true ? {} : { ifAccepted: { to: 'without intent', cause: { code: 'containment-in-vain' } } }),
    change: { to: 'contained', cause: intent.cause },
  };
}

/** A rotation was deactivating it after a failed proof, and did not go on. */
export function finishRejection({ intent, status, now }: Key): Decided {
  if (intent === undefined) return wait;
  return {
    do: 'act',
    intent: { ...intent, at: now },
    set: 'inactive',
    ...unlessListedActive(status),
    change: { to: 'rejected', cause: intent.cause },
  };
}

/** The key goes back to where it came from, inactive unless it was in its grace. A rotation that is still at it sees the intent. */
export function giveBack({ record, status, now }: Key): Decided {
  const to = givenBackTo(record);
  const cause = { code: 'rotation-abandoned' } as const;
  return {
    do: 'act',
    intent: { to, at: now, cause },
    ...(to === 'draining' ? {} : { set: 'inactive', ...unlessListedActive(status) }),
    change: { to: 'abandoned', cause },
  };
}

/** The list may be behind: a key that is given back active would seem as if somebody had enabled it. */
function unlessListedActive(status: Shown): Pick<Act, 'looksFirst'> {
  return status === 'active' ? {} : { looksFirst: true };
}

export function noLateCall(code: PlainCause): (key: Key) => Decided {
  return ({ intent }) => note(intent === undefined ? 'no late call' : 'inactive again', { code });
}

export function deactivateGivenBack({ record, now }: Key): Decided {
  return {
    do: 'act',
    intent: { to: record.state, at: now, cause: record.cause ?? { code: 'rotation-abandoned' }, ordered: true },
    set: 'inactive',
    change: { to: 'inactive again', cause: { code: 'inactive-after-failed-undo' } },
  };
}

export function archive({ intent, status, now }: Key): Decided {
  const cause = { code: isListedArchived(status) && intent === undefined ? 'archived-outside' : 'undo-period-over' } as const;
  return {
    do: 'act',
    intent: { to: 'archived', at: now, cause },
    set: 'archived',
    // Archiving is for ever.
    looksFirst: 'and spares an active key',
    change: { to: 'archived', cause },
  };
}

/** A removal that was broken off goes on: a key that somebody distrusts must not come back into the pool. */
export function finishRemoval({ intent, status }: Key): Decided {
  if (intent === undefined) return wait;
  const { cause } = intent;
  const reason = cause.code === 'removing' ? cause.reason : causeText(cause);
  return {
    do: 'act',
    ...(isOver(status) ? {} : { set: 'archived' }),
    change: { to: 'archived', cause: { code: 'removed', reason } },
  };
}

export function ended({ record: { state }, intent, status }: Key): Decided {
  if (!isOver(status)) return wait;
  if (state === 'rejected' && status === 'expired') return intent === undefined ? wait : withdraw('expired');
  return note(state === 'rejected' ? 'archived' : 'rejected', { code: 'ended-at-anthropic', status });
}

/** The intent is a fence: a claim passes over a key that carries one, so that no rotation promotes the key that is being deactivated. */
export function deactivateInPool({ record, intent, now }: Key): Decided {
  const isUnfinished = isUnfinishedIntake(record);
  const cause: Cause = intent === undefined ? { code: 'found-active' } : { code: 'broken-off', what: intent.cause };
  const change: Change =
    intent !== undefined && isUnfinished
      ? { to: 'rejected', cause: { code: 'intake-broken-off' } }
      : { to: isUnfinished ? 'without intent' : 'verified inactive', cause };
  return {
    do: 'act',
    intent: { to: record.state, cause: { code: 'found-active' }, ...intent, at: now },
    set: 'inactive',
    change,
  };
}
