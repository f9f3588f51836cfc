import { AwsError } from '../service.ts';
import { checkLabelCount, dropLabel, moveCurrent, openRotation, placeLabel } from './labels.ts';
import { CURRENT, holder, PENDING } from './store.ts';
import type { SecretRecord, SecretStore, Version } from './store.ts';

const BYTES_PER_VERSION = 65_536;

/** Writes or fills a version, moves labels, and ends an open rotation that a write by hand overtakes. */
export function writeVersion(
  store: SecretStore,
  record: SecretRecord,
  token: string,
  value: string,
  stages: readonly string[],
  now: number,
): Version {
  checkToken(token);
  const known = record.versions.get(token);
  if (known?.value !== undefined) {
    if (known.value === value) return known;
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
  if (movesCurrent && next.rotation !== undefined) {
    const { plannedAt, ...rest } = next.rotation;
    next = { ...next, rotation: { ...rest, countedFrom: now } };
  }
  store.save(next);
  return next.versions.get(token) ?? { id: token, value, stages, createdAt: now };
}

export function checkToken(token: string): void {
  if (token.length < 32 || token.length > 64) {
    throw new AwsError('InvalidParameterException', 'ClientRequestToken must be between 32 and 64 characters long.');
  }
}

/** A record with one more version, or with an empty one filled. Throws LimitExceededException above 20 labels. */
export function addVersion(record: SecretRecord, id: string, value: string, stages: readonly string[], now: number): SecretRecord {
  const known = record.versions.get(id);
  const filled: Version = { id, value, stages: known?.stages ?? [], createdAt: known?.createdAt ?? now };
  let versions: ReadonlyMap<string, Version> = new Map(record.versions).set(id, filled);
  // The first version of a secret is AWSCURRENT whatever labels it was given.
  const labels = record.versions.size === 0 && !stages.includes(CURRENT) ? [CURRENT, ...stages] : stages;
  for (const label of labels) versions = label === CURRENT ? moveCurrent(versions, id) : placeLabel(versions, label, id);
  checkLabelCount(versions);
  return { ...record, versions, lastChangedAt: now };
}

/** The version that GetSecretValue means. Throws ResourceNotFoundException for one that is missing or still empty. */
export function selectVersion(record: SecretRecord, versionId: string | undefined, stage: string | undefined): Version {
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

/** The labels of a write; AWSCURRENT where none are given. */
export function checkStages(stages: readonly string[] | undefined): readonly string[] {
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

/** The value of a request, or undefined. Throws for an empty one and beyond 65,536 bytes. */
export function valueOf({ SecretString: value }: { readonly SecretString?: string | undefined }): string | undefined {
  const bytes = value === undefined ? undefined : Buffer.byteLength(value);
  if (bytes !== undefined && (bytes > BYTES_PER_VERSION || bytes === 0)) {
    const limit = bytes === 0 ? 'greater than or equal to 1' : `less than or equal to ${BYTES_PER_VERSION}`;
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length ${limit}`,
    );
  }
  return value;
}
