import { apiKeyStates, oldStates, type ApiKeyState } from './api-key-states.ts';
import { alarm, brake, cause, change } from './cause-shapes.ts';
import { channelKinds, incidentKinds } from './registry.ts';
import {
  each,
  flag,
  list,
  mark,
  number,
  oneOf,
  optional,
  orNull,
  shaped,
  text,
  versionOne,
  wordOf,
  type Data,
  type Fields,
} from './shape.ts';

/**
 * The items of the one DynamoDB table: partition key `pk`, sort key `sk`, both strings; `expiresAt` is the TTL
 * in epoch seconds. Instants are milliseconds since the epoch, UTC. No item ever holds a key's value.
 */
export const tableKeys = { partition: 'pk', sort: 'sk', timeToLive: 'expiresAt' } as const;

/** What an operator asked for, until somebody has done it. */
const requestShape = {
  at: number,
  by: text,
  /** @sentence */
  because: text,
} satisfies Fields;
export type OperatorRequest = Data<typeof requestShape>;

const intentShape = {
  to: oneOf(apiKeyStates),
  at: number,
  cause,
  /** It is carried out by whoever comes next, and never withdrawn. */
  ordered: optional(mark),
} satisfies Fields;
export type ApiKeyIntent = Data<typeof intentShape>;

/** One Anthropic key that we manage: pk `API_KEY`, sk the `apikey_…` id. Moves by conditional writes on `revision`. */
export const apiKeyShape = {
  schema: versionOne,
  apiKeyId: text,
  managedKey: text,
  state: oneOf(apiKeyStates),
  revision: number,
  /** When it came into this state. */
  since: number,
  /** Anthropic's own hint, such as `sk-ant-api03-R2D...igAA`. */
  hint: text,
  expiresAt: orNull(number),
  addedAt: number,
  /** The standby secret's version that holds the value. Absent: it was no standby key, its strategy made it for the rotation of `token`. */
  standbyVersionId: optional(text),
  /** The rotation that claimed it: Secrets Manager's ClientRequestToken, which is also the consumer secret's version id. */
  token: optional(text),
  /** What somebody was about to do when this was written: whoever comes next finishes it. */
  intent: optional(shaped(intentShape)),
  /** Several runs were at work on it: until then a late call of one of them may still reach it, and no rotation claims it. */
  claimBlockedUntil: optional(number),
  /** An undo that failed gave it back inactive: until then a late call of that undo may activate it. */
  lateActivationUntil: optional(number),
  /** When its intake was done: it was inactive, and Anthropic refused its value. Absent while nobody has proven that. */
  verifiedInactiveAt: optional(number),
  /** When AWSCURRENT first moved to it: its age counts from then, also when it left and came back. */
  servedSince: optional(number),
  /** When AWSCURRENT moved away from it. */
  switchedAt: optional(number),
  /** Of an old key that should be inactive: when somebody was first seen to have enabled it again. */
  reactivatedAt: optional(number),
  /** Of a key that consumers read, or have just read: when it was first found dead at Anthropic, as people were told then. */
  foundDeadAt: optional(number),
  /** The last pass before that which saw it active. */
  seenActiveAt: optional(number),
  /** Of a key that died while consumers read it: when Key Guard by itself asked for another one in its place. */
  replacedAt: optional(number),
  /** An operator wants this old key back: the next rotation takes it instead of a standby key. */
  undoRequest: optional(shaped(requestShape)),
  /** An operator's emergency: as soon as AWSCURRENT has left it, it is cut off without any grace. */
  revokeRequest: optional(shaped(requestShape)),
  /** Of a claimed key that an operator wants back: the state that it came from, and the consumer secret's version that holds its value. */
  origin: optional(shaped({ state: oneOf(oldStates), versionId: text })),
  /** Why it is in this state. */
  cause: optional(cause),
} satisfies Fields;
export type ApiKeyRecord = Data<typeof apiKeyShape>;

/**
 * One step in a managed key's history: who, why and when. pk `AUDIT#<managed key>`, sk `<ISO instant>#<what it was about>`.
 * A step of an API key is written in the transaction that moves it; an operator's act on the managed key stands alone.
 */
