import {
  operatorCauses,
  plainBrakes,
  plainCauses,
  plainRefutations,
  changesOfKeys,
  plainAlarms,
  plainNoReplacements,
  rotationEnds,
  type AlarmCause,
  type Brake,
  type Cause,
  type Doubt,
  type VerificationCause,
} from '../../contract/causes.ts';
import { incidentKinds } from '../../contract/registry.ts';
import type { ChangeFacts } from '../../contract/records.ts';
import { alarmText, fixOf } from '../../lambda/incidents/message/alarm-text.ts';

/** One of each code that carries data. */
export const causesWithData: readonly Cause[] = [
  ...operatorCauses.map((code) => ({ code, reason: 'a laptop was stolen' })),
  { code: 'paused', by: 'Ada', reason: 'a freeze' },
  { code: 'unstuck', acts: ['AWSPENDING is taken off.', 'A request is withdrawn.'] },
  { code: 'intended', to: 'inactive', why: { code: 'grace-over', end: 'silent' } },
  { code: 'replaced', by: 'apikey_next' },
  { code: 'ended-at-anthropic', status: 'expired' },
  { code: 'retired', why: { code: 'grace-over', end: 'emergency', inGrace: true }, valueUnknown: true },
  { code: 'containment', incidentId: 'usage-anomaly-1' },
  { code: 'cannot-come-back', apiKeyId: 'apikey_old', why: { code: 'value-refused', stillAt: Date.UTC(2026, 8, 7) }, before: 'emergency' },
  { code: 'usage-expected', from: Date.UTC(2026, 8, 7, 10), until: Date.UTC(2026, 8, 7, 18), reason: 'a load test' },
  { code: 'broken-off', what: { code: 'being-tried' } },
  { code: 'key-ended', status: 'archived' },
  { code: 'other-workspace', workspaceId: null, expected: 'wrkspc_1' },
  { code: 'shown-as', status: 'inactive' },
  { code: 'unclear-answer', detail: 'HTTP 529' },
  { code: 'unclear-fields', apiKeyId: 'apikey_old', fields: 'scope.type is "galaxy"' },
  { code: 'recorded', text: 'what an older version said' },
];

export const causesWithoutData: readonly Cause[] = [
  ...plainCauses.map((code) => ({ code })),
  ...plainRefutations.map((code) => ({ code })),
];

export const everyBrake: readonly Brake[] = [
  ...plainBrakes.map((code) => ({ code })),
  { code: 'usage-not-visible', since: Date.UTC(2026, 8, 7, 10) },
  { code: 'usage-hardly-known', since: Date.UTC(2026, 8, 7, 10) },
  { code: 'usage-expected', until: Date.UTC(2026, 8, 7, 18), by: 'an operator', reason: 'a load test' },
  { code: 'key-of-another', apiKeyId: 'apikey_theirs', managedKey: 'batch' },
  { code: 'not-confirmed', subject: 'production', metric: 'outputTokens', most: 1_200 },
  { code: 'replacement-paused', managedKey: 'production', reason: 'a freeze' },
  { code: 'still-accepted', what: 'Anthropic still accepts it', fix: 'archive it' },
  { code: 'recorded', text: 'what an older version said' },
];

const dead = { code: 'current-key-dead', currentSince: Date.UTC(2026, 8, 1), foundDeadAt: Date.UTC(2026, 8, 7, 10) } as const;

