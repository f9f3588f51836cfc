import type { AlarmCause, Brake, Cause, ChangeCause } from './causes.ts';
import type { ChannelKind, IncidentKind } from './registry.ts';

/**
 * The items of the one DynamoDB table: partition key `pk`, sort key `sk`, both strings; `expiresAt` is the TTL
 * in epoch seconds. Instants are milliseconds since the epoch, UTC. No item ever holds a key's value.
 */
export const tableKeys = { partition: 'pk', sort: 'sk', timeToLive: 'expiresAt' } as const;

export const apiKeyStates = ['standby', 'pending', 'current', 'draining', 'inactive', 'archived', 'rejected', 'contained'] as const;
export type ApiKeyState = (typeof apiKeyStates)[number];

/** One Anthropic key that we manage: pk `API_KEY`, sk the `apikey_…` id. Moves by conditional writes on `revision`. */
export interface ApiKeyRecord {
  readonly schema: 1;
  readonly apiKeyId: string;
  readonly managedKey: string;
  readonly state: ApiKeyState;
  readonly revision: number;
  /** When it came into this state. */
  readonly since: number;
  /** Anthropic's own hint, such as `sk-ant-api03-R2D...igAA`. */
  readonly hint: string;
  readonly expiresAt: number | null;
  readonly addedAt: number;
  /** The standby secret's version that holds the value. Absent: it was no standby key, its strategy made it for the rotation of `token`. */
  readonly standbyVersionId?: string;
  /** The rotation that claimed it: Secrets Manager's ClientRequestToken, which is also the consumer secret's version id. */
  readonly token?: string;
  /** What somebody was about to do when this was written: whoever comes next finishes it. */
  readonly intent?: ApiKeyIntent;
  /** Several runs were at work on it: until then a late call of one of them may still reach it, and no rotation claims it. */
  readonly claimBlockedUntil?: number;
  /** An undo that failed gave it back inactive: until then a late call of that undo may activate it. */
  readonly lateActivationUntil?: number;
  /** When its intake was done: it was inactive, and Anthropic refused its value. Absent while nobody has proven that. */
  readonly verifiedInactiveAt?: number;
  /** When AWSCURRENT first moved to it: its age counts from then, also when it left and came back. */
  readonly servedSince?: number;
  /** When AWSCURRENT moved away from it. */
  readonly switchedAt?: number;
  /** Of an old key that should be inactive: when somebody was first seen to have enabled it again. */
  readonly reactivatedAt?: number;
  /** Of a key that consumers read, or have just read: when it was first found dead at Anthropic, as people were told then. */
  readonly foundDeadAt?: number;
  /** The last pass before that which saw it active. */
  readonly seenActiveAt?: number;
  /** Of a key that died while consumers read it: when Key Guard by itself asked for another one in its place. */
  readonly replacedAt?: number;
  /** An operator wants this old key back: the next rotation takes it instead of a standby key. */
  readonly undoRequest?: OperatorRequest;
  /** An operator's emergency: as soon as AWSCURRENT has left it, it is cut off without any grace. */
  readonly revokeRequest?: OperatorRequest;
  /** Of a claimed key that an operator wants back: the state that it came from, and the consumer secret's version that holds its value. */
  readonly origin?: { readonly state: OldState; readonly versionId: string };
  /** Why it is in this state. */
  readonly cause?: Cause;
}

/** States of an old key that can still be brought back. */
export const oldStates = ['draining', 'inactive', 'contained'] as const satisfies readonly ApiKeyState[];
export type OldState = (typeof oldStates)[number];

/** What an operator asked for, until somebody has done it. */
export interface OperatorRequest {
  readonly at: number;
  readonly by: string;
  /** @sentence */
  readonly because: string;
}

export interface ApiKeyIntent {
  readonly to: ApiKeyState;
  readonly at: number;
  readonly cause: Cause;
  /** It is carried out by whoever comes next, and never withdrawn. */
  readonly ordered?: true;
}

/**
 * One step in a managed key's history: who, why and when. pk `AUDIT#<managed key>`, sk `<ISO instant>#<what it was about>`.
 * A step of an API key is written in the transaction that moves it; an operator's act on the managed key stands alone.
 */
export interface AuditRecord {
  readonly schema: 1;
  readonly at: number;
  readonly managedKey: string;
  readonly cause: Cause;
  readonly by: string;
  readonly apiKeyId?: string;
  readonly from?: ApiKeyState | 'unknown';
  readonly to?: ApiKeyState;
  /** The rotation that it was part of. */
  readonly token?: string;
  /** The calls that had the effect, as AWS and Anthropic number them, such as `anthropic req_…`. */
  readonly requestIds?: readonly string[];
}

/** An operator told Key Guard to leave a managed key as it is: pk `PAUSE`, sk the managed key. */
export interface PauseRecord {
  readonly schema: 1;
  readonly managedKey: string;
  readonly at: number;
  readonly by: string;
  /** @sentence */
  readonly because: string;
}