export const auditShape = {
  schema: versionOne,
  at: number,
  managedKey: text,
  cause,
  by: text,
  apiKeyId: optional(text),
  from: optional(wordOf<ApiKeyState | 'unknown'>()),
  to: optional(wordOf<ApiKeyState>()),
  /** The rotation that it was part of. */
  token: optional(text),
  /** The calls that had the effect, as AWS and Anthropic number them, such as `anthropic req_…`. */
  requestIds: optional(list(text)),
} satisfies Fields;
export type AuditRecord = Data<typeof auditShape>;

/** An operator told Key Guard to leave a managed key as it is: pk `PAUSE`, sk the managed key. */
export const pauseShape = {
  schema: versionOne,
  managedKey: text,
  at: number,
  by: text,
  /** @sentence */
  because: text,
} satisfies Fields;
export type PauseRecord = Data<typeof pauseShape>;

/** Usage that somebody expects: pk `EXPECTED`, sk `<subject>#<from, ISO 8601>`. Kept for a while after it is over, because it is learnt then. */
export const expectedUsageShape = {
  schema: versionOne,
  /** A managed key, or `unattributed`. */
  subject: text,
  from: number,
  until: number,
  by: text,
  /** @sentence */
  because: text,
} satisfies Fields;
export type ExpectedUsageRecord = Data<typeof expectedUsageShape>;

/** When a scheduled function last finished: pk `RUN`, sk its name. */
export const runShape = {
  schema: versionOne,
  finishedAt: number,
  /** How many of the things that it had to look after it could not treat; absent where an older version recorded it. */
  failed: optional(number),
} satisfies Fields;
export type RunRecord = Data<typeof runShape>;

/** When retirement last saw the current keys active at Anthropic: pk `RUN`, sk `current-keys`. */
export const sightingsShape = {
  schema: versionOne,
  /** By API key id. */
  activeAt: each(number),
} satisfies Fields;
export type SightingsRecord = Data<typeof sightingsShape>;

/** Whole numbers throughout; money in nano-USD (1e-9 USD), so that sums are exact. */
const totalsShape = {
  inputTokens: number,
  cacheReadTokens: number,
  outputTokens: number,
  costNanoUsd: number,
} satisfies Fields;
export type UsageTotals = Data<typeof totalsShape>;

const minuteShape = {
  totals: shaped(totalsShape),
  /** How many data CloudWatch holds for each metric of this minute, by our count. */
  samples: number,
} satisfies Fields;
export type PublishedMinute = Data<typeof minuteShape>;

/**
 * Exact totals of one subject in a quarter of an hour, and what of them CloudWatch was sent:
 * pk `USAGE#<subject>`, sk the quarter's start in ISO. A quarter an item keeps writes few and items small.
 */
export const usageQuarterShape = {
  schema: versionOne,
  subject: text,
  /** Start of the quarter, epoch ms. */
  start: number,
  revision: number,
  /** By minute of the quarter, `0` to `14`; minutes that never had usage are absent. */
  minutes: each(shaped(minuteShape)),
  /** A put whose fate is not yet known: settled by reading SampleCount back. */
  intent: optional(shaped({ at: number, minutes: each(shaped(totalsShape)) })),
} satisfies Fields;
export type UsageQuarterRecord = Data<typeof usageQuarterShape>;

/** What the usage report tells apart beside amounts, as its rows call it. */
export const usageDimensions = ['model', 'workspaceId', 'serviceTier', 'contextWindow', 'inferenceGeo', 'speed'] as const;
export type UsageDimension = (typeof usageDimensions)[number];

const categoryShape = {
  dimension: oneOf(usageDimensions),
  /** As Anthropic writes it. */
  value: text,
  /** Its first and its last minute with tokens. */
  firstAt: number,
  lastAt: number,
  /** When the first one was read. */
  notedAt: number,
} satisfies Fields;
export type UsageCategory = Data<typeof categoryShape>;

