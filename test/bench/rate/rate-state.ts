import { rememberedDays } from './baseline.ts';
import type { Belief } from './budget.ts';

/** Residuals over the season are in logs; of a metric whose hours vary as the prior says, a third of the peaks double what was expected. */
export const seasonBelief: Belief = { from: 0.72, scale: 0.216, blocks: 2, excesses: 1, leastScale: 0.002 };

/** Residuals of relations are in their own spreads. */
export const relationBelief: Belief = { from: 1.2, scale: 0.36, blocks: 2, excesses: 1, leastScale: 0 };
/** Levels are logs of rates. Nothing is known of where they lie; a peak tends to be topped by half. */
export const levelBelief: Belief = { from: 0, scale: 0.4, blocks: 0, excesses: 1, leastScale: 0.03 };

/** A day of levels, before "higher than ever" means anything. */
export const levelBlocks = 4;

/** Look-back windows in minutes. The shortest is several deployed buckets: one odd minute is no evidence. */
export const windowMinutes = [5, 15, 60, 360, 1440] as const;

/** Everything that the rate detector remembers of one key. Plain JSON, versioned; below 60 KB for four metrics. */
export interface RateState {
  readonly version: 1;
  /** Bucket width that the state was folded with; 0 before the first bucket. */
  intervalMs: number;
  /** Start of the newest folded bucket, epoch ms; null before the first. */
  lastAt: number | null;
  /** Buckets folded, silent ones included. */
  buckets: number;
  readonly metrics: MetricState[];
  /** How each further metric relates to the first one. */
  readonly relations: RelationState[];
  alertSince: number | null;
  /** Start of the calm that will end the alert; null while there is evidence. */
  calmSince: number | null;
  /** The strongest evidence since `alertSince`. */
  strongest: RateExplanation | null;
}

/** What an alert rests on, as plain data that a message is made of. Rates are in the metric's unit per bucket. */
export interface RateExplanation {
  readonly kind: EvidenceKind;
  /** Position of the metric among the values. */
  readonly metric: number;
  /** Look-back in which the evidence is strongest. */
  readonly windowMs: number;
  /** Mean over the look-back, the newest buckets weighing most. */
  readonly seen: number;
  readonly expected: number;
  /** seen / expected; null where next to nothing was expected. */
  readonly ratio: number | null;
  /** Start of the alert, epoch ms. */
  readonly since: number;
  /** Decimal orders of magnitude beyond the budget. */
  readonly evidence: number;
}

/**
 * `season`: more than usual at this hour. `level`: more than this key has ever used. `wake`: traffic after a silence
 * longer than any before. `relation`: the metric has left its usual relation to the first one.
 */
export type EvidenceKind = 'season' | 'level' | 'wake' | 'relation';

/** One metric: rates are in its unit per bucket. */
export interface MetricState {
  /** Mean rate of each past slot, a ring over four weeks; null = nothing known. */
  readonly slots: (number | null)[];
  /** Of the slot that is being filled. */
  sum: number;
  count: number;
  /** Expected rates of the previous, this and the next slot; undefined history = null. */
  previous: number | null;
  current: number | null;
  next: number | null;
  /** Rate below which ratios do not matter. */
  floor: number;
  /** Added to rates before their log is taken for the level tails; moves with the blocks only. */
  levelBase: number;
  /** Dispersion of the log ratio between seen and expected, per slot of the day and overall. */
  readonly dispersions: number[];
  readonly dispersionCounts: number[];
  dispersion: number;
  dispersionCount: number;
  /** Buckets with a datum; buckets without traffic just now; the longest such run before. */
  lived: number;
  quiet: number;
  longestQuiet: number;
  /** When an unheard-of silence ended, epoch ms, while that is news, and how much evidence it is. */
  wokeAt: number | null;
  wakeEvidence: number;
  readonly windows: WindowState[];
}

/** One look-back window: exponentially weighted means of what was seen and expected, and of how uneven its hours are. */
interface WindowState {
  seen: number;
  expected: number;
  unevenness: number;
  /** Of the log ratio of both, evened over the hours of the day. */
  readonly season: TailState;
  /** Of what was seen, peaks as rates, `from` and `scale` in logs: higher than the key has ever been, whatever the hour. */
  readonly level: TailState;
}

/** Six-hour peaks of a residual, and the tail fitted to them. */
export interface TailState {
  /** Of the block that is being filled; null = nothing seen yet. */
  peak: number | null;
  readonly peaks: number[];
  from: number;
  scale: number;
}

/** The log ratio of one metric to the first one, its usual value and spread. */
export interface RelationState {
  centre: number;
  spread: number;
  weight: number;
  readonly tail: TailState;
}

/** A rate below this is none, and one above `greatestRate` is that: whatever a key does, its memory stays a set of ordinary numbers. */
const leastRate = 1e-30;
const greatestRate = 1e15;

/** The value of a bucket as it is folded. */
export function rateWithin(value: number): number {
  return settledRate(Math.min(Math.max(value, 0), greatestRate));
}

/** What decays comes to nothing, instead of becoming ever smaller. */
export function settledRate(rate: number): number {
  return Math.abs(rate) < leastRate ? 0 : rate;
}

/** The state of a key of which nothing is known. */
export function startRate(metrics: number): RateState {
  if (!Number.isInteger(metrics) || metrics < 1) throw new RangeError(`a key has at least one metric, not ${metrics}`);
  const tail = ({ from, scale }: Belief): TailState => ({ peak: null, peaks: [], from, scale });
  return {
    version: 1,
    intervalMs: 0,
    lastAt: null,
    buckets: 0,
    metrics: Array.from({ length: metrics }, () => ({
      slots: Array.from({ length: rememberedDays * 24 }, () => null),
      sum: 0,
      count: 0,
      previous: null,
      current: null,
      next: null,
      floor: 0,
      levelBase: 1,
      dispersions: Array.from({ length: 24 }, () => 0),
      dispersionCounts: Array.from({ length: 24 }, () => 0),
      dispersion: 0,
      dispersionCount: 0,
      lived: 0,
      quiet: 0,
      longestQuiet: 0,
      wokeAt: null,
      wakeEvidence: 0,
      windows: windowMinutes.map(() => ({ seen: 0, expected: 0, unevenness: 1, season: tail(seasonBelief), level: tail(levelBelief) })),
    })),
    relations: Array.from({ length: metrics - 1 }, () => ({ centre: 0, spread: 0, weight: 0, tail: tail(relationBelief) })),
    alertSince: null,
    calmSince: null,
    strongest: null,
  };
}

/** A copy that shares nothing with `state`. */
export function copyRateState(state: RateState): RateState {
  return structuredClone(state);
}
