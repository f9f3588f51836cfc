import type { Alert } from '../../contract/alert.ts';
import type { IncidentKind, Supply } from '../../contract/registry.ts';
import type { IncidentRecord, Notification, UndeliveredRecord } from '../../contract/records.ts';
import type { ChannelKind } from '../../contract/registry.ts';
import type { ApiKeyLedger, ApiKeys, KeyDirectory, KeyProbe, Pauses, Rotations, SecretVersions, UsageEvidence } from '../rotation/ports.ts';
import type { ExpectedUsageStore } from '../usage/expected-usage.ts';
import type { UsageFeed, UsageLedger } from '../usage/ports.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';

export interface IncidentStore {
  /** Every incident that has not ended. */
  all(): Promise<readonly IncidentRecord[]>;
  find(kind: IncidentKind, subject: string): Promise<IncidentRecord | undefined>;
  /** When this cause was over last; undefined where that is longer ago than a day. */
  recoveredAt(kind: IncidentKind, subject: string): Promise<number | undefined>;
  /** Stores `after` if the record still is as `before` (undefined: not there); throws `LostRace` otherwise. */
  replace(before: IncidentRecord | undefined, after: Omit<IncidentRecord, 'revision'>): Promise<IncidentRecord>;
  /** Moves a recovered incident to the ended ones, notes when its cause was over, and puts `next`, if there is one, into its place. Throws `LostRace` when it changed. */
  end(record: IncidentRecord, next: Omit<IncidentRecord, 'revision'> | undefined): Promise<void>;
}

export interface AlertPublisher {
  /** One message on the topic: the alert's JSON for machines, readable text for email. */
  publish(alert: Alert): Promise<void>;
}

export interface IncidentPorts {
  readonly incidents: IncidentStore;
  readonly publisher: AlertPublisher;
  readonly installation: string;
  readonly dashboardUrl: string;
  /** Where the next keys of each managed key come from, by its name. */
  readonly supplies: ReadonlyMap<string, Supply>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ContainmentPorts extends IncidentPorts {
  readonly directory: KeyDirectory;
  readonly ledger: ApiKeyLedger;
  readonly secrets: Pick<SecretVersions, 'read'>;
  readonly keys: ApiKeys;
  readonly probe: KeyProbe;
  readonly usage: UsageEvidence & Pick<UsageLedger, 'quarters'>;
  /** The usage report, as Anthropic gives it now. */
  readonly feed: UsageFeed;
  readonly rotations: Rotations;
  readonly pauses: Pauses;
  readonly expected: ExpectedUsageStore;
}

/** One alert on its way to one channel. */
export interface Delivery {
  readonly incidentId: string;
  readonly telling: Notification;
  readonly channel: ChannelKind;
}

/** Why a channel did not take it. */
export interface DeliveryFailure {
  readonly kind: IncidentKind;
  readonly subject: string;
  /** @sentence */
  readonly reason: string;
  readonly isRefused: boolean;
  /** The channel asked not to be tried for so long. */
  readonly patienceMs: number;
}

/** Who was told what on which channel, so that a repeated message is delivered once, and what was not delivered is known. */
export interface Deliveries {
  /** `delivered`: somebody did it already. `busy`: somebody is at it this moment. `too early`: the channel asked for patience. */
  claim(delivery: Delivery): Promise<'claimed' | 'delivered' | 'busy' | 'too early'>;
  markDelivered(delivery: Delivery): Promise<void>;
  /** It failed for certain: the next attempt need not wait longer than the channel asked for. */
  fail(delivery: Delivery, failure: DeliveryFailure): Promise<void>;
  /** What was tried, and no channel has taken yet. */
  undelivered(): Promise<readonly UndeliveredRecord[]>;
}
