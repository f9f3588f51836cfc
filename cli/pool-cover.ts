import type { ApiKeyRecord } from '../contract/records.ts';
import { takesAt, type Pool, type PoolCover, type ShortKey } from '../lambda/rotation/pool-cover.ts';
import { counted, instant, isoOrNull } from './output.ts';

/** `expires 2026-07-09 00:00 UTC, too soon for the rotation of 2026-06-11 00:00 UTC that would take it` */
export function shortText({ record, tooShortFor }: ShortKey, pool: Pool): string {
  const at = takesAt(pool);
  const next = at === pool.now ? 'a rotation now' : `the rotation of ${instant(at)} that would take it`;
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

export function coverJson(cover: PoolCover): object {
  const { isScheduled, until, days, ...rest } = cover;
  return { ...rest, until: isScheduled ? isoOrNull(until) : null, days: isScheduled ? days : null };
}

/** The order in which rotations take them. */
export function byAge(a: ApiKeyRecord, b: ApiKeyRecord): number {
  return a.addedAt - b.addedAt || a.apiKeyId.localeCompare(b.apiKeyId);
}
