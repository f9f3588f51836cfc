import { AwsError } from '../service.ts';
import { Bucket } from './series.ts';
import type { Series } from './series.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** How a statistic is read off a bucket; undefined where it cannot be told. */
export interface Statistic {
  readonly needsValues: boolean;
  readonly of: (bucket: Bucket) => number | undefined;
}

const SIMPLE: Readonly<Record<string, (bucket: Bucket) => number>> = {
  Sum: (bucket) => bucket.sum,
  SampleCount: (bucket) => bucket.count,
  Average: (bucket) => bucket.sum / bucket.count,
  Minimum: (bucket) => bucket.min,
  Maximum: (bucket) => bucket.max,
};

/** `Sum`, `SampleCount`, `Average`, `Minimum`, `Maximum`, `p0`–`p100`. Throws InvalidParameterValueException. */
export function statistic(name: string): Statistic {
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (simple !== undefined) return { needsValues: false, of: simple };
  const rank = Number(/^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name)?.[1] ?? Number.NaN);
  if (Number.isNaN(rank) || rank > 100) {
    throw new AwsError('InvalidParameterValueException', `The value ${name} for parameter Stat is not supported.`);
  }
  return { needsValues: true, of: (bucket) => percentile(bucket, rank) };
}

/** Nearest rank over the values that were sent; a statistic set with a spread hides them. */
function percentile(bucket: Bucket, rank: number): number | undefined {
  if (bucket.min === bucket.max) return bucket.min;
  if (bucket.values === null) return undefined;
  const pairs: [number, number][] = [];
  for (let index = 0; index < bucket.values.length; index += 2) pairs.push([bucket.values[index] ?? 0, bucket.values[index + 1] ?? 0]);
  pairs.sort(([a], [b]) => a - b);
  const wanted = (rank / 100) * bucket.count;
  let seen = 0;
  for (const [value, count] of pairs) {
    seen += count;
    if (seen >= wanted) return value;
  }
  return bucket.max;
}

export interface Reading {
  readonly periodSeconds: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly nowMs: number;
}

/**
 * Buckets with data in order of time. The start is rounded down as AWS does (to the minute, beyond 15 days to five
 * minutes, beyond 63 days to the hour), and points past the retention of their resolution are gone.
 */
export function readBuckets(
  series: readonly Series[],
  reading: Reading,
  withValues: boolean,
): { readonly times: number[]; readonly buckets: Bucket[] } {
  const { periodSeconds, endMs, nowMs } = reading;
  const startMs = roundStart(reading.startMs, nowMs);
  const periodMinutes = periodSeconds / 60;
  const startMinute = startMs / MINUTE_MS;
  const oldest = Math.ceil((nowMs - retentionMs(periodSeconds)) / MINUTE_MS);
  const found = new Map<number, Bucket>();
  for (const one of series) {
    one.visit(Math.max(startMinute, oldest), Math.ceil(endMs / MINUTE_MS), (minute, hour, at) => {
      const index = Math.floor((minute - startMinute) / periodMinutes);
      let bucket = found.get(index);
      if (bucket === undefined) found.set(index, (bucket = new Bucket()));
      bucket.add(hour, at, withValues);
    });
  }
  // One series meets its minutes in order already.
  const entries = series.length > 1 ? [...found].sort(([a], [b]) => a - b) : [...found];
  return {
    times: entries.map(([index]) => startMs + index * periodSeconds * 1000),
    buckets: entries.map(([, bucket]) => bucket),
  };
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
