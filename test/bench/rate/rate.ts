import { rememberedDays } from './baseline.ts';
import type { DetectorSettings, Observation } from '../../../lambda/detection/detectors.ts';
import { blockMs, residualAtBudget } from './budget.ts';
import { scoreOf } from '../../../lambda/detection/score.ts';
import { settleAlert } from './settle-alert.ts';
import { closeBlock, closeLevels, closeSlot, seasonBeliefOf, unevennessOf } from './rate-learning.ts';
import { foldMetric, foldRelation } from './rate-metric.ts';
import { hourWindow, planOf } from './rate-plan.ts';
import type { Found, RatePlan } from './rate-plan.ts';
import { copyRateState, rateWithin, relationBelief, startRate } from './rate-state.ts';
import type { MetricState, RateExplanation, RateState } from './rate-state.ts';

export { startRate };

/** Rates in the metric's unit per bucket. */
interface Band {
  readonly low: number;
  readonly typical: number;
  /** What would raise an alert if it lasted an hour. */
  readonly high: number;
}

interface RateVerdict {
  /** 0 to 1, monotone in the evidence; 0.5 is where an alert begins. */
  readonly score: number;
  /** True from the first bucket of evidence until calm has lasted, so that one theft is one run. */
  readonly alert: boolean;
  /** One band per metric. */
  readonly expected: readonly Band[];
  /** The strongest evidence of this alert so far; present while `alert` is true. */
  readonly explanation?: RateExplanation;
}

export interface RateFolder {
  /** Folds the next bucket. Throws RangeError when it is not newer than the last one. */
  readonly fold: (observation: Observation) => RateVerdict;
  /** The state after the buckets folded so far; a copy. */
  readonly state: () => RateState;
}

/** What lasts longer than this is no longer news, but how the key is used. */
const lastingMs = 86_400_000;
/** After so long without a bucket all memory is gone: the key starts afresh, with a month of silence behind it. */
const forgetAfterMs = (rememberedDays + 7) * 86_400_000;

/**
 * Folds buckets in time order onto a private copy of `start`; any cut into batches gives the same answers.
 * Missing buckets between two folded ones count as silence. Throws RangeError when the state was folded with another
 * interval, or a bucket has another number of metrics.
 */
export function rateFolder(start: RateState, settings: DetectorSettings): RateFolder {
  const { intervalMs } = settings;
  if (!(intervalMs > 0)) throw new RangeError(`a bucket's width is above 0 ms, not ${intervalMs}`);
  if (!(settings.falseAlarmsPerMonth > 0)) throw new RangeError(`the budget is above 0 a month, not ${settings.falseAlarmsPerMonth}`);
  if (start.intervalMs !== 0 && start.intervalMs !== intervalMs) {
    throw new RangeError(`state was folded with buckets of ${start.intervalMs} ms, not ${intervalMs} ms: start the key afresh`);
  }
  const metrics = start.metrics.length;
  const plan = planOf(intervalMs, settings.falseAlarmsPerMonth, metrics);
  const silence = start.metrics.map(() => 0);
  let state = copyRateState(start);
  state.intervalMs = intervalMs;
  let unevennesses: readonly number[] | undefined;

  const foldNext = (at: number, values: readonly (number | null)[]): RateVerdict => {
    if (state.lastAt === null) for (const metric of state.metrics) metric.floor = plan.leastFloor;
    else if (turnOver(plan, state, state.lastAt, at)) unevennesses = undefined;
    state.lastAt = at;
    state.buckets += 1;
    unevennesses ??= unevennessesOf(plan, state, at);
    const found = searchBucket(plan, state, unevennesses, at, values);
    // No datum is no sign of calm.
    if (values.some((value) => value !== null)) settleAlert(state, at, found.evidence);
    const expected = bands(plan, state.metrics, unevennesses);
    const score = scoreOf(found.evidence);
    if (state.alertSince === null) {
      state.strongest = null;
      return { score, alert: false, expected };
    }
    if (state.strongest === null || found.evidence > state.strongest.evidence)
      state.strongest = explain(plan, state, found, state.alertSince);
    return { score, alert: true, expected, explanation: state.strongest };
  };

  return {
    fold: ({ at, values }) => {
      if (values.length !== metrics) throw new RangeError(`a bucket of this key has ${metrics} values, not ${values.length}`);
      if (state.lastAt !== null) {
        if (at <= state.lastAt) throw new RangeError(`buckets are folded in time order: ${at} is not after ${state.lastAt}`);
        if (at - state.lastAt > forgetAfterMs) {
          state = startRate(metrics);
          state.intervalMs = intervalMs;
          unevennesses = undefined;
          const buckets = Math.floor((rememberedDays * 86_400_000) / intervalMs);
          foldNext(at - buckets * intervalMs, silence);
        }
        for (let quiet = (state.lastAt ?? at) + intervalMs; quiet < at; quiet += intervalMs) foldNext(quiet, silence);
      }
      return foldNext(
        at,
        values.map((value) => (value === null ? null : rateWithin(value))),
      );
    },
    state: () => copyRateState(state),
  };
}

