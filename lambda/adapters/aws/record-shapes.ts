import {
  operatorCauses,
  plainCauses,
  plainRefutations,
  plainBrakes,
  changesOfKeys,
  noKeyCauses,
  plainAlarms,
  plainNoReplacements,
  rotationEnds,
  type AlarmCause,
  type Brake,
  type Cause,
  type ChangeCause,
  type Doubt,
  type NoReplacement,
  type Refutation,
  type VerificationCause,
  type ReplicaBehind,
} from '../../../contract/causes.ts';
import { channelKinds, incidentKinds } from '../../../contract/registry.ts';
import { usageMetricNames } from '../../../contract/metrics.ts';
import {
  apiKeyStates,
  incidentStates,
  oldStates,
  type ApiKeyRecord,
  type AuditRecord,
  type BeatRecord,
  type ChangeFacts,
  type Cut,
  type DeliveryRecord,
  type IncidentFacts,
  type IncidentRecord,
  type LastUseRecord,
  type NextIncident,
  type PauseRecord,
  type PublishedMinute,
  type RecoveredRecord,
  type RunRecord,
  type SightingsRecord,
  type UndeliveredRecord,
  type UsageQuarterRecord,
  type UsageTotals,
  type UsualPauseRecord,
  type WatermarkRecord,
  type OperatorRequest,
} from '../../../contract/records.ts';

type Check = (value: unknown) => boolean;

/** What each field of a record must be. The compiler asks for every field, the optional ones too. */
export type Shape<T> = { readonly [K in keyof Required<T>]: Check };

export function fits(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  return value instanceof Object && Object.entries(shape).every(([name, check]) => check(Reflect.get(value, name)));
}

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const flag: Check = (value) => typeof value === 'boolean';
const schema: Check = (value) => value === 1;
const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    words.some((word) => word === value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const each =
  (check: Check): Check =>
  (value) =>
    value instanceof Object && Object.values(value).every(check);
const shaped =
  <T>(shape: Shape<T>): Check =>
  (value) =>
    fits(value, shape);

/** What belongs to each code. */
type CodeData<C extends string> = readonly (readonly [readonly C[], (field: (name: string) => unknown) => boolean])[];

/** Whether the code is a known one, and what belongs to it is there. */
function coded(value: unknown, data: CodeData<string>): boolean {
  if (!(value instanceof Object)) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  return data.find(([codes]) => codes.some((code) => code === field('code')))?.[1](field) === true;
}

/** A cause of this version: its code is known, and what belongs to that code is there. */
const cause: Check = (value) => {
  return coded(value, causeData) && fits(value, { before: optional(oneOf(['emergency'])), stillAt: optional(number) });
};

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

const brake: Check = (value) => coded(value, brakeData);

const brakeData: CodeData<Brake['code']> = [
  [plainBrakes, () => true],
  [['usage-not-visible'], (field) => number(field('since'))],
  [['key-of-another'], (field) => text(field('apiKeyId')) && text(field('managedKey'))],
  [['not-confirmed'], (field) => text(field('subject')) && oneOf(usageMetricNames)(field('metric')) && number(field('most'))],
  [['replacement-paused'], (field) => text(field('managedKey')) && text(field('reason'))],
  [['still-accepted'], (field) => text(field('what')) && text(field('fix'))],
  [['recorded'], (field) => text(field('text'))],
];

/** Why people are told, or told no more. */
const alarm: Check = (value) => coded(value, alarmData);
const change: Check = (value) => coded(value, changeData);

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
  [['key-expires', 'learnt-anew'], (field) => number(field('at'))],
  [['replicas-behind'], (field) => list(shaped<ReplicaBehind>({ region: text, status: text, message: orNull(text) }))(field('replicas'))],
  [['emergency-stopped'], (field) => text(field('apiKeyId')) && optional(text)(field('paused'))],
  [['rotation-unfinished'], (field) => number(field('since'))],
  [['no-tokens-of-heartbeat'], (field) => number(field('since')) && number(field('sentAt'))],
  [['no-tokens'], (field) => number(field('since')) && number(field('usualMs'))],
  [['alerts-missing'], (field) => number(field('count')) && number(field('since')) && text(field('last'))],
  [['over'], (field) => oneOf(incidentKinds)(field('kind'))],
  [['rotation-over'], (field) => oneOf(rotationEnds)(field('end'))],
];

const noReplacement: Check = (value) =>
  coded(value, [
    [[...plainNoReplacements, ...noKeyCauses], () => true],
    [['paused'], (field) => text(field('managedKey'))],
    [['replaced-lately'], (field) => text(field('apiKeyId')) && number(field('at'))],
  ] satisfies CodeData<NoReplacement['code']>);

/** Whether it is a reason of this version why a standby key was not proven. */
export function isVerificationCause(value: unknown): value is VerificationCause {
  return coded(value, verificationData);
}

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

const request = shaped<OperatorRequest>({ at: number, by: text, because: text });

