import {
  DeleteResourcePolicy$,
  DeleteSecret$,
  DescribeSecret$,
  GetResourcePolicy$,
  PutResourcePolicy$,
  RestoreSecret$,
} from '@aws-sdk/client-secrets-manager';
import type {
  DeleteResourcePolicyRequest,
  DeleteResourcePolicyResponse,
  DeleteSecretRequest,
  DeleteSecretResponse,
  DescribeSecretRequest,
  DescribeSecretResponse,
  GetResourcePolicyRequest,
  GetResourcePolicyResponse,
  PutResourcePolicyRequest,
  PutResourcePolicyResponse,
  RestoreSecretRequest,
  RestoreSecretResponse,
  Tag,
} from '@aws-sdk/client-secrets-manager';
import { AwsError, operation } from '../service.ts';
import type { Account, Checked, Operation } from '../service.ts';
import type { Replication } from './replicas.ts';
import { nextWindow } from './rotation-window.ts';
import type { SecretRecord, SecretStore } from './store.ts';

const DAY_MS = 86_400_000;

/** The operations around a secret: description, policies, deletion. */
export function settingOperations(account: Account, store: SecretStore, replication: Replication): readonly Operation[] {
  return [
    operation<DescribeSecretRequest, DescribeSecretResponse>(DescribeSecret$, ['SecretId'], (input, call) =>
      describe(store.find(input.SecretId, call)),
    ),

    operation<DeleteSecretRequest, DeleteSecretResponse>(
      DeleteSecret$,
      ['SecretId', 'RecoveryWindowInDays', 'ForceDeleteWithoutRecovery'],
      (input, { now }) => {
        const record = store.find(input.SecretId);
        const replicas = replication.status(record);
        if (replicas !== undefined) {
          const regions = replicas.map(({ Region }) => Region).join(', ');
          throw new AwsError(
            'InvalidParameterException',
            `You can't delete secret ${record.arn} that still has replica regions [${regions}].`,
          );
        }
        return deleteSecret(store, input, now);
      },
    ),
    operation<RestoreSecretRequest, RestoreSecretResponse>(RestoreSecret$, ['SecretId'], (input) => {
      const { deletionAt, ...record } = store.find(input.SecretId);
      if (deletionAt !== undefined) {
        store.save(record);
        store.emit('CancelSecretVersionDelete', record);
      }
      return { ARN: record.arn, Name: record.name };
    }),

    operation<PutResourcePolicyRequest, PutResourcePolicyResponse>(
      PutResourcePolicy$,
      ['SecretId', 'ResourcePolicy', 'BlockPublicPolicy'],
      (input) => {
        const record = store.findLive(input.SecretId);
        try {
          JSON.parse(input.ResourcePolicy);
        } catch {
          throw new AwsError('MalformedPolicyDocumentException', 'This resource policy contains invalid JSON.');
        }
        store.save({ ...record, policy: input.ResourcePolicy });
        return { ARN: record.arn, Name: record.name };
      },
    ),
    operation<GetResourcePolicyRequest, GetResourcePolicyResponse>(GetResourcePolicy$, ['SecretId'], (input, call) => {
      const { arn, name, policy } = store.findLive(input.SecretId, call);
      return { ARN: arn, Name: name, ...(policy === undefined ? {} : { ResourcePolicy: policy }) };
    }),
    operation<DeleteResourcePolicyRequest, DeleteResourcePolicyResponse>(DeleteResourcePolicy$, ['SecretId'], (input) => {
      const { policy, ...record } = store.findLive(input.SecretId);
      if (policy !== undefined) store.save(record);
      return { ARN: record.arn, Name: record.name };
    }),
  ];

  function describe(record: SecretRecord): DescribeSecretResponse {
    const stages = [...record.versions.values()].filter((version) => version.stages.length > 0);
    const replicas = replication.status(record);
    const window = record.rotation?.enabled ? nextWindow(record.rotation) : undefined;
    return {
      ARN: record.arn,
      Name: record.name,
      CreatedDate: new Date(record.createdAt),
      LastChangedDate: new Date(record.lastChangedAt),
      ...(record.tags.length === 0 ? {} : { Tags: record.tags.map((tag): Tag => ({ ...tag })) }),
      ...(record.lastAccessedAt === undefined ? {} : { LastAccessedDate: new Date(record.lastAccessedAt) }),
      ...(record.deletionAt === undefined ? {} : { DeletedDate: new Date(record.deletionAt) }),
      ...(stages.length === 0 ? {} : { VersionIdsToStages: Object.fromEntries(stages.map(({ id, stages }) => [id, [...stages]])) }),
      ...(record.rotation === undefined
        ? {}
        : {
            RotationEnabled: record.rotation.enabled,
            RotationLambdaARN: record.rotation.lambdaArn,
            ...(record.rotation.rules === undefined ? {} : { RotationRules: record.rotation.rules }),
            // API_DescribeSecret: null also while rotation is disabled.
            ...(record.rotation.enabled && record.rotation.lastRotatedAt !== undefined
              ? { LastRotatedDate: new Date(record.rotation.lastRotatedAt) }
              : {}),
          }),
      ...(replicas === undefined ? {} : { PrimaryRegion: account.region, ReplicationStatus: replicas }),
      // The rotation happens on or before this date; after failures it can lie in the past.
      ...(window === undefined ? {} : { NextRotationDate: new Date(window.closesAt) }),
    };
  }
}

function deleteSecret(store: SecretStore, input: Checked<DeleteSecretRequest>, now: number): DeleteSecretResponse {
  const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force } = input;
  if (force === true && days !== undefined) {
    throw new AwsError('InvalidParameterException', "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  if (days !== undefined && (days < 7 || days > 30)) {
    throw new AwsError('InvalidParameterException', 'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
  }
  if (force === true) {
    const record = store.find(input.SecretId);
    store.remove(record.name);
    store.emit('EndSecretVersionDelete', record);
    return { ARN: record.arn, Name: record.name, DeletionDate: new Date(now) };
  }
  const record = store.findLive(input.SecretId);
  const deletionAt = now + (days ?? 30) * DAY_MS;
  store.save({ ...record, deletionAt });
  store.emit('StartSecretVersionDelete', record);
  return { ARN: record.arn, Name: record.name, DeletionDate: new Date(deletionAt) };
}
