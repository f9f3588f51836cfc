import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import type { PoolCover } from '../../lambda/rotation/pool-cover.ts';
import type { OpenInstallation } from '../installation.ts';
import { isoOrNull } from '../output.ts';
import { coverIn, type PoolSight } from '../pool-cover.ts';

/** A managed key's pool out of all records, and what says when rotations take from it, as of now. */
export async function poolSight(
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  installation: OpenInstallation,
): Promise<PoolSight> {
  const { table, clock } = installation;
  const [{ nextRotationAt }, failed] = await Promise.all([
    installation.ports.secrets.describe(definition.secretName),
    incidentStore(table).find('rotation-failed', definition.name),
  ]);
  const own = records.filter((record) => record.managedKey === definition.name);
  return { definition, own, nextRotationAt, hasFailed: failed?.state === 'open', now: clock.now() };
}

/** How far a managed key's standby keys reach, as of now. */
export async function coverOf(
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  installation: OpenInstallation,
): Promise<PoolCover> {
  return coverIn(await poolSight(definition, records, installation));
}

export function coverJson(cover: PoolCover): object {
  const { isScheduled, until, days, ...rest } = cover;
  return { ...rest, until: isScheduled ? isoOrNull(until) : null, days: isScheduled ? days : null };
}

/** The order in which rotations take them. */
export function byAge(a: ApiKeyRecord, b: ApiKeyRecord): number {
  return a.addedAt - b.addedAt || a.apiKeyId.localeCompare(b.apiKeyId);
}
