import type { Comparison } from '../../../../contract/records.ts';
import type { Finding } from '../../detectors.ts';
import { rememberedSlots, windows } from './parameters.ts';
import { startTail, type TailState } from './tail.ts';

/** In rings and heights: nothing is known. */
export const unknown = -1;

/** All that the envelope detector remembers of one key. Plain data, versioned. Amounts are in the metric's unit, instants in epoch ms. */
export interface EnvelopeState {
  readonly version: 1;
  /** Width of the buckets that were folded; 0 before the first. */
  intervalMs: number;
  firstAt: number | null;
  /** Start of the newest bucket. */
  lastAt: number | null;
  readonly columns: ColumnState[];
  /** How hot the last day was, 0 to 1; what stays hot is adopted. */
  hot: number;
  isAdopting: boolean;
  /** When that last began. */
  adoptedAt?: number;
  readonly alert: AlertState;
}

/** On for eight hours an alert is muted: nobody is told again of what lasts. */
export const alertPhases = ['calm', 'on', 'muted'] as const;
type AlertPhase = (typeof alertPhases)[number];

export interface AlertState {
  phase: AlertPhase;
  /** When the newest alert began, whether or not it is over. */
  beganAt: number | null;
  /** When it was last switched on: it is muted eight hours later. */
  onSince: number | null;
  calmSince: number | null;
  /** The greatest margin of this alert, or of the last one. */
  peak: number;
  /** Until then a new alert needs clearly more than the last one. */
  coolUntil: number | null;
  /** What the newest alert rests on. */
  strongest: Explanation | null;
}

export interface Explanation extends Omit<Finding, 'knownSince'> {
  readonly kind: Comparison;
  /** Decades beyond the budget. */
  readonly margin: number;
}

/** One metric. */
export interface ColumnState {
  /** Sums of the closed five-minute buckets of the last day (or of the series' own buckets where they are wider), a ring. */
  readonly fine: number[];
  /** Their square roots, likewise. */
  readonly roots: number[];
  /** The newest buckets, oldest first. */
  readonly newest: number[];
  /** The bucket that runs: its number since the epoch, and its sum. */
  fineIndex: number | null;
  fineSum: number;
  /** Of each window, the sum of all closed buckets but the oldest. */
  readonly closed: number[];
  readonly windows: WindowState[];
  readonly levelTails: TailState[];
  /** Of the buckets, and of the square roots of five-minute buckets. */
  readonly use: NoiseState;
  readonly steadiness: NoiseState;
  wasSuspicious: boolean;
  /** Known buckets of the hour that runs, and buckets with use since the first. */
  knownInSlot: number;
  knownBuckets: number;
  used: number;
  /** Known buckets without use just now; the longest such run before. */
  quiet: number;
  longestQuiet: number;
  /** When an unheard-of silence ended, and how much evidence that is. */
  wokeAt: number | null;
  wakeMargin: number;
}

/** How much a series holds, and how noisy it is. */
export interface NoiseState {
  /** Discounted sum and weight of values: the level. */
  levelSum: number;
  levelWeight: number;
  /** Discounted variance over mean of neighbouring values: the quantum of noise. */
  noiseSum: number;
  noiseWeight: number;
  previous: number | null;
}

const startNoise = (): NoiseState => ({ levelSum: 0, levelWeight: 0, noiseSum: 0, noiseWeight: 0, previous: null });

/** One look-back window: its greatest sums by the hour. Hour h since the epoch lies at h modulo the length. */
export interface WindowState {
  /** What each hour taught, and what it really held. */
  readonly taught: number[];
  readonly raw: number[];
  /** Of the hour that runs. */
  taughtNow: number;
  rawNow: number;
  /** The greatest taught sum; of a key that rests, the greatest before it rested. */
  level: number;
  readonly tail: TailState;
  /** What the hour that runs is held against; null = nothing is known. */
  reference: Reference;
}

export interface Reference {
  /** Differences below this are small: it is added to sums before their log is taken. */
  small: number;
  /** The upper envelope of past days at this time, in logs of sums with `small`. */
  envelope: number | null;
  /** The same, of a key that is young or seldom used raised to what it reached at any hour. */
  raised: number | null;
  /** Days of which this very hour is known. */
  days: number;
  /** The average of the last week at this hour, in the same logs. */
  average: number | null;
  /** The lowest at this time that a day of the last week held: for what people are shown. */
  least: number;
  /** What two days have shown may be taught. */
  seenBefore: number;
}

/** The state of a key of which nothing is known. Throws RangeError for no metric. */
export function startEnvelope(metrics: number): EnvelopeState {
  if (!Number.isInteger(metrics) || metrics < 1) throw new RangeError(`a key has at least one metric, not ${metrics}`);
  return {
    version: 1,
    intervalMs: 0,
    firstAt: null,
    lastAt: null,
    columns: Array.from({ length: metrics }, startColumn),
    hot: 0,
    isAdopting: false,
    alert: startAlert(),
  };
}

export function startAlert(): AlertState {
  return { phase: 'calm', beganAt: null, onSince: null, calmSince: null, peak: 0, coolUntil: null, strongest: null };
}

function startColumn(): ColumnState {
  return {
    fine: [],
    roots: [],
    newest: [],
    fineIndex: null,
    fineSum: 0,
    closed: windows.map(() => 0),
    windows: windows.map(() => ({
      taught: emptyRing(),
      raw: emptyRing(),
      taughtNow: unknown,
      rawNow: unknown,
      level: unknown,
      tail: startTail(),
      reference: { small: 0, envelope: null, raised: null, days: 0, average: null, least: 0, seenBefore: unknown },
    })),
    levelTails: [startTail(), startTail()],
    use: startNoise(),
    steadiness: startNoise(),
    wasSuspicious: false,
    knownInSlot: 0,
    knownBuckets: 0,
    used: 0,
    quiet: 0,
    longestQuiet: 0,
    wokeAt: null,
    wakeMargin: 0,
  };
}

const emptyRing = (): number[] => new Array<number>(rememberedSlots).fill(unknown);

/** A copy that shares nothing with `state`. */
export function copyEnvelope(state: EnvelopeState): EnvelopeState {
  return structuredClone(state);
}

/** The state as though usage had been usual until now: the alert and all that it left behind are gone. */
export function asUsual(state: EnvelopeState): EnvelopeState {
  const copy = copyEnvelope(state);
  Object.assign(copy.alert, startAlert());
  copy.hot = 0;
  copy.isAdopting = false;
  delete copy.adoptedAt;
  for (const column of copy.columns) {
    column.wasSuspicious = false;
    column.wokeAt = null;
  }
  return copy;
}
