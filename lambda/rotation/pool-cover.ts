import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { dayMs } from '../foundation/clock.ts';
import { chooseLater, isInPool } from './claim.ts';

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

/**
 * How far the pool reaches: the schedule played forward with the very choice that a rotation makes. A key that is being tried
 * this moment counts, or each trial would tell people of an empty pool; after a rotation that holds its key the next one is an interval
 * away.
 */
export function poolCover(
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  nextRotationAt: number | null,
  now: number,
): PoolCover {
  const { intervalMs } = definition.rotation;
  let until = isServed(definition, records) ? now + intervalMs : Math.max(nextRotationAt ?? now + intervalMs, now);
  let left = records.filter((record) => record.managedKey === definition.name && isInPool(record));
  const standbyKeys = left.length;
  const isScheduled = nextRotationAt !== null;
  let rotations = 0;
  for (;;) {
    const choice = chooseLater(left, definition, until);
    if (choice.claim === 'none') return { standbyKeys, rotations, until, isScheduled, days: Math.floor((until - now) / dayMs) };
    const { apiKeyId } = choice.claim;
    left = left.filter((record) => record.apiKeyId !== apiKeyId);
    rotations += 1;
    until += intervalMs;
  }
}

/** Whether a rotation is under way that has its key from the pool. */
export function isServed({ name }: ManagedKeyDefinition, records: readonly ApiKeyRecord[]): boolean {
  return records.some(({ managedKey, state, origin }) => managedKey === name && state === 'pending' && origin === undefined);
}
