import type { UsageMetric } from './metrics.ts';
import type { ApiKeyState } from './api-key-states.ts';
import type { IncidentKind } from './registry.ts';

/**
 * Why something happened to a managed key or to one of its API keys, or is about to: a code, and the data that belongs to it. Records,
 * intents and the history carry it, and code decides by it. The sentences that people read are made in
 * lambda/incidents/message/cause-text.ts, and nowhere else.
 */
export type Cause = CauseOfCode & {
  /** Of a key that an operator's emergency had ended before an undo was tried: an undo that fails leaves it ended. */
  readonly before?: 'emergency';
};

type CauseOfCode =
  | { readonly code: PlainCause }
  /** `reason`: an operator's own words. */
  | { readonly code: OperatorCause; /** @sentence */ readonly reason: string }
  | { readonly code: 'paused'; readonly by: string; /** @sentence */ readonly reason: string }
  /** Instants are epoch ms, UTC. */
  | { readonly code: 'usage-expected'; readonly from: number; readonly until: number; /** @sentence */ readonly reason: string }
  | { readonly code: 'unstuck'; readonly acts: readonly string[] }
  | { readonly code: 'intended'; readonly to: ApiKeyState; readonly why: Cause }
  | { readonly code: 'replaced'; readonly by: string }
  | RetirementCause
  /** `valueUnknown`: its value is not kept, so that nobody saw it refused. */
  | { readonly code: 'retired'; readonly why: RetirementCause; readonly valueUnknown?: true }
  | { readonly code: 'containment'; readonly incidentId: string }
  | { readonly code: 'cannot-come-back'; readonly apiKeyId: string; readonly why: Cause }
  | { readonly code: 'broken-off'; readonly what: Cause }
  | Refutation
  | RecordedSentence;

/** What a record of an older version says, and for which there is no code. */
interface RecordedSentence {
  readonly code: 'recorded';
  /** @sentence */
  readonly text: string;
}

/** Why an old key becomes inactive. `inGrace`: the emergency came when the key was in its grace already. */
export type RetirementCause =
  | { readonly code: 'grace-over'; readonly end: GraceEnd; readonly inGrace?: true }
  /** Anthropic lets it live no longer, and Key Guard did not do it. */
  | { readonly code: 'ended-at-anthropic'; readonly status: 'gone' | 'archived' | 'expired' };

/** How a grace came to its end. */
export type GraceEnd = 'silent' | 'maximum grace' | 'emergency';
/** Why a grace goes on. */
type GraceWait = 'minimum grace' | 'usage unknown' | 'still used' | 'still used past the maximum';

/** Why a value is not proven to be a key that consumers can be given. `stillAt`: asked again and again until then (epoch ms, UTC). */
export type Refutation = RefutationOfCode & { readonly stillAt?: number };

type RefutationOfCode =
  | { readonly code: PlainRefutation }
  | { readonly code: 'key-ended'; readonly status: 'archived' | 'expired' }
  | { readonly code: 'other-workspace'; readonly workspaceId: string | null; readonly expected: string }
  | { readonly code: 'shown-as'; readonly status: string }
  /** `detail`: what the answer was, or what came instead of one. */
  | { readonly code: 'unclear-answer'; /** @sentence */ readonly detail: string }
  | UnclearFields;

/** Anthropic's answer about a key has fields that this version does not understand. */
interface UnclearFields {
  readonly code: 'unclear-fields';
  readonly apiKeyId: string;
  readonly fields: string;
}

/** Why a bad answer about one key says nothing of it: it is the same of another one that should be accepted. `answer`: what came. */
export type Doubt =
  | { readonly code: 'other-unknown'; readonly apiKeyId: string; readonly state: ApiKeyState }
  | {
      readonly code: 'other-not-accepted';
      readonly apiKeyId: string;
      readonly state: ApiKeyState;
      /** @sentence */ readonly answer: string;
    }
  | UnclearFields;

/** Why a standby key was not proven to be good. */
export type VerificationCause =
  | Refutation
  | { readonly code: 'in-doubt'; readonly why: Refutation; readonly doubt: Doubt }
  | { readonly code: 'somebody-at-work' | 'no-standby-key' }
  | ErrorSaid;

/** What an error said, and what is to be done about it. */
interface ErrorSaid {
  readonly code: 'error';
  /** @sentence */
  readonly what: string;
  /** @sentence */
  readonly fix?: string;
}

