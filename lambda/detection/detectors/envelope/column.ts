import type { Comparison } from '../../../../contract/records.ts';
import { dayMs, hourMs } from '../../../foundation/clock.ts';
import * as p from './parameters.ts';
import { learnNoise, levelOf } from './noise.ts';
import { ringIndex } from './references.ts';
import { unknown, type ColumnState, type Reference, type WindowState } from './state.ts';
import { closeBlock, evidenceOf, type TailBelief } from './tail.ts';
import type { Widths } from './widths.ts';

/** The bucket that a column was just given, in a form that can be judged. */
export interface Reading {
  /** The sum in each window that ends now. */
  readonly sums: readonly number[];
  /** Decades beyond one alarm a month. */
  readonly margin: number;
  readonly isSuspicious: boolean;
  readonly strongest: Strongest;
}

interface Strongest {
  kind: Comparison;
  window: number;
  evidence: number;
}

/** Takes the next bucket into the sums; null (no datum) counts as the last hour's mean there, and nowhere else. */
export function takeIn(column: ColumnState, widths: Widths, at: number, value: number | null): void {
  const { fineMs, intervalMs, ringLength, windowBuckets } = widths;
  const index = Math.floor(at / fineMs);
  column.fineIndex ??= index;
  while (column.fine.length < ringLength) {
    column.fine.push(0);
    column.roots.push(0);
  }
  while (column.fineIndex < index) closeFine(column, widths);
  const hour = windowBuckets[p.hourWindow] ?? 1;
  const taken = value ?? (newestSum(column.fine, column.fineIndex, 1, hour) / hour) * (intervalMs / fineMs);
  column.fineSum += taken;
  column.newest.push(taken);
  if (column.newest.length > (windowBuckets[p.newestWindow] ?? 1)) column.newest.shift();
}

function closeFine(column: ColumnState, { fineMs, ringLength, windowBuckets }: Widths): void {
  const index = column.fineIndex ?? 0;
  const root = Math.sqrt(column.fineSum);
  column.fine[index % ringLength] = column.fineSum;
  column.roots[index % ringLength] = root;
  if (column.wasSuspicious) column.steadiness.previous = root;
  else learnNoise(column.steadiness, root, fineMs, null);
  column.fineIndex = index + 1;
  column.fineSum = 0;
  for (const [window, count] of windowBuckets.entries())
    column.closed[window] = newestSum(ringOf(column, window), column.fineIndex, 1, count - 1);
}

function ringOf(column: ColumnState, window: number): readonly number[] {
  return p.windows[window]?.measure === 'steadiness' ? column.roots : column.fine;
}

/** The sum of closed fine buckets, from the `first`-th to the `last`-th newest before the one that runs. */
function newestSum(ring: readonly number[], running: number, first: number, last: number): number {
  let sum = 0;
  for (let back = first; back <= last && back <= running; back++) sum += ring[(running - back) % ring.length] ?? 0;
  return sum;
}

/** What each window that ends with this bucket holds; the oldest fine bucket counts in part. */
function sumsOf(column: ColumnState, { fineMs, intervalMs, windowBuckets }: Widths, at: number): readonly number[] {
  const running = column.fineIndex ?? 0;
  const part = Math.min(1, (at + intervalMs - Math.floor(at / fineMs) * fineMs) / fineMs);
  return p.windows.map(({ measure }, window) => {
    if (measure === 'newest') return column.newest.reduce((sum, value) => sum + value, 0);
    const count = windowBuckets[window] ?? 1;
    const oldest = part < 1 ? (1 - part) * newestSum(ringOf(column, window), running, count, count) : 0;
    const now = measure === 'steadiness' ? Math.sqrt(column.fineSum / part) * part : column.fineSum;
    return now + (column.closed[window] ?? 0) + oldest;
  });
}

/** Folds a known value: what it says, before it teaches the windows. */
export function readColumn(column: ColumnState, widths: Widths, at: number, value: number, ageMs: number): Reading {
  learnNoise(column.use, value, widths.intervalMs, column.wasSuspicious ? 3 * levelOf(column.use) : null);
  learnQuiet(column, widths.intervalMs, at, value);
  const sums = sumsOf(column, widths, at);
  const logs = sums.map((sum, window) => Math.log(sum + (column.windows[window]?.reference.small ?? 0)));
  const strongest: Strongest = { kind: 'season', window: p.hourWindow, evidence: 0 };
  const consider = (kind: Comparison, window: number, evidence: number): number => {
    if (evidence > strongest.evidence) Object.assign(strongest, { kind, window, evidence });
    return evidence;
  };
  const hasReference = column.windows.some(({ reference }) => reference.envelope !== null);
  let evidence = 0;
  for (const [index, window] of column.windows.entries()) {
    if (!isFull(widths, index, ageMs)) continue;
    evidence += consider('season', index, seasonEvidence(column, window, logs, index));
  }
  for (const [index, tail] of column.levelTails.entries()) {
    const which = p.levelWindows[index] ?? 0;
    const excess = overLevel(column, which, logs) - p.leastExcess;
    // In the first days the cold test asks the same.
    if (!hasReference || ageMs <= p.coldMs || !(excess > 0)) continue;
    tail.peak = Math.max(tail.peak, excess);
    evidence += consider('level', which, evidenceOf(tail, p.levelBelief, excess));
  }
  if (ageMs <= p.coldMs || !hasReference) {
    const cold = coldEvidence(column, widths, logs, ageMs);
    if (cold.evidence > evidence) Object.assign(strongest, { kind: 'cold', ...cold } satisfies Strongest);
    evidence = hasReference ? Math.max(evidence, cold.evidence) : cold.evidence;
  }
  let margin = marginOf(evidence, widths);
  const woke = wakeMargin(column, at, logs);
  if (woke > margin) {
    margin = woke;
    Object.assign(strongest, { kind: 'wake', window: p.hourWindow, evidence });
  }
  column.wasSuspicious = margin >= p.suspicious;
  return { sums, margin, isSuspicious: column.wasSuspicious, strongest };
}

