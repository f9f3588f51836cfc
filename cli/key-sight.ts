import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord, PauseRecord } from '../contract/records.ts';
import { apiKeyLedger } from '../lambda/adapters/aws/api-key-ledger.ts';
import { restoring } from '../lambda/adapters/aws/calls.ts';
import { pauses } from '../lambda/adapters/aws/pauses.ts';
import { secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { SecretDescription } from '../lambda/rotation/ports.ts';
import { versionWith } from '../lambda/rotation/switch.ts';
import type { OpenInstallation } from './installation.ts';
import { instant } from './output.ts';

/** What was read of one managed key, before anything is done to it. */
export interface KeySight {
  readonly definition: ManagedKeyDefinition;
  /** Its API keys. */
  readonly own: readonly ApiKeyRecord[];
  readonly secret: SecretDescription;
  readonly pause: PauseRecord | undefined;
}

/** Throws KeyguardError `not-deployed` where keyguard.json names a key that nobody has deployed yet. */
export async function describeSecret(
  { name }: ManagedKeyDefinition,
  secretName: string,
  { table, secrets, isDeployed }: OpenInstallation,
): Promise<SecretDescription> {
  try {
    return await secretVersions(secrets).describe(secretName);
  } catch (error) {
    const isGone = error instanceof KeyguardError && error.code === 'secret-not-found';
    if (!isGone || isDeployed || (await apiKeyLedger(table).all(name)).some(({ managedKey }) => managedKey === name)) throw error;
    throw new KeyguardError('not-deployed', `${name} is not deployed yet: there is no secret ${secretName}`, 'npx cdk deploy');
  }
}

export async function lookAt(definition: ManagedKeyDefinition, installation: OpenInstallation): Promise<KeySight> {
  const { table } = installation;
  const [records, secret, pause] = await Promise.all([
    apiKeyLedger(table).all(definition.name),
    describeSecret(definition, definition.secretName, installation),
    pauses(table).find(definition.name),
  ]);
  return { definition, own: records.filter((record) => record.managedKey === definition.name), secret, pause };
}

/** That the secret is scheduled for deletion: it can be neither read nor rotated until it is restored. */
function deletedError(secretName: string, { deletionAt }: SecretDescription): KeyguardError | undefined {
  if (deletionAt === null) return undefined;
  return new KeyguardError('secret-deleted', deletionText(secretName, deletionAt), restoring(secretName));
}

/** Throws KeyguardError `secret-deleted` where the secret is scheduled for deletion. */
export function checkRestored(secretName: string, secret: SecretDescription): void {
  const error = deletedError(secretName, secret);
  if (error !== undefined) throw error;
}

/** Of a secret that nobody can read any more, and how long it can be restored. */
export function deletionText(secretName: string, deletionAt: number): string {
  return `${secretName} is scheduled for deletion, and cannot be read; nothing brings it back after ${instant(deletionAt)}`;
}

/** The version of a rotation that has begun and not ended. */
export function openVersion({ secret }: Pick<KeySight, 'secret'>): string | undefined {
  const versionId = versionWith(secret.stages, 'AWSPENDING');
  return versionId === undefined || secret.stages.get(versionId)?.includes('AWSCURRENT') === true ? undefined : versionId;
}

/** The key that a rotation which is under way has claimed. */
export function claimedKey(sight: KeySight): ApiKeyRecord | undefined {
  const versionId = openVersion(sight);
  return versionId === undefined ? undefined : sight.own.find((record) => record.state === 'pending' && record.token === versionId);
}

/** Since when a rotation is under way: since its claim, or, before that, since its version was registered. */
export async function openSince(sight: KeySight, { secrets }: OpenInstallation): Promise<number | undefined> {
  const versionId = openVersion(sight);
  if (versionId === undefined) return undefined;
  return claimedKey(sight)?.since ?? secretVersions(secrets).registeredAt(sight.definition.secretName, versionId);
}

/** Why no rotation may begin: the secret is going to be deleted, the managed key is paused, or its schedule was stopped by somebody. */
export function rotationObstacle({ definition, secret, pause }: KeySight): KeyguardError | undefined {
  const { name, secretName } = definition;
  const deleted = deletedError(secretName, secret);
  if (deleted !== undefined) return deleted;
  if (pause !== undefined) return new KeyguardError('paused', pausedText(name, pause), `npx --no-install keyguard resume ${name}`);
  if (secret.rotationEnabled) return undefined;
  return new KeyguardError('rotation-disabled', `rotation is not enabled for ${name}`, `npx --no-install keyguard resume ${name}`);
}

/** Throws KeyguardError where no rotation may begin. */
export function checkRotates(sight: KeySight): void {
  const obstacle = rotationObstacle(sight);
  if (obstacle !== undefined) throw obstacle;
}

export function pausedText(name: string, { at, by, because }: PauseRecord): string {
  return `${name} is paused since ${instant(at)} by ${by}: ${because}`;
}