export const plainRefutations = [
  'value-missing',
  'unknown-to-anthropic',
  'expires-too-soon',
  'value-refused',
  'value-of-other-organization',
  'value-of-other-workspace',
  'value-still-accepted',
  'no-claimed-key',
  'other-value-pending',
] as const;
export type PlainRefutation = (typeof plainRefutations)[number];

/** What an operator asked for, each with the reason that was typed. */
export const operatorCauses = [
  'brought-back',
  'removing',
  'removed',
  'operator-cut',
  'rotation-asked-for',
  'undo-asked-for',
  'emergency-asked-for',
  'resumed',
  'usage-expected-no-more',
  'pause-ended-by-emergency',
] as const;
export type OperatorCause = (typeof operatorCauses)[number];

export const plainCauses = [
  'being-taken-in',
  'taken-in',
  'taken-in-again',
  'intake-proven',
  'intake-undone',
  'value-of-another-key',
  'intake-broken-off',
  'being-tried',
  'tried',
  'tried-in-doubt',
  'claimed',
  'made-active',
  'switching',
  'switched',
  'switched-by-hand',
  'switched-and-moved-on',
  'switch-not-recorded',
  'written-by-hand',
  'rotation-abandoned',
  'used-meanwhile',
  'undo-period-over',
  'archived-outside',
  'enabled-outside',
  'undo-period-anew',
  'inactive-after-failed-undo',
  'serving',
  'late-call-over',
  'found-dead',
  'found-alive',
  'dead-being-replaced',
  'emergency-lapsed',
  'undo-lapsed',
  'found-active',
  'expired',
  'containment-stopped',
  'containment-in-vain',
] as const;
export type PlainCause = (typeof plainCauses)[number];

/** Why no key can take the place of the current one. */
export const noKeyCauses = ['pool-empty', 'keys-expire-too-soon', 'keys-rejected', 'keys-in-hand', 'late-call-possible'] as const;
export type NoKeyCause = (typeof noKeyCauses)[number];

/** How a failed rotation is over: AWSCURRENT moved; an undo failed; an emergency was not carried out within a day. */
export const rotationEnds = ['switched', 'still-current', 'emergency-lapsed'] as const;
export type RotationEnd = (typeof rotationEnds)[number];

/** Why containment does not cut a key off, or waits. */
export type Brake =
  | { readonly code: PlainBrake }
  /** `since`: epoch ms, UTC. */
  | { readonly code: 'usage-not-visible'; readonly since: number }
  /** `since`: when its usage is known from. What is unusual for a key that young mostly is its own. */
  | { readonly code: 'usage-hardly-known'; readonly since: number }
  /** Somebody said that it is expected; `reason`: his words. */
  | { readonly code: 'usage-expected'; readonly until: number; readonly by: string; /** @sentence */ readonly reason: string }
  | { readonly code: 'key-of-another'; readonly apiKeyId: string; readonly managedKey: string }
  /** `most`: what a minute showed at the most, in the metric's unit. */
  | { readonly code: 'not-confirmed'; readonly subject: string; readonly metric: UsageMetric; readonly most: number }
  /** The stolen key must be replaced first; `reason`: of whoever paused. */
  | { readonly code: 'replacement-paused'; readonly managedKey: string; /** @sentence */ readonly reason: string }
  /** Anthropic still accepts it. `fix`: what people can do. */
  | { readonly code: 'still-accepted'; /** @sentence */ readonly what: string; /** @sentence */ readonly fix: string }
  | RecordedSentence;

export const plainBrakes = ['containment-off', 'no-key-shown', 'last-credential', 'rotation-at-work', 'key-archived'] as const;
export type PlainBrake = (typeof plainBrakes)[number];

/**
 * Why people are told of an incident, or that it is over. Incidents carry it; its sentences are made in
 * lambda/incidents/message/alarm-text.ts. Instants are epoch ms, UTC.
 */
