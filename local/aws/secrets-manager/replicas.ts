import { ReplicateSecretToRegions$ } from '@aws-sdk/client-secrets-manager';
import type {
  ReplicaRegionType,
  ReplicateSecretToRegionsRequest,
  ReplicateSecretToRegionsResponse,
  ReplicationStatusType,
} from '@aws-sdk/client-secrets-manager';
import { AwsError, operation } from '../service.ts';
import type { Account, Operation } from '../service.ts';
import { CURRENT } from './store.ts';
import type { SecretRecord, SecretStore } from './store.ts';

/** What happens on the way to the replica Regions. */
export interface Replicas {
  /** World time that a copy takes to `region`, those under way included; Infinity: it never arrives. @default 3 seconds */
  lag(region: string, ms: number): void;
  /** Copies that would arrive in `region` from now on fail with this status message. */
  fail(region: string, message: string): void;
  /** Ends `fail`. What has failed stays so until it is tried again. */
  recover(region: string): void;
  /** A secret of this name is in `region` already: no replica is created there unless it may overwrite. */
  occupy(region: string, secretName: string): void;
}

/** A replica as an observer sees it. */
export interface ObservedReplica {
  readonly region: string;
  readonly status: 'InSync' | 'InProgress' | 'Failed';
  /** The version that is AWSCURRENT in that Region; missing where the replica holds none. */
  readonly current?: string;
}

/**
 * The replicas of all secrets. Only their status and which versions they hold is modelled: nobody can call the other
 * Region. A write sends a copy to each replica; a replica that was never created waits for ReplicateSecretToRegions.
 * Rules: docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets_troubleshoot.html
 */
export interface Replication {
  readonly script: Replicas;
  /** Throws InvalidParameterException for Regions that cannot be replicas of `record`; a new secret has none. */
  check(regions: readonly ReplicaRegionType[], record?: SecretRecord): void;
  add(record: SecretRecord, regions: readonly ReplicaRegionType[], overwrite: 'overwrite' | 'keep'): void;
  /** To be told of every write. */
  saved(record: SecretRecord): void;
  /** As DescribeSecret shows them; undefined for a secret without replicas. */
  status(record: SecretRecord): ReplicationStatusType[] | undefined;
  observe(record: SecretRecord): readonly ObservedReplica[];
}

interface HeldVersion {
  readonly id: string;
  readonly stages: readonly string[];
}
interface Replica {
  readonly region: string;
  readonly kmsKeyId: string;
  /** The newest state of the primary that arrived; undefined until the replica is created. */
  holds: readonly HeldVersion[] | undefined;
  /** When the copy that is under way was sent. */
  sentAt: number | undefined;
  failure: string | undefined;
}
interface Primary {
  readonly name: string;
  versions: readonly HeldVersion[];
  replicas: Replica[];
}

const DEFAULT_LAG_MS = 3000;

