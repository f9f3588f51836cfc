import {
  CreateSecret$,
  GetSecretValue$,
  ListSecretVersionIds$,
  PutSecretValue$,
  UpdateSecret$,
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
  UpdateSecretRequest,
  UpdateSecretResponse,
  UpdateSecretVersionStageRequest,
  UpdateSecretVersionStageResponse,
} from '@aws-sdk/client-secrets-manager';
import { page } from '../pages.ts';
import { AwsError, operation } from '../service.ts';
import type { Account, Operation } from '../service.ts';
import { checkLabelCount, dropLabel, moveCurrent, moveLabel, openRotation, placeLabel } from './labels.ts';
import { CURRENT, holder, PENDING } from './store.ts';
import type { SecretRecord, SecretStore, SecretValue, Version } from './store.ts';

const BYTES_PER_VERSION = 65_536;
const DAY_MS = 86_400_000;

/** The operations that read and write values and move labels. */
export function valueOperations(
  account: Account,
  store: SecretStore,
  pendingAfterSwitch: 'same-version' | 'removed',
): readonly Operation[] {
  const { randomness } = account;

  return [
    operation<CreateSecretRequest, CreateSecretResponse>(CreateSecret$, (input, { now }) => {
      if (!/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(input.Name)) {
        throw new AwsError(
          'ValidationException',
          'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
        );
      }
      const value = valueOf(input);
      const token = input.ClientRequestToken ?? randomness.uuid();
      const existing = store.get(input.Name);
      if (existing !== undefined) return createAgain(existing, token, value);
      const bare: SecretRecord = {
        arn: `arn:aws:secretsmanager:${account.region}:${account.accountId}:secret:${input.Name}-${randomness.suffix(6)}`,
        name: input.Name,
        createdAt: now,
        lastChangedAt: now,
        tags: input.Tags ?? [],
        versions: new Map(),
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.KmsKeyId === undefined ? {} : { kmsKeyId: input.KmsKeyId }),
      };
      store.save(value === undefined ? bare : addVersion(bare, token, value, [CURRENT], now));
      return { ARN: bare.arn, Name: bare.name, ...(value === undefined ? {} : { VersionId: token }) };
    }),

    operation<GetSecretValueRequest, GetSecretValueResponse>(GetSecretValue$, (input, call) => {
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
        ...(version.value?.text === undefined ? {} : { SecretString: version.value.text }),
        ...(version.value?.binary === undefined ? {} : { SecretBinary: version.value.binary }),
      };
    }),

    operation<PutSecretValueRequest, PutSecretValueResponse>(PutSecretValue$, (input, { now }) => {
      const record = store.findLive(input.SecretId);
      const value = valueOf(input);
      if (value === undefined) throw new AwsError('InvalidRequestException', 'You must provide either SecretString or SecretBinary.');
      const stages = checkStages(input.VersionStages);
      const next = writeVersion(store, record, input.ClientRequestToken ?? randomness.uuid(), value, stages, now);
      return { ARN: record.arn, Name: record.name, VersionId: next.id, VersionStages: [...next.stages] };
    }),

    operation<UpdateSecretRequest, UpdateSecretResponse>(UpdateSecret$, (input, { now }) => {
      const record = store.findLive(input.SecretId);
      const changed: SecretRecord = {
        ...record,
        lastChangedAt: now,
        ...(input.Description === undefined ? {} : { description: input.Description }),
        ...(input.KmsKeyId === undefined ? {} : { kmsKeyId: input.KmsKeyId }),
      };
      const value = valueOf(input);
      if (value === undefined) {
        store.save(changed);
        return { ARN: record.arn, Name: record.name };
      }
      const version = writeVersion(store, changed, input.ClientRequestToken ?? randomness.uuid(), value, [CURRENT], now);
      return { ARN: record.arn, Name: record.name, VersionId: version.id };
    }),

    operation<UpdateSecretVersionStageRequest, UpdateSecretVersionStageResponse>(UpdateSecretVersionStage$, (input, { now }) => {
      const record = store.findLive(input.SecretId);
      const move = { label: input.VersionStage, moveTo: input.MoveToVersionId, removeFrom: input.RemoveFromVersionId };
      const versions = moveLabel(record, move, pendingAfterSwitch);
      checkLabelCount(versions);
      store.save({ ...record, versions, lastChangedAt: now });
      return { ARN: record.arn, Name: record.name };
    }),

    operation<ListSecretVersionIdsRequest, ListSecretVersionIdsResponse>(ListSecretVersionIds$, (input, call) => {
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
    }),
  ];
}

