import type { AlarmCause, Cause, RotationEnd } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { incidentGrades, IncidentKind } from '../../contract/registry.ts';
import type { ApiKeyRecord, ChangeFacts, LastUseRecord, PauseRecord } from '../../contract/records.ts';
import type { Clock } from '../foundation/clock.ts';
import { LostRace } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import type { Secret } from '../foundation/secret.ts';

/** What rotation and retirement need from outside. Every method may throw `Unavailable`. */

export interface KeyDirectory {
  /** Every managed key of this installation, those too that were removed while a key of theirs may still work. */
  all(): Promise<readonly ManagedKeyDefinition[]>;
  /** The managed key whose consumers read the secret of this ARN: its name, account and Region say so, nothing that is stored. */
  bySecret(secretArn: string): Promise<ManagedKeyDefinition | undefined>;
}

export interface ApiKeyLedger {
  /** Every API key ever taken in whose record can be read, consistently. */
  all(): Promise<readonly ApiKeyRecord[]>;
  /**
   * The API keys of one managed key, consistently. Throws KeyguardError `foreign-record` where one of its records cannot be read: nothing
   * of it is rotated, retired, contained or told of then, as if that key were unknown; the other managed keys go on.
   */
  of(managedKey: string): Promise<readonly ApiKeyRecord[]>;
  /** The record of one API key, consistently. Throws KeyguardError `foreign-record` where it cannot be read. */
  find(apiKeyId: string): Promise<ApiKeyRecord | undefined>;
  /** Throws `LostKeyRace` when the key is already known. */
  add(record: ApiKeyRecord, by: string): Promise<void>;
  /**
   * Replaces `before` by `after` and writes the audit record in the same transaction, only if nobody changed the record
   * since `before` was read; otherwise throws `LostKeyRace`. Returns what is now stored.
   */
  replace(before: ApiKeyRecord, after: Omit<ApiKeyRecord, 'revision'>, by: string, auditContext?: AuditContext): Promise<ApiKeyRecord>;
  /** Takes a record out again, under the same condition and with an audit record: for a key that is none of ours. */
  forget(record: ApiKeyRecord, by: string, auditContext: AuditContext): Promise<void>;
}

/** Somebody else changed an API key's record first. `won`: the record as it is stored now; absent where there is none, or none that can be read. */
export class LostKeyRace extends LostRace {
  readonly won: ApiKeyRecord | undefined;

  constructor(apiKeyId: string, won: ApiKeyRecord | undefined) {
    super(apiKeyId);
    this.won = won;
  }
}

/** When something happened, and why. */
export interface AuditEvent {
  readonly at: number;
  readonly cause: Cause;
}

/** What the audit says of a write beside who and what. */
export interface AuditContext {
  /** The calls that had the effect which is recorded here. */
  readonly requestIds?: readonly string[];
  /** When and why, where the record itself does not say it: what was intended or requested is no longer. */
  readonly auditEvent?: AuditEvent;
}

/** What Secrets Manager says of a secret. Instants are epoch ms, UTC. */
export interface SecretDescription {
  readonly rotationEnabled: boolean;
  /** Staging labels of each version that has any. */
  readonly stages: ReadonlyMap<string, readonly string[]>;
  readonly nextRotationAt: number | null;
  /** Also null while rotation is not enabled. */
  readonly lastRotatedAt: number | null;
  readonly lastChangedAt: number | null;
  readonly replicas: readonly Replica[];
  /** The CloudFormation stack that made it. Nobody else can say so: the tag begins with `aws:`, which is reserved. */
  readonly stackName: string | null;
  /** When it is deleted for good, where somebody has scheduled that: nobody can read it until it is restored. */
  readonly deletionAt: number | null;
}

export interface Replica {
  readonly region: string;
  readonly status: 'InSync' | 'InProgress' | 'Failed' | 'unknown';
  /** Secrets Manager's own words. */
  readonly message: string | null;
}