export function createReplication({ clock, region: primaryRegion }: Account): Replication {
  const primaries = new Map<string, Primary>();
  const lags = new Map<string, number>();
  const failures = new Map<string, string>();
  const occupied = new Set<string>();
  const place = (region: string, name: string): string => `${region} ${name}`;

  const send = (replica: Replica): void => void Object.assign(replica, { sentAt: clock.now(), failure: undefined });

  const arrive = (replica: Replica, { name, versions }: Primary): void => {
    const taken = occupied.has(place(replica.region, name));
    replica.sentAt = undefined;
    replica.failure = failures.get(replica.region) ?? (taken ? 'Secret with this name already exists in this region' : undefined);
    if (replica.failure === undefined) replica.holds = versions;
  };

  /** Lets arrive what is due. Before anything changes, so that nothing that changes later touches it. */
  const catchUp = (): void => {
    for (const primary of primaries.values()) {
      for (const replica of primary.replicas) {
        const due = replica.sentAt === undefined ? Infinity : replica.sentAt + (lags.get(replica.region) ?? DEFAULT_LAG_MS);
        if (due <= clock.now()) arrive(replica, primary);
      }
    }
  };
  const replicasOf = (record: SecretRecord): readonly Replica[] => {
    catchUp();
    return primaries.get(record.arn)?.replicas ?? [];
  };
  const scripted =
    <A extends readonly unknown[]>(change: (...args: A) => unknown) =>
    (...args: A): void => {
      catchUp();
      change(...args);
    };

  return {
    script: {
      lag: scripted((region: string, ms: number) => lags.set(region, ms)),
      fail: scripted((region: string, message: string) => failures.set(region, message)),
      recover: scripted((region: string) => failures.delete(region)),
      occupy: scripted((region: string, name: string) => occupied.add(place(region, name))),
    },

    check(regions, record) {
      const taken = new Set<string | undefined>([primaryRegion]);
      for (const replica of record === undefined ? [] : replicasOf(record)) {
        // A failed one is tried again by naming its Region again.
        if (replica.failure === undefined) taken.add(replica.region);
      }
      for (const { Region: region } of regions) {
        if (region === undefined || !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region) || taken.has(region)) {
          throw new AwsError('InvalidParameterException', 'Invalid replica region.');
        }
        taken.add(region);
      }
    },

    add(record, regions, overwrite) {
      catchUp();
      const primary = primaries.get(record.arn) ?? { name: record.name, versions: heldBy(record), replicas: [] };
      primaries.set(record.arn, primary);
      for (const { Region: region = '', KmsKeyId: kmsKeyId = 'alias/aws/secretsmanager' } of regions) {
        if (overwrite === 'overwrite') occupied.delete(place(region, record.name));
        const holds = primary.replicas.find((known) => known.region === region)?.holds;
        const replica: Replica = { region, kmsKeyId, holds, sentAt: undefined, failure: undefined };
        send(replica);
        primary.replicas = [...primary.replicas.filter((known) => known.region !== region), replica];
      }
    },

    saved(record) {
      const primary = primaries.get(record.arn);
      if (primary === undefined) return;
      catchUp();
      const versions = heldBy(record);
      if (JSON.stringify(versions) === JSON.stringify(primary.versions)) return;
      primary.versions = versions;
      for (const replica of primary.replicas) if (replica.holds !== undefined || replica.sentAt !== undefined) send(replica);
    },

    status(record) {
      const replicas = replicasOf(record);
      if (replicas.length === 0) return undefined;
      return replicas.map((replica) => {
        const { region: Region, kmsKeyId: KmsKeyId, failure } = replica;
        const Status = statusOf(replica);
        if (Status === 'InProgress') return { Region, KmsKeyId, Status };
        return { Region, KmsKeyId, Status, StatusMessage: failure ?? 'Replication succeeded' };
      });
    },

    observe: (record) =>
      replicasOf(record).map((replica) => {
        const current = replica.holds?.find(({ stages }) => stages.includes(CURRENT))?.id;
        return { region: replica.region, status: statusOf(replica), ...(current === undefined ? {} : { current }) };
      }),
  };
}

export function overwriteOf(input: { readonly ForceOverwriteReplicaSecret?: boolean | undefined }): 'overwrite' | 'keep' {
  return input.ForceOverwriteReplicaSecret === true ? 'overwrite' : 'keep';
}

/** ReplicateSecretToRegions. */
export function replicateOperation(store: SecretStore, replication: Replication): Operation {
  return operation<ReplicateSecretToRegionsRequest, ReplicateSecretToRegionsResponse>(
    ReplicateSecretToRegions$,
    ['SecretId', 'AddReplicaRegions', 'ForceOverwriteReplicaSecret'],
    (input) => {
      const record = store.findLive(input.SecretId);
      if (input.AddReplicaRegions.length === 0) {
        throw new AwsError(
          'ValidationException',
          "1 validation error detected: Value '[]' at 'addReplicaRegions' failed to satisfy constraint: Member must have length greater than or equal to 1",
        );
      }
      replication.check(input.AddReplicaRegions, record);
      replication.add(record, input.AddReplicaRegions, overwriteOf(input));
      return { ARN: record.arn, ReplicationStatus: replication.status(record) ?? [] };
    },
  );
}

/** A version that a rotation registered and nobody has filled is not copied. */
function heldBy(record: SecretRecord): readonly HeldVersion[] {
  return [...record.versions.values()].filter(({ value }) => value !== undefined).map(({ id, stages }) => ({ id, stages }));
}

function statusOf({ sentAt, failure }: Replica): ObservedReplica['status'] {
  if (sentAt !== undefined) return 'InProgress';
  return failure === undefined ? 'InSync' : 'Failed';
}
