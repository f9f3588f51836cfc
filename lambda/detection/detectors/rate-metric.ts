import { busyLevel, expectedRate, ringIndex } from '../baseline.ts';
import { evidenceOf, fitTail, rememberedBlocks, residualAtBudget } from '../budget.ts';
import { levelBelief, seasonBelief, windowMinutes } from './rate-state.ts';
import type { Belief } from '../budget.ts';
import type { EvidenceKind, MetricState, RelationState, TailState } from './rate-state.ts';

/** What follows from the settings alone. */
export interface RatePlan {
  readonly intervalMs: number;
  /** The profile's step: an hour, or a bucket where that is longer. */
  readonly slotMs: number;
  readonly slotsPerDay: number;
  /** Look-back windows: length, weight of one bucket, and whether a shorter window is not the same already. */
  readonly windows: readonly { readonly lengthMs: number; readonly gain: number; readonly active: boolean; readonly level: boolean }[];
  /** False alarms per month that one test may raise. */
  readonly perTest: number;
  /** The floor of a key that was never busy. */
  readonly leastFloor: number;
}

/** The strongest evidence of one bucket. */
export interface Found {
  evidence: number;
  kind: EvidenceKind;
  metric: number;
  window: number;
}

/** The window of an hour: it says what is going on now, and metrics are compared with each other in it. */
export const hourWindow = 2;
/** A longer window counts while the hour still holds so much of its excess (in logs); else a day's window would speak of a theft for a day after its end. */
const stillShare = 0.5;

/** Ratios between rates below this share of the key's busy level do not matter. */
const floorShare = 0.4;
/** One hour teaches the profile at most this many times what was expected of it. */
const teachAtMost = 8;
/** Typical log ratio between an hour and what was expected of it, before the key has shown its own; in slots. */
const dispersionPrior = 0.5;
const dispersionPriorSlots = 6;
const slotDispersionPrior = 4;
/** What every dispersion has on top: no key is as regular as a quiet week suggests. */
const dispersionLeast = 0.1;
/** So long the dispersion may be wider than the prior, never narrower: the first mornings look like bursts. */
const youngMs = 4 * 86_400_000;
const residualLimit = 1.5;

/** Tests look at the same traffic and mostly agree: two of them are as one. */
const independentShare = 0.5;
/** Added to levels before the log, as a share of the floor: an idle block then is low, not infinitely low. */
const levelBaseShare = 0.5;
/** A day of levels, before "higher than ever" means anything. */
const levelBlocks = 4;
/** A silence shorter than this is a weekend. */
const wakeAfterMs = 72 * 3_600_000;
const wakeLeastQuietMs = 6 * 3_600_000;
const wakeLastsMs = 3_600_000;
/** Three days of buckets with traffic: the memory of a relation. */
const relationMemoryMs = 3 * 86_400_000;
const relationYoungMs = 12 * 3_600_000;
const relationSpreadLeast = 0.1;

/** Folds one bucket's value into the metric; raises `found` where its evidence is stronger. */
export function foldMetric(
  plan: RatePlan,
  metric: MetricState,
  index: number,
  unevenness: number,
  at: number,
  value: number,
  found: Found,
): void {
  metric.sum += value;
  metric.count += 1;
  const expected = expectedNow(plan, metric, at);
  let hourAbove = Infinity;
  let hourLevel = Infinity;
  for (let w = 0; w < plan.windows.length; w++) {
    const window = metric.windows[w];
    const spec = plan.windows[w];
    if (window === undefined || spec === undefined || !spec.active) continue;
    window.seen += (value - window.seen) * spec.gain;
    if (expected !== null) {
      window.expected += (expected - window.expected) * spec.gain;
      const above = window.seen > window.expected ? Math.log((window.seen + metric.floor) / (window.expected + metric.floor)) : 0;
      const residual = hourAbove < stillShare * above ? 0 : above / unevenness;
      if (w === hourWindow) hourAbove = above;
      if (window.season.peak === null || residual > window.season.peak) window.season.peak = residual;
      raise(found, 'season', evidenceOf(window.season, residual, plan.perTest), index, w);
    }
    if (spec.level) {
      const level = Math.min(window.seen, hourLevel);
      if (w === hourWindow) hourLevel = level;
      if (window.level.peak === null || level > window.level.peak) window.level.peak = level;
      if (window.level.peaks.length < levelBlocks) continue;
      raise(found, 'level', evidenceOf(window.level, Math.log(level + metric.levelBase), plan.perTest), index, w);
    }
  }
  foldSilence(plan, metric, index, at, value, found);
}

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

/** Closes a six-hour block of residuals: its peak becomes history, limited so that an attack widens the tail by one step only. */
export function closeBlock(plan: RatePlan, tail: TailState, belief: Belief): void {
  if (tail.peak === null) return;
  const limit = residualAtBudget(tail, plan.perTest) + tail.scale;
  remember(tail, round(Math.min(tail.peak, limit), 3));
  Object.assign(tail, fitTail(tail.peaks, belief));
}

