import { busyLevel, expectedRate, rememberedDays } from '../baseline.ts';
import { blockMs, fitTail, monthlyRate, rememberedBlocks, residualAtRate } from '../budget.ts';
import { scoreOf } from '../score.ts';
import { copyRateState, startRate, windowMinutes } from './rate-state.ts';
import type { MetricState, RateState, RelationState, TailState } from './rate-state.ts';

export { readRateState, startRate } from './rate-state.ts';
export type { RateState } from './rate-state.ts';

export interface RateSettings {
  /** Bucket width; deployed 60,000. */
  readonly intervalMs: number;
  /** False alarms per month expected of this key: the fleet's budget, already divided. */
  readonly falseAlarmsPerMonth: number;
}

export interface Observation {
  /** Start of the bucket, epoch ms UTC. */
  readonly at: number;
  /** One per metric of the key; null = no datum. A bucket that is never folded had no traffic. */
  readonly values: readonly (number | null)[];
}

export interface Band {
  readonly low: number;
  readonly typical: number;
  /** The rate that would raise an alert if it lasted an hour. */
  readonly high: number;
}

/** Plain data that a message is made of. Rates are in the metric's unit per bucket. */
export interface RateExplanation {
  /** `rate`: the metric itself is high. `relation`: it has left its usual relation to the first metric. */
  readonly kind: 'rate' | 'relation';
  /** Position of the metric among the values. */
  readonly metric: number;
  /** Look-back in which the evidence is strongest. */
  readonly windowMs: number;
  readonly seen: number;
  readonly expected: number;
  /** seen / expected; null where nothing was expected. */
  readonly ratio: number | null;
  /** How often this key reaches this by itself. */
  readonly expectedPerMonth: number;
  /** Start of the alert, epoch ms. */
  readonly since: number;
}

export interface RateVerdict {
  /** 0 to 1, monotone in the evidence; 0.5 is where an alert begins. */
  readonly score: number;
  /** True from the first bucket of evidence until calm has lasted. */
  readonly alert: boolean;
  /** One band per metric. */
  readonly expected: readonly Band[];
  /** Present while `alert` is true. */
  readonly explanation?: RateExplanation;
}

export interface RateFolder {
  /** Folds the next bucket. Throws RangeError when it is not newer than the last one. */
  readonly fold: (observation: Observation) => RateVerdict;
  /** The state after the buckets folded so far; a copy. */
  readonly state: () => RateState;
}

/** A month of silence and more is forgotten: what a key did before says nothing about it now. */
const forgetAfterMs = (rememberedDays + 7) * 86_400_000;
/** Ratios between rates below this share of the key's busy level do not matter. */
const floorShare = 0.15;
/** The floor of a key that was never busy, in units per minute. */
const absoluteFloorPerMinute = 20;
/** Tests that look at the same traffic agree with each other: so many of them are one. */
const independentShare = 0.6;
/** One hour teaches the profile at most this many times what was expected of it. */
const teachAtMost = 8;
/** Where the dispersion starts, and what it never falls below. */
const dispersionPrior = 0.35;
const dispersionPriorSlots = 6;
const dispersionLeast = 0.05;
const slotDispersionPrior = 4;
const calmEvidence = -1;
const calmAfterMs = 30 * 60_000;
const relationBuckets = 3 * 24 * 60;

/** Folds one bucket; pure. For many buckets in a row `rateFolder` does the same without copying the state each time. */
export function foldRate(state: RateState, observation: Observation, settings: RateSettings): { state: RateState; verdict: RateVerdict } {
  const folder = rateFolder(state, settings);
  const verdict = folder.fold(observation);
  return { state: folder.state(), verdict };
}

/**
 * Folds buckets in time order onto a private copy of `start`; any cut into batches gives the same answers.
 * Throws RangeError when the state was folded with another interval.
 */
