import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { hasPool } from '../../contract/registry.ts';
import { dayMs } from '../foundation/clock.ts';
import { chooseLater, isInPool, neededLifeMs } from './claim.ts';
import { owesRotation, type SecretDescription } from './ports.ts';

export interface PoolCover {
  readonly standbyKeys: number;
  /** Scheduled rotations for which there is a key that lives long enough. */
  readonly rotations: number;
  /** When the first rotation would find none (epoch ms, UTC); where none is scheduled, as if the schedule began now. */
  readonly until: number;
  /** Whether a rotation is scheduled: not while it is paused. */
  readonly isScheduled: boolean;
  /** Whole days until then. */
  readonly days: number;
}

/** What says when rotations take which key of a pool. Instants are epoch ms, UTC. */
export interface Pool {
  readonly definition: ManagedKeyDefinition;
  /** Its API keys. */
  readonly own: readonly ApiKeyRecord[];
  readonly nextRotationAt: number | null;
  /** Whether a rotation failed, and goes on as soon as it can. */
  readonly hasFailed: boolean;
  readonly now: number;
}

/** The pool of a managed key that was read. `failed`: the failure of its rotation that people were told of. */
export function poolOf(
  {
    definition,
    own,
    secret,
    now,
  }: Pick<Pool, 'definition' | 'own' | 'now'> & { readonly secret: Pick<SecretDescription, 'nextRotationAt'> },
  failed: Parameters<typeof owesRotation>[0] | undefined,
): Pool {
  return { definition, own, nextRotationAt: secret.nextRotationAt, hasFailed: failed !== undefined && owesRotation(failed), now };
}

/** A standby key that no rotation of the schedule takes, because it expires too soon after its turn. */
export interface ShortKey {
  readonly record: ApiKeyRecord;
  /** `next`: for the very next rotation; `its turn`: only because other keys go first. */
  readonly tooShortFor: 'next' | 'its turn';
}

/**
 * How far the pool reaches. A key that is being tried this moment counts, or each verification would tell people of an empty pool; after a
 * rotation that holds its key the next one is an interval away.
 */
export function poolCover(
  definition: ManagedKeyDefinition,
  own: readonly ApiKeyRecord[],
  nextRotationAt: number | null,
  now: number,
): PoolCover {
  const { intervalMs } = definition.rotation;
  const from = hasClaimedKey(own) ? now + intervalMs : Math.max(nextRotationAt ?? now + intervalMs, now);
  const { taken, left, until } = playedForward(definition, own, from);
  return {
    standbyKeys: taken + left.length,
    rotations: taken,
    until,
    isScheduled: nextRotationAt !== null,
    days: Math.floor((until - now) / dayMs),
  };
}

/** The same from the rotation on that takes the pool's first key; where it is empty, from the next date. */
export function coverOf(pool: Pool): PoolCover {
  const { definition, own, nextRotationAt, now } = pool;
  const cover = poolCover(definition, own, own.some(isInPool) ? takesAt(pool) : nextRotationAt, now);
  return { ...cover, isScheduled: nextRotationAt !== null };
}

/** When a rotation takes a standby key at the earliest: now, where one is owed or no key serves yet. */
export function takesAt({ definition, own, nextRotationAt, hasFailed, now }: Pool): number {
  if (hasClaimedKey(own)) return now + definition.rotation.intervalMs;
  if (hasFailed || !own.some((record) => record.state === 'current')) return now;
  return Math.max(nextRotationAt ?? now, now);
}

/** The standby keys of a pool that are left when the schedule has found its last one. */
export function shortKeys(pool: Pool): readonly ShortKey[] {
  const { definition, own } = pool;
  if (!hasPool(definition.rotation.strategy)) return [];
  const first = takesAt(pool);
  const aliveUntil = first + neededLifeMs(definition.rotation);
  return playedForward(definition, own, first).left.map((record) => ({
    record,
    tooShortFor: (record.expiresAt ?? aliveUntil) < aliveUntil ? 'next' : 'its turn',
  }));
}

/** Whether a rotation is under way that has its key from the pool. */
export function hasClaimedKey(own: readonly ApiKeyRecord[]): boolean {
  return own.some(({ state, origin }) => state === 'pending' && origin === undefined);
}

/** The schedule from `from` on, with the very choice that a rotation makes, until one finds no key. */
function playedForward(
  definition: ManagedKeyDefinition,
  own: readonly ApiKeyRecord[],
  from: number,
): { readonly taken: number; readonly left: readonly ApiKeyRecord[]; readonly until: number } {
  let left: readonly ApiKeyRecord[] = own.filter(isInPool);
  let taken = 0;
  for (let until = from; ; until += definition.rotation.intervalMs) {
    const { claim } = chooseLater(left, definition, until);
    if (claim === 'none' || claim === 'made') return { taken, left, until };
    left = left.filter((record) => record !== claim);
    taken += 1;
  }
}
