import { hourSlot } from '../../local/traffic/draw.ts';
import type { MinuteUsage } from '../../local/traffic/draw.ts';

/** Requests of one key per ten-minute bucket; NaN where the trace's whole service was away. */
export interface Series {
  /** Epoch milliseconds. */
  readonly start: number;
  readonly requests: Float64Array;
}

/** What makes two keys' usage alike, measured the same way on real and on drawn series. */
export interface Figures {
  /** Per minute, quiet buckets included. */
  readonly requestsPerMinute: number;
  /** Share of buckets with traffic. */
  readonly active: number;
  /** Buckets in a row with traffic, mean. */
  readonly runBuckets: number;
  /**
   * Over-dispersion: spread of the log of an active bucket over the mean of its hour of the week, from the 5th and 95th
   * percentiles (a normal's standard deviation), and how much of it lies above the median.
   */
  readonly residualLogSd: number;
  readonly residualUpShare: number;
  /** Autocorrelation of that residual, cut to those percentiles, after ten minutes, one hour and six hours. */
  readonly autocorrelation10m: number;
  readonly autocorrelation1h: number;
  readonly autocorrelation6h: number;
  /** Spells above three times the surrounding six hours' median, two hours at most. */
  readonly burstsPerDay: number;
  /** 99th percentile of active buckets over their median. */
  readonly peakToMedian: number;
  /** Share of the variance of hourly logs that the hour of the day explains. */
  readonly dailyR2: number;
}

export const BUCKET_MS = 600_000;
const BUCKETS_PER_HOUR = 6;
const BUCKETS_PER_DAY = 144;
const BURST_OVER_MEDIAN = 3;
const LONGEST_BURST = 12;

/** Drawn minutes added up to the buckets that the real traces have. */
export function bucketed(minutes: Iterable<MinuteUsage>, start: number, buckets: number): Series {
  const requests = new Float64Array(buckets);
  for (const { at, requests: count } of minutes) {
    const bucket = Math.floor((at - start) / BUCKET_MS);
    requests[bucket] = (requests[bucket] ?? 0) + count;
  }
  return { start, requests };
}

export function measure(series: Series): Figures {
  const raw = logResiduals(series);
  const sorted = raw.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const [low, middle, high] = [quantile(sorted, 0.05), quantile(sorted, 0.5), quantile(sorted, 0.95)];
  const residuals = raw.map((value) => Math.min(high, Math.max(low, value)));
  const known = series.requests.filter((count) => !Number.isNaN(count));
  const active = known.filter((count) => count > 0).sort();
  const bursts = burstsOf(series);
  return {
    requestsPerMinute: mean(known) / 10,
    active: active.length / known.length,
    runBuckets: mean(runsOf(series.requests, (count) => count > 0)),
    // 3.29 standard deviations lie between a normal's 5th and 95th percentiles.
    residualLogSd: (high - low) / 3.29,
    residualUpShare: high > low ? (high - middle) / (high - low) : 0.5,
    autocorrelation10m: autocorrelation(residuals, 1),
    autocorrelation1h: autocorrelation(residuals, BUCKETS_PER_HOUR),
    autocorrelation6h: autocorrelation(residuals, 6 * BUCKETS_PER_HOUR),
    burstsPerDay: (bursts.length / known.length) * BUCKETS_PER_DAY,
    peakToMedian: quantile(active, 0.99) / Math.max(1, quantile(active, 0.5)),
    dailyR2: dailyR2(series),
  };
}

/** Mean requests per bucket and share of buckets with traffic, for each of the 48 hours of hourSlot. */
export function bySlot({ start, requests }: Series): { readonly means: number[]; readonly active: number[] } {
  const slots = Array.from({ length: 48 }, () => ({ sum: 0, active: 0, known: 0 }));
  requests.forEach((count, bucket) => {
    const slot = slots[hourSlot(start + bucket * BUCKET_MS)];
    if (slot === undefined || Number.isNaN(count)) return;
    slot.sum += count;
    slot.active += count > 0 ? 1 : 0;
    slot.known += 1;
  });
  return {
    means: slots.map(({ sum, known }) => (known > 0 ? sum / known : 0)),
    active: slots.map(({ active, known }) => (known > 0 ? active / known : 0)),
  };
}

