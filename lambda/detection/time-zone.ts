import type { Definitions } from '../../contract/policy.ts';
import { minuteMs } from '../foundation/clock.ts';

/** Minutes east of UTC at an instant (epoch ms). */
export type ZoneOffset = (at: number) => number;

/** Offsets change on a quarter of an hour. */
const stepMs = 15 * minuteMs;
const mostRemembered = 4096;

/** The offset of an IANA time zone. Throws RangeError for a name that the runtime does not know. */
export function zoneOffset(timeZone: string): ZoneOffset {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const remembered = new Map<number, number>();
  return (at) => {
    const step = Math.floor(at / stepMs);
    const known = remembered.get(step);
    if (known !== undefined) return known;
    const name = format.formatToParts(step * stepMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const offset = minutesIn(name);
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(step, offset);
    return offset;
  };
}

/** As in "GMT+05:30"; "GMT" is none. */
function minutesIn(name: string): number {
  const [, sign, hours, minutes] = /^GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(name) ?? [];
  const east = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -east : east;
}

/** The clocks of each subject: its own zone, or the installation's. */
export function zonesOf({ managedKeys, timeZone }: Pick<Definitions, 'managedKeys' | 'timeZone'>): (subject: string) => ZoneOffset {
  const names = new Map(managedKeys.map((key) => [key.name, key.timeZone ?? timeZone]));
  const offsets = new Map<string, ZoneOffset>();
  return (subject) => {
    const name = names.get(subject) ?? timeZone;
    const known = offsets.get(name) ?? zoneOffset(name);
    offsets.set(name, known);
    return known;
  };
}
