/** How rarely a test's six-hour peaks reach a height: a Gamma prior on the scale of exponential excesses (its predictive is Lomax). */

import { youngHalfLifeBlocks, youngWidening } from './parameters.ts';

/** What is believed before a key has shown anything. */
export interface TailBelief {
  /** Of the Gamma prior: excesses that it weighs as much as, and its scale. */
  readonly shape: number;
  readonly scale: number;
  /** Share of the blocks that have an excess at all, and the blocks that this belief weighs as much as. */
  readonly share: number;
  readonly weight: number;
}

/** What a key has shown of one test; weights of past blocks are discounted. */
export interface TailState {
  /** Blocks with an excess, the sum of their excesses, and all blocks. */
  excesses: number;
  sum: number;
  blocks: number;
  /** Of the block that runs. */
  peak: number;
  /** Peaks that wait for a day before they teach, oldest first; null = this block teaches nothing. */
  readonly waiting: (number | null)[];
}

export const startTail = (): TailState => ({ excesses: 0, sum: 0, blocks: 0, peak: 0, waiting: [] });

/** A heavy tail for ever: however many blocks are known, no more than so many excesses count. */
const mostExcesses = 12;
/** Half-life of a block's weight: twenty days. */
const blockWeight = 2 ** (-1 / 80);
const waitingBlocks = 4;
/** A peak as rare as one alarm a month among the 28 blocks of a week. */
const rareBlock = 28 / (7 / 30);

interface Fitted {
  readonly shape: number;
  readonly scale: number;
  readonly share: number;
}

function fit({ excesses, sum, blocks }: TailState, belief: TailBelief): Fitted {
  const count = Math.min(excesses, mostExcesses);
  return {
    shape: belief.shape + count,
    scale: belief.shape * belief.scale + (excesses > 0 ? (sum * count) / excesses : 0),
    share: (belief.weight * belief.share + excesses) / (belief.weight + blocks),
  };
}

/**
 * Decimal orders of magnitude of an excess. That any excess is rare counts by half: with its full weight four tiny ones at once would
 * be an alarm, without it a test would forget how rare any excess is.
 */
export function evidenceOf(tail: TailState, belief: TailBelief, excess: number): number {
  if (excess <= 0) return 0;
  const { shape, scale, share } = fit(tail, belief);
  const widened = scale * (1 + youngWidening * 2 ** (-tail.blocks / youngHalfLifeBlocks));
  return shape * Math.log10(1 + excess / widened) - 0.5 * Math.log10(share);
}

/** Ends the block that runs. What it teaches is limited: one theft must not make the next one usual. */
export function closeBlock(tail: TailState, belief: TailBelief, teaches: boolean): void {
  tail.waiting.push(teaches ? tail.peak : null);
  tail.peak = 0;
  if (tail.waiting.length <= waitingBlocks) return;
  const peak = tail.waiting.shift() ?? null;
  if (peak === null) return;
  const { shape, scale, share } = fit(tail, belief);
  const rare = Math.max(0, scale * ((rareBlock * share) ** (1 / shape) - 1));
  tail.excesses *= blockWeight;
  tail.sum *= blockWeight;
  tail.blocks = tail.blocks * blockWeight + 1;
  if (peak <= 0) return;
  tail.excesses += 1;
  tail.sum += Math.min(peak, 1.1 * rare + 0.01);
}