/** The models, tiers and so on that a managed key uses: pk `CATEGORIES`, sk the managed key. Written when there is a new one, else once a day. */
export const categoriesShape = {
  schema: versionOne,
  subject: text,
  revision: number,
  /** Its first minute that is known. */
  since: number,
  categories: list(shaped(categoryShape)),
} satisfies Fields;
export type CategoriesRecord = Data<typeof categoriesShape>;

/** What was last seen of one API key's traffic: pk `LAST_USE`, sk the `apikey_…` id. */
export const lastUseShape = {
  schema: versionOne,
  apiKeyId: text,
  /** Start of the last minute with tokens. */
  at: number,
  model: text,
  workspaceId: text,
  /** Tokens in that minute. 0: its record cannot be read, so that it may be in use. */
  tokens: number,
} satisfies Fields;
export type LastUseRecord = Data<typeof lastUseShape>;

/** How far usage is known: pk `WATERMARK`, sk `USAGE`. */
export const watermarkShape = {
  schema: versionOne,
  /** Every minute before this instant was read after it had settled. */
  knownUntil: number,
  /** When the feed was last read. */
  readAt: number,
  /** End of the last minute in which tokens of anybody in the organization are visible; 0 while none ever were. */
  tokensUntil: number,
  /** Since when the feed fails, and why, and since when it shows nothing of what it had shown; absent: the last read succeeded. */
  failing: optional(
    shaped({
      since: number,
      /** @sentence */
      reason: text,
      emptySince: optional(number),
    }),
  ),
  /**
   * Tokens are visible again after a pause that was not usual: since when, and the end of the last ones before it. Absent: what the
   * pause hid has had its time to come.
   */
  resumed: optional(shaped({ at: number, from: number })),
  /** What was used that the price table does not know, in words, and when it was last seen. */
  unpriced: optional(each(number)),
} satisfies Fields;
export type WatermarkRecord = Data<typeof watermarkShape>;

/** Anthropic took a request of the heartbeat: pk `heartbeatPartition`, sk the instant. */
export const beatShape = {
  schema: versionOne,
  sentAt: number,
  expiresAt: number,
} satisfies Fields;
export type BeatRecord = Data<typeof beatShape>;

/** The only items that the heartbeat's function may write. */
export const heartbeatPartition = 'HEARTBEAT';

/** How long a pause of everybody is usual before the one that began at `tokensUntil`: pk `WATERMARK`, sk `PAUSE`. */
export const usualPauseShape = {
  schema: versionOne,
  tokensUntil: number,
  /** Null: its history expects no traffic at any time. */
  ms: orNull(number),
} satisfies Fields;
export type UsualPauseRecord = Data<typeof usualPauseShape>;

/** When a subject's usage last moved: pk `MOVED`, sk the subject. The detector asks CloudWatch for these each minute. */
export interface MovedRecord {
  readonly schema: 1;
  readonly subject: string;
  /** When the collector last was about to publish for it. */
  readonly movedAt: number;
}

/** The minutes from `from` to before `to`, epoch ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What the detector knows of a subject beside its baseline: pk `LOOK`, sk the subject. Small, because it is written often. */
export interface LookRecord {
  readonly schema: 1;
  readonly subject: string;
  /** When the last look began that came to its end and was stored: one that says nothing else is not, while the next one is due anyway. */
  readonly lookedAt: number;
  /** Minutes whose alert was recorded as a finding: each is found once. */
  readonly found: readonly Span[];
  /** Minutes of usage that containment has ended: they teach nothing. */
  readonly unlearnt: readonly Span[];
  /** Expected usage that is not over and settled: it teaches nothing yet. */
  readonly waiting?: readonly Span[];
  /** Looks that failed since the last one that came to its end. */
  readonly failing?: { readonly since: number; readonly runs: number };
  /** When the baseline had to be learnt anew, and why. */
  readonly afresh?: { readonly at: number; /** @sentence */ readonly because: string };
  readonly compared?: ComparedRecord;
  /** What was found in the last days and is no alarm. */
  readonly notable?: readonly Notable[];
}