/** A spell far above its surroundings: how long, and how far on average. */
export interface Burst {
  readonly buckets: number;
  readonly factor: number;
}

export function burstsOf({ requests }: Series): Burst[] {
  const factors = Array.from(requests, (count, bucket) => {
    const around = requests.subarray(Math.max(0, bucket - 18), bucket + 19).filter((other) => other > 0);
    return count > 0 && around.length >= LONGEST_BURST ? count / median(around.sort()) : 0;
  });
  const bursts: Burst[] = [];
  let spell: number[] = [];
  for (const factor of [...factors, 0]) {
    if (factor > BURST_OVER_MEDIAN) spell.push(factor);
    else {
      if (spell.length > 0 && spell.length <= LONGEST_BURST) bursts.push({ buckets: spell.length, factor: mean(spell) });
      spell = [];
    }
  }
  return bursts;
}

function logResiduals(series: Series): number[] {
  const { start, requests } = series;
  const { means, active } = bySlot(series);
  return Array.from(requests, (count, bucket) => {
    const slot = hourSlot(start + bucket * BUCKET_MS);
    const expected = (means[slot] ?? 0) / (active[slot] ?? 1);
    return count > 0 && expected > 0 ? Math.log(count / expected) : NaN;
  });
}

function dailyR2({ start, requests }: Series): number {
  const floor = 0.03 * mean(requests.filter((count) => !Number.isNaN(count)));
  const hours: { hour: number; log: number }[] = [];
  for (let bucket = 0; bucket < requests.length; bucket += BUCKETS_PER_HOUR) {
    const counts = requests.subarray(bucket, bucket + BUCKETS_PER_HOUR).filter((count) => !Number.isNaN(count));
    if (counts.length > 0) hours.push({ hour: hourSlot(start + bucket * BUCKET_MS) % 24, log: Math.log(mean(counts) + floor) });
  }
  const total = deviation(hours.map(({ log }) => log)) ** 2;
  const means = Array.from({ length: 24 }, (_, hour) => mean(hours.filter((each) => each.hour === hour).map(({ log }) => log)));
  const left = mean(hours.map(({ hour, log }) => (log - (means[hour] ?? 0)) ** 2));
  return total > 0 ? 1 - left / total : 0;
}

function autocorrelation(values: readonly number[], lag: number): number {
  const centre = mean(values.filter((value) => !Number.isNaN(value)));
  const pairs = values.slice(lag).map((value, index) => (value - centre) * ((values[index] ?? NaN) - centre));
  const together = pairs.filter((product) => !Number.isNaN(product));
  const variance = deviation(values) ** 2;
  return together.length > 0 && variance > 0 ? mean(together) / variance : 0;
}

function runsOf(counts: Float64Array, inRun: (count: number) => boolean): number[] {
  const runs: number[] = [];
  let run = 0;
  for (const count of counts) {
    // An unknown bucket neither ends nor lengthens a run.
    if (Number.isNaN(count)) continue;
    if (inRun(count)) run += 1;
    else if (run > 0) {
      runs.push(run);
      run = 0;
    }
  }
  return run > 0 ? [...runs, run] : runs;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0;
  return values.length > 0 ? sum / values.length : 0;
}

/** Standard deviation of the values that are numbers. */
export function deviation(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  const centre = mean(known);
  return Math.sqrt(mean(known.map((value) => (value - centre) ** 2)));
}

function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

/** Of sorted values. */
export function median(sorted: ArrayLike<number>): number {
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.floor(sorted.length / 2)] ?? 0)) / 2;
}
