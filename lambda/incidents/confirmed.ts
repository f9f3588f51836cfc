import { usageMetricNames, type UsageMetric } from '../../contract/metrics.ts';
import type { IncidentRecord, UsageQuarterRecord, UsageTotals } from '../../contract/records.ts';
import { dayMs, minuteMs } from '../foundation/clock.ts';
import { amount, measureName } from './message/phrases.ts';

/** The detector's shortest windows reach this far back from where it began to alert. */
const beforeMs = 15 * minuteMs;
/** What is said to be seen is a mean over some minutes, so that one of them had as much; this is for what was rounded. */
const tolerance = 0.95;

/** In which minutes the exact totals must show what an incident is about: [from, to), epoch ms. */
export function confirmingSpan({ facts, since }: IncidentRecord, now: number): { readonly from: number; readonly to: number } {
  const startedAt = facts.startedAt ?? since;
  return { from: startedAt - beforeMs, to: Math.min(now, startedAt + dayMs) };
}

/**
 * Why the exact totals do not bear an incident of unusual usage out: no minute from `from` on had as much as was seen. Undefined
 * where they do, and for a finding that measures nothing.
 */
export function unconfirmed(
  { kind, subject, facts }: IncidentRecord,
  quarters: readonly UsageQuarterRecord[],
  from: number,
): string | undefined {
  const { metric: name, observed } = facts;
  const metric = usageMetricNames.find((known) => known === name);
  if (kind !== 'usage-anomaly' || metric === undefined || observed === undefined) return undefined;
  const most = Math.max(0, ...quarters.flatMap((quarter) => minutesOf(quarter, from).map((totals) => valueOf(totals, metric))));
  if (most >= observed * tolerance) return undefined;
  const shown = `${amount(metric, most)} ${measureName(metric)}`;
  return `the exact totals of ${subject} show at most ${shown} in a minute, so that the figures in CloudWatch are not believed`;
}

/** As reported last, whether CloudWatch holds it already or is being sent it. */
function minutesOf({ start, minutes, intent }: UsageQuarterRecord, from: number): readonly UsageTotals[] {
  const latest = new Map(Object.entries(minutes).map(([offset, { totals }]) => [offset, totals]));
  for (const [offset, totals] of Object.entries(intent?.minutes ?? {})) latest.set(offset, totals);
  return [...latest].flatMap(([offset, totals]) => (start + Number(offset) * minuteMs >= from ? [totals] : []));
}

function valueOf(totals: UsageTotals, metric: UsageMetric): number {
  return metric === 'estimatedCostUsd' ? totals.costNanoUsd / 1e9 : totals[metric];
}
