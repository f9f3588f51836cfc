import { errorTypeRegistries } from '@aws-sdk/client-secrets-manager';
import type { Account, Service } from '../service.ts';
import { createReplication, replicateOperation } from './replicas.ts';
import type { ObservedReplica, Replicas } from './replicas.ts';
import { createRotation } from './rotation.ts';
import { settingOperations } from './settings.ts';
import { createSecretStore } from './store.ts';
import type { SecretEvent } from './store.ts';
import { valueOperations } from './values.ts';

export interface SecretsManagerOptions {
  /**
   * AWSPENDING once AWSCURRENT has moved to its version: it `stays` there until the service takes it off, as on AWS, or is
   * `removed` by the move. Both are allowed end states. @default 'stays'
   */
  readonly pendingAfterSwitch?: 'stays' | 'removed';
  /** World time from the success of a rotation until the service takes off a label that stayed. @default 10 minutes */
  readonly pendingCleanUpMs?: number;
  /** On what a new rotation setting is tested where the secret holds no value yet: AWS does not say. @default 'empty-version' */
  readonly testOnEmptySecret?: 'empty-version' | 'no-version' | 'no-call';
  /**
   * Whether the rotation that the schedule of before had planned still occurs after a change to a rate without a rotation at once:
   * API_RotateSecret says that it might. @default false
   */
  readonly plannedRotationStays?: boolean;
  /** World time between two attempts of a failed rotation. @default 5 minutes */
  readonly rotationRetryMs?: number;
}

/** One version as an observer sees it: `text` is missing while it is empty. */
interface ObservedVersion {
  readonly versionId: string;
  readonly labels: readonly string[];
  readonly text?: string;
  readonly createdAt: number;
  /** The throw-away version on which new rotation settings are tested. */
  readonly isTest?: true;
}
export interface SecretsObserver {
  names(): string[];
  /** Versions in order of creation; throws for a name that does not exist. */
  versions(secretId: string): readonly ObservedVersion[];
  /** Whether its rotation schedule is on; throws for a name that does not exist. */
  rotates(secretId: string): boolean;
  /** Which version each replica Region serves; throws for a name that does not exist. */
  replicas(secretId: string): readonly ObservedReplica[];
  events(): readonly SecretEvent[];
}

export type SecretsOfStacks = (secretId: string, stackName: string) => void;

export function secretsManager(
  account: Account,
  options: SecretsManagerOptions,
): { service: Service; observer: SecretsObserver; replicas: Replicas; ofStack: SecretsOfStacks } {
  const replication = createReplication(account);
  const store = createSecretStore(account, (record) => replication.saved(record));
  return {
    service: {
      name: 'secretsmanager',
      protocol: { kind: 'json', version: '1.1', target: 'secretsmanager' },
      errors: errorTypeRegistries,
      throttle: { code: 'ThrottlingException', message: 'Rate exceeded' },
      internalError: 'InternalServiceError',
      operations: [
        ...valueOperations(account, store, replication, options.pendingAfterSwitch ?? 'stays'),
        ...settingOperations(account, store, replication),
        replicateOperation(store, replication),
        ...createRotation(account, store, {
          retryMs: options.rotationRetryMs ?? 300_000,
          pendingCleanUpMs: options.pendingCleanUpMs ?? 600_000,
          plannedRotationStays: options.plannedRotationStays ?? false,
          testOnEmptySecret: options.testOnEmptySecret ?? 'empty-version',
        }),
      ],
    },
    observer: {
      names: () => store.all().map((record) => record.name),
      versions: (secretId) =>
        [...store.find(secretId).versions.values()].map((version) => ({
          versionId: version.id,
          labels: version.stages,
          createdAt: version.createdAt,
          ...(version.isTest === undefined ? {} : { isTest: version.isTest }),
          ...(version.value === undefined ? {} : { text: version.value }),
        })),
      rotates: (secretId) => store.find(secretId).rotation?.enabled === true,
      replicas: (secretId) => replication.observe(store.find(secretId)),
      events: () => store.events,
    },
    replicas: replication.script,
    ofStack(secretId, stackName) {
      const record = store.find(secretId);
      store.save({ ...record, tags: [...record.tags, { Key: 'aws:cloudformation:stack-name', Value: stackName }] });
    },
  };
}