export type AlarmCause =
  | { readonly code: PlainAlarm }
  | ErrorSaid
  /** No rotation begins while its schedule is off, so that this comes first. */
  | { readonly code: 'resume-first'; readonly managedKey: string; readonly why: AlarmCause }
  | OldKeyCause
  | { readonly code: 'old-key-ended'; readonly state: ApiKeyState; readonly why?: Cause }
  | DeadKeyCause
  | { readonly code: 'secret-deleted'; readonly secretName: string; readonly goneAt: number; readonly deadKey?: string }
  | ChangeCause
  /** Of several changes. `known`: those that people were told of before. */
  | { readonly code: 'changes'; readonly changes: readonly ChangeCause[]; readonly known?: readonly ChangeCause[] }
  /** `broughtBackAt`: of a key that an undo made current again. */
  | { readonly code: 'rotation-overdue'; readonly servedSince: number; readonly broughtBackAt?: number; readonly maximumAgeMs: number }
  /** The rotation at `until` finds no key, after so many `rotations` that do. */
  | {
      readonly code: 'pool-low';
      readonly standbyKeys: number;
      readonly rotations: number;
      readonly until: number;
      readonly isScheduled: boolean;
    }
  | { readonly code: 'key-expires'; readonly at: number }
  | { readonly code: 'replicas-behind'; readonly replicas: readonly ReplicaBehind[] }
  /** An emergency does not go on. `paused`: the managed key that is; absent: the schedule is off. */
  | { readonly code: 'emergency-stopped'; readonly apiKeyId: string; readonly paused?: string }
  | { readonly code: 'rotation-unfinished'; readonly since: number }
  /** `sentAt`: a request of the heartbeat that Anthropic took. */
  | { readonly code: 'no-tokens-of-heartbeat'; readonly since: number; readonly sentAt: number }
  /** `usualMs`: how long everybody pauses at the most. */
  | { readonly code: 'no-tokens'; readonly since: number; readonly usualMs: number }
  | { readonly code: 'learnt-anew'; readonly at: number }
  /** `minutes`: so many of the last day differ. */
  | { readonly code: 'metrics-differ'; readonly minutes: number }
  /** `last`: why the channel did not take the last one. */
  | { readonly code: 'alerts-missing'; readonly count: number; readonly since: number; /** @sentence */ readonly last: string }
  /** Somebody said that the usage is expected; `reason`: his words. */
  | { readonly code: 'usage-expected'; readonly until: number; readonly by: string; /** @sentence */ readonly reason: string }
  /** It lasted and nobody cut it off: since `at` it is how the key is used. */
  | { readonly code: 'usage-adopted'; readonly at: number }
  /** The condition of an incident of this kind is gone. */
  | { readonly code: 'over'; readonly kind: IncidentKind }
  | { readonly code: 'rotation-over'; readonly end: RotationEnd };

export const plainAlarms = [
  'not-recorded',
  'unexpected-error',
  'cut-off-last',
  'standby-key',
  'collector-stopped',
  'emergency-takes-grace',
  'taken-out-of-configuration',
] as const;
type PlainAlarm = (typeof plainAlarms)[number];

/** Of an old key that is in use. `also`: others that are. */
export type OldKeyCause = OldKeyUse & { readonly also?: readonly string[] };
type OldKeyUse =
  | { readonly code: 'old-key-used'; readonly grace: GraceWait }
  /** `isUnknown`: nobody could see whether it still was used. */
  | { readonly code: 'old-key-cut'; readonly isUnknown?: true };

/** The key that consumers read does not work. */
export interface DeadKeyCause {
  readonly code: 'current-key-dead';
  /** As Anthropic shows it; absent where it was not asked. */
  readonly status?: string;
  readonly currentSince: number;
  readonly seenActiveAt?: number;
  readonly foundDeadAt: number;
  /** Its last known tokens. */
  readonly usedAt?: number;
  /** Why it is not replaced by itself. */
  readonly waits?: NoReplacement;
}

/** Why people must replace a dead key. */
export type NoReplacement =
  | { readonly code: PlainNoReplacement | NoKeyCause }
  | { readonly code: 'paused'; readonly managedKey: string }
  | { readonly code: 'replaced-lately'; readonly apiKeyId: string; readonly at: number };

export const plainNoReplacements = [
  'policy-asks',
  'schedule-off',
  'switched-by-hand',
  'emergency-at-work',
  'undo-at-work',
  'not-in-time',
] as const;
type PlainNoReplacement = (typeof plainNoReplacements)[number];

/** What somebody else did to a managed key; of `key-changed` incidents the code is the grade. */
export type ChangeCause =
  | { readonly code: 'left-active'; readonly apiKeyId: string; readonly managedKey: string }
  | { readonly code: ChangeOfKey; readonly apiKeyId: string; readonly state: ApiKeyState }
  | { readonly code: 'old-key-disabled'; readonly apiKeyId: string; readonly status: string }
  | { readonly code: 'label-moved' | 'secret-written'; readonly apiKeyId: string }
  | RecordedSentence;

export const changesOfKeys = ['key-archived', 'standby-key-woken', 'undone-key-woken', 'old-key-woken'] as const;
type ChangeOfKey = (typeof changesOfKeys)[number];

export interface ReplicaBehind {
  readonly region: string;
  readonly status: 'Failed' | 'InProgress';
  /** Secrets Manager's own words. @sentence */
  readonly message: string | null;
}
