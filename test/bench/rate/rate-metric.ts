import { evidenceOf } from './budget.ts';
import { hourWindow, raise } from './rate-plan.ts';
import type { Found, RatePlan } from './rate-plan.ts';
import { levelBlocks, settledRate } from './rate-state.ts';
import type { MetricState, RelationState } from './rate-state.ts';
import { unlessUsual } from './rate-usual.ts';

/** A longer window counts while the hour still holds so much of its excess (in logs); else a day's window would speak of a theft for a day after its end. */
const stillShare = 0.75;

/** A silence shorter than this is a weekend. */
const wakeAfterMs = 72 * 3_600_000;
const wakeLeastQuietMs = 6 * 3_600_000;
const wakeLastsMs = 3_600_000;
/** So long after it, what to expect of an hour is still spoilt by the silence. */
const wakeRemembersMs = 7 * 86_400_000;
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
  foldSilence(plan, metric, at, value);
  const expected = expectedNow(plan, metric, at);
  let hourAbove = Infinity;
  let hourLevel = Infinity;
  for (let w = 0; w < plan.windows.length; w++) {
    const window = metric.windows[w];
    const spec = plan.windows[w];
    if (window === undefined || spec === undefined || !spec.active) continue;
    window.seen = settledRate(window.seen + (value - window.seen) * spec.gain);
    if (expected !== null) {
      window.expected = settledRate(window.expected + (expected - window.expected) * spec.gain);
      window.unevenness += (unevenness - window.unevenness) * spec.gain;
      const above = window.seen > window.expected ? Math.log((window.seen + metric.floor) / (window.expected + metric.floor)) : 0;
      const residual = hourAbove < stillShare * above ? 0 : above / window.unevenness;
      if (w === hourWindow) hourAbove = above;
      if (window.season.peak === null || residual > window.season.peak) window.season.peak = residual;
      raise(found, 'season', unlessUsual(plan, metric, w, at, evidenceOf(window.season, residual, plan.perTest)), index, w);
    }
    if (spec.level) {
      const level = Math.min(window.seen, hourLevel);
      if (w === hourWindow) hourLevel = level;
      if (window.level.peak === null || level > window.level.peak) window.level.peak = level;
      if (window.level.peaks.length < levelBlocks) continue;
      const evidence = evidenceOf(window.level, Math.log(level + metric.levelBase), plan.perTest);
      raise(found, 'level', unlessUsual(plan, metric, w, at, evidence), index, w);
    }
  }
  if (metric.wokeAt !== null && at - metric.wokeAt < wakeLastsMs && (metric.windows[plan.shortest]?.seen ?? 0) > metric.floor / 10) {
    raise(found, 'wake', unlessUsual(plan, metric, plan.shortest, at, metric.wakeEvidence), index, plan.shortest);
  }
}

/** How far the last hour's relation of `other` to `first` is from the usual one, where there is traffic enough to tell. */
export function foldRelation(
  plan: RatePlan,
  relation: RelationState,
  first: MetricState,
  other: MetricState,
  index: number,
  at: number,
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
  relation.centre = settledRate(relation.centre + limited * gain);
  relation.spread = settledRate(relation.spread + (Math.abs(limited) - relation.spread) * gain);
  relation.weight += 1;
  if (relation.weight * plan.intervalMs < relationYoungMs) return;
  const residual = Math.abs(away) / spread;
  if (relation.tail.peak === null || residual > relation.tail.peak) relation.tail.peak = residual;
  const evidence = evidenceOf(relation.tail, residual, plan.perTest);
  raise(found, 'relation', unlessUsual(plan, other, hourWindow, at, evidence), index, hourWindow);
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
function foldSilence(plan: RatePlan, metric: MetricState, at: number, value: number): void {
  metric.lived += 1;
  if (metric.wokeAt !== null && at - metric.wokeAt >= wakeRemembersMs) metric.wokeAt = null;
  if (value === 0) {
    metric.quiet += 1;
    return;
  }
  const quietMs = metric.quiet * plan.intervalMs;
  if (quietMs >= wakeAfterMs) {
    const share = Math.min(1, Math.max(metric.longestQuiet * plan.intervalMs, wakeLeastQuietMs) / quietMs);
    const perMonth = ((30 * 86_400_000) / (metric.lived * plan.intervalMs)) * share * share;
    metric.wokeAt = at;
    metric.wakeEvidence = Math.log10(plan.perTest / perMonth);
  }
  metric.longestQuiet = Math.max(metric.longestQuiet, metric.quiet);
  metric.quiet = 0;
}
