import type { OperatorCause, PlainBrake, PlainCause, PlainRefutation, RotationEnd } from '../../../contract/causes.ts';
import type { UsageMetric } from '../../../contract/metrics.ts';

/**
 * What released versions wrote into records, word for word, with the code that each sentence means today. What people read now may be said
 * in other words; this stays as it is.
 */
export const releasedCauses: ReadonlyMap<string, PlainCause> = new Map([
  ['being taken in', 'being-taken-in'],
  ['taken in', 'taken-in'],
  ['taken in again', 'taken-in-again'],
  ['taken in: asleep, and Anthropic refuses its value', 'intake-proven'],
  ['not taken in', 'intake-undone'],
  ['not taken in: the value belongs to another key', 'value-of-another-key'],
  [
    'its intake was broken off, and nobody proved that its value is its own: enable it in the Console and add it again',
    'intake-broken-off',
  ],
  ['being tried', 'being-tried'],
  ['tried, and asleep again', 'tried'],
  ['tried, and nobody knows', 'tried-in-doubt'],
  ['claimed by a rotation', 'claimed'],
  ['made active', 'made-active'],
  ['AWSCURRENT moves to it', 'switching'],
  ['AWSCURRENT moved to it', 'switched'],
  ['AWSCURRENT moved to it outside of a rotation', 'switched-by-hand'],
  ['AWSCURRENT had moved to it, and has moved on', 'switched-and-moved-on'],
  ['AWSCURRENT may have moved to it: nobody recorded whether it had', 'switch-not-recorded'],
  ['its rotation was over, and somebody has written the secret by hand since', 'written-by-hand'],
  ['its rotation was abandoned', 'rotation-abandoned'],
  ['it was used meanwhile', 'used-meanwhile'],
  ['the undo period is over', 'undo-period-over'],
  ['somebody archived it', 'archived-outside'],
  ['somebody enabled it again', 'enabled-outside'],
  ['asleep again: its undo period begins anew', 'undo-period-anew'],
  ['asleep again: it was awake after an undo that had come to nothing', 'inactive-after-failed-undo'],
  ['AWSCURRENT holds it', 'serving'],
  ['it is asleep, and no call can come late any more', 'late-call-over'],
  ['it is dead at Anthropic, and Key Guard did not do it', 'found-dead'],
  ['it is active again', 'found-alive'],
  ['it is dead: a standby key takes its place', 'dead-being-replaced'],
  ['no grace no longer: nobody could cut it off within a day', 'emergency-lapsed'],
  ['wanted back no longer: nobody could do it in time', 'undo-lapsed'],
  ['it was found awake', 'found-active'],
  ['it is expired', 'expired'],
  ['containment did not go on', 'containment-stopped'],
  ['containment did not go on, and its value is accepted', 'containment-in-vain'],
  // Two sentences were one fact.
  ['found awake', 'found-active'],
]);

export const releasedRefutations: ReadonlyMap<string, PlainRefutation> = new Map([
  ['its value is no longer in Secrets Manager', 'value-missing'],
  ['Anthropic knows no such key', 'unknown-to-anthropic'],
  ['the key expires too soon', 'expires-too-soon'],
  ['the value is refused (401) although the key is active', 'value-refused'],
  ['the value belongs to another organization', 'value-of-other-organization'],
  ['the value belongs to another workspace', 'value-of-other-workspace'],
  ['its value still answers after the key was made inactive', 'value-still-accepted'],
  ['no claimed key stands behind the pending version', 'no-claimed-key'],
  ['the pending version holds another value than that of the claimed key', 'other-value-pending'],
]);

/** The same of an operator's causes: what stood before the reason that was typed. */
export const releasedOperatorCauses: readonly (readonly [head: string, OperatorCause])[] = [
  ['brought back: ', 'brought-back'],
  ['removed: ', 'removed'],
  ['cut off by an operator: ', 'operator-cut'],
  ['a rotation is asked for: ', 'rotation-asked-for'],
  ['wanted back: ', 'undo-asked-for'],
  ['no grace once it is replaced: ', 'emergency-asked-for'],
  ['resumed: ', 'resumed'],
  ['the pause is ended by an emergency: ', 'pause-ended-by-emergency'],
];

export const releasedRotationEnds: ReadonlyMap<unknown, RotationEnd> = new Map([
  ['the rotation succeeded', 'switched'],
  ['the key that was current still is', 'still-current'],
  ['nobody went on with it for a day, so it is void, and its key was not cut off', 'emergency-lapsed'],
]);

export const releasedBrakes: ReadonlyMap<string, PlainBrake> = new Map([
  ['the policy leaves containment to people', 'containment-off'],
  ['no API key of this managed key shows the traffic', 'no-key-shown'],
  ['it is the last working credential and no standby key can replace it', 'last-credential'],
  ['a rotation is at work on it', 'rotation-at-work'],
  ['the key is archived already', 'key-archived'],
]);

/** The brakes that say more than a code. */
export const releasedBrakeShapes = {
  blind: /^usage is not visible since (?<day>\d{4}-\d\d-\d\d) (?<time>\d\d:\d\d) UTC, and nothing is cut off by it until it is$/,
  ofAnother: /^(?<apiKeyId>\S+) is a key of (?<owner>.+), and what happens to it is a matter of that managed key's own policy$/,
  notConfirmed:
    /^the exact totals of (?<subject>.+) show at most (?<shown>\S+) (?<measure>.+) in a minute, so that this finding is not believed$/,
  paused: /^it must be replaced first, and (?<managedKey>.+?) is paused: (?<reason>.*)$/s,
  accepted: /^(?<what>\S+ is set inactive, but Anthropic still accepts its value); (?<fix>.+)$/s,
} as const;

export const releasedMeasures: ReadonlyMap<unknown, UsageMetric> = new Map([
  ['input tokens', 'inputTokens'],
  ['output tokens', 'outputTokens'],
  ['estimated cost', 'estimatedCostUsd'],
]);

/** Why a key of the pool that was used was told. */
export const releasedStandbyKey = 'it is a standby key';
