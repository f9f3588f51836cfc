import type { Brake, Cause, NoKeyCause, Refutation, RetirementCause, RotationEnd, VerificationCause } from '../../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import { iso, utcMinute } from '../../foundation/clock.ts';
import { textOf, type Texts } from './coded-text.ts';
import { amount, measureName } from './phrases.ts';

/** Why, in a person's words, as the history, a status and a message say it. @sentence */
export function causeText(cause: Cause): string {
  const before = cause.before === undefined ? '' : ` (before: retired: ${cause.before})`;
  return `${textOf(cause, texts)}${stillText(cause)}${before}`;
}

function retirementText(cause: RetirementCause): string {
  if (cause.code === 'ended-at-anthropic') return `it is ${cause.status} at Anthropic`;
  return cause.inGrace === true ? `${cause.end}, in its grace` : cause.end;
}

/** Of what was asked again and again: until when. @sentence */
export function stillText(cause: Cause | VerificationCause): string {
  return 'stillAt' in cause ? `, still at ${iso(cause.stillAt)}` : '';
}

/** Why a value is not proven. */
export const refutationTexts: Texts<Refutation> = {
  'value-missing': 'its value is no longer in Secrets Manager',
  'unknown-to-anthropic': 'Anthropic knows no such key',
  'expires-too-soon': 'the key expires too soon',
  'value-refused': 'the value is refused (401) although the key is active',
  'value-of-other-organization': 'the value belongs to another organization',
  'value-of-other-workspace': 'the value belongs to another workspace',
  'value-still-accepted': 'its value still answers after the key was made inactive',
  'no-claimed-key': 'no claimed key stands behind the pending version',
  'other-value-pending': 'the pending version holds another value than that of the claimed key',
  'key-ended': ({ status }) => `the key is ${status}`,
  'other-workspace': ({ workspaceId, expected }) => `the key belongs to ${workspaceId ?? 'the whole organization'}, expected ${expected}`,
  'shown-as': ({ status }) => `Anthropic shows the key as ${status}`,
  'unclear-answer': ({ detail }) => detail,
  'unclear-fields': ({ apiKeyId, fields }) =>
    `Anthropic's answer about ${apiKeyId} has fields that this version does not understand: ${fields}`,
};

const texts: Texts<Cause> = {
  'being-taken-in': 'being taken in',
  'taken-in': 'taken in',
  'taken-in-again': 'taken in again',
  'intake-proven': 'taken in: it is inactive, and Anthropic refuses its value',
  'intake-undone': 'not taken in',
  'value-of-another-key': 'not taken in: the value belongs to another key',
  'intake-broken-off': 'its intake was broken off, and nobody proved that its value is its own: enable it in the Console and add it again',
  'being-tried': 'being verified',
  tried: 'verified, and inactive again',
  'tried-in-doubt': 'not verified: nobody can tell',
  claimed: 'claimed by a rotation',
  'made-active': 'made active',
  switching: 'AWSCURRENT moves to it',
  switched: 'AWSCURRENT moved to it',
  'switched-by-hand': 'AWSCURRENT moved to it outside of a rotation',
  'switched-and-moved-on': 'AWSCURRENT had moved to it, and has moved on',
  'switch-not-recorded': 'AWSCURRENT may have moved to it: nobody recorded whether it had',
  'written-by-hand': 'its rotation was over, and somebody has written the secret by hand since',
  'rotation-abandoned': 'its rotation was abandoned',
  'used-meanwhile': 'it was used meanwhile',
  'undo-period-over': 'the undo period is over',
  'archived-outside': 'somebody archived it',
  'enabled-outside': 'somebody enabled it again',
  'undo-period-anew': 'inactive again: its undo period starts again',
  'inactive-after-failed-undo': 'inactive again: it was active after an undo that had failed',
  serving: 'AWSCURRENT holds it',
  'late-call-over': 'it is inactive, and no late call can reach it any more',
  'found-dead': 'it is dead at Anthropic, and Key Guard did not do it',
  'found-alive': 'it is active again',
  'dead-being-replaced': 'it is dead: another key takes its place',
  'emergency-lapsed': 'the emergency has lapsed: it could not be carried out within a day',
  'undo-lapsed': 'the undo has lapsed: it could not be carried out in time',
  'found-active': 'it was found active',
  expired: 'it is expired',
  'containment-stopped': 'containment did not go on',
  'containment-in-vain': 'containment did not go on, and its value is accepted',
  'brought-back': ({ reason }) => `brought back: ${reason}`,
  removing: ({ reason }) => reason,
  removed: ({ reason }) => `removed: ${reason}`,
  'operator-cut': ({ reason }) => `cut off by an operator: ${reason}`,
  'rotation-asked-for': ({ reason }) => `a rotation is asked for: ${reason}`,
  'undo-asked-for': ({ reason }) => `undo requested: ${reason}`,
  'emergency-asked-for': ({ reason }) => `to be cut off once it is replaced: ${reason}`,
  resumed: ({ reason }) => `resumed: ${reason}`,
  'pause-ended-by-emergency': ({ reason }) => `the pause is ended by an emergency: ${reason}`,
  'usage-expected': ({ from, until, reason }) => `unusual usage is expected from ${utcMinute(from)} until ${utcMinute(until)}: ${reason}`,
  'usage-expected-no-more': ({ reason }) => `unusual usage is no longer expected: ${reason}`,
  paused: ({ by, reason }) => `paused by ${by}: ${reason}`,
  unstuck: ({ acts }) => `unstuck: ${acts.join(' ')}`,
  intended: ({ to, why }) => `about to become ${to}: ${causeText(why)}`,
  replaced: ({ by }) => `replaced by ${by}`,
  'grace-over': retirementText,
  'ended-at-anthropic': retirementText,
  retired: ({ why, valueUnknown }) =>
    `retired: ${retirementText(why)}${valueUnknown === true ? ' (not proven by its value, which is no longer kept)' : ''}`,
  containment: ({ incidentId }) => `cut off by ${incidentId}`,
  'cannot-come-back': ({ apiKeyId, why }) => `cannot come back: ${apiKeyId}: ${causeText(why)}`,
  'broken-off': ({ what }) => `inactive again: a step was interrupted (${causeText(what)})`,
  recorded: ({ text }) => text,
  ...refutationTexts,
};

