import type { AlarmCause, ChangeCause, DeadKeyCause, NoReplacement, ReplicaBehind } from '../../../contract/causes.ts';
import type { IncidentKind } from '../../../contract/registry.ts';
import { dayMs, hourMs, utcMinute } from '../../foundation/clock.ts';
import { counted } from '../../foundation/counted.ts';
import { textOf, type Texts } from './coded-text.ts';
import { brakeText, causeText, noKeyTexts, rotationEndTexts } from './cause-text.ts';

/** Why people are told of an incident, or that it is over, in a person's words. @sentence */
export function alarmText(cause: AlarmCause): string {
  return textOf(cause, texts);
}

/** The same with what is to be done about it, where that is known. @sentence */
export function alarmTextWithFix(cause: AlarmCause): string {
  const fix = fixOf(cause);
  return fix === undefined ? alarmText(cause) : `${alarmText(cause)}. Next step: ${fix}`;
}

/** What is to be done about it; undefined where nobody says. @sentence */
export function fixOf(cause: AlarmCause): string | undefined {
  return cause.code === 'error' ? cause.fix : undefined;
}

const texts: Texts<AlarmCause> = {
  'not-recorded': 'see the log of the rotation function',
  'unexpected-error': 'an unexpected error; see the function log',
  'cut-off-last': 'it was cut off, and no key could take its place',
  // No emergency takes it, and a rotation would bring it into use.
  'standby-key': 'it is a standby key',
  'collector-stopped': 'the usage collector has not come to its end since then',
  'emergency-takes-grace': 'an emergency takes its grace',
  'taken-out-of-configuration': 'it was taken out of the configuration',
  error: ({ what }) => what,
  recorded: ({ text }) => text,
  'resume-first': ({ managedKey, why }) =>
    `${alarmText(why)}; its rotation is paused or off, so that \`npx --no-install keyguard resume ${managedKey}\` comes first`,
  'old-key-used': ({ grace, also }) =>
    `the old key ${grace === 'usage unknown' ? 'was still used when usage was last known' : `is ${grace}`}${others(also)}`,
  'old-key-cut': ({ isUnknown, also }) => {
    const still = isUnknown === true ? 'was used, and nobody could see whether it still was,' : 'was still used';
    return `the old key ${still} when its maximum grace was over${others(also)}`;
  },
  'old-key-ended': ({ state, why }) => `it is ${state}${why === undefined ? '' : ` (${causeText(why)})`}`,
  'current-key-dead': deadKeyText,
  'secret-deleted': ({ secretName, goneAt, deadKey }) => {
    const dead = deadKey === undefined ? '' : `; and ${deadKey} itself is dead at Anthropic`;
    return `somebody scheduled their secret ${secretName} for deletion, which nothing brings back after ${utcMinute(goneAt)}${dead}`;
  },
  'left-active': ({ apiKeyId, managedKey }) =>
    `${apiKeyId} is still active at Anthropic, although ${managedKey} was taken out of the configuration`,
  'key-archived': ({ apiKeyId, state }) =>
    `${apiKeyId} is ${state}, and somebody archived it: ${state === 'standby' ? 'the pool has lost it' : 'it cannot be restored'}`,
  'standby-key-woken': ({ apiKeyId, state }) => `${apiKeyId} is a ${state} key, was found active and is deactivated again`,
  'undone-key-woken': ({ apiKeyId, state }) =>
    `${apiKeyId} is ${state} since an undo that failed, was found active and is deactivated again`,
  'old-key-woken': ({ apiKeyId, state }) =>
    `${apiKeyId} ${state === 'contained' ? 'was cut off' : 'is an old key'}, and somebody enabled it again`,
  'old-key-disabled': ({ apiKeyId, status }) => `${apiKeyId} is in its grace, and is ${status} at Anthropic before its time`,
  'label-moved': ({ apiKeyId }) => `somebody moved AWSCURRENT to ${apiKeyId}, a key that a rotation had replaced`,
  'secret-written': 'AWSCURRENT holds a version that no rotation made: somebody wrote the secret by hand',
  changes: ({ changes, known }) => `${texted(changes)}${known === undefined ? '' : `; and still: ${texted(known)}`}`,
  'rotation-overdue': overdueText,
  'pool-low': poolText,
  'key-expires': ({ at }) => `it expires ${utcMinute(at)}, before its next grace is over`,
  'replicas-behind': ({ replicas }) => replicas.map(replicaText).join('; '),
  'emergency-stopped': ({ apiKeyId, paused }) =>
    `an emergency wants ${apiKeyId} off, and ${paused === undefined ? 'rotation is not enabled' : `${paused} is paused`}`,
  'rotation-unfinished': ({ since }) => `a rotation that began ${utcMinute(since)} has neither finished nor failed`,
  'no-tokens-of-heartbeat': ({ since, sentAt }) =>
    `${noTokensSince(since)}, although Anthropic took a request of the heartbeat ${utcMinute(sentAt)}`,
  'no-tokens': ({ since, usualMs }) =>
    `${noTokensSince(since)}, and its longest usual pause is ${counted(Math.round(usualMs / hourMs), 'hour')}`,
  'learnt-anew': ({ at }) => `what is usual for it was learnt anew on ${utcMinute(at)}, because its memory could not be read`,
  'metrics-differ': ({ minutes }) => `${counted(minutes, 'minute')} of the last day`,
  'alerts-missing': ({ count, since, last }) => `${counted(count, 'alert')} since ${utcMinute(since)}: ${last}`,
  'usage-expected': (cause) => brakeText(cause),
  'usage-adopted': ({ at }) => `it lasted for about ten hours, so it is learnt as usual since ${utcMinute(at)}`,
  over: ({ kind }) => recoveryTexts[kind],
  'rotation-over': ({ end }) => rotationEndTexts[end],
};