export const alarmsWithData: readonly AlarmCause[] = [
  { code: 'error', what: 'the pool is empty', fix: 'make a key' },
  { code: 'resume-first', managedKey: 'production', why: { code: 'not-recorded' } },
  { code: 'old-key-used', grace: 'usage unknown' },
  { code: 'old-key-ended', state: 'inactive', why: { code: 'retired', why: { code: 'grace-over', end: 'silent' } } },
  dead,
  { ...dead, status: 'gone', seenActiveAt: Date.UTC(2026, 8, 7, 9, 55), usedAt: Date.UTC(2026, 8, 7, 9), waits: { code: 'pool-empty' } },
  { ...dead, status: 'expired', waits: { code: 'paused', managedKey: 'production' } },
  { ...dead, status: 'inactive', waits: { code: 'replaced-lately', apiKeyId: 'apikey_old', at: Date.UTC(2026, 8, 7, 9, 30) } },
  ...plainNoReplacements.map((code) => ({ ...dead, waits: { code } })),
  { code: 'secret-deleted', secretName: 'anthropic/production', goneAt: Date.UTC(2026, 8, 14), deadKey: 'apikey_old' },
  { code: 'left-active', apiKeyId: 'apikey_old', managedKey: 'batch' },
  ...changesOfKeys.map((code) => ({ code, apiKeyId: 'apikey_old', state: 'standby' as const })),
  ...changesOfKeys.map((code) => ({ code, apiKeyId: 'apikey_old', state: 'contained' as const })),
  { code: 'old-key-disabled', apiKeyId: 'apikey_old', status: 'inactive' },
  { code: 'label-moved', apiKeyId: 'apikey_old' },
  { code: 'secret-written', apiKeyId: 'apikey_old' },
  {
    code: 'changes',
    changes: [{ code: 'secret-written', apiKeyId: 'apikey_old' }],
    known: [{ code: 'label-moved', apiKeyId: 'apikey_old' }],
  },
  { code: 'rotation-overdue', servedSince: Date.UTC(2026, 5, 1), broughtBackAt: Date.UTC(2026, 8, 1), maximumAgeMs: 90 * 86_400_000 },
  { code: 'pool-low', standbyKeys: 1, rotations: 1, until: Date.UTC(2026, 8, 14), isScheduled: false },
  { code: 'key-expires', at: Date.UTC(2026, 8, 14) },
  { code: 'replicas-behind', replicas: [{ region: 'eu-west-1', status: 'Failed', message: 'no access to the key' }] },
  { code: 'emergency-stopped', apiKeyId: 'apikey_old', paused: 'production' },
  { code: 'rotation-unfinished', since: Date.UTC(2026, 8, 7) },
  { code: 'no-tokens-of-heartbeat', since: Date.UTC(2026, 8, 7), sentAt: Date.UTC(2026, 8, 7, 1) },
  { code: 'no-tokens', since: Date.UTC(2026, 8, 7), usualMs: 3_600_000 },
  { code: 'learnt-anew', at: Date.UTC(2026, 8, 7) },
  { code: 'usage-adopted', at: Date.UTC(2026, 8, 7, 9) },
  { code: 'alerts-missing', count: 2, since: Date.UTC(2026, 8, 7), last: 'Slack answered 404' },
  { code: 'usage-expected', until: Date.UTC(2026, 8, 7, 18), by: 'an operator', reason: 'a load test' },
  ...incidentKinds.map((kind) => ({ code: 'over' as const, kind })),
  ...rotationEnds.map((end) => ({ code: 'rotation-over' as const, end })),
  { code: 'recorded', text: 'what an older version said' },
];

export const everyAlarm: readonly AlarmCause[] = [
  ...plainAlarms.map((code) => ({ code })),
  ...alarmsWithData,
  { code: 'error', what: 'it was cut' },
  { code: 'old-key-cut' },
  { code: 'old-key-cut', isUnknown: true, also: ['apikey_two', 'apikey_three'] },
];

export const everyDoubt: readonly Doubt[] = [
  { code: 'other-unknown', apiKeyId: 'apikey_other', state: 'draining' },
  { code: 'other-not-accepted', apiKeyId: 'apikey_other', state: 'current', answer: '401' },
  { code: 'unclear-fields', apiKeyId: 'apikey_other', fields: 'status is "asleep"' },
];

export const everyVerification: readonly VerificationCause[] = [
  ...plainRefutations.map((code) => ({ code })),
  { code: 'shown-as', status: 'inactive' },
  ...everyDoubt.map((doubt) => ({ code: 'in-doubt' as const, why: { code: 'value-refused' as const }, doubt })),
  { code: 'somebody-at-work' },
  { code: 'no-standby-key' },
  { code: 'error', what: 'too many active keys', fix: 'disable keys that nobody uses' },
];

/** What an older version said, for tests of what is done with a reason, whatever it is. */
export const said = (text: string) => ({ code: 'recorded', text }) as const;

/** Facts as people read them. */
export function inWords<F extends { readonly cause: AlarmCause; readonly changes?: readonly ChangeFacts[] }>({
  cause,
  changes,
  ...facts
}: F) {
  const fix = fixOf(cause);
  return {
    ...facts,
    reason: alarmText(cause),
    ...(fix === undefined ? {} : { fix }),
    ...(changes === undefined ? {} : { changes: changes.map(({ cause: why, ...change }) => ({ ...change, reason: alarmText(why) })) }),
  };
}
