import { apiKeyStates, type ApiKeyState } from '../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import type { Snapshot } from './conditions.ts';
import { isFoundDead } from './dead-key.ts';
import { isOver, type Shown } from './verify-revoked.ts';
import { fenceMs, isRevoked, lateActivation, lifecycle } from './lifecycle.ts';
import { isRotating } from './staging-labels.ts';
import {
  claimGraceMs,
  endOf,
  hasLabel,
  intends,
  isAskedFor,
  isAtWork,
  isGivenBack,
  isListBehind,
  isListedArchived,
  isUndoLapsed,
  mayBeGone,
  serves,
  type Key,
} from './plan/key.ts';
import {
  archive,
  deactivateGivenBack,
  deactivateInPool,
  ended,
  finishContainment,
  finishRejection,
  finishRemoval,
  giveBack,
  noLateCall,
  note,
  retire,
  served,
  wait,
  waitForIntent,
  withdraw,
  type Decided,
  type Step,
} from './plan/steps.ts';

export interface PlannedStep<Kind extends Step = Step> {
  readonly record: ApiKeyRecord;
  /** The rule that asks for it. */
  readonly because: RuleName;
  readonly step: Kind;
  /** The log event, once it is done. */
  readonly log?: string;
  /** What retirement counts it as, once it is done. */
  readonly counts?: Count;
}

type Count = 'retired' | 'archived' | 'returned' | 'putToSleep' | 'waiting';

/** `in-order`: none of the rules. */
export type RuleName = (typeof rules)[number]['because'] | 'in-order';

interface Rule<Name extends string = string> extends Pick<PlannedStep, 'log' | 'counts'> {
  readonly because: Name;
  readonly of: readonly ApiKeyState[];
  readonly when: (key: Key) => boolean;
  /** Whether the step waits for a second look at the key; the list alone is not believed. */
  readonly looksAgain?: (key: Key) => boolean;
  readonly step: Decided | ((key: Key) => Decided);
}

const off: readonly ApiKeyState[] = ['inactive', 'contained'];
const old: readonly ApiKeyState[] = ['draining', ...off];
const pool: readonly ApiKeyState[] = ['standby', 'rejected'];
const containable = apiKeyStates.filter((state) => lifecycle[state].contained !== 'refused');

/**
 * All that retirement does with an API key: the first rule whose `when` holds says what. Whoever stored an intent is given its time first
 * (what `grace-over` and `undo-period-over` find is due at once, with an intent of its own); what is then left of it is finished or
 * withdrawn. Of a paused managed key only what was begun is finished, and what an emergency wants off
 * is cut off. Where no rule holds, nothing is to be done.
 */
