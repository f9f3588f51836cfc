/** What is needed of a judged row to find the alarms. */
interface Judged {
  /** Epoch ms, UTC. */
  readonly at: number;
  readonly score: number;
  readonly alert: boolean;
}

/** An alarm: rows in a row that raise the alert. */
export interface AlertRun<Point extends Judged = Judged> {
  readonly from: number;
  /** The last row of it. */
  readonly to: number;
  readonly points: readonly Point[];
}

/** Rows in order of time, of each instant the last word. */
export function inTime<Point extends { readonly at: number }>(rows: readonly Point[]): readonly Point[] {
  return [...new Map(rows.map((row) => [row.at, row])).values()].sort((a, b) => a.at - b.at);
}

/** The alarms among rows in order of time. */
export function alertRuns<Point extends Judged>(points: readonly Point[]): readonly AlertRun<Point>[] {
  const runs: Point[][] = [];
  let open: Point[] | undefined;
  for (const point of points) {
    if (!point.alert) open = undefined;
    else if (open !== undefined) open.push(point);
    else runs.push((open = [point]));
  }
  return runs.map((own) => ({ from: own[0]?.at ?? 0, to: own.at(-1)?.at ?? 0, points: own }));
}