export interface SecretVersions {
  /** Throws KeyguardError `secret-not-found`. */
  describe(secretId: string): Promise<SecretDescription>;
  /** When a version that has a label was registered. */
  registeredAt(secretId: string, versionId: string): Promise<number | undefined>;
  /** By version id, never by label: a read by label misses between the steps. `absent` also for a registered empty version. */
  read(secretId: string, versionId: string): Promise<Secret | 'absent'>;
  /** Fills the version that Secrets Manager registered for this rotation. The same value again is no change. */
  putPending(secretId: string, token: string, value: Secret): Promise<void>;
  /** Moves AWSCURRENT in one call; `from` is undefined for a secret that never held a value. Returns the ids of the request. */
  promote(secretId: string, to: string, from: string | undefined): Promise<readonly string[]>;
  /** Takes AWSPENDING off a version whose candidate is lost: the documented cure for a rotation that can never complete. */
  discardPending(secretId: string, versionId: string): Promise<void>;
  /** Takes the standby labels of these API keys off: a secret carries 20 labels at the most, and used keys need none. */
  freeStandbyLabels(standbySecretId: string, apiKeyIds: ReadonlySet<string>): Promise<void>;
}

/** Writing side of the standby secret: one version and one staging label of its own per standby key, so nobody overwrites anybody. */
export interface StandbyStore {
  /** Returns the version id. */
  put(secretId: string, apiKeyId: string, value: Secret): Promise<string>;
}

export interface ApiKeyInfo {
  readonly apiKeyId: string;
  readonly name: string;
  readonly status: 'active' | 'inactive' | 'archived' | 'expired' | 'unknown';
  readonly hint: string | null;
  /** Whom the key acts as; `nobody`: a workspace key, which survives its creator. */
  readonly principal: 'user' | 'service account' | 'nobody' | 'unknown';
  /** Null for a key that is scoped to the whole organization. */
  readonly workspaceId: string | null;
  readonly expiresAt: number | null;
  /** Absent where Anthropic does not say. */
  readonly createdAt?: number;
  /** The fields of Anthropic's answer that this version does not understand: until it does, nothing is concluded from the others. */
  readonly unclear?: string;
}

/** Anthropic's Admin API, as far as keys go: it lists and sets the status; it cannot create. */
export interface ApiKeys {
  /** `gone` when Anthropic knows no such key. */
  retrieve(apiKeyId: string): Promise<ApiKeyInfo | 'gone'>;
  list(): Promise<readonly ApiKeyInfo[]>;
  /** Throws KeyguardError `key-status-refused` when Anthropic will not (archived, expired, active-key limit). */
  setStatus(apiKeyId: string, status: 'active' | 'inactive' | 'archived'): Promise<ApiKeyInfo & RequestTrace>;
}

/** The ids under which the platforms know the requests of a call, such as `anthropic req_…`: for the audit. */
export interface RequestTrace {
  readonly requestIds: readonly string[];
}

/**
 * `unclear`: nobody knows, because no answer came, or none of Anthropic's own. It is no verdict on the value. `lasting`: it does not pass
 * by itself, since somebody on the way answers, or Anthropic refuses whoever asks.
 */
export type ProbeAnswer =
  | { readonly answer: 'accepted'; readonly organizationId: string; readonly workspaceId: string | null }
  | { readonly answer: 'refused' }
  | { readonly answer: 'unclear'; /** @sentence */ readonly why: string; readonly lasting?: true };

/** Asks Anthropic with the value itself, without spending tokens. */
export interface KeyProbe {
  probe(value: Secret): Promise<ProbeAnswer>;
}

export interface UsageEvidence {
  /**
   * Silence of a key before this instant is known: every minute was read, and tokens of somebody in the organization are visible
   * that are not earlier. 0 when nothing was ever read.
   */
  knownUntil(): Promise<number>;
  lastUses(): Promise<readonly LastUseRecord[]>;
}

/**
 * Asks Secrets Manager to rotate now. `running` when a rotation is already under way: it is tried again at once. Whoever asks
 * twice with the same `token` (32 to 64 characters) asks for one rotation.
 */
