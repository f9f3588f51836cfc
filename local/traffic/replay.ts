import { MINUTE_MS } from './draw.ts';
import type { MinuteUsage } from './draw.ts';
import { apportion, seeded } from '../random.ts';
import { readTrace, TraceError } from './trace.ts';
import type { Trace, TraceBucket } from './trace.ts';

export interface ReplayOptions {
  /** One of keysOf(file); needed where the file has several. */
  readonly key?: string;
  /** Where the replay begins in the world, epoch milliseconds at the start of a minute. */
  readonly from: number;
  readonly minutes: number;
  readonly seed: number;
}

/** Traces do not name the model; a replay says that all of it was this one. */
export const REPLAY_MODEL = 'claude-sonnet-5-5';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Spread of the minutes within a bucket, beyond Poisson: as profiles.json fits it to a trace by the minute. */
const MINUTE_OVER_DISPERSION = 0.01;

/**
 * A real key's usage, moved to the world's time. A trace of a week or more moves by whole weeks, so that weekday and
 * time of day stay; a shorter one of a day or more by whole days; what is shorter still, or numbers its minutes instead
 * of dating them, begins at `from`. Past its end the trace starts over, on the same weekday or time of day. A bucket's
 * requests and tokens are shared out over its minutes with seeded noise; their sums stay the trace's. Traces know
 * neither models nor caching: all is REPLAY_MODEL, all input uncached. Throws TraceError, before the first minute, for
 * a file that cannot be read and for a key that is not in it.
 */
export function replayUsage(file: string, options: ReplayOptions): Iterable<MinuteUsage> {
  const { from, minutes, seed } = options;
  if (!Number.isInteger(from / MINUTE_MS)) throw new RangeError(`a replay starts at the start of a minute, not at ${from}`);
  const trace = readTrace(file);
  const key = chosenKey(file, trace, options.key);
  const buckets = trace.keys.get(key) ?? [];
  return replay(trace, buckets, { from, until: from + minutes * MINUTE_MS, seed, key });
}

/** The keys of a trace, in the file's order. Throws TraceError for a file that cannot be read. */
export function keysOf(file: string): readonly string[] {
  return [...readTrace(file).keys.keys()];
}

function chosenKey(file: string, { keys }: Trace, wanted: string | undefined): string {
  const [first, ...others] = keys.keys();
  if (wanted !== undefined && keys.has(wanted)) return wanted;
  if (wanted === undefined && first !== undefined && others.length === 0) return first;
  const what = wanted === undefined ? `it has ${keys.size} keys and none was chosen` : `it has no key "${wanted}"`;
  throw new TraceError(file, what, `Choose one of ${[...keys.keys()].join(', ')}`);
}

interface Window {
  readonly from: number;
  readonly until: number;
  readonly seed: number;
  readonly key: string;
}

function* replay(trace: Trace, buckets: readonly TraceBucket[], window: Window): Generator<MinuteUsage, void> {
  const { grain, first } = laidAt(trace, window.from);
  const periodMs = Math.ceil((trace.end - trace.start) / grain) * grain;
  for (let round = first; round < window.until; round += periodMs) {
    for (const bucket of buckets) {
      const at = round + (bucket.at - trace.start);
      if (at >= window.until) return;
      if (at + trace.bucketMs <= window.from) continue;
      for (const minute of spread(bucket, at, trace.bucketMs / MINUTE_MS, window)) {
        if (minute.at >= window.from && minute.at < window.until) yield minute;
      }
    }
  }
}

/** When in the world the trace begins, at or before `from`, and by which unit it was moved. */
function laidAt(trace: Trace, from: number): { grain: number; first: number } {
  const span = trace.end - trace.start;
  if (!trace.dated || span < DAY_MS) return { grain: trace.bucketMs, first: from };
  const grain = span >= WEEK_MS ? WEEK_MS : DAY_MS;
  return { grain, first: trace.start + Math.floor((from - trace.start) / grain) * grain };
}

function spread(bucket: TraceBucket, at: number, minutes: number, { seed, key }: Window): readonly MinuteUsage[] {
  // A stream per bucket: the same bucket looks the same from wherever the window begins.
  const random = seeded(seed, `replay/${key}/${at}`);
  const expected = bucket.requests / minutes;
  const requests = apportion(
    bucket.requests,
    drawn(minutes, () => random.poisson(expected * random.gamma(1 / MINUTE_OVER_DISPERSION) * MINUTE_OVER_DISPERSION)),
  );
  // The sum of one request's tokens over many requests is close to a gamma variate.
  const byRequests = () => requests.map((count) => (count > 0 ? random.gamma(count) : 0));
  const input = apportion(bucket.inputTokens, byRequests());
  const output = apportion(bucket.outputTokens, byRequests());
  return requests.flatMap((count, minute) => {
    const [uncachedInputTokens, outputTokens] = [input[minute] ?? 0, output[minute] ?? 0];
    if (count + uncachedInputTokens + outputTokens === 0) return [];
    const tokens = { uncachedInputTokens, cacheReadTokens: 0, cacheCreationTokens: 0, outputTokens };
    return [{ at: at + minute * MINUTE_MS, model: REPLAY_MODEL, requests: count, ...tokens }];
  });
}

function drawn(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw);
}
