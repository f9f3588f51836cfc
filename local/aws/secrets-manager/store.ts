import type { RotationRulesType, Tag } from '@aws-sdk/client-secrets-manager';
import type { Account, Call } from '../service.ts';
import { AwsError } from '../service.ts';

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';
export const PENDING = 'AWSPENDING';

/** `value` is undefined while a rotation has registered the version and nobody has filled it. */
export interface Version {
  readonly id: string;
  readonly value: string | undefined;
  readonly stages: readonly string[];
  readonly createdAt: number;
  readonly lastAccessedAt?: number;
  /** The throw-away version on which new rotation settings are tested. */
  readonly isTest?: true;
}

export interface RotationSetting {
  readonly enabled: boolean;
  readonly lambdaArn: string;
  readonly rules: RotationRulesType | undefined;
  readonly lastRotatedAt?: number;
  /** What the schedule counts from: configuration, rotation or a write by hand. */
  readonly countedFrom: number;
  /** When the rotation opens that the rules of before had planned, where it still occurs. */
  readonly plannedAt?: number;
}

/** Never changed in place: a stale read answers with the record before the last write. */
export interface SecretRecord {
  readonly arn: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastChangedAt: number;
  readonly lastAccessedAt?: number;
  /** When the deletion will be final. */
  readonly deletionAt?: number;
  readonly tags: readonly Tag[];
  readonly versions: ReadonlyMap<string, Version>;
  readonly rotation?: RotationSetting;
  readonly policy?: string;
}

/** What EventBridge and CloudTrail would have seen. Never a value. */
export interface SecretEvent {
  readonly at: number;
  readonly type:
    | 'Secret Label Updated'
    | 'RotationStarted'
    | 'RotationSucceeded'
    | 'RotationFailed'
    | 'RotationAbandoned'
    | 'TestRotationStarted'
    | 'TestRotationSucceeded'
    | 'TestRotationFailed'
    | 'StartSecretVersionDelete'
    | 'CancelSecretVersionDelete'
    | 'EndSecretVersionDelete';
  readonly secretArn: string;
  readonly detail: Readonly<Record<string, string>>;
}

export interface SecretStore {
  /** Throws ResourceNotFoundException. Takes a name, an ARN, or an ARN without its six random characters. */
  find(secretId: string, call?: Call): SecretRecord;
  /** As `find`; refuses a secret that is marked for deletion. */
  findLive(secretId: string, call?: Call): SecretRecord;
  get(name: string): SecretRecord | undefined;
  all(call?: Call): SecretRecord[];
  /** Replaces a record and emits `Secret Label Updated` for labels that moved. */
  save(record: SecretRecord): void;
  /** Saves what a read leaves behind (an access date): no write, so nothing that a stale read could miss. */
  touch(record: SecretRecord): void;
  remove(name: string): void;
  emit(type: SecretEvent['type'], record: SecretRecord, detail?: Readonly<Record<string, string>>): void;
  readonly events: readonly SecretEvent[];
}

/** `onSave` hears of every write, after it. */
export function createSecretStore(account: Account, onSave: (record: SecretRecord) => void): SecretStore {
  const { clock } = account;
  const records = new Map<string, SecretRecord>();
  const before = new Map<string, { readonly record: SecretRecord | undefined; readonly replacedAt: number }>();
  const events: SecretEvent[] = [];
  const arnPrefix = `arn:aws:secretsmanager:${account.region}:${account.accountId}:secret:`;

  const emit: SecretStore['emit'] = (type, record, detail = {}) =>
    void events.push({ at: clock.now(), type, secretArn: record.arn, detail });

  const remove = (name: string): void => {
    records.delete(name);
    before.delete(name);
  };

  const purge = (record: SecretRecord | undefined): SecretRecord | undefined => {
    if (record?.deletionAt === undefined || record.deletionAt > clock.now()) return record;
    remove(record.name);
    emit('EndSecretVersionDelete', record);
    return undefined;
  };

  const seen = (name: string, call: Call | undefined): SecretRecord | undefined => {
    const record = purge(records.get(name));
    const old = call?.stale ? before.get(name) : undefined;
    return old !== undefined && clock.now() - old.replacedAt <= account.staleWindowMs ? old.record : record;
  };

  const nameOf = (secretId: string): string => {
    if (!secretId.startsWith(arnPrefix)) return secretId;
    const rest = secretId.slice(arnPrefix.length);
    const name = /^(.+)-[A-Za-z0-9]{6}$/.exec(rest)?.[1];
    return name !== undefined && records.get(name)?.arn === secretId ? name : rest;
  };

  const find: SecretStore['find'] = (secretId, call) => {
    const record = seen(nameOf(secretId), call);
    if (record === undefined) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return record;
  };

  return {
    find,
    findLive(secretId, call) {
      const record = find(secretId, call);
      if (record.deletionAt !== undefined) {
        throw new AwsError('InvalidRequestException', "You can't perform this operation on the secret because it was marked for deletion.");
      }
      return record;
    },
    get: (name) => purge(records.get(name)),
    all: (call) => [...records.keys()].map((name) => seen(name, call)).filter((record) => record !== undefined),
    save(record) {
      const old = records.get(record.name);
      before.set(record.name, { record: old, replacedAt: clock.now() });
      records.set(record.name, prune(record, clock.now()));
      for (const version of record.versions.values()) {
        const had = old?.versions.get(version.id)?.stages ?? [];
        for (const label of version.stages) {
          // All labels but these two, custom ones included; first creation too.
          if (label === PENDING || label === PREVIOUS || had.includes(label)) continue;
          emit('Secret Label Updated', record, { name: record.name, labelUpdated: label, versionId: version.id });
        }
      }
      onSave(record);
    },
    touch: (record) => void records.set(record.name, record),
    remove,
    emit,
    events,
  };
}

/** The version that holds a label. */
export function holder(record: SecretRecord, label: string): Version | undefined {
  for (const version of record.versions.values()) if (version.stages.includes(label)) return version;
  return undefined;
}

/** AWS drops unlabelled versions beyond a hundred, but none that is younger than a day. */
function prune(record: SecretRecord, now: number): SecretRecord {
  const bare = [...record.versions.values()].filter((version) => version.stages.length === 0);
  if (bare.length <= 100) return record;
  const doomed = bare.slice(0, bare.length - 100).filter((version) => now - version.createdAt > 86_400_000);
  const versions = new Map(record.versions);
  for (const version of doomed) versions.delete(version.id);
  return { ...record, versions };
}
