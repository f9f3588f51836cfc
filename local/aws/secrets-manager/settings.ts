import {
  DeleteResourcePolicy$,
  DeleteSecret$,
  DescribeSecret$,
  GetResourcePolicy$,
  ListSecrets$,
  PutResourcePolicy$,
  RestoreSecret$,
  TagResource$,
  UntagResource$,
} from '@aws-sdk/client-secrets-manager';
import type {
  DeleteResourcePolicyRequest,
  DeleteResourcePolicyResponse,
  DeleteSecretRequest,
  DeleteSecretResponse,
  DescribeSecretRequest,
  DescribeSecretResponse,
  Filter,
  GetResourcePolicyRequest,
  GetResourcePolicyResponse,
  ListSecretsRequest,
  ListSecretsResponse,
  PutResourcePolicyRequest,
  PutResourcePolicyResponse,
  RestoreSecretRequest,
  RestoreSecretResponse,
  Tag,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-secrets-manager';
import { page } from '../pages.ts';
import { AwsError, operation } from '../service.ts';
import type { Account, Checked, Operation } from '../service.ts';
import type { Replication } from './replicas.ts';
import { checkTagKeys } from './tags.ts';
import { nextWindow } from './rotation-window.ts';
import type { SecretRecord, SecretStore } from './store.ts';

const DAY_MS = 86_400_000;

/** The operations around a secret: description, lists, tags, policies, deletion. */
export function settingOperations(account: Account, store: SecretStore, replication: Replication): readonly Operation[] {
  return [
    operation<DescribeSecretRequest, DescribeSecretResponse>(DescribeSecret$, (input, call) => describe(store.find(input.SecretId, call))),

    operation<ListSecretsRequest, ListSecretsResponse>(ListSecrets$, (input, call) => {
      const listed = store
        .all(call)
        .filter((record) => input.IncludePlannedDeletion === true || record.deletionAt === undefined)
        .filter((record) => (input.Filters ?? []).every((filter) => matches(record, filter)))
        .sort((a, b) => a.createdAt - b.createdAt);
      if (input.SortOrder === 'desc') listed.reverse();
      const { items, nextToken } = page(listed, input.MaxResults ?? 100, input.NextToken);
      return {
        SecretList: items.map((record) => {
          const { VersionIdsToStages, ...entry } = describe(record);
          return VersionIdsToStages === undefined ? entry : { ...entry, SecretVersionsToStages: VersionIdsToStages };
        }),
        ...(nextToken === undefined ? {} : { NextToken: nextToken }),
      };
    }),

    operation<TagResourceRequest, object>(TagResource$, (input) => {
      const record = store.findLive(input.SecretId);
      checkTagKeys(input.Tags.map(({ Key = '' }) => Key));
      const tags = new Map(record.tags.map((tag) => [tag.Key, tag]));
      for (const tag of input.Tags) tags.set(tag.Key, tag);
      if (tags.size > 50) throw new AwsError('InvalidParameterException', 'The number of tags on a secret must not exceed 50.');
      store.save({ ...record, tags: [...tags.values()] });
      return {};
    }),
    operation<UntagResourceRequest, object>(UntagResource$, (input) => {
      const record = store.findLive(input.SecretId);
      checkTagKeys(input.TagKeys);
      store.save({ ...record, tags: record.tags.filter((tag) => !input.TagKeys.includes(tag.Key ?? '')) });
      return {};
    }),

    operation<DeleteSecretRequest, DeleteSecretResponse>(DeleteSecret$, (input, { now }) => {
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
    }),
    operation<RestoreSecretRequest, RestoreSecretResponse>(RestoreSecret$, (input) => {
      const { deletionAt, ...record } = store.find(input.SecretId);
      if (deletionAt !== undefined) {
        store.save(record);
        store.emit('CancelSecretVersionDelete', record);
      }
      return { ARN: record.arn, Name: record.name };
    }),

    operation<PutResourcePolicyRequest, PutResourcePolicyResponse>(PutResourcePolicy$, (input) => {
      const record = store.findLive(input.SecretId);
      try {
        JSON.parse(input.ResourcePolicy);
      } catch {
        throw new AwsError('MalformedPolicyDocumentException', 'This resource policy contains invalid JSON.');
      }
      store.save({ ...record, policy: input.ResourcePolicy });
      return { ARN: record.arn, Name: record.name };
    }),
    operation<GetResourcePolicyRequest, GetResourcePolicyResponse>(GetResourcePolicy$, (input, call) => {
      const { arn, name, policy } = store.findLive(input.SecretId, call);
      return { ARN: arn, Name: name, ...(policy === undefined ? {} : { ResourcePolicy: policy }) };
    }),
    operation<DeleteResourcePolicyRequest, DeleteResourcePolicyResponse>(DeleteResourcePolicy$, (input) => {
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
      ...(record.description === undefined ? {} : { Description: record.description }),
      ...(record.kmsKeyId === undefined ? {} : { KmsKeyId: record.kmsKeyId }),
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

function matches(record: SecretRecord, filter: Checked<Filter>): boolean {
  const keys = record.tags.map((tag) => tag.Key ?? '');
  const values = record.tags.map((tag) => tag.Value ?? '');
  const fields: Record<string, readonly string[]> = {
    name: [record.name],
    description: [record.description ?? ''],
    'tag-key': keys,
    'tag-value': values,
    all: [record.name, record.description ?? '', ...keys, ...values],
  };
  const candidates = fields[filter.Key ?? 'all'];
  if (candidates === undefined)
    throw new AwsError('InvalidParameterException', `The local AWS does not filter secrets by ${filter.Key ?? ''}`);
  return (filter.Values ?? []).some((value) => {
    const wanted = value.startsWith('!') ? value.slice(1) : value;
    return candidates.some((candidate) => candidate.startsWith(wanted)) !== value.startsWith('!');
  });
}