export interface Rotations {
  start(secretId: string, token?: string): Promise<'started' | 'running'>;
}

/** Which managed keys an operator told Key Guard to leave as they are. */
export interface Pauses {
  all(): Promise<readonly PauseRecord[]>;
  find(managedKey: string): Promise<PauseRecord | undefined>;
}

/** People are told through incidents; the incident store sees to it that one cause is told once. */
interface RotationAlarm {
  raise(kind: 'rotation-failed', managedKey: string, facts: AlarmFacts): Promise<void>;
  clear(kind: 'rotation-failed', managedKey: string, end: RotationEnd): Promise<void>;
  /** What people know of it, while it lasts. */
  lasting(kind: 'rotation-failed', managedKey: string): Promise<FailedRotation | undefined>;
}

/** The grade of a failure that leaves no rotation owed: an undo that cannot be. */
export const undoInVain = 'undo-in-vain' satisfies (typeof incidentGrades)['rotation-failed'][number];
/** The grade of an emergency that does not go on by itself, because its managed key is paused or the rotation schedule is off. */
export const emergencyStopped = 'emergency-stopped' satisfies (typeof incidentGrades)['rotation-failed'][number];

export interface AlarmFacts {
  readonly cause: AlarmCause;
  readonly apiKeyId?: string;
  readonly model?: string;
  readonly workspaceId?: string;
  readonly startedAt?: number;
  readonly validUntil?: number;
  readonly grade?: string;
  readonly changes?: readonly ChangeFacts[];
}

/** One thing about a managed key that people must know of, for as long as it lasts. */
export interface Condition {
  readonly kind: WatchedKind;
  readonly managedKey: string;
  readonly facts: AlarmFacts;
}

/** Incidents that open when their condition is found and recover when it is gone. */
export const watchedKinds = [
  'straggler',
  'current-key-dead',
  'key-changed',
  'rotation-overdue',
  'pool-low',
  'key-expiring',
  'replica-behind',
] as const satisfies readonly IncidentKind[];
export type WatchedKind = (typeof watchedKinds)[number];
/** Those of them that AWS alone tells. */
export const knownWithoutAnthropic: readonly WatchedKind[] = watchedKinds.filter(
  (kind) => kind !== 'current-key-dead' && kind !== 'key-changed',
);

/** A rotation that people were told of as failed. */
export interface FailedRotation {
  /** Since when it fails, and when it was last seen to (epoch ms, UTC). */
  readonly openedAt: number;
  readonly at: number;
  readonly facts: AlarmFacts;
}

/** Whether it leaves a rotation owed: not an undo that cannot be; an emergency is owed for its own sake, as long as it holds. */
export function owesRotation({ facts: { grade } }: { readonly facts: { readonly grade?: string } }): boolean {
  return grade !== undoInVain && grade !== emergencyStopped;
}

interface Watch {
  /** Rotations that have failed and not succeeded since, by managed key. */
  failedRotations(): Promise<ReadonlyMap<string, FailedRotation>>;
  /**
   * Opens what is found and not open, and lets recover what is open and was not found, of those `kinds` that were looked for.
   * `left`: managed keys that could not be looked at.
   */
  update(found: readonly Condition[], left: ReadonlySet<string>, kinds: readonly WatchedKind[]): Promise<void>;
}

export interface RotationPorts {
  readonly directory: KeyDirectory;
  readonly ledger: ApiKeyLedger;
  readonly secrets: SecretVersions;
  readonly keys: ApiKeys;
  readonly probe: KeyProbe;
  readonly alarm: RotationAlarm;
  readonly pauses: Pauses;
  readonly organizationId: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** When retirement last saw each current key active at Anthropic, by API key id (epoch ms, UTC). */
export interface Sightings {
  read(): Promise<ReadonlyMap<string, number>>;
  write(activeAt: ReadonlyMap<string, number>): Promise<void>;
}

export interface RetirementPorts extends RotationPorts {
  readonly sightings: Sightings;
  readonly usage: UsageEvidence;
  readonly rotations: Rotations;
  readonly watch: Watch;
}