const recoveryTexts: Readonly<Record<IncidentKind, string>> = {
  'usage-anomaly': 'usage has been back in its usual band for half an hour',
  'retired-key-used': 'no tokens on a retired key for an hour',
  'usage-notable': 'nothing of that kind for a week',
  'usage-unfamiliar': 'a day has passed, and what was new is usual from now on',
  straggler: 'the old key went quiet',
  'rotation-failed': rotationEndTexts.switched,
  'rotation-overdue': 'a rotation has succeeded, or its policy leaves more time',
  'current-key-dead': 'consumers read a key that works again',
  'key-changed': 'what Key Guard knows of its keys is what Anthropic and Secrets Manager show',
  'pool-low': 'the pool reaches far enough again',
  'key-expiring': 'the current key lives long enough',
  'replica-behind': 'no replica has failed, or has been behind for a quarter of an hour',
  'usage-blind': 'the usage report is read again, and shows tokens as usual',
  'metrics-differ': 'no minute of the last day differs',
  'detection-failing': 'its usage is looked at again',
  'delivery-failed': 'no alert is missing',
};

function others(also: readonly string[] | undefined): string {
  return also === undefined ? '' : `, as is ${also.join(', ')}`;
}

function texted(changes: readonly ChangeCause[]): string {
  return changes.map(alarmText).join('; ');
}

/** Between which instants it died, as far as anybody saw, and who replaces it. */
function deadKeyText({ status, currentSince, seenActiveAt, foundDeadAt, usedAt, waits }: DeadKeyCause): string {
  const active =
    seenActiveAt === undefined ? `it is current since ${utcMinute(currentSince)}` : `it was last seen active ${utcMinute(seenActiveAt)}`;
  const tokens = usedAt === undefined ? 'no tokens of it are known' : `its last known tokens are of ${utcMinute(usedAt)}`;
  const itself = waits === undefined ? '' : `; it is not replaced by itself: ${textOf(waits, noReplacementTexts)}`;
  return `${shownText(status)}: ${active}, and first seen dead ${utcMinute(foundDeadAt)}; ${tokens}${itself}`;
}

function shownText(status: string | undefined): string {
  if (status === undefined) return 'Anthropic did not show it as active';
  return status === 'gone' ? 'Anthropic lists it no more' : `Anthropic shows it as ${status}, and Key Guard did not do it`;
}

const noReplacementTexts: Texts<NoReplacement> = {
  ...noKeyTexts,
  'policy-asks': 'rotation.onDeath is "ask"',
  'schedule-off': 'its rotation schedule is off',
  'switched-by-hand': 'somebody moved AWSCURRENT to this key by hand',
  'emergency-at-work': 'an emergency of an operator is at work on it',
  'undo-at-work': 'an undo of an operator is at work',
  'not-in-time': 'it could not be replaced within a quarter of an hour',
  paused: ({ managedKey }) => `${managedKey} is paused`,
  'replaced-lately': ({ apiKeyId, at }) => `${apiKeyId} died too, and was replaced ${utcMinute(at)}; it is done once an hour`,
};

type CauseOf<C extends AlarmCause['code']> = Extract<AlarmCause, { readonly code: C }>;

function overdueText({ servedSince, broughtBackAt, maximumAgeMs }: CauseOf<'rotation-overdue'>): string {
  const why =
    broughtBackAt === undefined
      ? `no rotation has succeeded since ${utcMinute(servedSince)}`
      : `it was brought back ${utcMinute(broughtBackAt)} and first came into use ${utcMinute(servedSince)}`;
  return `${why}, and with its grace a key may live ${counted(Math.round(maximumAgeMs / dayMs), 'day')} at the most`;
}

function poolText({ standbyKeys, rotations, until, isScheduled }: CauseOf<'pool-low'>): string {
  const keys =
    standbyKeys === 0
      ? 'no standby key is left, so that nothing could take the place of a stolen key'
      : `${standbyKeys} standby ${standbyKeys === 1 ? 'key' : 'keys'}`;
  const after = rotations === 0 ? 'the next rotation' : `the one after ${rotations} more`;
  const rotation = isScheduled ? `the rotation of ${utcMinute(until)}` : `${after}, which is not scheduled now,`;
  return `${keys}, and ${rotation} will find none that lives long enough`;
}

function replicaText({ region, status, message }: ReplicaBehind): string {
  return `${region} ${status === 'Failed' ? 'failed' : 'lags'}${message === null ? '' : ` (${message})`}`;
}

function noTokensSince(since: number): string {
  return `the usage report shows no tokens of anybody since ${utcMinute(since)}`;
}
