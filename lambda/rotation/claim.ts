import type { ManagedKeyDefinition, RotationPolicy } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';

/** How long a key must still live to be worth claiming: a whole interval and the longest overlap after it. */
export function neededLifeMs(policy: RotationPolicy): number {
  return policy.intervalMs + policy.maximumGraceMs;
}

export type Claim =
  | { readonly claim: ApiKeyRecord }
  | { readonly claim: 'none'; readonly because: 'the pool is empty' | 'every standby key expires too soon' };

/** The oldest standby key of the managed key that lives long enough at `now`. */
export function chooseStandby(records: readonly ApiKeyRecord[], definition: ManagedKeyDefinition, now: number): Claim {
  // One that carries an intent is being put to sleep this moment.
  const pool = records.filter(
    (record) => record.managedKey === definition.name && record.state === 'standby' && record.intent === undefined,
  );
  const needed = now + neededLifeMs(definition.rotation);
  const [oldest] = pool
    .filter((record) => record.expiresAt === null || record.expiresAt >= needed)
    .sort((a, b) => a.addedAt - b.addedAt || a.apiKeyId.localeCompare(b.apiKeyId));
  if (oldest !== undefined) return { claim: oldest };
  return { claim: 'none', because: pool.length === 0 ? 'the pool is empty' : 'every standby key expires too soon' };
}
