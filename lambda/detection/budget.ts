/**
 * From "how far" to "how rarely": the tail of a key's own residuals, and the one promise it is held against,
 * expected false alarms per month.
 */

/** Residual peaks are taken over blocks of six hours, so that one busy afternoon counts once. */
export const blockMs = 6 * 3_600_000;
/** Blocks remembered: four weeks. */
export const rememberedBlocks = 112;

const blocksPerMonth = (30 * 24 * 3_600_000) / blockMs;
/** The tail begins where a quarter of the blocks peak. */
const tailShare = 0.25;
/** Half-life of a block's weight. Ten days: a week-old peak still speaks, the wide residuals of a cold start fade. */
const blockHalfLife = 40;
const blockWeights = Array.from({ length: rememberedBlocks }, (_, age) => 2 ** (-age / blockHalfLife));

/** A month's rate of six-hour blocks that peak above u: 30 (1 + shape (u - from) / scale)^(-1 / shape). */
export interface Tail {
  /** Residual (in units of the key's dispersion) that a quarter of the blocks pass. */
  readonly from: number;
  /** Mean excess above `from`. */
  readonly scale: number;
}

/** What is believed of a key before it has shown anything: wide, so that a cold start alarms late rather than often. */
const prior: Tail = { from: 2, scale: 1 };
/** Blocks that the belief weighs: half a day for where the tail begins, and in excesses for its scale. */
const priorBlocks = 2;
const priorExcesses = 3;

/** Generalised Pareto shape: heavier than exponential, because usage has days that no earlier day foretold. */
const shape = 0.12;

/** The tail of `peaks` (oldest first), shrunk to the belief while they are few. */
export function fitTail(peaks: readonly number[]): Tail {
  const sorted = peaks
    .map((peak, index) => ({ peak, weight: blockWeights[peaks.length - 1 - index] ?? 0 }))
    .sort((a, b) => b.peak - a.peak);
  let total = 0;
  for (const { weight } of sorted) total += weight;
  let above = 0;
  let empirical = prior.from;
  for (const { peak, weight } of sorted) {
    above += weight;
    empirical = peak;
    if (above >= tailShare * total) break;
  }
  const from = (priorBlocks * prior.from + total * empirical) / (priorBlocks + total);
  let excess = priorExcesses * prior.scale;
  let count = priorExcesses;
  for (const { peak, weight } of sorted) {
    if (peak <= from) break;
    excess += weight * (peak - from);
    count += weight;
  }
  return { from, scale: excess / count };
}

/** Expected months' count of six-hour blocks that peak above `residual`. Below the tail it keeps rising, so that it orders everything. */
export function monthlyRate(tail: Tail, residual: number): number {
  const excess = (residual - tail.from) / tail.scale;
  if (excess <= 0) return tailShare * blocksPerMonth * Math.exp(-excess);
  return tailShare * blocksPerMonth * (1 + shape * excess) ** (-1 / shape);
}

/** The residual whose monthly rate is `rate`: the inverse of `monthlyRate`. */
export function residualAtRate(tail: Tail, rate: number): number {
  const share = rate / (tailShare * blocksPerMonth);
  if (share >= 1) return tail.from - tail.scale * Math.log(share);
  return tail.from + (tail.scale * (share ** -shape - 1)) / shape;
}