/** The same for a metric's levels. Their peaks are kept as rates, so that what is added before the log may move with the key. */
export function closeLevels(plan: RatePlan, metric: MetricState): void {
  const base = metric.levelBase;
  metric.levelBase = metric.floor * levelBaseShare;
  for (const { level } of metric.windows) {
    if (level.peak === null) continue;
    const limit = level.peaks.length < levelBlocks ? Infinity : Math.exp(residualAtBudget(level, plan.perTest) + level.scale) - base;
    remember(level, Number(Math.min(level.peak, limit).toPrecision(4)));
    Object.assign(
      level,
      fitTail(
        level.peaks.map((peak) => Math.log(peak + metric.levelBase)),
        levelBelief,
      ),
    );
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
  return busy > 0 ? Number((floorShare * busy).toPrecision(4)) : plan.leastFloor;
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

/** How far the last hour's relation of `other` to `first` is from the usual one, where there is traffic enough to tell. */
export function foldRelation(
  plan: RatePlan,
  relation: RelationState,
  first: MetricState,
  other: MetricState,
  index: number,
  found: Found,
): void {
  const a = first.windows[hourWindow]?.seen ?? 0;
  const b = other.windows[hourWindow]?.seen ?? 0;
  if (a < first.floor && b < other.floor) return;
  const value = Math.log((b + other.floor / 8) / (a + first.floor / 8));
  if (relation.weight === 0) relation.centre = value;
  const spread = relationSpreadLeast + relation.spread;
  const away = value - relation.centre;
  const limited = Math.max(-2 * spread, Math.min(2 * spread, away));
  const gain = 1 / (Math.min(relation.weight, relationMemoryMs / plan.intervalMs) + 1);
  relation.centre += limited * gain;
  relation.spread += (Math.abs(limited) - relation.spread) * gain;
  relation.weight += 1;
  if (relation.weight * plan.intervalMs < relationYoungMs) return;
  const residual = Math.abs(away) / spread;
  if (relation.tail.peak === null || residual > relation.tail.peak) relation.tail.peak = residual;
  raise(found, 'relation', evidenceOf(relation.tail, residual, plan.perTest), index, hourWindow);
}

export function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** The higher of step and slope: a morning may begin early and an evening end late, but a job that starts on the hour is no slope. */
function expectedNow(plan: RatePlan, metric: MetricState, at: number): number | null {
  const { current } = metric;
  if (current === null) return null;
  const into = (at + plan.intervalMs / 2) / plan.slotMs - Math.floor(at / plan.slotMs);
  const neighbour = into < 0.5 ? metric.previous : metric.next;
  if (neighbour === null || neighbour <= current) return current;
  return current + (neighbour - current) * Math.min(0.5, Math.abs(into - 0.5));
}

/** A key that wakes from a silence longer than any it has had: how rare that is, from the longest one and its age. */
function foldSilence(plan: RatePlan, metric: MetricState, index: number, at: number, value: number, found: Found): void {
  metric.lived += 1;
  if (value > 0) {
    const quietMs = metric.quiet * plan.intervalMs;
    if (quietMs >= wakeAfterMs) {
      const share = Math.min(1, Math.max(metric.longestQuiet * plan.intervalMs, wakeLeastQuietMs) / quietMs);
      const perMonth = ((30 * 86_400_000) / (metric.lived * plan.intervalMs)) * share * share;
      metric.wokeAt = at;
      metric.wakeEvidence = Math.log10(plan.perTest / perMonth);
    }
    metric.longestQuiet = Math.max(metric.longestQuiet, metric.quiet);
    metric.quiet = 0;
  } else metric.quiet += 1;
  if (metric.wokeAt === null) return;
  if (at - metric.wokeAt >= wakeLastsMs) metric.wokeAt = null;
  else if ((metric.windows[0]?.seen ?? 0) > metric.floor / 10) raise(found, 'wake', metric.wakeEvidence, index, 0);
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

function raise(found: Found, kind: Found['kind'], evidence: number, metric: number, window: number): void {
  if (evidence <= found.evidence) return;
  found.evidence = evidence;
  found.kind = kind;
  found.metric = metric;
  found.window = window;
}

/** The plan of `settings` for a key of `metrics` metrics. */
export function planOf(intervalMs: number, falseAlarmsPerMonth: number, metrics: number): RatePlan {
  const slotMs = Math.max(3_600_000, intervalMs);
  const lengths = windowMinutes.map((minutes) => Math.max(minutes * 60_000, intervalMs));
  const windows = lengths.map((lengthMs, index) => ({
    lengthMs,
    gain: intervalMs / lengthMs,
    active: lengthMs !== lengths[index - 1],
    level: index < windowMinutes.length - 1,
  }));
  const used = windows.filter((window) => window.active);
  const tests = metrics * (used.length + used.filter((window) => window.level).length) + metrics - 1;
  return {
    intervalMs,
    slotMs,
    slotsPerDay: Math.max(1, Math.min(24, Math.round(86_400_000 / slotMs))),
    windows,
    perTest: falseAlarmsPerMonth / (tests * independentShare),
    leastFloor: (20 * intervalMs) / 60_000,
  };
}
