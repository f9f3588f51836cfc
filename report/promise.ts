import { alertRuns, inTime } from './alert-runs.ts';

/** What was promised of a key's alarms, and what came. */
export interface Promised {
  readonly rows: number;
  /** Epoch ms, UTC; absent where there are no rows. */
  readonly from?: number;
  readonly to?: number;
  /** Alarms that were raised, right ones and false ones. */
  readonly alarms: number;
  /** False alarms that the dial allows for the time of the rows. */
  readonly promised: number;
}

const monthMs = 30 * 86_400_000;

/** Alarms raised against false alarms promised, for the time from the first row to the last. */
export function promiseOf(
  rows: readonly { readonly at: number; readonly score: number; readonly alert: boolean }[],
  falseAlarmsPerMonth: number,
): Promised {
  const points = inTime(rows);
  const from = points[0]?.at;
  const to = points.at(-1)?.at;
  if (from === undefined || to === undefined) return { rows: 0, alarms: 0, promised: 0 };
  return { rows: rows.length, from, to, alarms: alertRuns(points).length, promised: (falseAlarmsPerMonth * (to - from)) / monthMs };
}

/** Promises are rates: `0.47`, `22.4`, `123`. */
export function rateText(rate: number): string {
  return rate >= 100
    ? new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 }).format(rate)
    : String(Number(rate.toPrecision(rate < 1 ? 2 : 3)));
}
