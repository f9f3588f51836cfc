import { dayMs } from '../../../foundation/clock.ts';
import * as p from './parameters.ts';

/** What depends on the width of the buckets alone. */
export interface Widths {
  readonly intervalMs: number;
  readonly metrics: number;
  /** Of a fine bucket: five minutes, or a bucket where that is wider. */
  readonly fineMs: number;
  /** Fine buckets of a day, and one more, of which a part still counts. */
  readonly ringLength: number;
  /** Of each window. A window of the newest buckets is off where buckets are wide. */
  readonly windowMs: readonly (number | undefined)[];
  /** Of each window: fine buckets, or buckets where it measures the newest. */
  readonly windowBuckets: readonly number[];
}

const fiveMinutesMs = 300_000;

export function widthsOf(intervalMs: number, metrics: number): Widths {
  const fineMs = Math.max(intervalMs, fiveMinutesMs);
  const windowMs = p.windows.map(({ lengthMs, measure }) =>
    measure === 'newest' && intervalMs >= fiveMinutesMs ? undefined : Math.max(lengthMs, intervalMs),
  );
  return {
    intervalMs,
    metrics,
    fineMs,
    ringLength: Math.max(1, Math.round(dayMs / fineMs)) + 1,
    windowMs,
    windowBuckets: windowMs.map((length, index) =>
      Math.max(1, Math.round((length ?? 0) / (p.windows[index]?.measure === 'newest' ? intervalMs : fineMs))),
    ),
  };
}