const rules = named([
  // Containment comes to a key in any state but the last.
  { because: 'containment-at-work', of: containable, when: (key) => intends(key, 'contained') && isAtWork(key), step: waitForIntent },
  {
    because: 'containment-stopped',
    of: containable,
    when: (key) => intends(key, 'contained') && key.status === 'active' && key.intent?.ordered !== true,
    step: withdraw('containment-stopped'),
  },
  { because: 'containment-unfinished', of: containable, when: (key) => intends(key, 'contained'), step: finishContainment },

  {
    because: 'found-alive',
    of: apiKeyStates.filter((state) => state !== 'pending'),
    when: ({ record, intent, status, now }) =>
      record.foundDeadAt !== undefined && status === 'active' && intent === undefined && !isRevoked(record, now),
    step: note('alive', { code: 'found-alive' }),
  },

  // A rotation has claimed it.
  { because: 'rejection-at-work', of: ['pending'], when: (key) => intends(key, 'rejected') && isAtWork(key), step: waitForIntent },
  { because: 'rejection-unfinished', of: ['pending'], when: (key) => intends(key, 'rejected'), step: finishRejection },
  { because: 'rotation-at-work', of: ['pending'], when: ({ record, snapshot }) => isRotating(record, snapshot.secret), step: wait },
  // AWSCURRENT may have moved to it and away again before anybody recorded it: consumers may hold it, so it gets its grace.
  { because: 'switched-and-moved-on', of: ['pending'], when: (key) => hasLabel(key, 'AWSPREVIOUS'), step: served('switched-and-moved-on') },
  // Who is about to move AWSCURRENT to it may do so after the labels were read.
  { because: 'switch-at-work', of: ['pending'], when: (key) => intends(key, 'current') && isAtWork(key), step: waitForIntent },
  { because: 'switch-not-recorded', of: ['pending'], when: (key) => intends(key, 'current'), step: served('switch-not-recorded') },
  {
    because: 'claim-is-young',
    of: ['pending'],
    when: ({ record, now }) => now - record.since < claimGraceMs,
    step: ({ record }) => ({ do: 'wait', until: record.since + claimGraceMs }),
  },
  { because: 'claim-abandoned', of: ['pending'], when: () => true, step: giveBack, counts: 'returned' },

  // Consumers read it. That its secret is going to be deleted people are told first.
  {
    because: 'found-dead',
    of: ['current'],
    when: ({ record, snapshot }) =>
      record.foundDeadAt === undefined && snapshot.secret.deletionAt === null && isFoundDead(record, snapshot),
    step: ({ record, snapshot }) => {
      const seenActiveAt = snapshot.activeAt.get(record.apiKeyId);
      const change = { to: 'dead', cause: { code: 'found-dead' }, ...(seenActiveAt === undefined ? {} : { seenActiveAt }) } as const;
      return { do: 'act', change };
    },
  },

  // An undo that failed gave it back inactive: until none of its calls can come any more, nothing is done.
  {
    because: 'late-call-possible',
    of: off,
    when: (key) => isGivenBack(key) && lateActivation(key.record, key.now) === 'may come',
    step: wait,
  },
  { because: 'undo-asked-for', of: off, when: (key) => isGivenBack(key) && isAskedFor(key), step: wait },
  {
    because: 'undo-lapsed',
    of: off,
    when: (key) => isGivenBack(key) && isUndoLapsed(key),
    step: note('without undo request', { code: 'undo-lapsed' }),
  },
  // What consumers read a person has reactivated for them.
  { because: 'given-back-and-serving', of: off, when: (key) => isGivenBack(key) && serves(key), step: noLateCall('serving') },
  // Nobody can tell a late call from a person, and people are told. The list may have been read before a call came that was late.
  {
    because: 'given-back-and-inactive',
    of: off,
    when: (key) => isGivenBack(key) && !(key.isLookedAt && key.status === 'active'),
    looksAgain: () => true,
    step: noLateCall('late-call-over'),
  },
  {
    because: 'given-back-and-active',
    of: off,
    when: isGivenBack,
    step: deactivateGivenBack,
    log: 'retirement.put-to-sleep',
    counts: 'putToSleep',
  },

  // Somebody enabled it in the Console: that is a person's decision.
  { because: 'reactivation-at-work', of: off, when: (key) => key.status === 'active' && isAtWork(key), step: waitForIntent },
  {
    because: 'reactivated-outside',
    of: off,
    when: ({ status }) => status === 'active',
    looksAgain: () => true,
    step: ({ record, intent }) =>
      record.reactivatedAt !== undefined && intent === undefined ? wait : note('reactivated', { code: 'enabled-outside' }),
    log: 'retirement.reactivated-outside',
  },

  // What a person enabled meanwhile is noted above: its undo period begins anew once it is inactive again.
  {
    because: 'paused',
    of: old,
    when: ({ record, intent, snapshot, now }) =>
      snapshot.pause !== undefined && intent === undefined && lateActivation(record, now) === undefined && !isRevoked(record, now),
    step: wait,
  },

  { because: 'list-is-behind', of: [...off, ...pool], when: isListBehind, step: wait },

  { because: 'undo-asked-for', of: old, when: isAskedFor, step: wait },
  { because: 'undo-lapsed', of: old, when: isUndoLapsed, step: note('without undo request', { code: 'undo-lapsed' }) },
  // Somebody moved AWSCURRENT back to it: it is no old key any more.
  { because: 'serving', of: old, when: serves, step: wait },

  {
    because: 'emergency-lapsed',
    of: ['draining'],
    when: ({ record, now }) => record.revokeRequest !== undefined && !isRevoked(record, now),
    step: note('with grace', { code: 'emergency-lapsed' }),
  },
  {
    because: 'grace-over',
    of: ['draining'],
    when: (key) => endOf(key) !== undefined,
    step: retire,
    log: 'retirement.retired',
    counts: 'retired',
  },
  // Whoever stored the intent a moment ago may be about to carry it out.
  {
    because: 'used-meanwhile',
    of: ['draining'],
    when: (key) => key.intent !== undefined && !isAtWork(key),
    step: withdraw('used-meanwhile'),
    counts: 'waiting',
  },
  { because: 'in-grace', of: ['draining'], when: () => true, step: wait, counts: 'waiting' },

  {
    because: 'inactive-again',
    of: off,
    when: ({ record, status }) => record.reactivatedAt !== undefined && !isOver(status),
    step: note('inactive again', { code: 'undo-period-anew' }),
  },
  {
    because: 'undo-period',
    of: off,
    when: ({ record, intent, status, snapshot, now }) =>
      intent === undefined && !isListedArchived(status) && now < record.since + snapshot.definition.rotation.undoMs,
    step: ({ record, snapshot }) => ({ do: 'wait', until: record.since + snapshot.definition.rotation.undoMs }),
  },
  { because: 'undo-period-over', of: off, when: () => true, step: archive, counts: 'archived' },

  // Of the pool: active only between its claim and its retirement. Intake, a verification or a removal may still be at work on it.
  { because: 'at-work', of: pool, when: isAtWork, step: waitForIntent },
  { because: 'removal-unfinished', of: pool, when: (key) => intends(key, 'archived'), step: finishRemoval },
  { because: 'not-listed', of: pool, when: (key) => key.status === 'gone' && !mayBeGone(key), step: wait },
  {
    because: 'ended-at-anthropic',
    of: pool,
    when: ({ status }) => isOver(status),
    looksAgain: ({ status }) => status === 'gone',
    step: ended,
  },
  {
    because: 'inactive',
    of: pool,
    when: ({ record, intent, status, now }) =>
      intent === undefined && (status !== 'active' || now - Math.max(record.since, record.verifiedInactiveAt ?? 0) < fenceMs),
    step: wait,
  },
  {
    because: 'active-in-pool',
    of: pool,
    when: () => true,
    looksAgain: ({ intent }) => intent === undefined,
    step: deactivateInPool,
    log: 'retirement.put-to-sleep',
    counts: 'putToSleep',
  },
]);

