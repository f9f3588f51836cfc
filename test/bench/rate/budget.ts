/**
 * From "how far" to "how rarely": the tail of a key's own residuals, held against the one promise that people understand,
 * expected false alarms per month.
 */

/** Residual peaks are taken over blocks of six hours, so that one busy afternoon counts once. */
export const blockMs = 6 * 3_600_000;
/** Blocks remembered: four weeks. */
export const rememberedBlocks = 112;
/** A tail with fewer blocks (four days) may be wider than the belief, never narrower: one quiet day proves little. */
const youngBlocks = 16;

const blocksPerMonth = (30 * 24 * 3_600_000) / blockMs;
/** The tail begins where this share of the blocks peak. */
const tailShare = 0.3;
const tailPerMonth = tailShare * blocksPerMonth;
/** Half-life of a block's weight, in blocks: twenty days. */
const blockHalfLife = 80;
const blockWeights = Array.from({ length: rememberedBlocks }, (_, age) => 2 ** (-age / blockHalfLife));
/** Generalised Pareto shape: heavier than exponential, because usage has days that no earlier day foretold. */
const shape = 0.12;

/** Blocks peak above r `tailPerMonth` × (1 + shape (r - from) / scale)^(-1 / shape) times a month. */
export interface Tail {
  /** The residual that `tailShare` of the blocks pass. */
  readonly from: number;
  /** Mean excess above `from`. */
  readonly scale: number;
}

/** What is believed of a residual before the key has shown anything, and how much that weighs. */
export interface Belief {
  readonly from: number;
  readonly scale: number;
  /** In blocks; 0 = nothing is believed about where the tail begins. */
  readonly blocks: number;
  /** In excesses. */
  readonly excesses: number;
  readonly leastScale: number;
}

/** The tail of `peaks` (oldest first), shrunk to the belief while they are few. */
export function fitTail(peaks: readonly number[], belief: Belief): Tail {
  const newest = peaks.length - 1;
  const sorted = peaks.map((peak, index) => ({ peak, weight: blockWeights[newest - index] ?? 0 })).sort((a, b) => b.peak - a.peak);
  let total = 0;
  for (const { weight } of sorted) total += weight;
  let above = 0;
  let empirical = belief.from;
  for (const { peak, weight } of sorted) {
    above += weight;
    empirical = peak;
    if (above >= tailShare * total) break;
  }
  const from = (belief.blocks * belief.from + total * empirical) / Math.max(belief.blocks + total, 1e-9);
  let excess = belief.excesses * belief.scale;
  let count = belief.excesses;
  for (const { peak, weight } of sorted) {
    if (peak <= from) break;
    excess += weight * (peak - from);
    count += weight;
  }
  const scale = belief.leastScale + excess / count;
  if (belief.blocks === 0 || peaks.length >= youngBlocks) return { from, scale };
  return { from: Math.max(from, belief.from), scale: Math.max(scale, belief.scale) };
}

/**
 * Decimal orders of magnitude by which the tail's rate above `residual` lies below `perMonth`: 0 is where the budget is met.
 * Strictly increasing in the residual, below the tail too, so that it orders everything.
 */
export function evidenceOf(tail: Tail, residual: number, perMonth: number): number {
  const excess = (residual - tail.from) / tail.scale;
  const rarity = excess <= 0 ? excess : Math.log1p(shape * excess) / shape;
  return Math.log10(perMonth / tailPerMonth) + rarity * Math.LOG10E;
}

/** The residual whose evidence is 0: the inverse of `evidenceOf`. */
export function residualAtBudget(tail: Tail, perMonth: number): number {
  const rarity = Math.log(tailPerMonth / perMonth);
  return tail.from + tail.scale * (rarity <= 0 ? rarity : Math.expm1(shape * rarity) / shape);
}