export const apiKeyShape: Shape<ApiKeyRecord> = {
  schema,
  apiKeyId: text,
  managedKey: text,
  state: oneOf(apiKeyStates),
  revision: number,
  since: number,
  hint: text,
  expiresAt: orNull(number),
  addedAt: number,
  standbyVersionId: optional(text),
  token: optional(text),
  intent: optional(shaped<NonNullable<ApiKeyRecord['intent']>>({ to: oneOf(apiKeyStates), at: number, cause, ordered: optional(flag) })),
  claimBlockedUntil: optional(number),
  lateActivationUntil: optional(number),
  verifiedInactiveAt: optional(number),
  servedSince: optional(number),
  switchedAt: optional(number),
  reactivatedAt: optional(number),
  foundDeadAt: optional(number),
  seenActiveAt: optional(number),
  replacedAt: optional(number),
  undoRequest: optional(request),
  revokeRequest: optional(request),
  origin: optional(shaped<NonNullable<ApiKeyRecord['origin']>>({ state: oneOf(oldStates), versionId: text })),
  cause: optional(cause),
};

export const auditShape: Shape<AuditRecord> = {
  schema,
  at: number,
  managedKey: text,
  cause,
  by: text,
  apiKeyId: optional(text),
  from: optional(text),
  to: optional(text),
  token: optional(text),
  requestIds: optional(list(text)),
};

export const pauseShape: Shape<PauseRecord> = { schema, managedKey: text, at: number, by: text, because: text };
export const runShape: Shape<RunRecord> = { schema, finishedAt: number, failed: optional(number) };
export const sightingsShape: Shape<SightingsRecord> = { schema, activeAt: each(number) };
export const usualPauseShape: Shape<UsualPauseRecord> = { schema, tokensUntil: number, ms: orNull(number) };
export const beatShape: Shape<BeatRecord> = { schema, sentAt: number, expiresAt: number };

export const watermarkShape: Shape<WatermarkRecord> = {
  schema,
  knownUntil: number,
  readAt: number,
  tokensUntil: number,
  resumed: optional(shaped<NonNullable<WatermarkRecord['resumed']>>({ at: number, from: number })),
  failing: optional(shaped<NonNullable<WatermarkRecord['failing']>>({ since: number, reason: text, emptySince: optional(number) })),
  unpriced: optional(each(number)),
};
export const recoveredShape: Shape<RecoveredRecord> = { schema, recoveredAt: number, expiresAt: number };

const totals = shaped<UsageTotals>({ inputTokens: number, cacheReadTokens: number, outputTokens: number, costNanoUsd: number });

export const usageQuarterShape: Shape<UsageQuarterRecord> = {
  schema,
  subject: text,
  start: number,
  revision: number,
  minutes: each(shaped<PublishedMinute>({ totals, samples: number })),
  intent: optional(shaped<NonNullable<UsageQuarterRecord['intent']>>({ at: number, minutes: each(totals) })),
};

export const lastUseShape: Shape<LastUseRecord> = { schema, apiKeyId: text, at: number, model: text, workspaceId: text, tokens: number };

const facts = shaped<IncidentFacts>({
  apiKeyId: optional(text),
  model: optional(text),
  workspaceId: optional(text),
  metric: optional(text),
  observed: optional(number),
  expected: optional(number),
  startedAt: optional(number),
  validUntil: optional(number),
  cause: optional(alarm),
  score: optional(number),
  grade: optional(text),
  changes: optional(list(shaped<ChangeFacts>({ grade: text, apiKeyId: text, cause: change }))),
});

export const incidentShape: Shape<IncidentRecord> = {
  schema,
  incidentId: text,
  kind: oneOf(incidentKinds),
  subject: text,
  state: oneOf(incidentStates),
  revision: number,
  openedAt: number,
  since: number,
  lastFindingAt: number,
  facts,
  target: optional(text),
  cuts: optional(list(shaped<Cut>({ apiKeyId: text, at: number, noneLeft: optional(flag) }))),
  brake: optional(brake),
  brakesTold: optional(list(brake)),
  known: optional(list(text)),
  announced: list(text),
  announcing: optional(shaped<NonNullable<IncidentRecord['announcing']>>({ state: text, at: number })),
  toldAt: optional(number),
  turn: optional(number),
  reminder: optional(number),
  removed: optional(flag),
  recoveredAt: optional(number),
  cameBack: optional(flag),
  held: optional(
    shaped<NonNullable<IncidentRecord['held']>>({
      until: number,
      from: oneOf(incidentStates),
      cause: alarm,
    }),
  ),
  next: optional(shaped<NextIncident>({ incidentId: text, at: number, since: number, facts })),
};

export const deliveryShape: Shape<DeliveryRecord> = {
  schema,
  claimedAt: number,
  deliveredAt: optional(number),
  attempts: number,
  notBefore: optional(number),
  expiresAt: number,
};

export const undeliveredShape: Shape<UndeliveredRecord> = {
  schema,
  incidentId: text,
  kind: oneOf(incidentKinds),
  subject: text,
  telling: text,
  channel: oneOf(channelKinds),
  firstFailedAt: number,
  lastFailedAt: number,
  attempts: number,
  reason: text,
  isRefused: flag,
  expiresAt: number,
};