/** The rules as they are, with their names in their type. */
function named<const Name extends string>(table: readonly Rule<Name>[]): readonly Rule<Name>[] {
  return table;
}

/**
 * What is to be done with an API key, by the rules above. Pure: the same snapshot gives the same plan. `look`: what Anthropic answered when it
 * was asked for the key itself; then the plan asks for no second look.
 */
export function planKey(record: ApiKeyRecord, snapshot: Snapshot): PlannedStep;
export function planKey(record: ApiKeyRecord, snapshot: Snapshot, look: Shown): PlannedStep<Decided>;
export function planKey(record: ApiKeyRecord, snapshot: Snapshot, look?: Shown): PlannedStep {
  const key: Key = {
    record,
    intent: record.intent,
    snapshot,
    now: snapshot.now,
    status: look ?? snapshot.infos.get(record.apiKeyId)?.status ?? 'gone',
    isLookedAt: look !== undefined,
  };
  const rule = rules.find(({ of, when }) => of.includes(record.state) && when(key));
  if (rule === undefined) return { record, because: 'in-order', step: wait };
  const { of, when, looksAgain, step, ...names } = rule;
  if (!key.isLookedAt && looksAgain?.(key) === true) return { record, because: rule.because, step: { do: 'look' } };
  return { record, ...names, step: typeof step === 'function' ? step(key) : step };
}