/** Decades beyond one alarm a month: of the sum of all evidence, less what several metrics and windows add by chance. */
function marginOf(evidence: number, { metrics, windowMs }: Widths): number {
  if (evidence <= 0) return -Infinity;
  const byChance = Math.log10(1 + 0.5 * (metrics - 1)) + p.sumOffset + (windowMs[p.newestWindow] === undefined ? 0 : p.sumOffsetOfNewest);
  return (evidence - byChance) / p.sumScale + Math.log10(p.perWeekAtOne);
}

function isFull({ windowMs }: Widths, window: number, ageMs: number): boolean {
  const length = windowMs[window];
  return length !== undefined && ageMs >= length;
}

function seasonBelief(window: number): TailBelief {
  const belief = p.windows[window]?.season;
  if (belief === undefined) throw new RangeError(`there is no window ${window}`);
  return belief;
}

/** How rare it is that a window is so far above its envelope; the tail learns by the envelope that was not raised. */
function seasonEvidence(column: ColumnState, { reference, tail }: WindowState, logs: readonly number[], window: number): number {
  const { envelope, raised, days } = reference;
  if (envelope === null || raised === null) return 0;
  const log = logs[window] ?? 0;
  const young = Math.min(1, ((days / (days + 2)) * 9) / 7);
  const excess = (log - envelope) * young - p.leastExcess;
  if (excess <= 0 || isEcho(column, reference, logs, window)) return 0;
  if (days >= 1) tail.peak = Math.max(tail.peak, excess);
  return evidenceOf(tail, seasonBelief(window), (log - raised) * young - p.leastExcess);
}

/** Whether a window of hours is only high because of what the last hour no longer holds. */
function isEcho(column: ColumnState, { average }: Reference, logs: readonly number[], window: number): boolean {
  if ((p.windows[window]?.lengthMs ?? 0) <= hourMs) return false;
  const ofHour = column.windows[p.hourWindow]?.reference.average ?? null;
  if (average === null || ofHour === null) return false;
  return (logs[p.hourWindow] ?? 0) - ofHour < p.gateShare * ((logs[window] ?? 0) - average);
}

/** By how much a window is above all that the key did, in logs; -Infinity where nothing is known. */
function overLevel(column: ColumnState, window: number, logs: readonly number[]): number {
  const known = column.windows[window];
  return known === undefined || known.level === unknown ? -Infinity : (logs[window] ?? 0) - Math.log(known.level + known.reference.small);
}

/**
 * In the first days: how far the windows are above all that the key did so far, and which is most; the less of a day is known, the more is
 * usual.
 */
function coldEvidence(column: ColumnState, widths: Widths, logs: readonly number[], ageMs: number): Omit<Strongest, 'kind'> {
  const cold = { window: p.hourWindow as number, evidence: 0 };
  if (ageMs < p.coldLeastMs || column.used * widths.intervalMs < hourMs) return cold;
  const scale = Math.min(p.coldScale, p.coldLeastScale + spreadOf(column));
  const steady = (p.coldScale - scale) / (p.coldScale - p.coldLeastScale);
  const young = Math.max(steady * p.coldSteadyExcess, Math.log(dayMs / ageMs));
  let most = 0;
  for (const window of p.levelWindows) {
    if (!isFull(widths, window, ageMs) || (column.windows[window]?.level ?? 0) <= 0) continue;
    const excess = overLevel(column, window, logs) - young;
    if (excess <= 0) continue;
    cold.evidence += p.coldBase + p.coldSlope * Math.log10(1 + excess / scale);
    if (excess > most) [most, cold.window] = [excess, window];
  }
  return cold;
}

