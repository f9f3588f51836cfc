import type { UsageMetric } from './metrics.ts';
import type { ApiKeyState } from './records.ts';

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
  /** A sentence of a record that an older version wrote, for which there is no code. */
  | { readonly code: 'recorded'; /** @sentence */ readonly text: string };

/** Why an old key becomes inactive. `inGrace`: the emergency came when the key was in its grace already. */
export type RetirementCause =
  | { readonly code: 'grace-over'; readonly end: GraceEnd; readonly inGrace?: true }
  /** Anthropic lets it live no longer, and Key Guard did not do it. */
  | { readonly code: 'ended-at-anthropic'; readonly status: 'gone' | 'archived' | 'expired' };

/** How a grace came to its end. */
export type GraceEnd = 'silent' | 'maximum grace' | 'emergency';

/** Why a value is not proven to be a key that consumers can be given. `stillAt`: asked again and again until then (epoch ms, UTC). */
export type Refutation = RefutationOfCode & { readonly stillAt?: number };

type RefutationOfCode =
  | { readonly code: PlainRefutation }
  | { readonly code: 'key-ended'; readonly status: 'archived' | 'expired' }
  | { readonly code: 'other-workspace'; readonly workspaceId: string | null; readonly expected: string }
  | { readonly code: 'shown-as'; readonly status: string }
  /** `detail`: what the answer was, or what came instead of one. */
  | { readonly code: 'unclear-answer'; /** @sentence */ readonly detail: string }
  | { readonly code: 'unclear-fields'; readonly apiKeyId: string; readonly fields: string };

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
export type NoKeyCause = 'pool-empty' | 'keys-expire-too-soon' | 'keys-rejected' | 'keys-in-hand' | 'late-call-possible';

/** How a failed rotation is over: AWSCURRENT moved; an undo failed; an emergency was not carried out within a day. */
export const rotationEnds = ['switched', 'still-current', 'emergency-lapsed'] as const;
export type RotationEnd = (typeof rotationEnds)[number];

/** Why containment does not cut a key off, or waits. */
export type Brake =
  | { readonly code: PlainBrake }
  /** `since`: epoch ms, UTC. */
  | { readonly code: 'usage-not-visible'; readonly since: number }
  | { readonly code: 'key-of-another'; readonly apiKeyId: string; readonly managedKey: string }
  /** `most`: what a minute showed at the most, in the metric's unit. */
  | { readonly code: 'not-confirmed'; readonly subject: string; readonly metric: UsageMetric; readonly most: number }
  /** The stolen key must be replaced first; `reason`: of whoever paused. */
  | { readonly code: 'replacement-paused'; readonly managedKey: string; /** @sentence */ readonly reason: string }
  /** Anthropic still accepts it. `fix`: what people can do. */
  | { readonly code: 'still-accepted'; /** @sentence */ readonly what: string; /** @sentence */ readonly fix: string }
  /** A sentence of an older version. */
  | { readonly code: 'recorded'; /** @sentence */ readonly text: string };

export const plainBrakes = ['containment-off', 'no-key-shown', 'last-credential', 'rotation-at-work', 'key-archived'] as const;
export type PlainBrake = (typeof plainBrakes)[number];
