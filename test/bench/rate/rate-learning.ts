import { busyLevel, expectedRate, ringIndex } from './baseline.ts';
import { blockMs, fitTail, rememberedBlocks, residualAtBudget } from './budget.ts';
import type { Belief } from './budget.ts';
import type { RatePlan } from './rate-plan.ts';
import { levelBelief, levelBlocks, seasonBelief } from './rate-state.ts';
import type { MetricState, TailState } from './rate-state.ts';

/** Ratios between rates below this share of the key's busy level do not matter. */
const floorShare = 0.4;
/** One hour teaches the profile at most this many times what was expected of it. */
const teachAtMost = 8;
const tiniestRate = 1e-12;
/** Typical log ratio between an hour and what was expected of it, before the key has shown its own; in slots. */
const dispersionPrior = 0.5;
const dispersionPriorSlots = 6;
const slotDispersionPrior = 4;
/** What every dispersion has on top: no key is as regular as a quiet week suggests. */
const dispersionLeast = 0.1;
/** So long the dispersion may be wider than the prior, never narrower: the first mornings look like bursts. */
const youngMs = 4 * 86_400_000;
const residualLimit = 1.5;
/** The first day is judged by a level, there being no profile: its residuals are forgotten after so many blocks. */
const forgetFirstAtBlock = 24;
const forgottenFirst = 5;

/** Added to levels before the log, as a share of the floor: an idle block then is low, not infinitely low. */
const levelBaseShare = 0.5;

/** Closes slot `slot` of the profile and prepares the next ones. */
export function closeSlot(plan: RatePlan, metric: MetricState, slot: number, ageMs: number): void {
  const ring = metric.slots;
  let learnt: number | null = null;
  if (metric.count > 0) {
    learnt = metric.sum / metric.count;
    if (metric.current !== null) {
      learnDispersion(plan, metric, slot, Math.abs(Math.log((learnt + metric.floor) / (metric.current + metric.floor))));
      learnt = Math.min(learnt, (metric.current + metric.floor) * teachAtMost);
    }
    learnt = Number(learnt.toPrecision(4));
  }
  ring[ringIndex(slot, ring.length)] = learnt;
  metric.sum = 0;
  metric.count = 0;
  // Sorting four weeks is the dearest step: daily is enough once there is more than a day.
  if (ageMs < youngMs || slot % plan.slotsPerDay === 0) metric.floor = floorOf(plan, ring);
  const upcoming = slot + 1;
  const first = metric.current === null;
  metric.previous = metric.current;
  metric.current = null;
  metric.next = null;
  if (!hasHistory(ring)) return;
  metric.current = expectedRate(ring, upcoming, upcoming, plan.slotsPerDay, metric.floor) ?? null;
  metric.next = expectedRate(ring, upcoming + 1, upcoming, plan.slotsPerDay, metric.floor) ?? null;
  // What was seen before anything could be expected was no excess.
  if (first) for (const window of metric.windows) window.expected = window.seen;
}

/** How old the key is at the end of a block, and whether the block's peaks become history. */
export interface Block {
  readonly ageMs: number;
  readonly teaches: boolean;
}

/** Closes a six-hour block of residuals: its peak becomes history, limited so that an attack widens the tail by one step only. */
export function closeBlock(plan: RatePlan, tail: TailState, belief: Belief, block: Block): void {
  if (Math.floor(block.ageMs / blockMs) === forgetFirstAtBlock) tail.peaks.splice(0, forgottenFirst);
  if (tail.peak === null || !block.teaches) {
    tail.peak = null;
    return;
  }
  const limit = residualAtBudget(tail, plan.perTest) + tail.scale;
  remember(tail, round(Math.min(tail.peak, limit), 3));
  Object.assign(tail, fitTail(tail.peaks, belief));
}

/** The same for a metric's levels. Their peaks are kept as rates, so that what is added before the log may move with the key. */
export function closeLevels(plan: RatePlan, metric: MetricState, teaches: boolean): void {
  const base = metric.levelBase;
  metric.levelBase = metric.floor * levelBaseShare;
  for (const { level } of metric.windows) {
    if (level.peak !== null && teaches) {
      const limit = level.peaks.length < levelBlocks ? Infinity : Math.exp(residualAtBudget(level, plan.perTest) + level.scale) - base;
      remember(level, Number(Math.min(level.peak, limit).toPrecision(4)));
    }
    level.peak = null;
    const logs = level.peaks.map((peak) => Math.log(peak + metric.levelBase));
    if (logs.length > 0) Object.assign(level, fitTail(logs, levelBelief));
  }
}

function remember(tail: TailState, peak: number): void {
  tail.peaks.push(peak);
  if (tail.peaks.length > rememberedBlocks) tail.peaks.shift();
  tail.peak = null;
}

/** What is believed of a metric's residuals goes with how it varies from hour to hour; a young one is believed to vary. */
export function seasonBeliefOf(metric: MetricState, ageMs: number): Belief {
  const overall = overallOf(metric);
  const dispersion = dispersionLeast + (ageMs < youngMs ? Math.max(dispersionPrior, overall) : overall);
  const factor = dispersion / (dispersionLeast + dispersionPrior);
  return { ...seasonBelief, from: seasonBelief.from * factor, scale: seasonBelief.scale * factor };
}

function overallOf(metric: MetricState): number {
  const count = metric.dispersionCount;
  return (dispersionPriorSlots * dispersionPrior + count * metric.dispersion) / (dispersionPriorSlots + count);
}

function floorOf(plan: RatePlan, ring: MetricState['slots']): number {
  const busy = busyLevel(ring);
  // Smaller rates are nothing: the least number that a double holds has no logarithm to speak of.
  return busy > tiniestRate ? Number((floorShare * busy).toPrecision(4)) : plan.leastFloor;
}

/** A key's first use is no burst: an hour of use after hours without is too little to expect anything by. */
function hasHistory(ring: MetricState['slots']): boolean {
  let known = 0;
  let used = 0;
  for (const value of ring) {
    if (value === null) continue;
    known += 1;
    if (value > 0) used += 1;
  }
  return used > 1 || (used === 1 && known === 1);
}

/** How much more this hour of the day varies than the key does on the whole, shrunk to 1: residuals of all hours then have one tail. */
export function unevennessOf(plan: RatePlan, metric: MetricState, slot: number): number {
  const overall = overallOf(metric);
  const hour = ringIndex(slot, plan.slotsPerDay);
  const count = metric.dispersionCounts[hour] ?? 0;
  const own = metric.dispersions[hour] ?? 0;
  const blended = (slotDispersionPrior * overall + count * own) / (slotDispersionPrior + count);
  return (dispersionLeast + blended) / (dispersionLeast + overall);
}

function learnDispersion(plan: RatePlan, metric: MetricState, slot: number, residual: number): void {
  const limited = Math.min(residual, residualLimit);
  const hour = ringIndex(slot, plan.slotsPerDay);
  const count = Math.min((metric.dispersionCounts[hour] ?? 0) + 1, 10);
  const own = metric.dispersions[hour] ?? 0;
  metric.dispersions[hour] = round(own + (limited - own) / count, 5);
  metric.dispersionCounts[hour] = count;
  metric.dispersionCount = Math.min(metric.dispersionCount + 1, 10 * plan.slotsPerDay);
  metric.dispersion = round(metric.dispersion + (limited - metric.dispersion) / metric.dispersionCount, 6);
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