/** The same token with the same content is the first call's retry; anything else meets a name that is taken. */
function createAgain(existing: SecretRecord, token: string, value: SecretValue | undefined): CreateSecretResponse {
  if (existing.deletionAt !== undefined) {
    throw new AwsError(
      'InvalidRequestException',
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = existing.versions.get(token);
  if (value !== undefined && version !== undefined && sameValue(version.value, value)) {
    return { ARN: existing.arn, Name: existing.name, VersionId: token };
  }
  throw new AwsError('ResourceExistsException', `The operation failed because the secret ${existing.name} already exists.`);
}

/** Writes or fills a version, moves labels, and ends an open rotation that a write by hand overtakes. */
function writeVersion(
  store: SecretStore,
  record: SecretRecord,
  token: string,
  value: SecretValue,
  stages: readonly string[],
  now: number,
): Version {
  if (token.length < 32 || token.length > 64) {
    throw new AwsError('InvalidParameterException', 'ClientRequestToken must be between 32 and 64 characters long.');
  }
  const known = record.versions.get(token);
  if (known?.value !== undefined) {
    if (sameValue(known.value, value)) return known;
    throw new AwsError(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${record.arn}.`,
    );
  }
  const overtaken = openRotation(record);
  let next = addVersion(record, token, value, stages, now);
  const movesCurrent = holder(record, CURRENT)?.id !== holder(next, CURRENT)?.id;
  if (movesCurrent && overtaken !== undefined && overtaken.id !== token) {
    next = { ...next, versions: dropLabel(next.versions, PENDING) };
    store.emit('RotationAbandoned', record, { versionId: overtaken.id });
  }
  // A write by hand counts as a rotation for the schedule.
  if (movesCurrent && next.rotation !== undefined) next = { ...next, rotation: { ...next.rotation, countedFrom: now } };
  store.save(next);
  return next.versions.get(token) ?? { id: token, value, stages, createdAt: now };
}

function addVersion(record: SecretRecord, id: string, value: SecretValue, stages: readonly string[], now: number): SecretRecord {
  const known = record.versions.get(id);
  const filled: Version = { id, value, stages: known?.stages ?? [], createdAt: known?.createdAt ?? now };
  let versions: ReadonlyMap<string, Version> = new Map(record.versions).set(id, filled);
  // The first version of a secret is AWSCURRENT whatever labels it was given.
  const labels = record.versions.size === 0 && !stages.includes(CURRENT) ? [CURRENT, ...stages] : stages;
  for (const label of labels) versions = label === CURRENT ? moveCurrent(versions, id) : placeLabel(versions, label, id);
  checkLabelCount(versions);
  return { ...record, versions, lastChangedAt: now };
}

function selectVersion(record: SecretRecord, versionId: string | undefined, stage: string | undefined): Version {
  const version = versionId === undefined ? holder(record, stage ?? CURRENT) : record.versions.get(versionId);
  const missing = (): AwsError =>
    new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${
        versionId === undefined ? `staging label: ${stage ?? CURRENT}` : `VersionId: ${versionId}`
      }`,
    );
  if (version === undefined) throw missing();
  if (versionId !== undefined && stage !== undefined && !version.stages.includes(stage)) {
    throw new AwsError('InvalidRequestException', 'You provided a VersionStage that is not associated to the provided VersionId.');
  }
  // Registered by a rotation and still empty.
  if (version.value === undefined) throw missing();
  return version;
}

function checkStages(stages: readonly string[] | undefined): readonly string[] {
  if (stages === undefined) return [CURRENT];
  if (stages.length === 0 || stages.length > 20) {
    const limit = stages.length === 0 ? 'greater than or equal to 1' : 'less than or equal to 20';
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '[${stages.join(', ')}]' at 'versionStages' failed to satisfy constraint: Member must have length ${limit}`,
    );
  }
  return stages;
}

function valueOf(input: {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}): SecretValue | undefined {
  const { SecretString: text, SecretBinary: binary } = input;
  if (text !== undefined && binary !== undefined) {
    throw new AwsError(
      'InvalidParameterException',
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  const bytes = text === undefined ? binary?.byteLength : Buffer.byteLength(text);
  if (bytes !== undefined && (bytes > BYTES_PER_VERSION || bytes === 0)) {
    const member = text === undefined ? 'secretBinary' : 'secretString';
    const limit = bytes === 0 ? 'greater than or equal to 1' : `less than or equal to ${BYTES_PER_VERSION}`;
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length ${limit}`,
    );
  }
  if (text !== undefined) return { text };
  return binary === undefined ? undefined : { binary };
}

function sameValue(a: SecretValue | undefined, b: SecretValue): boolean {
  if (a === undefined || a.text !== b.text) return false;
  return a.binary === undefined || b.binary === undefined ? a.binary === b.binary : Buffer.compare(a.binary, b.binary) === 0;
}
