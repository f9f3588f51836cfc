import type { TraceBucket } from '../../local/traffic/trace.ts';
import type { MinuteNoise, Profile } from '../../local/traffic/profiles.ts';
import { deviation, mean, median } from './measure.ts';
import type { KeySeries } from './traces.ts';

/** The published means of tokens per request change every six hours, no faster. */
const WINDOW_MS = 21_600_000;

/** Tokens per request of a kind: geometric mean of its keys, and how one key's mean wanders (the median key). */
export function fitTokens(members: readonly KeySeries[]): Profile['tokens'] {
  const input = members.map(({ buckets }) => windowMeans(buckets, ({ inputTokens }) => inputTokens));
  const output = members.map(({ buckets }) => windowMeans(buckets, ({ outputTokens }) => outputTokens));
  return {
    inputPerRequest: geometricMean(input.map(geometricMean)),
    outputPerRequest: geometricMean(output.map(geometricMean)),
    inputDrift: driftOf(input),
    outputDrift: driftOf(output),
  };
}

/**
 * Noise within one key's minutes, from the trace by the minute. The middle of three minutes against the mean of its
 * neighbours cancels drift; that difference has 1.5 times the variance of one minute.
 */
export function fitMinuteNoise(services: readonly (readonly TraceBucket[])[]): MinuteNoise {
  const middles = services.flatMap((minutes) =>
    minutes.slice(1, -1).map((middle, index) => ({ before: minutes[index] ?? middle, middle, after: minutes[index + 2] ?? middle })),
  );
  const localVariance = (value: (minute: TraceBucket) => number) =>
    mean(middles.map(({ before, middle, after }) => (value(middle) - (value(before) + value(after)) / 2) ** 2)) / 1.5;
  const requests = mean(middles.map(({ middle }) => middle.requests));
  const cvPerRequest = (value: (minute: TraceBucket) => number) => {
    const perRequest = (minute: TraceBucket) => value(minute) / minute.requests;
    return Math.sqrt(localVariance(perRequest) * requests) / mean(middles.map(({ middle }) => perRequest(middle)));
  };
  return {
    overDispersion: Math.max(0, localVariance((minute) => minute.requests) - requests) / requests ** 2,
    inputCvPerRequest: cvPerRequest(({ inputTokens }) => inputTokens),
    outputCvPerRequest: cvPerRequest(({ outputTokens }) => outputTokens),
  };
}

function windowMeans(buckets: readonly TraceBucket[], tokens: (bucket: TraceBucket) => number): number[] {
  const windows = new Map<number, { requests: number; tokens: number }>();
  for (const bucket of buckets) {
    const window = Math.floor(bucket.at / WINDOW_MS);
    const sums = windows.get(window) ?? { requests: 0, tokens: 0 };
    windows.set(window, { requests: sums.requests + bucket.requests, tokens: sums.tokens + tokens(bucket) });
  }
  return [...windows.values()].filter(({ requests, tokens: sum }) => requests > 0 && sum > 0).map((sums) => sums.tokens / sums.requests);
}

function driftOf(keys: readonly (readonly number[])[]): { logSd: number; minutes: number } {
  const logs = keys.filter((windows) => windows.length >= 4).map((windows) => windows.map(Math.log));
  const logSd = median(logs.map(deviation).sort((a, b) => a - b));
  const remembered = median(logs.map(lagOne).sort((a, b) => a - b));
  return { logSd, minutes: -WINDOW_MS / 60_000 / Math.log(Math.min(0.95, Math.max(0.05, remembered))) };
}

function lagOne(values: readonly number[]): number {
  const centre = mean(values);
  const products = values.slice(1).map((value, index) => (value - centre) * ((values[index] ?? centre) - centre));
  const variance = deviation(values) ** 2;
  return variance > 0 ? mean(products) / variance : 0;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map(Math.log)));
}