/** Closes the profile's slots and the tails' blocks that ended between two buckets; true when the slot is a new one. */
function turnOver(plan: RatePlan, state: RateState, lastAt: number, at: number): boolean {
  const ageMs = state.buckets * plan.intervalMs;
  const block = Math.floor(lastAt / blockMs);
  if (block !== Math.floor(at / blockMs)) {
    // An alert teaches the tails in its first block, then for a day no more; else a theft would soon make itself usual.
    const since = state.alertSince ?? at;
    const teaches = since >= block * blockMs || at - since > lastingMs;
    for (const metric of state.metrics) {
      const belief = seasonBeliefOf(metric, ageMs);
      for (const window of metric.windows) closeBlock(plan, window.season, belief, { ageMs, teaches });
      closeLevels(plan, metric, teaches);
    }
    for (const relation of state.relations) closeBlock(plan, relation.tail, relationBelief, { ageMs, teaches });
  }
  const slot = Math.floor(lastAt / plan.slotMs);
  if (slot === Math.floor(at / plan.slotMs)) return false;
  for (const metric of state.metrics) closeSlot(plan, metric, slot, ageMs);
  return true;
}

function searchBucket(
  plan: RatePlan,
  state: RateState,
  unevennesses: readonly number[],
  at: number,
  values: readonly (number | null)[],
): Found {
  const found: Found = { evidence: -10, kind: 'season', metric: 0, window: 0 };
  for (let index = 0; index < values.length; index++) {
    const metric = state.metrics[index];
    const value = values[index];
    const unevenness = unevennesses[index];
    if (metric === undefined || unevenness === undefined || value === null || value === undefined) continue;
    foldMetric(plan, metric, index, unevenness, at, value, found);
  }
  const first = state.metrics[0];
  for (let index = 0; index < state.relations.length; index++) {
    const relation = state.relations[index];
    const other = state.metrics[index + 1];
    if (relation === undefined || first === undefined || other === undefined) continue;
    if (values[0] !== null && values[index + 1] !== null) foldRelation(plan, relation, first, other, index + 1, at, found);
  }
  return found;
}

function unevennessesOf(plan: RatePlan, state: RateState, at: number): number[] {
  return state.metrics.map((metric) => unevennessOf(plan, metric, Math.floor(at / plan.slotMs)));
}

function bands(plan: RatePlan, metrics: readonly MetricState[], unevennesses: readonly number[]): Band[] {
  return metrics.map((metric, index) => {
    const typical = metric.current ?? 0;
    const unevenness = unevennesses[index] ?? 0;
    const tail = metric.windows[hourWindow]?.season;
    const far = tail === undefined ? 0 : unevenness * residualAtBudget(tail, plan.perTest);
    const base = typical + metric.floor;
    const low = base * Math.exp(-2 * metric.dispersion) - metric.floor;
    const high = base * Math.exp(far) - metric.floor;
    // Beneath the floor's own precision a difference may come out on the wrong side.
    return { low: Math.min(Math.max(0, low), typical), typical, high: Math.max(high, typical) };
  });
}

function explain(plan: RatePlan, state: RateState, found: Found, since: number): RateExplanation {
  const window = state.metrics[found.metric]?.windows[found.window];
  const seen = window?.seen ?? 0;
  const expected = window?.expected ?? 0;
  const floor = state.metrics[found.metric]?.floor ?? plan.leastFloor;
  const ratio = expected > floor / 100 ? seen / expected : null;
  const windowMs = plan.windows[found.window]?.lengthMs ?? plan.intervalMs;
  return { kind: found.kind, metric: found.metric, windowMs, seen, expected, ratio, since, evidence: found.evidence };
}