export function rateFolder(start: RateState, settings: RateSettings): RateFolder {
  const { intervalMs } = settings;
  if (start.intervalMs !== 0 && start.intervalMs !== intervalMs) {
    throw new RangeError(`state was folded with buckets of ${start.intervalMs} ms, not ${intervalMs} ms`);
  }
  let state = copyRateState(start);
  state.intervalMs = intervalMs;
  const slotMs = Math.max(3_600_000, intervalMs);
  const slotsPerDay = Math.max(1, Math.round(86_400_000 / slotMs));
  const lengths = windowMinutes.map((minutes) => Math.max(minutes * 60_000, intervalMs));
  const active = lengths.map((length, index) => index === 0 || length !== lengths[index - 1]);
  const gains = lengths.map((length) => intervalMs / length);
  const metricCount = state.metrics.length;
  const tests = active.filter(Boolean).length * metricCount + state.relations.length;
  const perTest = settings.falseAlarmsPerMonth / Math.max(1, tests * independentShare);
  const leastFloor = (absoluteFloorPerMinute * intervalMs) / 60_000;

  const dispersionOf = (metric: MetricState, slot: number): number => {
    const overall =
      (dispersionPriorSlots * dispersionPrior + metric.dispersionCount * metric.dispersion) /
      (dispersionPriorSlots + metric.dispersionCount);
    const hour = slot % slotsPerDay;
    const count = metric.dispersionCounts[hour] ?? 0;
    const own = metric.dispersions[hour] ?? 0;
    return dispersionLeast + (slotDispersionPrior * overall + count * own) / (slotDispersionPrior + count);
  };

  const closeSlot = (metric: MetricState, slot: number): void => {
    const ring = metric.slots;
    let stored: number | null = null;
    if (metric.count > 0) {
      const mean = metric.sum / metric.count;
      stored = mean;
      if (metric.current !== null) {
        stored = Math.min(mean, (metric.current + metric.floor) * teachAtMost);
        const residual = Math.abs(Math.log((mean + metric.floor) / (metric.current + metric.floor)));
        const hour = slot % slotsPerDay;
        const count = Math.min((metric.dispersionCounts[hour] ?? 0) + 1, 10);
        const own = metric.dispersions[hour] ?? 0;
        const limited = Math.min(residual, 1.5);
        metric.dispersions[hour] = round(own + (limited - own) / count, 5);
        metric.dispersionCounts[hour] = count;
        metric.dispersionCount = Math.min(metric.dispersionCount + 1, 10 * slotsPerDay);
        metric.dispersion = round(metric.dispersion + (limited - metric.dispersion) / metric.dispersionCount, 6);
      }
    }
    ring[slot % ring.length] = stored === null ? null : Number(stored.toPrecision(4));
    metric.sum = 0;
    metric.count = 0;
    if (state.buckets * intervalMs < 2 * 86_400_000 || slot % slotsPerDay === 0) {
      metric.floor = Math.max(leastFloor, round(floorShare * busyLevel(ring), 6));
    }
    const upcoming = slot + 1;
    metric.previous = metric.current;
    metric.current = expectedRate(ring, upcoming, upcoming, slotsPerDay, metric.floor) ?? null;
    metric.next = expectedRate(ring, upcoming + 1, upcoming, slotsPerDay, metric.floor) ?? null;
  };

  const closeBlock = (tail: TailState): void => {
    if (tail.peak < 0) return;
    const most = residualAtRate(tail, perTest) + tail.scale;
    tail.peaks.push(round(Math.min(tail.peak, most), 2));
    if (tail.peaks.length > rememberedBlocks) tail.peaks.shift();
    Object.assign(tail, fitTail(tail.peaks));
    tail.peak = -1;
  };

  const expectedAt = (metric: MetricState, into: number): number => {
    const current = metric.current ?? 0;
    // The higher of step and slope: a morning may begin early and an evening end late, but a job that starts on the hour is no slope.
    const neighbour = into < 0.5 ? metric.previous : metric.next;
    if (neighbour === null || neighbour <= current) return current;
    return current + (neighbour - current) * Math.abs(into - 0.5);
  };

  const dispersions = state.metrics.map((metric) => dispersionOf(metric, Math.floor((state.lastAt ?? 0) / slotMs)));

  const advance = (at: number, values: readonly (number | null)[]): Found => {
    const slot = Math.floor(at / slotMs);
    if (state.lastAt !== null) {
      const before = Math.floor(state.lastAt / slotMs);
      if (before !== slot) {
        for (const [index, metric] of state.metrics.entries()) {
          closeSlot(metric, before);
          dispersions[index] = dispersionOf(metric, slot);
        }
      }
      if (Math.floor(state.lastAt / blockMs) !== Math.floor(at / blockMs)) {
        for (const metric of state.metrics) for (const window of metric.windows) closeBlock(window.tail);
        for (const relation of state.relations) closeBlock(relation.tail);
      }
    } else {
      for (const metric of state.metrics) metric.floor = leastFloor;
    }
    state.lastAt = at;
    state.buckets += 1;
    const found: Found = { evidence: -10, shortEvidence: -10, metric: 0, window: 0, kind: 'rate', perMonth: 0 };
    const into = (at + intervalMs / 2) / slotMs - slot;
    for (let index = 0; index < metricCount; index++) {
      const metric = state.metrics[index];
      const value = values[index];
      if (metric === undefined || value === null || value === undefined) continue;
      metric.sum += value;
      metric.count += 1;
      if (metric.current === null) continue;
      const expected = expectedAt(metric, into);
      const dispersion = dispersions[index] ?? dispersionPrior;
      const { floor } = metric;
      for (let w = 0; w < gains.length; w++) {
        const window = metric.windows[w];
        if (window === undefined || active[w] !== true) continue;
        const gain = gains[w] ?? 1;
        window.seen += (value - window.seen) * gain;
        window.expected += (expected - window.expected) * gain;
        const residual = window.seen > window.expected ? Math.log((window.seen + floor) / (window.expected + floor)) / dispersion : 0;
        if (residual > window.tail.peak) window.tail.peak = residual;
        const perMonth = monthlyRate(window.tail, residual);
        const evidence = Math.log10(perTest / perMonth);
        if (w < 3 && evidence > found.shortEvidence) found.shortEvidence = evidence;
        if (evidence > found.evidence) Object.assign(found, { evidence, metric: index, window: w, kind: 'rate', perMonth });
      }
    }
    for (let index = 0; index < state.relations.length; index++) {
      const relation = state.relations[index];
      const first = state.metrics[0];
      const other = state.metrics[index + 1];
      if (relation === undefined || first === undefined || other === undefined) continue;
      const residual = relationResidual(relation, first, other);
      if (residual === undefined) continue;
      if (residual > relation.tail.peak) relation.tail.peak = residual;
      const perMonth = monthlyRate(relation.tail, residual);
      const evidence = Math.log10(perTest / perMonth);
      if (evidence > found.shortEvidence) found.shortEvidence = evidence;
      if (evidence > found.evidence) Object.assign(found, { evidence, metric: index + 1, window: 2, kind: 'relation', perMonth });
    }
    return found;
  };

  /** How far the hour's relation is from the usual one; undefined while there is too little traffic to tell. */
  const relationResidual = (relation: RelationState, first: MetricState, other: MetricState): number | undefined => {
    const a = first.windows[2];
    const b = other.windows[2];
    if (a === undefined || b === undefined || (a.seen < 3 * first.floor && b.seen < 3 * other.floor)) return undefined;
    const value = Math.log((b.seen + other.floor) / (a.seen + first.floor));
    const spread = 0.1 + relation.spread;
    const known = relation.weight * intervalMs;
    const away = value - relation.centre;
    const gain = 1 / (Math.min(relation.weight, (relationBuckets * 60_000) / intervalMs) + 1);
    const limit = relation.weight === 0 ? Infinity : 2 * spread;
    relation.centre += Math.max(-limit, Math.min(limit, away)) * gain;
    relation.spread += (Math.min(Math.abs(relation.weight === 0 ? 0.2 : away), limit) - relation.spread) * gain;
    relation.weight += 1;
    return known < 12 * 3_600_000 ? undefined : Math.abs(away) / spread;
  };

  const judge = (at: number, found: Found): RateVerdict => {
    if (found.evidence >= 0) {
      state.alertSince ??= at;
      state.calmSince = null;
    } else if (state.alertSince !== null) {
      if (found.shortEvidence >= calmEvidence) state.calmSince = null;
      else state.calmSince ??= at;
      if (state.calmSince !== null && at - state.calmSince >= calmAfterMs) {
        state.alertSince = null;
        state.calmSince = null;
      }
    }
    const expected = state.metrics.map((metric, index) => band(metric, dispersions[index] ?? dispersionPrior));
    const verdict = { score: scoreOf(found.evidence), alert: state.alertSince !== null, expected };
    return state.alertSince === null ? verdict : { ...verdict, explanation: explain(found, state.alertSince) };
  };

  const band = (metric: MetricState, dispersion: number): Band => {
    const typical = metric.current ?? 0;
    const hour = metric.windows[2]?.tail;
    const far = hour === undefined ? 0 : dispersion * residualAtRate(hour, perTest);
    const { floor } = metric;
    return {
      low: Math.max(0, (typical + floor) * Math.exp(-2 * dispersion) - floor),
      typical,
      high: (typical + floor) * Math.exp(far) - floor,
    };
  };

  const explain = (found: Found, since: number): RateExplanation => {
    const window = state.metrics[found.metric]?.windows[found.window];
    const seen = window?.seen ?? 0;
    const expected = window?.expected ?? 0;
    return {
      kind: found.kind,
      metric: found.metric,
      windowMs: lengths[found.window] ?? intervalMs,
      seen,
      expected,
      ratio: expected > 0 ? seen / expected : null,
      expectedPerMonth: found.perMonth,
      since,
    };
  };

  const silence = state.metrics.map(() => 0);
  return {
    fold: ({ at, values }) => {
      if (state.lastAt !== null) {
        if (at <= state.lastAt) throw new RangeError(`buckets are folded in time order: ${at} is not after ${state.lastAt}`);
        if (at - state.lastAt > forgetAfterMs) {
          state = startRate(metricCount);
          state.intervalMs = intervalMs;
          advance(at - rememberedDays * 86_400_000, silence);
        }
        for (let quiet = (state.lastAt ?? at) + intervalMs; quiet < at; quiet += intervalMs) judge(quiet, advance(quiet, silence));
      }
      return judge(at, advance(at, values));
    },
    state: () => copyRateState(state),
  };
}

interface Found {
  evidence: number;
  shortEvidence: number;
  metric: number;
  window: number;
  kind: 'rate' | 'relation';
  perMonth: number;
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
