import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import type { UsageMetric } from '../../contract/metrics.ts';
import type {
  ApiKeyRecord,
  CategoriesRecord,
  LastUseRecord,
  UsageQuarterRecord,
  UsualPauseRecord,
  WatermarkRecord,
} from '../../contract/records.ts';
import type { Clock } from '../foundation/clock.ts';
import { KeyguardError } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import type { Secret } from '../foundation/secret.ts';
import type { PricedTokens } from './prices.ts';

/** One row of the usage report: one minute of one key, model, tier, window and geography. */
export interface UsageRow extends PricedTokens {
  /** Start of the minute, epoch ms. */
  readonly minute: number;
  /** Null for the Console's playground and for federated identities. */
  readonly apiKeyId: string | null;
  /** Null for the default workspace. */
  readonly workspaceId: string | null;
}

export interface UsageFeed {
  /** Every row of the closed minutes in [from, to), all pages or nothing. Throws `Unavailable`. */
  minutes(from: number, to: number): Promise<readonly UsageRow[]>;
}

export interface UsageLedger {
  /** The quarters of a subject that touch [from, to), read consistently. */
  quarters(subject: string, from: number, to: number): Promise<readonly UsageQuarterRecord[]>;
  /** Stores `after` if the record still is as `before` (undefined: not there); throws `LostRace` otherwise, and KeyguardError `foreign-record` where what is there cannot be read. */
  replace(before: UsageQuarterRecord | undefined, after: Omit<UsageQuarterRecord, 'revision'>): Promise<UsageQuarterRecord>;
  watermark(): Promise<WatermarkRecord | undefined>;
  advance(watermark: WatermarkRecord): Promise<void>;
  usualPause(): Promise<UsualPauseRecord | undefined>;
  rememberUsualPause(record: UsualPauseRecord): Promise<void>;
  /** When Anthropic took requests of the heartbeat in [from, to], oldest first. */
  beats(from: number, to: number): Promise<readonly number[]>;
  markMoved(subject: string, at: number): Promise<void>;
  /** What categories of usage are known, by managed key. */
  categories(): Promise<ReadonlyMap<string, CategoriesRecord>>;
  /** Stores `after` in the place of `before`; leaves it to whoever was faster. */
  rememberCategories(before: CategoriesRecord | undefined, after: Omit<CategoriesRecord, 'revision'>): Promise<void>;
  /** Keeps the latest; an older one never overwrites a newer. */
  lastUsed(uses: readonly LastUseRecord[]): Promise<void>;
}

export interface Datum {
  readonly subject: string;
  readonly metric: UsageMetric;
  readonly minute: number;
  /** Tokens, or USD for `estimatedCostUsd`. Negative where the feed restated a minute downwards. */
  readonly value: number;
}

/** CloudWatch has said no to a put: none of its data counts. */
export class NotAccepted extends KeyguardError {
  /** How many data, from the first, were taken before. */
  readonly accepted: number;

  constructor(detail: string, accepted: number) {
    super('metrics-refused', `cloudwatch:PutMetricData was refused: ${detail}`, 'nothing: the next run, a minute later, sends the same');
    this.accepted = accepted;
  }
}

export interface MetricSink {
  /**
   * Sends all, in their order, in as few calls as CloudWatch allows. Throws `NotAccepted` where CloudWatch has refused a call, and
   * `Unavailable` where nobody knows what became of it.
   */
  put(data: readonly Datum[]): Promise<void>;
  /** How many data CloudWatch holds for the subject's input tokens, by minute; minutes without any are absent. */
  sampleCounts(subject: string, from: number, to: number): Promise<ReadonlyMap<number, number>>;
  /** How old the newest visible tokens are at `at`; said twice, it does no harm. */
  age(seconds: number, at: number): Promise<void>;
}

/** Also of a key whose record cannot be read in the rest: its usage belongs to nobody else. */
export interface KeyOwners {
  all(): Promise<readonly Pick<ApiKeyRecord, 'apiKeyId' | 'managedKey'>[]>;
}

export interface CollectPorts {
  readonly feed: UsageFeed;
  readonly ledger: UsageLedger;
  readonly metrics: MetricSink;
  readonly owners: KeyOwners;
  readonly heartbeat: HeartbeatDefinition | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export type HeartbeatAnswer =
  | { readonly answer: 'taken'; readonly tokens: number }
  /** Anthropic has no capacity now, or asks for patience. */
  | { readonly answer: 'not-now'; readonly status: number }
  | { readonly answer: 'key-refused' | 'request-refused'; /** @sentence */ readonly why: string };

export interface HeartbeatPorts {
  readonly currentKey: () => Promise<Secret | 'absent'>;
  /** Throws KeyguardError for what concerns the whole organization or the way to Anthropic. */
  readonly ask: (value: Secret, model: string) => Promise<HeartbeatAnswer>;
  /** Remembers that Anthropic took a request that was sent at this instant. */
  readonly taken: (at: number) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}
