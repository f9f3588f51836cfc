import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, LastUseRecord } from '../../contract/records.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import type { Secret } from '../foundation/secret.ts';

/** What rotation and retirement need from outside. Every method may throw `Unavailable`. */

export interface KeyDirectory {
  /** Every managed key of this installation. */
  all(): Promise<readonly ManagedKeyDefinition[]>;
  /** The managed key whose consumers read this secret; one that was deployed a moment ago too. */
  bySecret(secretArn: string): Promise<ManagedKeyDefinition | undefined>;
}

export interface ApiKeyLedger {
  /** Every API key ever taken in, read consistently. */
  all(): Promise<readonly ApiKeyRecord[]>;
  /** Throws `LostRace` when the key is already known. */
  add(record: ApiKeyRecord, by: string): Promise<void>;
  /**
   * Replaces `before` by `after` and writes the audit record in the same transaction, only if nobody changed the record
   * since `before` was read; otherwise throws `LostRace`. Returns what is now stored.
   */
  replace(before: ApiKeyRecord, after: Omit<ApiKeyRecord, 'revision'>, by: string): Promise<ApiKeyRecord>;
}

export interface VersionStages {
  readonly rotationEnabled: boolean;
  /** Staging labels of each version that has any. */
  readonly stages: ReadonlyMap<string, readonly string[]>;
}

export interface SecretVersions {
  /** Throws KeyguardError `secret-not-found`. */
  describe(secretArn: string): Promise<VersionStages>;
  /** By version id, never by label: a read by label misses between the steps. `absent` also for a registered empty version. */
  read(secretArn: string, versionId: string): Promise<Secret | 'absent'>;
  /** Fills the version that Secrets Manager registered for this rotation. The same value again is no change. */
  putPending(secretArn: string, token: string, value: Secret): Promise<void>;
  /** Moves AWSCURRENT in one call; `from` is undefined for a secret that never held a value. */
  promote(secretArn: string, to: string, from: string | undefined): Promise<void>;
  /** Takes the standby labels of these API keys off: a secret carries 20 labels at the most, and used keys need none. */
  freeStandbyLabels(standbySecretArn: string, apiKeyIds: ReadonlySet<string>): Promise<void>;
}

/** Writing side of the standby secret: one version and one staging label of its own per standby key, so nobody overwrites anybody. */
export interface StandbyStore {
  /** Returns the version id. */
  put(secretArn: string, apiKeyId: string, value: Secret): Promise<string>;
}

export interface ApiKeyInfo {
  readonly apiKeyId: string;
  readonly name: string;
  readonly status: 'active' | 'inactive' | 'archived' | 'expired' | 'unknown';
  readonly hint: string | null;
  /** Null for a key that is scoped to the whole organization. */
  readonly workspaceId: string | null;
  readonly expiresAt: number | null;
  readonly createdAt: number;
}

/** Anthropic's Admin API, as far as keys go: it lists and sets the status; it cannot create. */
export interface ApiKeys {
  /** `gone` when Anthropic knows no such key. */
  retrieve(apiKeyId: string): Promise<ApiKeyInfo | 'gone'>;
  list(): Promise<readonly ApiKeyInfo[]>;
  /** Throws KeyguardError `key-status-refused` when Anthropic will not (archived, expired, active-key limit). */
  setStatus(apiKeyId: string, status: 'active' | 'inactive' | 'archived'): Promise<ApiKeyInfo>;
}

export type ProbeAnswer =
  | { readonly answer: 'accepted'; readonly organizationId: string | null; readonly workspaceId: string | null }
  | { readonly answer: 'refused' }
  | { readonly answer: 'unclear'; readonly why: string };

/** Asks Anthropic with the value itself, without spending tokens. */
export interface KeyProbe {
  probe(value: Secret): Promise<ProbeAnswer>;
}

export interface UsageEvidence {
  /** Every minute before this instant is known; 0 when nothing was ever read. */
  knownUntil(): Promise<number>;
  lastUses(): Promise<readonly LastUseRecord[]>;
}

/** People are told through incidents; the incident store sees to it that one cause is told once. */
interface RotationAlarm {
  raise(kind: 'rotation-failed' | 'straggler', managedKey: string, facts: AlarmFacts): Promise<void>;
  clear(kind: 'rotation-failed' | 'straggler', managedKey: string, reason: string): Promise<void>;
}

interface AlarmFacts {
  readonly reason: string;
  readonly apiKeyId?: string;
  readonly model?: string;
  readonly workspaceId?: string;
  readonly startedAt?: number;
}

export interface RotationPorts {
  readonly directory: KeyDirectory;
  readonly ledger: ApiKeyLedger;
  readonly secrets: SecretVersions;
  readonly keys: ApiKeys;
  readonly probe: KeyProbe;
  readonly alarm: RotationAlarm;
  readonly organizationId: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface RetirementPorts extends RotationPorts {
  readonly usage: UsageEvidence;
}
