import type { NoKeyCause } from '../../contract/causes.ts';
import type { ManagedKeyDefinition, RotationPolicy } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { hasPool } from '../../contract/registry.ts';
import { hourMs } from '../foundation/clock.ts';
import { isOld, isClaimBlocked, isUnfinishedIntake } from './lifecycle.ts';

/** A request that nobody fulfilled for so long has lapsed: a rotation weeks later must not bring an old key back. */
export const requestLastsMs = hourMs;

/** How long a key must still live to be worth claiming: a whole interval and the longest overlap after it. */
export function neededLifeMs(policy: RotationPolicy): number {
  return policy.intervalMs + policy.maximumGraceMs;
}

/** Until when a key that is claimed at `claimedAt` must live. One that an operator wants back is worth having as it is. */
export function aliveUntil(record: ApiKeyRecord, policy: RotationPolicy, claimedAt: number): number {
  return record.origin === undefined ? claimedAt + neededLifeMs(policy) : claimedAt;
}

/** `made`: none that is there; the strategy makes a new key. */
export type Claim = { readonly claim: ApiKeyRecord } | { readonly claim: 'made' } | { readonly claim: 'none'; readonly why: NoKeyCause };

/** Whatever it is that makes one key after the other fail, it must not use up the pool, or have a new key made every few minutes. */
const rejectionsAtMost = 2;

/** Whether some minutes change it: a key is in hand, or two runs were at work on it and the call of one of them may come late. */
export function isPassing(why: NoKeyCause): boolean {
  return why === 'keys-in-hand' || why === 'late-call-possible';
}

/** What a rotation takes at `now`, of the keys of its managed key: the old key that an operator wants back, else a new one. */
export function chooseNext(own: readonly ApiKeyRecord[], definition: ManagedKeyDefinition, now: number): Claim {
  const wanted = own.find((record) => hasUndoRequest(record, now));
  if (wanted === undefined) return chooseNew(own, definition, now);
  return isClaimBlocked(wanted, now) ? { claim: 'none', why: 'late-call-possible' } : { claim: wanted };
}

/** A key that has never served: the oldest standby key that lives long enough at `now`, or one that the strategy makes. */
export function chooseNew(own: readonly ApiKeyRecord[], definition: ManagedKeyDefinition, now: number): Claim {
  const free = own.filter((record) => record.intent === undefined && !isClaimBlocked(record, now));
  const choice = chooseLater(free, definition, now);
  if (choice.claim !== 'none') return choice;
  const later = chooseLater(own, definition, now);
  return later.claim === 'none' ? later : { claim: 'none', why: 'keys-in-hand' };
}

/** The same for a rotation to come at `now`: who is at work on a key of the pool will have put it back by then. */
export function chooseLater(own: readonly ApiKeyRecord[], definition: ManagedKeyDefinition, now: number): Claim {
  if (rejections(own, now) >= rejectionsAtMost) return { claim: 'none', why: 'keys-rejected' };
  if (!hasPool(definition.rotation.strategy)) return { claim: 'made' };
  const pool = own.filter(isInPool);
  const needed = now + neededLifeMs(definition.rotation);
  const [oldest] = pool
    .filter((record) => record.expiresAt === null || record.expiresAt >= needed)
    .sort((a, b) => a.addedAt - b.addedAt || a.apiKeyId.localeCompare(b.apiKeyId));
  if (oldest !== undefined) return { claim: oldest };
  return { claim: 'none', why: pool.length === 0 ? 'pool-empty' : 'keys-expire-too-soon' };
}

/**
 * Keys that failed their proof since the current one came, and that nobody has put away. That a key expires, or soon will, is no failure, an
 * intake that was broken off no proof, and a rotation that was broken off says nothing of the key that was made for it.
 */
function rejections(own: readonly ApiKeyRecord[], now: number): number {
  const since = own.find(({ state }) => state === 'current')?.since ?? Number.NEGATIVE_INFINITY;
  return own.filter(
    (record) =>
      record.state === 'rejected' &&
      record.since > since &&
      !isUnfinishedIntake(record) &&
      record.cause?.code !== 'rotation-abandoned' &&
      record.cause?.code !== 'expires-too-soon' &&
      !(record.expiresAt !== null && record.expiresAt <= now),
  ).length;
}

/** Whether it waits for a rotation, or will again in minutes: a key that is being tried, taken in or deactivated stays in the pool. */
export function isInPool({ state, intent }: ApiKeyRecord): boolean {
  return state === 'standby' && (intent === undefined || intent.to === 'standby');
}

export function hasUndoRequest({ undoRequest, state, intent }: ApiKeyRecord, now: number): boolean {
  return undoRequest !== undefined && isOld(state) && intent === undefined && now < undoRequest.at + requestLastsMs;
}
