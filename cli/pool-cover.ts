import type { PoolCover } from '../lambda/rotation/pool-cover.ts';
import { counted, instant } from './output.ts';

/** `2 keys: enough for 2 rotations (91 days), another one is needed before 2027-01-24 00:00 UTC` */
export function coverText({ standbyKeys, rotations, until, days }: PoolCover): string {
  if (rotations === 0) {
    return standbyKeys === 0
      ? `no key: one is needed before ${instant(until)}`
      : `${counted(standbyKeys, 'key')}, but none that lives long enough for the rotation of ${instant(until)}`;
  }
  return `${counted(standbyKeys, 'key')}: enough for ${counted(rotations, 'rotation')} (${counted(days, 'day')}), another one is needed before ${instant(until)}`;
}