/** What CloudWatch shows was held against the ledger `at` an instant, and differed. */
const differenceShape = {
  /** Start of the minute. */
  at: number,
  /** In the order of the watched metrics, each in its own unit. */
  shown: list(number),
  exact: list(number),
  /** When it was first seen like this. */
  since: number,
} satisfies Fields;
export const comparedShape = { at: number, difference: optional(shaped(differenceShape)) } satisfies Fields;
export type MetricsDifference = Data<typeof differenceShape>;
export type ComparedRecord = Data<typeof comparedShape>;

/**
 * A detector's memory of one subject, written about once an hour: pk `BASELINE#<kind>`, sk the subject, folded over settled minutes;
 * pk `BASELINE_OLD#<kind>`, sk the subject, two days behind, from where usage is folded again that came late.
 */
export interface BaselineRecord {
  readonly schema: 1;
  readonly subject: string;
  /** The first minute that is not yet folded in. */
  readonly foldedUntil: number;
  /** The detector's state as JSON: text holds numbers that a number attribute refuses. Stored deflated, as `packed`. */
  readonly state: string;
}
export type BaselineAge = 'recent' | 'old';

export const incidentStates = ['open', 'containing', 'contained', 'recovered'] as const;
export type IncidentState = (typeof incidentStates)[number];

const cutShape = {
  apiKeyId: text,
  /** When it was proven dead. */
  at: number,
  /** The managed key had no current key then: each request of its consumers failed. */
  noneLeft: optional(mark),
} satisfies Fields;
export type Cut = Data<typeof cutShape>;

const changeShape = {
  grade: text,
  apiKeyId: text,
  cause: change,
} satisfies Fields;
export type ChangeFacts = Data<typeof changeShape>;

/**
 * What usage is held against. `season`: the most at this time of day in the last weeks. `level`: the most of the last four weeks at any time.
 * `cold`: the most since the key is known, which is not long. `wake`: the most ever, after a silence longer than any before.
 */
export const comparisons = ['season', 'level', 'cold', 'wake'] as const;
export type Comparison = (typeof comparisons)[number];

const notableShape = {
  /** When it was found, epoch ms. */
  at: number,
  metric: text,
  /** Per minute, over the look-back: what was seen, and what is usual. */
  observed: number,
  expected: number,
  windowMs: number,
  startedAt: number,
} satisfies Fields;
export const notablesShape = list(shaped(notableShape));
/** Unusual usage that is no alarm. */
export type Notable = Data<typeof notableShape>;

/** What the message is made of: plain data, never a value. */
const factsShape = {
  apiKeyId: optional(text),
  model: optional(text),
  workspaceId: optional(text),
  metric: optional(text),
  observed: optional(number),
  expected: optional(number),
  startedAt: optional(number),
  /** Of `straggler`: when its policy cuts the old key off at the latest. Absent: the policy waits. */
  validUntil: optional(number),
  /** Why people are told; where it is over, why it is. */
  cause: optional(alarm),
  score: optional(number),
  /** One of its kind's `incidentGrades`. */
  grade: optional(text),
  /** Of `usage-unfamiliar`: what the key uses for the first time. */
  categories: optional(list(shaped({ dimension: oneOf(usageDimensions), value: text }))),
  /** Of `usage-unfamiliar` and `usage-anomaly`: since when the key's usage is known. */
  knownSince: optional(number),
  /** Of `usage-anomaly`: what the usage was held against, and over which look-back it was the most. */
  comparedWith: optional(oneOf(comparisons)),
  windowMs: optional(number),
  /** Of `usage-anomaly`: estimates of what it has cost since it began beyond what is usual, and of what it costs an hour at the pace of the last one. */
  excessCostUsd: optional(number),
  excessCostUsdPerHour: optional(number),
  /** Of `usage-notable`: whose usage, and what was found. */
  notable: optional(list(shaped({ ...notableShape, subject: text }))),
  /** Of `key-changed`, where there are several: each of them. The facts themselves are those of the one that is told first. */
  changes: optional(list(shaped(changeShape))),
} satisfies Fields;
export type IncidentFacts = Data<typeof factsShape>;

