import { rememberedDays, ringIndex } from './baseline.ts';
import { hourWindow, type RatePlan } from './rate-plan.ts';
import type { MetricState } from './rate-state.ts';

/** What is usual is no evidence: it is as good as calm. */
const usualEvidence = -1.5;

/**
 * The evidence of one window, unless the metric does what it usually does. A finding is more than was expected, and more than
 * the key has done before: at this hour of the day, and in the week after a long silence at any hour. Two days, or two blocks of six
 * hours, have to have seen as much, so that one theft does not excuse the next.
 */
export function unlessUsual(plan: RatePlan, metric: MetricState, index: number, at: number, evidence: number): number {
  if (evidence <= usualEvidence) return evidence;
  const window = metric.windows[index];
  const now = metric.windows[Math.max(hourWindow, plan.shortest)];
  if (window === undefined || now === undefined) return usualEvidence;
  const isMore =
    window.seen > window.expected &&
    now.seen > usualAt(plan, metric, Math.floor(at / plan.slotMs)) &&
    (metric.wokeAt === null || window.seen > second(window.level.peaks));
  return isMore ? evidence : usualEvidence;
}

/** The rate that the key reached at this hour of the day on at least two of its remembered days. */
function usualAt({ slotsPerDay }: RatePlan, { slots }: MetricState, slot: number): number {
  return second(Array.from({ length: rememberedDays }, (_, day) => slots[ringIndex(slot - (day + 1) * slotsPerDay, slots.length)] ?? 0));
}

function second(rates: readonly number[]): number {
  let highest = 0;
  let next = 0;
  for (const rate of rates) {
    if (rate > highest) [highest, next] = [rate, highest];
    else if (rate > next) next = rate;
  }
  return next;
}
