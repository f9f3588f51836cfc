import { apiKeyStates } from './api-key-states.ts';
import {
  changesOfKeys,
  noKeyCauses,
  operatorCauses,
  plainAlarms,
  plainBrakes,
  plainCauses,
  plainNoReplacements,
  plainRefutations,
  rotationEnds,
  type AlarmCause,
  type Brake,
  type Cause,
  type ChangeCause,
  type Doubt,
  type NoReplacement,
  type Refutation,
  type VerificationCause,
} from './causes.ts';
import { usageMetricNames } from './metrics.ts';
import { incidentKinds } from './registry.ts';
import { fits, flag, list, number, oneOf, optional, orNull, shaped, text, type Check } from './shape.ts';

/** What belongs to each code. */
type CodeData<C extends string> = readonly (readonly [readonly C[], (field: (name: string) => unknown) => boolean])[];

/** Whether the code is a known one, and what belongs to it is there. */
function coded(value: unknown, data: CodeData<string>): boolean {
  if (!(value instanceof Object)) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  return data.find(([codes]) => codes.some((code) => code === field('code')))?.[1](field) === true;
}

/** A cause of this version: its code is known, and what belongs to that code is there. */
export const cause: Check<Cause> = (value): value is Cause =>
  coded(value, causeData) && fits(value, { before: optional(oneOf(['emergency'])), stillAt: optional(number) });

const refutationData: CodeData<Refutation['code']> = [
  [plainRefutations, () => true],
  [['key-ended', 'shown-as'], (field) => text(field('status'))],
  [['other-workspace'], (field) => orNull(text)(field('workspaceId')) && text(field('expected'))],
  [['unclear-answer'], (field) => text(field('detail'))],
  [['unclear-fields'], (field) => text(field('apiKeyId')) && text(field('fields'))],
];

const causeData: CodeData<Cause['code']> = [
  ...refutationData,
  [plainCauses, () => true],
  [operatorCauses, (field) => text(field('reason'))],
  [['paused'], (field) => text(field('by')) && text(field('reason'))],
  [['usage-expected'], (field) => number(field('from')) && number(field('until')) && text(field('reason'))],
  [['unstuck'], (field) => list(text)(field('acts'))],
  [['intended'], (field) => oneOf(apiKeyStates)(field('to')) && cause(field('why'))],
  [['replaced'], (field) => text(field('by'))],
  [['grace-over'], (field) => oneOf(['silent', 'maximum grace', 'emergency'])(field('end'))],
  [['ended-at-anthropic'], (field) => text(field('status'))],
  [['retired'], (field) => cause(field('why'))],
  [['containment'], (field) => text(field('incidentId'))],
  [['cannot-come-back'], (field) => text(field('apiKeyId')) && cause(field('why'))],
  [['broken-off'], (field) => cause(field('what'))],
  [['recorded'], (field) => text(field('text'))],
];

export const brake: Check<Brake> = (value): value is Brake => coded(value, brakeData);

const brakeData: CodeData<Brake['code']> = [
  [plainBrakes, () => true],
  [['usage-not-visible', 'usage-hardly-known'], (field) => number(field('since'))],
  [['usage-expected'], (field) => number(field('until')) && text(field('by')) && text(field('reason'))],
  [['key-of-another'], (field) => text(field('apiKeyId')) && text(field('managedKey'))],
  [['not-confirmed'], (field) => text(field('subject')) && oneOf(usageMetricNames)(field('metric')) && number(field('most'))],
  [['replacement-paused'], (field) => text(field('managedKey')) && text(field('reason'))],
  [['still-accepted'], (field) => text(field('what')) && text(field('fix'))],
  [['recorded'], (field) => text(field('text'))],
];

/** Why people are told, or told no more. */
export const alarm: Check<AlarmCause> = (value): value is AlarmCause => coded(value, alarmData);
export const change: Check<ChangeCause> = (value): value is ChangeCause => coded(value, changeData);

