import {
  CreateSecret$,
  GetSecretValue$,
  ListSecretVersionIds$,
  PutSecretValue$,
  UpdateSecretVersionStage$,
} from '@aws-sdk/client-secrets-manager';
import type {
  CreateSecretRequest,
  CreateSecretResponse,
  GetSecretValueRequest,
  GetSecretValueResponse,
  ListSecretVersionIdsRequest,
  ListSecretVersionIdsResponse,
  PutSecretValueRequest,
  PutSecretValueResponse,
  UpdateSecretVersionStageRequest,
  UpdateSecretVersionStageResponse,
} from '@aws-sdk/client-secrets-manager';
import { page } from '../pages.ts';
import { AwsError, operation } from '../service.ts';
import type { Account, Operation } from '../service.ts';
import { checkLabelCount, moveLabel } from './labels.ts';
import { overwriteOf } from './replicas.ts';
import type { Replication } from './replicas.ts';
import { CURRENT } from './store.ts';
import type { SecretRecord, SecretStore } from './store.ts';
import { addVersion, checkStages, checkToken, selectVersion, valueOf, writeVersion } from './versions.ts';

const DAY_MS = 86_400_000;

/** The operations that read and write values and move labels. */
export function valueOperations(
  account: Account,
  store: SecretStore,
  replication: Replication,
  pendingAfterSwitch: 'stays' | 'removed',
): readonly Operation[] {
  const { randomness } = account;
  const replicationOf = (record: SecretRecord): Pick<CreateSecretResponse, 'ReplicationStatus'> => {
    const status = replication.status(record);
    return status === undefined ? {} : { ReplicationStatus: status };
  };

  return [
    operation<CreateSecretRequest, CreateSecretResponse>(
      CreateSecret$,
      ['Name', 'ClientRequestToken', 'SecretString', 'AddReplicaRegions', 'ForceOverwriteReplicaSecret', 'Tags'],
      (input, { now }) => {
        // Only CloudFormation gives a tag of this kind.
        if (input.Tags?.some(({ Key }) => Key?.startsWith('aws:'))) {
          throw new AwsError('InvalidRequestException', 'aws: prefixed tag key names are not allowed for external use.');
        }
        if (!/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(input.Name)) {
          throw new AwsError(
            'ValidationException',
            'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
          );
        }
        const value = valueOf(input);
        const token = input.ClientRequestToken ?? randomness.uuid();
        checkToken(token);
        const existing = store.get(input.Name);
        if (existing !== undefined) return { ...createAgain(existing, token, value), ...replicationOf(existing) };
        const regions = input.AddReplicaRegions ?? [];
        replication.check(regions);
        const bare: SecretRecord = {
          arn: `arn:aws:secretsmanager:${account.region}:${account.accountId}:secret:${input.Name}-${randomness.suffix(6)}`,
          name: input.Name,
          createdAt: now,
          lastChangedAt: now,
          tags: input.Tags ?? [],
          versions: new Map(),
        };
        const created = value === undefined ? bare : addVersion(bare, token, value, [CURRENT], now);
        store.save(created);
        if (regions.length > 0) replication.add(created, regions, overwriteOf(input));
        return { ARN: bare.arn, Name: bare.name, ...(value === undefined ? {} : { VersionId: token }), ...replicationOf(created) };
      },
    ),

    operation<GetSecretValueRequest, GetSecretValueResponse>(GetSecretValue$, ['SecretId', 'VersionId', 'VersionStage'], (input, call) => {
      const record = store.findLive(input.SecretId, call);
      const version = selectVersion(record, input.VersionId, input.VersionStage);
      const today = Math.floor(call.now / DAY_MS) * DAY_MS;
      if (!call.stale && (record.lastAccessedAt !== today || version.lastAccessedAt !== today)) {
        const versions = new Map(record.versions).set(version.id, { ...version, lastAccessedAt: today });
        store.touch({ ...record, lastAccessedAt: today, versions });
      }
      return {
        ARN: record.arn,
        Name: record.name,
        VersionId: version.id,
        VersionStages: [...version.stages],
        CreatedDate: new Date(version.createdAt),
        ...(version.value === undefined ? {} : { SecretString: version.value }),
      };
    }),

    operation<PutSecretValueRequest, PutSecretValueResponse>(
      PutSecretValue$,
      ['SecretId', 'ClientRequestToken', 'SecretString', 'VersionStages'],
      (input, { now }) => {
        const record = store.findLive(input.SecretId);
        const value = valueOf(input);
        if (value === undefined) throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
        const stages = checkStages(input.VersionStages);
        const next = writeVersion(store, record, input.ClientRequestToken ?? randomness.uuid(), value, stages, now);
        return { ARN: record.arn, Name: record.name, VersionId: next.id, VersionStages: [...next.stages] };
      },
    ),

    operation<UpdateSecretVersionStageRequest, UpdateSecretVersionStageResponse>(
      UpdateSecretVersionStage$,
      ['SecretId', 'VersionStage', 'MoveToVersionId', 'RemoveFromVersionId'],
      (input, { now }) => {
        const record = store.findLive(input.SecretId);
        const move = { label: input.VersionStage, moveTo: input.MoveToVersionId, removeFrom: input.RemoveFromVersionId };
        const versions = moveLabel(record, move, pendingAfterSwitch);
        checkLabelCount(versions);
        store.save({ ...record, versions, lastChangedAt: now });
        return { ARN: record.arn, Name: record.name };
      },
    ),

    operation<ListSecretVersionIdsRequest, ListSecretVersionIdsResponse>(
      ListSecretVersionIds$,
      ['SecretId', 'IncludeDeprecated', 'MaxResults', 'NextToken'],
      (input, call) => {
        const record = store.find(input.SecretId, call);
        const listed = [...record.versions.values()].filter((version) => input.IncludeDeprecated === true || version.stages.length > 0);
        const { items, nextToken } = page(listed, input.MaxResults ?? 100, input.NextToken);
        return {
          ARN: record.arn,
          Name: record.name,
          Versions: items.map((version) => ({
            VersionId: version.id,
            VersionStages: [...version.stages],
            CreatedDate: new Date(version.createdAt),
            ...(version.lastAccessedAt === undefined ? {} : { LastAccessedDate: new Date(version.lastAccessedAt) }),
          })),
          ...(nextToken === undefined ? {} : { NextToken: nextToken }),
        };
      },
    ),
  ];
}

/** The same token with the same content is the first call's retry; anything else meets a name that is taken. */
function createAgain(existing: SecretRecord, token: string, value: string | undefined): CreateSecretResponse {
  if (existing.deletionAt !== undefined) {
    throw new AwsError(
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = existing.versions.get(token);
  if (value !== undefined && version !== undefined && version.value === value) {
    return { ARN: existing.arn, Name: existing.name, VersionId: token };
  }
  throw new AwsError('ResourceExistsException', `The operation failed because the secret ${existing.name} already exists.`);
}
