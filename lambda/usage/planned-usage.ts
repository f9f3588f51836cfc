import { Cron } from 'croner';
import type { Definitions } from '../../contract/policy.ts';
import type { ExpectedUsageRecord } from '../../contract/records.ts';
import { dayMs, type Clock } from '../foundation/clock.ts';
import { longestExpectedMs, type ExpectedUsageStore } from './expected-usage.ts';

/** Windows that are over are looked at for as long as their minutes are folded again. */
const backMs = longestExpectedMs + 3 * dayMs;
/** Those to come are shown so long before. */
const aheadMs = dayMs;

type Planned = (from: number, to: number) => readonly ExpectedUsageRecord[];

/**
 * What the configuration plans, by the clocks of each managed key, beside what people said. Who changes or ends one planned window does so
 * by a record that begins in the same minute.
 */
export function withPlanned(
  store: ExpectedUsageStore,
  definitions: Pick<Definitions, 'managedKeys' | 'timeZone'>,
  clock: Pick<Clock, 'now'>,
): ExpectedUsageStore {
  const plans = plansOf(definitions);
  return {
    async all() {
      const said = await store.all();
      const now = clock.now();
      const changed = new Set(said.map(placeOf));
      const planned = plans.flatMap((plan) => plan(now - backMs, now + aheadMs));
      return [...said, ...planned.filter((record) => !changed.has(placeOf(record)))];
    },
  };
}

/** Windows that begin in [from, to), epoch ms; one function a plan. */
function plansOf({ managedKeys, timeZone }: Pick<Definitions, 'managedKeys' | 'timeZone'>): readonly Planned[] {
  return managedKeys.flatMap(({ name, expectedUsage = [], timeZone: own = timeZone }) =>
    expectedUsage.map(({ cron, lengthMs, because }): Planned => {
      const pattern = new Cron(cron, { timezone: own, mode: '5-part', paused: true });
      return (from, to) => {
        const records: ExpectedUsageRecord[] = [];
        for (let next = pattern.nextRun(new Date(from - 1)); next !== null && next.getTime() < to; next = pattern.nextRun(next))
          records.push({
            schema: 1,
            subject: name,
            from: next.getTime(),
            until: next.getTime() + lengthMs,
            by: 'keyguard.json',
            because,
          });
        return records;
      };
    }),
  );
}

function placeOf({ subject, from }: ExpectedUsageRecord): string {
  return `${subject}#${from}`;
}