const changeData: CodeData<ChangeCause['code']> = [
  [['left-active'], (field) => text(field('apiKeyId')) && text(field('managedKey'))],
  [changesOfKeys, (field) => text(field('apiKeyId')) && oneOf(apiKeyStates)(field('state'))],
  [['old-key-disabled'], (field) => text(field('apiKeyId')) && text(field('status'))],
  [['label-moved', 'secret-written'], (field) => text(field('apiKeyId'))],
  [['recorded'], (field) => text(field('text'))],
];

const alarmData: CodeData<AlarmCause['code']> = [
  ...changeData,
  [plainAlarms, () => true],
  [['error'], (field) => text(field('what')) && optional(text)(field('fix'))],
  [['resume-first'], (field) => text(field('managedKey')) && alarm(field('why'))],
  [['old-key-used'], (field) => text(field('grace')) && optional(list(text))(field('also'))],
  [['old-key-cut'], (field) => optional(list(text))(field('also'))],
  [['old-key-ended'], (field) => oneOf(apiKeyStates)(field('state')) && optional(cause)(field('why'))],
  [
    ['current-key-dead'],
    (field) =>
      number(field('currentSince')) &&
      number(field('foundDeadAt')) &&
      optional(text)(field('status')) &&
      optional(number)(field('seenActiveAt')) &&
      optional(number)(field('usedAt')) &&
      optional(noReplacement)(field('waits')),
  ],
  [['secret-deleted'], (field) => text(field('secretName')) && number(field('goneAt')) && optional(text)(field('deadKey'))],
  [['changes'], (field) => list(change)(field('changes')) && optional(list(change))(field('known'))],
  [
    ['rotation-overdue'],
    (field) => number(field('servedSince')) && number(field('maximumAgeMs')) && optional(number)(field('broughtBackAt')),
  ],
  [['pool-low'], (field) => ['standbyKeys', 'rotations', 'until'].every((name) => number(field(name))) && flag(field('isScheduled'))],
  [['key-expires', 'learnt-anew', 'usage-adopted'], (field) => number(field('at'))],
  [['replicas-behind'], (field) => list(shaped({ region: text, status: text, message: orNull(text) }))(field('replicas'))],
  [['emergency-stopped'], (field) => text(field('apiKeyId')) && optional(text)(field('paused'))],
  [['rotation-unfinished'], (field) => number(field('since'))],
  [['no-tokens-of-heartbeat'], (field) => number(field('since')) && number(field('sentAt'))],
  [['no-tokens'], (field) => number(field('since')) && number(field('usualMs'))],
  [['metrics-differ'], (field) => number(field('minutes'))],
  [['alerts-missing'], (field) => number(field('count')) && number(field('since')) && text(field('last'))],
  [['usage-expected'], (field) => number(field('until')) && text(field('by')) && text(field('reason'))],
  [['over'], (field) => oneOf(incidentKinds)(field('kind'))],
  [['rotation-over'], (field) => oneOf(rotationEnds)(field('end'))],
];

const noReplacement: Check<NoReplacement> = (value): value is NoReplacement =>
  coded(value, [
    [[...plainNoReplacements, ...noKeyCauses], () => true],
    [['paused'], (field) => text(field('managedKey'))],
    [['replaced-lately'], (field) => text(field('apiKeyId')) && number(field('at'))],
  ] satisfies CodeData<NoReplacement['code']>);

/** Whether it is a reason of this version why a standby key was not proven. */
export const isVerificationCause: Check<VerificationCause> = (value): value is VerificationCause => coded(value, verificationData);

const verificationData: CodeData<VerificationCause['code']> = [
  ...refutationData,
  [['somebody-at-work', 'no-standby-key'], () => true],
  [['in-doubt'], (field) => coded(field('why'), refutationData) && coded(field('doubt'), doubtData)],
  [['error'], (field) => text(field('what')) && optional(text)(field('fix'))],
];

const doubtData: CodeData<Doubt['code']> = [
  [['other-unknown'], (field) => text(field('apiKeyId')) && oneOf(apiKeyStates)(field('state'))],
  [['other-not-accepted'], (field) => text(field('apiKeyId')) && oneOf(apiKeyStates)(field('state')) && text(field('answer'))],
  [['unclear-fields'], (field) => text(field('apiKeyId')) && text(field('fields'))],
];
