import type { DemoSeries } from './demo-data.ts';

/** A series ready to draw: means per bucket, and the highest value of each, so that no peak disappears. */
export interface Drawn {
  /** Seconds since the epoch, UTC: what uPlot takes. */
  readonly at: readonly number[];
  readonly observed: readonly (number | null)[];
  /** Highest single value in each bucket; the same as `observed` where nothing was merged. */
  readonly peak: readonly (number | null)[];
  readonly low: readonly number[];
  readonly typical: readonly number[];
  readonly high: readonly number[];
  /** How many values stand in one point. */
  readonly merged: number;
}

/** At most `limit` points from the part of the series in `from`..`to` (ms, UTC). Numbers keep four digits. */
export function downsampled(series: DemoSeries, range: { readonly from: number; readonly to: number }, limit = 2000): Drawn {
  const inside = [...series.at.keys()].filter((index) => between(series.at[index] ?? NaN, range.from, range.to));
  const merged = Math.max(1, Math.ceil(inside.length / limit));
  const buckets: number[][] = [];
  for (let start = 0; start < inside.length; start += merged) buckets.push(inside.slice(start, start + merged));
  const meanOf = (values: readonly number[]): number[] => buckets.map((bucket) => short(mean(bucket.map((index) => values[index] ?? 0))));
  const observed = buckets.map((bucket) =>
    bucket.map((index) => series.observed[index]).filter((value) => value !== null && value !== undefined),
  );
  return {
    at: buckets.map((bucket) => Math.round(mean(bucket.map((index) => series.at[index] ?? 0)) / 1000)),
    observed: observed.map((values) => (values.length === 0 ? null : short(mean(values)))),
    peak: observed.map((values) => (values.length === 0 ? null : short(Math.max(...values)))),
    low: meanOf(series.low),
    typical: meanOf(series.typical),
    high: meanOf(series.high),
    merged,
  };
}

function between(at: number, from: number, to: number): boolean {
  return at >= from && at <= to;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function short(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : 0;
}
