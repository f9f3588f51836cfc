import { join } from 'node:path';
import { readTrace } from '../../local/traffic/trace.ts';
import type { Trace, TraceBucket } from '../../local/traffic/trace.ts';
import { BUCKET_MS } from './measure.ts';
import type { Series } from './measure.ts';

/** A key's series beside the buckets that it came from. */
export interface KeySeries extends Series {
  readonly key: string;
  readonly buckets: readonly TraceBucket[];
}

export const TEN_MINUTE_TRACE = 'llm-usage-10min.csv.gz';
export const ONE_MINUTE_TRACE = 'llm-usage-1min-mooncake.csv.gz';

/** A key counts as always there above this share of buckets; an outage is when two in five of those are away at once. */
const ALWAYS_THERE = 0.9;
const THERE_IN_NORMAL_TIMES = 0.6;

/** The ten-minute trace, with the hours in which most keys stopped together taken as unknown: the service was away, not its users. */
export function tenMinuteSeries(folder: string): KeySeries[] {
  const trace = readTrace(join(folder, TEN_MINUTE_TRACE));
  const raw = [...trace.keys].map(([key, buckets]) => ({ key, buckets, requests: gridded(trace, buckets) }));
  const always = raw.filter(({ requests }) => requests.filter((count) => count > 0).length > ALWAYS_THERE * requests.length);
  const isOutage = (bucket: number): boolean =>
    always.filter(({ requests }) => (requests[bucket] ?? 0) > 0).length < THERE_IN_NORMAL_TIMES * always.length;
  return raw.map(({ key, buckets, requests }) => ({
    key,
    buckets,
    start: trace.start,
    requests: requests.map((count, bucket) => (isOutage(bucket) ? NaN : count)),
  }));
}

/** The one-minute trace: requests and tokens of consecutive minutes, per service. The last minute of each is cut short, so it is left out. */
export function oneMinuteSeries(folder: string): (readonly TraceBucket[])[] {
  return [...readTrace(join(folder, ONE_MINUTE_TRACE)).keys.values()].map((minutes) => minutes.slice(0, -1));
}

function gridded(trace: Trace, buckets: readonly TraceBucket[]): Float64Array {
  const grid = new Float64Array((trace.end - trace.start) / BUCKET_MS);
  for (const { at, requests } of buckets) grid[(at - trace.start) / BUCKET_MS] = requests;
  return grid;
}
