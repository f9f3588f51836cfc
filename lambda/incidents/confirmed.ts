import type { Brake } from '../../contract/causes.ts';
import { usageMetricNames } from '../../contract/metrics.ts';
import type { IncidentRecord, UsageQuarterRecord } from '../../contract/records.ts';
import { dayMs, minuteMs } from '../foundation/clock.ts';
import { reportedMinutes, valueOf } from '../usage/deltas.ts';

/** So far back from where the detector began to alert, and at least as far as the look-back of which the mean is told. */
const leastBeforeMs = 15 * minuteMs;
/** What is said to be seen is a mean over some minutes, so that one of them had as much; this is for what was rounded. */
const tolerance = 0.95;

/** In which minutes the exact totals must show what an incident is about: [from, to), epoch ms. */
export function confirmingSpan({ facts, since }: IncidentRecord, now: number): { readonly from: number; readonly to: number } {
  const { startedAt = since, windowMs = 0 } = facts;
  return { from: startedAt - Math.max(leastBeforeMs, windowMs), to: Math.min(now, startedAt + dayMs) };
}

/**
 * Why the exact totals do not bear an incident of unusual usage out: no minute from `from` on had as much as was seen. Undefined
 * where they do, and for a finding that measures nothing.
 */
export function unconfirmed(
  { kind, subject, facts }: IncidentRecord,
  quarters: readonly UsageQuarterRecord[],
  from: number,
): Brake | undefined {
  const { metric: name, observed } = facts;
  const metric = usageMetricNames.find((known) => known === name);
  if (kind !== 'usage-anomaly' || metric === undefined || observed === undefined) return undefined;
  const minutes = quarters.flatMap((quarter) => [...reportedMinutes(quarter)]).filter(([at]) => at >= from);
  const most = Math.max(0, ...minutes.map(([, totals]) => valueOf(totals, metric)));
  if (most >= observed * tolerance) return undefined;
  return { code: 'not-confirmed', subject, metric, most };
}