/** Why a managed key cannot rotate. */
export const noKeyTexts: Readonly<Record<NoKeyCause, string>> = {
  'pool-empty': 'the pool is empty',
  'keys-expire-too-soon': 'every standby key expires too soon',
  'keys-rejected': 'two keys were rejected since the last rotation that succeeded, and somebody must look first',
  'keys-in-hand': 'each standby key that would fit is being verified or deactivated at this moment',
  'late-call-possible': 'the key to be restored cannot be claimed for some minutes, because a late call may still reach it',
};

/**
 * How a managed key gets its next key, where it cannot rotate.
 *
 * @sentence
 */
export function nextKeyText(why: NoKeyCause, { name, workspaceId }: Pick<ManagedKeyDefinition, 'name' | 'workspaceId'>): string {
  switch (why) {
    case 'keys-in-hand':
    case 'late-call-possible':
      return 'wait five minutes';
    case 'keys-rejected':
      return `npx --no-install keyguard status ${name} says why each was rejected; put them away with npx --no-install keyguard standby remove ${name} apikey_…, and the rotation goes on by itself`;
    case 'pool-empty':
    case 'keys-expire-too-soon':
      return `make a key in the Claude Console (workspace ${workspaceId}), then: npx --no-install keyguard standby add ${name}`;
  }
}

/** How a failed rotation is over. */
export const rotationEndTexts: Readonly<Record<RotationEnd, string>> = {
  switched: 'the rotation succeeded',
  'still-current': 'the key that was current still is',
  'emergency-lapsed': 'it was not carried out within a day, so it has lapsed, and its key was not cut off',
};

/** Why containment holds back. @sentence */
export function brakeText(brake: Brake): string {
  return textOf(brake, brakeTexts);
}

const brakeTexts: Texts<Brake> = {
  'containment-off': 'the policy leaves containment to people',
  'no-key-shown': 'no API key of this managed key shows the traffic',
  'last-credential': 'it is the last working credential and no other key can replace it',
  'rotation-at-work': 'a rotation is at work on it',
  'key-archived': 'the key is archived already',
  'usage-hardly-known': ({ since }) =>
    `its usage is known only since ${utcMinute(since)}, and what begins in the first three days is not cut off by itself`,
  'usage-expected': ({ until, by, reason }) => `until ${utcMinute(until)} it is expected, says ${by}: ${reason}`,
  'usage-not-visible': ({ since }) => `usage is not visible since ${utcMinute(since)}, and nothing is cut off by it until it is`,
  'key-of-another': ({ apiKeyId, managedKey }) =>
    `${apiKeyId} is a key of ${managedKey}, and what happens to it is a matter of that managed key's own policy`,
  'not-confirmed': ({ subject, metric, most }) => {
    const shown = `${amount(metric, most)} ${measureName(metric)}`;
    return `the exact totals of ${subject} show at most ${shown} in a minute, so that this finding is not believed`;
  },
  'replacement-paused': ({ managedKey, reason }) => `it must be replaced first, and ${managedKey} is paused: ${reason}`,
  'still-accepted': ({ what, fix }) => `${what}; ${fix}`,
  recorded: ({ text }) => text,
};