const nextShape = {
  incidentId: text,
  at: number,
  since: number,
  facts: shaped(factsShape),
} satisfies Fields;
export type NextIncident = Data<typeof nextShape>;

/** One incident: pk `INCIDENT`, sk `<kind>#<subject>`: one a cause. Ended ones move to pk `INCIDENT_ENDED`, sk the incident id. */
export const incidentShape = {
  schema: versionOne,
  incidentId: text,
  kind: oneOf(incidentKinds),
  subject: text,
  state: oneOf(incidentStates),
  revision: number,
  openedAt: number,
  since: number,
  lastFindingAt: number,
  facts: shaped(factsShape),
  /** The API key that is being or was cut off. */
  target: optional(text),
  /** The API keys that were cut off, each with the instant of its last cut. */
  cuts: optional(list(shaped(cutShape))),
  /** Why containment did not happen or is waiting. */
  brake: optional(brake),
  /** The brakes that people were told of since usage was found that nobody had cut off. */
  brakesTold: optional(list(brake)),
  /** What people were told of an incident to which more can come: API keys in use, or changes. */
  known: optional(list(text)),
  /** What people were told. */
  announced: list(wordOf<Notification>()),
  /** What somebody is telling people this moment. */
  announcing: optional(shaped({ state: wordOf<Notification>(), at: number })),
  /** When people were last told. */
  toldAt: optional(number),
  /** Which turn of the incident this is: it grows when people are to hear of it again. Absent: the first. */
  turn: optional(number),
  /** Which reminder this notification is. Absent: it says something new. */
  reminder: optional(number),
  /** It ended because its managed key was taken out of the configuration. */
  removed: optional(mark),
  /** When its cause was gone. */
  recoveredAt: optional(number),
  /** The same cause was over less than an hour before it began: that it is over again is told only when it has been for an hour. */
  cameBack: optional(mark),
  /** That it is over is not told before this instant. What is found until then sets it back to the state that it came from. */
  held: optional(shaped({ until: number, from: oneOf(['open', 'containing', 'contained']), cause: alarm })),
  /** Found after recovery, before people were told of that: a new incident, which begins as soon as this one has ended. */
  next: optional(shaped(nextShape)),
} satisfies Fields;
export type IncidentRecord = Data<typeof incidentShape>;

/** When a cause was over last: pk `RECOVERED`, sk `<kind>#<subject>`. */
export const recoveredShape = {
  schema: versionOne,
  recoveredAt: number,
  expiresAt: number,
} satisfies Fields;

/** What people are told of an incident: that it came into a state, or, such as `open-2`, that it did so or still is in it in a later turn. */
export type Notification = IncidentState | `${'open' | 'contained'}-${number}`;

/** A message that went out on one channel: pk `DELIVERY#<incident id>`, sk `<notification>#<channel>`. */
export const deliveryShape = {
  schema: versionOne,
  claimedAt: number,
  deliveredAt: optional(number),
  attempts: number,
  /** The channel asked not to be tried before (epoch ms). */
  notBefore: optional(number),
  expiresAt: number,
} satisfies Fields;
export type DeliveryRecord = Data<typeof deliveryShape>;

/** An alert that a channel has not taken: pk `UNDELIVERED`, sk `<incident id>#<notification>#<channel>`. Gone once it is delivered. */
export const undeliveredShape = {
  schema: versionOne,
  incidentId: text,
  kind: oneOf(incidentKinds),
  subject: text,
  telling: wordOf<Notification>(),
  channel: oneOf(channelKinds),
  /** When it was first tried, and last (epoch ms). */
  firstFailedAt: number,
  lastFailedAt: number,
  attempts: number,
  /** In plain words; never a webhook's address. @sentence */
  reason: text,
  /** The channel has said no: to send it again as it is would not help. */
  isRefused: flag,
  expiresAt: number,
} satisfies Fields;
export type UndeliveredRecord = Data<typeof undeliveredShape>;