/** When a scheduled function last finished: pk `RUN`, sk its name. */
export interface RunRecord {
  readonly schema: 1;
  readonly finishedAt: number;
  /** How many of the things that it had to look after it could not treat; absent where an older version recorded it. */
  readonly failed?: number;
}

/** When retirement last saw the current keys active at Anthropic: pk `RUN`, sk `current-keys`. */
export interface SightingsRecord {
  readonly schema: 1;
  /** By API key id. */
  readonly activeAt: Readonly<Record<string, number>>;
}

/**
 * Exact totals of one subject in a quarter of an hour, and what of them CloudWatch was sent:
 * pk `USAGE#<subject>`, sk the quarter's start in ISO. A quarter an item keeps writes few and items small.
 */
export interface UsageQuarterRecord {
  readonly schema: 1;
  readonly subject: string;
  /** Start of the quarter, epoch ms. */
  readonly start: number;
  readonly revision: number;
  /** By minute of the quarter, `0` to `14`; minutes that never had usage are absent. */
  readonly minutes: Readonly<Record<string, PublishedMinute>>;
  /** A put whose fate is not yet known: settled by reading SampleCount back. */
  readonly intent?: { readonly at: number; readonly minutes: Readonly<Record<string, UsageTotals>> };
}

export interface PublishedMinute {
  readonly totals: UsageTotals;
  /** How many data CloudWatch holds for each metric of this minute, by our count. */
  readonly samples: number;
}

/** Whole numbers throughout; money in nano-USD (1e-9 USD), so that sums are exact. */
export interface UsageTotals {
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
  readonly costNanoUsd: number;
}

/** What was last seen of one API key's traffic: pk `LAST_USE`, sk the `apikey_…` id. */
export interface LastUseRecord {
  readonly schema: 1;
  readonly apiKeyId: string;
  /** Start of the last minute with tokens. */
  readonly at: number;
  readonly model: string;
  readonly workspaceId: string;
  /** Tokens in that minute. 0: its record cannot be read, so that it may be in use. */
  readonly tokens: number;
}

/** How far usage is known: pk `WATERMARK`, sk `USAGE`. */
export interface WatermarkRecord {
  readonly schema: 1;
  /** Every minute before this instant was read after it had settled. */
  readonly knownUntil: number;
  /** When the feed was last read. */
  readonly readAt: number;
  /** End of the last minute in which tokens of anybody in the organization are visible; 0 while none ever were. */
  readonly tokensUntil: number;
  /** Since when the feed fails, and why, and since when it shows nothing of what it had shown; absent: the last read succeeded. */
  readonly failing?: { readonly since: number; /** @sentence */ readonly reason: string; readonly emptySince?: number };
  /**
   * Tokens are visible again after a pause that was not usual: since when, and the end of the last ones before it. Absent: what the
   * pause hid has had its time to come.
   */
  readonly resumed?: { readonly at: number; readonly from: number };
  /** What was used that the price table does not know, in words, and when it was last seen. */
  readonly unpriced?: Readonly<Record<string, number>>;
}

/** Anthropic took a request of the heartbeat: pk `heartbeatPartition`, sk the instant. */
export interface BeatRecord {
  readonly schema: 1;
  readonly sentAt: number;
  readonly expiresAt: number;
}

/** The only items that the heartbeat's function may write. */
export const heartbeatPartition = 'HEARTBEAT';

/** How long a pause of everybody is usual before the one that began at `tokensUntil`: pk `WATERMARK`, sk `PAUSE`. */
export interface UsualPauseRecord {
  readonly schema: 1;
  readonly tokensUntil: number;
  /** Null: its history expects no traffic at any time. */
  readonly ms: number | null;
}

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

/** What the detector knows of a subject beside its baseline: pk `LOOK`, sk the subject. Small, because it is written at every look. */
export interface LookRecord {
  readonly schema: 1;
  readonly subject: string;
  /** When the last look that came to its end began. */
  readonly lookedAt: number;
  /** Minutes whose alert was recorded as a finding: each is found once. */
  readonly found: readonly Span[];
  /** Minutes of usage that containment has ended: they teach nothing. */
  readonly unlearnt: readonly Span[];
  /** Looks that failed since the last one that came to its end. */
  readonly failing?: { readonly since: number; readonly runs: number };
  /** When the baseline had to be learnt anew, and why. */
  readonly afresh?: { readonly at: number; /** @sentence */ readonly because: string };
}

/**
 * The detector's memory of one subject, written about once an hour: pk `BASELINE`, sk the subject, folded over settled minutes;
 * pk `BASELINE_OLD`, sk the subject, two days behind, from where usage is folded again that came late. Of
 * another detector than `rate`, its name follows in the partition, as in `BASELINE#<kind>`.
 */
export interface BaselineRecord {
  readonly schema: 1;
  readonly subject: string;
  /** The first minute that is not yet folded in. */
  readonly foldedUntil: number;
  /** The detector's state as JSON: text holds numbers that a number attribute refuses. */
  readonly state: string;
}
export type BaselineAge = 'recent' | 'old';

