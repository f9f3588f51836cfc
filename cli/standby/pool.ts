import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { poolCover, type PoolCover } from '../../lambda/rotation/pool-cover.ts';
import type { OpenInstallation } from '../installation.ts';
import { isoOrNull } from '../output.ts';

/** How far a managed key's standby keys reach, as of now. */
export async function coverOf(
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  { secrets, clock }: OpenInstallation,
): Promise<PoolCover> {
  const { nextRotationAt } = await secretVersions(secrets).describe(definition.secretArn);
  return poolCover(definition, records, nextRotationAt, clock.now());
}

export function coverJson(cover: PoolCover): object {
  return { ...cover, until: isoOrNull(cover.until) };
}

/** The order in which rotations take them. */
export function byAge(a: ApiKeyRecord, b: ApiKeyRecord): number {
  return a.addedAt - b.addedAt || a.apiKeyId.localeCompare(b.apiKeyId);
}