/** How far the hours of a young key lie apart, in logs: a steady key shows it soon. */
function spreadOf(column: ColumnState): number {
  const hour = column.windows[p.hourWindow];
  if (hour === undefined) return Infinity;
  const known = hour.taught.filter((sum) => sum !== unknown);
  const { small } = hour.reference;
  return known.length < 2 ? Infinity : Math.log((Math.max(...known) + small) / (Math.min(...known) + small));
}

function learnQuiet(column: ColumnState, intervalMs: number, at: number, value: number): void {
  if (value <= 0) {
    column.quiet += 1;
    return;
  }
  column.used += 1;
  const quietMs = column.quiet * intervalMs;
  const longest = Math.max(column.longestQuiet * intervalMs, p.blockMs);
  if (quietMs >= p.wakeLeastMs && quietMs > p.wakeRatio * longest) {
    column.wokeAt = at;
    // The chance that the longest silence of so many blocks is so much longer than all before, beside one alarm a month.
    const blocks = 1 + column.knownBuckets * (intervalMs / p.blockMs);
    column.wakeMargin = Math.log10(blocks) + 2 * Math.log10(quietMs / longest) - Math.log10(28) + Math.log10(p.perWeekAtOne);
  }
  column.longestQuiet = Math.max(column.longestQuiet, column.quiet);
  column.quiet = 0;
}

/** For an hour after it woke, where it uses more than it ever did in an hour. */
function wakeMargin(column: ColumnState, at: number, logs: readonly number[]): number {
  if (column.wokeAt === null) return -Infinity;
  if (at - column.wokeAt >= hourMs) {
    column.wokeAt = null;
    return -Infinity;
  }
  return overLevel(column, p.hourWindow, logs) > p.leastExcess ? column.wakeMargin : -Infinity;
}

/** Teaches what the windows held. What is suspicious teaches no more than was usual, or than two days have shown. */
export function teach(column: ColumnState, widths: Widths, { sums, isSuspicious }: Reading, ageMs: number, isAdopting: boolean): void {
  for (const [index, window] of column.windows.entries()) {
    const sum = sums[index] ?? 0;
    if (!isFull(widths, index, ageMs)) continue;
    window.rawNow = Math.max(window.rawNow, sum);
    const { raised, small, seenBefore } = window.reference;
    const isLimited = isSuspicious && !isAdopting && raised !== null;
    window.taughtNow = Math.max(window.taughtNow, isLimited ? Math.min(sum, Math.max(Math.exp(raised) - small, seenBefore)) : sum);
  }
}

/** The highest excess of each tail in the block that runs. */
export function peaksOf({ windows, levelTails }: ColumnState): readonly number[] {
  return [...windows.map(({ tail }) => tail.peak), ...levelTails.map(({ peak }) => peak)];
}

/** Teaches all that the windows held, as usual use. The tails learn nothing of it: they keep `peaks`, as `peaksOf` gave them before. */
export function accept(column: ColumnState, widths: Widths, reading: Reading, ageMs: number, peaks: readonly number[] = []): void {
  column.wasSuspicious = false;
  const tails = [...column.windows.map(({ tail }) => tail), ...column.levelTails];
  for (const [index, tail] of tails.entries()) tail.peak = peaks[index] ?? tail.peak;
  teach(column, widths, { ...reading, isSuspicious: false }, ageMs, false);
}

/** Ends hour `hour`: one of which too little is known is unknown. */
export function closeHour(column: ColumnState, hour: number, intervalMs: number): void {
  const isKnown = column.knownInSlot >= p.leastKnown * (hourMs / Math.min(intervalMs, hourMs));
  for (const window of column.windows) {
    const index = ringIndex(hour);
    const forgotten = window.taught[index] ?? unknown;
    const taught = isKnown ? rounded(window.taughtNow) : unknown;
    window.taught[index] = taught;
    window.raw[index] = isKnown ? rounded(window.rawNow) : unknown;
    window.taughtNow = unknown;
    window.rawNow = unknown;
    if (taught > window.level) window.level = taught;
    else if (forgotten >= window.level && forgotten > 0) {
      const greatest = Math.max(...window.taught);
      // A key that rests keeps the level that it had.
      if (greatest > 0) window.level = greatest;
    }
  }
  column.knownInSlot = 0;
}

/** Five digits are more than any comparison needs, and short to store. */
function rounded(sum: number): number {
  return Number(sum.toPrecision(5));
}

export function closeBlocks(column: ColumnState, teaches: boolean): void {
  for (const [index, window] of column.windows.entries()) closeBlock(window.tail, seasonBelief(index), teaches);
  for (const tail of column.levelTails) closeBlock(tail, p.levelBelief, teaches);
}

/** What the last day really held is usual from now on. */
export function adopt(column: ColumnState, hour: number): void {
  for (const window of column.windows)
    for (let back = 1; back <= 24; back++) {
      const index = ringIndex(hour - back);
      const raw = window.raw[index] ?? unknown;
      if (raw <= (window.taught[index] ?? unknown)) continue;
      window.taught[index] = raw;
      window.level = Math.max(window.level, raw);
    }
}