export const incidentStates = ['open', 'containing', 'contained', 'recovered'] as const;
export type IncidentState = (typeof incidentStates)[number];

/** One incident: pk `INCIDENT`, sk `<kind>#<subject>`: one a cause. Ended ones move to pk `INCIDENT_ENDED`, sk the incident id. */
export interface IncidentRecord {
  readonly schema: 1;
  readonly incidentId: string;
  readonly kind: IncidentKind;
  readonly subject: string;
  readonly state: IncidentState;
  readonly revision: number;
  readonly openedAt: number;
  readonly since: number;
  readonly lastFindingAt: number;
  readonly facts: IncidentFacts;
  /** The API key that is being or was cut off. */
  readonly target?: string;
  /** The API keys that were cut off, each with the instant of its last cut. */
  readonly cuts?: readonly Cut[];
  /** Why containment did not happen or is waiting. */
  readonly brake?: Brake;
  /** The brakes that people were told of since usage was found that nobody had cut off. */
  readonly brakesTold?: readonly Brake[];
  /** What people were told of an incident to which more can come: API keys in use, or changes. */
  readonly known?: readonly string[];
  /** What people were told. */
  readonly announced: readonly Notification[];
  /** What somebody is telling people this moment. */
  readonly announcing?: { readonly state: Notification; readonly at: number };
  /** When people were last told. */
  readonly toldAt?: number;
  /** Which turn of the incident this is: it grows when people are to hear of it again. Absent: the first. */
  readonly turn?: number;
  /** Which reminder this notification is. Absent: it says something new. */
  readonly reminder?: number;
  /** It ended because its managed key was taken out of the configuration. */
  readonly removed?: true;
  /** When its cause was gone. */
  readonly recoveredAt?: number;
  /** The same cause was over less than an hour before it began: that it is over again is told only when it has been for an hour. */
  readonly cameBack?: true;
  /** That it is over is not told before this instant. What is found until then sets it back to the state that it came from. */
  readonly held?: {
    readonly until: number;
    readonly from: Exclude<IncidentState, 'recovered'>;
    readonly cause: AlarmCause;
  };
  /** Found after recovery, before people were told of that: a new incident, which begins as soon as this one has ended. */
  readonly next?: NextIncident;
}

/** When a cause was over last: pk `RECOVERED`, sk `<kind>#<subject>`. */
export interface RecoveredRecord {
  readonly schema: 1;
  readonly recoveredAt: number;
  readonly expiresAt: number;
}

export interface NextIncident {
  readonly incidentId: string;
  readonly at: number;
  readonly since: number;
  readonly facts: IncidentFacts;
}

/** What people are told of an incident: that it came into a state, or, such as `open-2`, that it did so or still is in it in a later turn. */
export type Notification = IncidentState | `${'open' | 'contained'}-${number}`;

export interface Cut {
  readonly apiKeyId: string;
  /** When it was proven dead. */
  readonly at: number;
  /** The managed key had no current key then: each request of its consumers failed. */
  readonly noneLeft?: true;
}

/** What the message is made of: plain data, never a value. */
export interface IncidentFacts {
  readonly apiKeyId?: string;
  readonly model?: string;
  readonly workspaceId?: string;
  readonly metric?: string;
  readonly observed?: number;
  readonly expected?: number;
  readonly startedAt?: number;
  /** Of `straggler`: when its policy cuts the old key off at the latest. Absent: the policy waits. */
  readonly validUntil?: number;
  /** Why people are told; where it is over, why it is. */
  readonly cause?: AlarmCause;
  readonly score?: number;
  /** One of its kind's `incidentGrades`. */
  readonly grade?: string;
  /** Of `key-changed`, where there are several: each of them. The facts themselves are those of the one that is told first. */
  readonly changes?: readonly ChangeFacts[];
}

export interface ChangeFacts {
  readonly grade: string;
  readonly apiKeyId: string;
  readonly cause: ChangeCause;
}

/** A message that went out on one channel: pk `DELIVERY#<incident id>`, sk `<notification>#<channel>`. */
export interface DeliveryRecord {
  readonly schema: 1;
  readonly claimedAt: number;
  readonly deliveredAt?: number;
  readonly attempts: number;
  /** The channel asked not to be tried before (epoch ms). */
  readonly notBefore?: number;
  readonly expiresAt: number;
}

/** An alert that a channel has not taken: pk `UNDELIVERED`, sk `<incident id>#<notification>#<channel>`. Gone once it is delivered. */
export interface UndeliveredRecord {
  readonly schema: 1;
  readonly incidentId: string;
  readonly kind: IncidentKind;
  readonly subject: string;
  readonly telling: Notification;
  readonly channel: ChannelKind;
  /** When it was first tried, and last (epoch ms). */
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
  readonly attempts: number;
  /** In plain words; never a webhook's address. @sentence */
  readonly reason: string;
  /** The channel has said no: to send it again as it is would not help. */
  readonly isRefused: boolean;
  readonly expiresAt: number;
}
