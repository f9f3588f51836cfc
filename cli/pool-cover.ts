import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { chooseLater, isInPool, neededLifeMs } from '../lambda/rotation/claim.ts';
import { isServed, poolCover, type PoolCover } from '../lambda/rotation/pool-cover.ts';
import { counted, instant } from './output.ts';

/** What says when rotations take which key of a pool. Instants are epoch ms, UTC. */
export interface PoolSight {
  readonly definition: ManagedKeyDefinition;
  /** Its API keys. */
  readonly own: readonly ApiKeyRecord[];
  readonly nextRotationAt: number | null;
  /** Whether a rotation failed, and goes on as soon as it can. */
  readonly hasFailed: boolean;
  readonly now: number;
}

/** A standby key that no rotation of the schedule takes, because it expires too soon after its turn. */
export interface ShortKey {
  readonly record: ApiKeyRecord;
  /** `next`: for the very next rotation; `its turn`: only because other keys go first. */
  readonly tooShortFor: 'next' | 'its turn';
}

/** When a rotation takes a standby key at the earliest: now, where one is owed or no key serves yet. */
export function takesAt({ definition, own, nextRotationAt, hasFailed, now }: PoolSight): number {
  if (isServed(definition, own)) return now + definition.rotation.intervalMs;
  if (hasFailed || !own.some((record) => record.state === 'current')) return now;
  return Math.max(nextRotationAt ?? now, now);
}

/** How far the pool reaches, from the rotation on that takes its first key; where it is empty, from the next date. */
export function coverIn(sight: PoolSight): PoolCover {
  const { definition, own, nextRotationAt, now } = sight;
  const cover = poolCover(definition, own, own.some(isInPool) ? takesAt(sight) : nextRotationAt, now);
  return { ...cover, isScheduled: nextRotationAt !== null };
}

/** The schedule played forward with the very choice that a rotation makes: what is left is never taken. */
export function shortKeys(sight: PoolSight): readonly ShortKey[] {
  const { definition, own } = sight;
  const first = takesAt(sight);
  let left = own.filter(isInPool);
  for (let at = first; ; at += definition.rotation.intervalMs) {
    const { claim } = chooseLater(left, definition, at);
    if (claim === 'none') break;
    left = left.filter((record) => record !== claim);
  }
  const aliveUntil = first + neededLifeMs(definition.rotation);
  return left.map((record) => ({ record, tooShortFor: (record.expiresAt ?? aliveUntil) < aliveUntil ? 'next' : 'its turn' }));
}

/** `expires 2026-07-09 00:00 UTC, too soon for the rotation of 2026-06-11 00:00 UTC that would take it` */
export function shortText({ record, tooShortFor }: ShortKey, sight: PoolSight): string {
  const at = takesAt(sight);
  const next = at === sight.now ? 'a rotation now' : `the rotation of ${instant(at)} that would take it`;
  return `expires ${instant(record.expiresAt)}, too soon for ${tooShortFor === 'next' ? next : 'its turn: other standby keys go first'}`;
}

/** `2 keys: enough for 2 rotations (91 days), another one is needed before 2027-01-24 00:00 UTC` */
export function coverText({ standbyKeys, rotations, until, isScheduled, days }: PoolCover): string {
  if (!isScheduled) {
    if (standbyKeys === 0) return 'no key; no rotation is scheduled now';
    const enough =
      rotations === 0 ? ', but none that lives long enough for the next rotation' : `: enough for ${counted(rotations, 'rotation')}`;
    return `${counted(standbyKeys, 'key')}${enough}; none is scheduled now`;
  }
  if (rotations === 0) {
    return standbyKeys === 0
      ? `no key: one is needed before ${instant(until)}`
      : `${counted(standbyKeys, 'key')}, but none that lives long enough for the rotation of ${instant(until)}`;
  }
  return `${counted(standbyKeys, 'key')}: enough for ${counted(rotations, 'rotation')} (${counted(days, 'day')}), another one is needed before ${instant(until)}`;
}
