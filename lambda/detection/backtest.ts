import { startAll, type Answer, type DetectorSettings, type FoldsAsOne } from './detectors.ts';
import { guessInterval } from './interval.ts';

export interface BacktestRow {
  /** Epoch ms, UTC. */
  readonly at: number;
  /** One per metric; null = no datum. */
  readonly values: readonly (number | null)[];
}

export interface BacktestOptions {
  readonly metrics: number;
  /** Bucket width in ms; without it, it is told from the rows as they arrive. */
  readonly intervalMs?: number;
  readonly falseAlarmsPerMonth: number;
}

export interface Backtest {
  /** Answers the next row in order of arrival, from that and earlier rows alone. */
  readonly next: (row: BacktestRow) => Answer;
}

/** What the deployed detector expects of one key by itself. The promise to people is per month, for the whole fleet. */
export const defaultFalseAlarmsPerMonth = 1;

/** Before the interval is known, and for rows that come too late to be placed. */
const noVerdict = (metrics: number): Answer => ({
  score: 0,
  alert: false,
  expected: Array.from({ length: metrics }, () => ({ low: 0, typical: 0, high: 0 })),
});
/** So many rows may still change the guess of the interval; then it is settled, and they need not be kept. */
const guessRows = 2000;

/**
 * The deployed detector over rows in order of arrival. A bucket that is restated or comes late (within a day and a half)
 * is folded again where it belongs, with all that followed; the row's answer is its own bucket's. Rows later than that
 * get score 0 and teach nothing. Values missing from a restated row keep what was known.
 */
export function startBacktest(options: BacktestOptions): Backtest {
  const { metrics, falseAlarmsPerMonth } = options;
  const guess = guessInterval();
  let kept: BacktestRow[] = [];
  let line: Timeline | undefined;
  let intervalMs = options.intervalMs;
  let settled = intervalMs !== undefined;
  const timeline = (phase: number, width: number): Timeline => startTimeline(metrics, phase, { intervalMs: width, falseAlarmsPerMonth });
  return {
    next: (row) => {
      if (settled && intervalMs !== undefined) {
        line ??= timeline(row.at, intervalMs);
        return line.next(row);
      }
      const guessed = guess.next(row.at);
      kept.push(row);
      if (guessed === undefined) return noVerdict(metrics);
      const [first] = kept;
      if (line === undefined || guessed !== intervalMs) {
        intervalMs = guessed;
        line = timeline(first?.at ?? row.at, guessed);
        for (const earlier of kept.slice(0, -1)) line.next(earlier);
      }
      const verdict = line.next(row);
      if (kept.length >= guessRows) {
        settled = true;
        kept = [];
      }
      return verdict;
    },
  };
}

/** Late and restated buckets within this time change the past. */
const horizonMs = 36 * 3_600_000;
/** Buckets between two memories: near the newest bucket, and further back. */
const nearBuckets = 32;
const farBuckets = 256;

interface Timeline {
  readonly next: (row: BacktestRow) => Answer;
}

interface Remembered {
  /** The memory before this bucket. */
  readonly bucket: number;
  readonly memory: FoldsAsOne;
}

/** Buckets numbered from the first row's; the newest memory, and enough older ones to go back to. */
function startTimeline(metrics: number, phaseAt: number, settings: DetectorSettings): Timeline {
  const { intervalMs } = settings;
  const horizon = Math.ceil(horizonMs / intervalMs);
  const buckets = new Map<number, readonly (number | null)[]>();
  const start = startAll(metrics);
  let remembered: Remembered[] = [{ bucket: -Infinity, memory: start }];
  let folder = start.folder(settings);
  let newest: number | undefined;

  const fold = (bucket: number): Answer => {
    const last = remembered.at(-1);
    if (last !== undefined && bucket - last.bucket >= nearBuckets) remembered.push({ bucket, memory: folder.memory() });
    newest = bucket;
    return folder.fold({ at: phaseAt + bucket * intervalMs, values: buckets.get(bucket) ?? [] });
  };

  const forget = (): void => {
    if (newest === undefined || remembered.length < 2 * (horizon / farBuckets + farBuckets / nearBuckets) + 4) return;
    const oldest = newest - horizon;
    const near = newest - farBuckets;
    const far: Remembered[] = [];
    for (const [index, each] of remembered.entries()) {
      const following = remembered[index + 1];
      if (following !== undefined && following.bucket <= oldest) continue;
      const before = far.at(-1);
      if (each.bucket >= near || before === undefined || each.bucket - before.bucket >= farBuckets) far.push(each);
    }
    remembered = far;
    const start = remembered[0]?.bucket ?? -Infinity;
    for (const bucket of buckets.keys()) if (bucket < start) buckets.delete(bucket);
  };

  const refold = (changed: number): Answer => {
    const until = newest ?? changed;
    const index = remembered.findLastIndex(({ bucket }) => bucket <= changed);
    const from = remembered[index];
    if (from === undefined) return noVerdict(metrics);
    remembered = remembered.slice(0, index + 1);
    folder = from.memory.folder(settings);
    let verdict = noVerdict(metrics);
    const again = [...buckets.keys()].filter((bucket) => bucket >= from.bucket && bucket <= until).sort((a, b) => a - b);
    for (const bucket of again) {
      const answer = fold(bucket);
      if (bucket === changed) verdict = answer;
    }
    return verdict;
  };

  return {
    next: ({ at, values }) => {
      const bucket = Math.round((at - phaseAt) / intervalMs);
      const known = buckets.get(bucket);
      if (newest !== undefined && bucket < newest - horizon) return noVerdict(metrics);
      buckets.set(bucket, known === undefined ? values : values.map((value, index) => value ?? known[index] ?? null));
      const late = newest !== undefined && bucket <= newest;
      const verdict = late ? refold(bucket) : fold(bucket);
      forget();
      return verdict;
    },
  };
}
