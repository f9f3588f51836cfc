import { AwsError } from '../service.ts';
import { Buckets } from './series.ts';
import type { Series } from './series.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How a statistic is read off a bucket that has data; undefined where it cannot be told. */
export interface Statistic {
  readonly needsValues: boolean;
  readonly of: (buckets: Buckets, index: number) => number | undefined;
}

const SIMPLE: Readonly<Record<string, Statistic['of']>> = {
  Sum: ({ sum }, index) => sum[index],
  SampleCount: ({ count }, index) => count[index],
  Average: ({ sum, count }, index) => (sum[index] ?? 0) / (count[index] ?? 1),
  Minimum: ({ min }, index) => min[index],
  Maximum: ({ max }, index) => max[index],
};

/** `Sum`, `SampleCount`, `Average`, `Minimum`, `Maximum`, `p0`–`p100`. Throws InvalidParameterValueException. */
export function statistic(name: string): Statistic {
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (simple !== undefined) return { needsValues: false, of: simple };
  const rank = Number(/^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name)?.[1] ?? Number.NaN);
  if (Number.isNaN(rank) || rank > 100) {
    throw new AwsError('InvalidParameterValueException', `The value ${name} for parameter Stat is not supported.`);
  }
  return { needsValues: true, of: (buckets, index) => percentile(buckets, index, rank) };
}

/** Nearest rank over the values that were sent; a statistic set with a spread hides them. */
function percentile(buckets: Buckets, index: number, rank: number): number | undefined {
  const values = buckets.values.get(index);
  if (values === undefined || values === null) return buckets.min[index] === buckets.max[index] ? buckets.min[index] : undefined;
  const pairs: [number, number][] = [];
  for (let at = 0; at < values.length; at += 2) pairs.push([values[at] ?? 0, values[at + 1] ?? 0]);
  pairs.sort(([a], [b]) => a - b);
  const wanted = (rank / 100) * (buckets.count[index] ?? 0);
  let seen = 0;
  for (const [value, count] of pairs) {
    seen += count;
    if (seen >= wanted) return value;
  }
  return buckets.max[index];
}

export interface Reading {
  readonly periodSeconds: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly nowMs: number;
}

/**
 * One bucket per period in order of time, empty ones (count 0) included. The start is rounded down as AWS does (to the minute, beyond 15 days to five
 * minutes, beyond 63 days to the hour).
 */
export function readBuckets(
  series: readonly Series[],
  reading: Reading,
  withValues: boolean,
): { readonly startMs: number; readonly buckets: Buckets } {
  const { periodSeconds, nowMs } = reading;
  const startMs = roundStart(reading.startMs, nowMs);
  const startMinute = startMs / MINUTE_MS;
  // Nothing lies further ahead than the two hours that a put may be early.
  const endMinute = Math.ceil(Math.min(reading.endMs, nowMs + 3 * 60 * MINUTE_MS) / MINUTE_MS);
  const periodMinutes = periodSeconds / 60;
  // A period that is too short for the age of its start answers with nothing, newer points included (API_GetMetricData).
  const isTooFine = nowMs - reading.startMs > retentionMs(periodSeconds);
  const buckets = new Buckets(Math.max(0, Math.ceil((endMinute - startMinute) / periodMinutes)), withValues);
  for (const one of isTooFine ? [] : series) {
    one.visit(startMinute, endMinute, (minute, hour, at) => {
      buckets.add(Math.floor((minute - startMinute) / periodMinutes), hour, at);
    });
  }
  return { startMs, buckets };
}

/** Throws for a period that the resolution of custom metrics here (one minute) does not allow. */
export function checkPeriod(periodSeconds: number): void {
  if (periodSeconds > 0 && periodSeconds % 60 === 0) return;
  throw new AwsError('InvalidParameterValueException', `The value ${periodSeconds} for parameter Period must be a multiple of 60.`);
}

/** Custom metrics: one minute for 15 days, five minutes for 63, one hour for 455. */
function retentionMs(periodSeconds: number): number {
  if (periodSeconds % 3600 === 0) return 455 * DAY_MS;
  return periodSeconds % 300 === 0 ? 63 * DAY_MS : 15 * DAY_MS;
}

function roundStart(startMs: number, nowMs: number): number {
  const age = nowMs - startMs;
  const unit = age > 63 * DAY_MS ? 60 * MINUTE_MS : age > 15 * DAY_MS ? 5 * MINUTE_MS : MINUTE_MS;
  return Math.floor(startMs / unit) * unit;
}
