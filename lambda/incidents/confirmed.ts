import type { Brake } from '../../contract/causes.ts';
import { usageMetricNames, type UsageMetric } from '../../contract/metrics.ts';
import type { IncidentRecord, UsageQuarterRecord, UsageTotals } from '../../contract/records.ts';
import { dayMs, minuteMs } from '../foundation/clock.ts';
import { briefly } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
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

/** Totals by minute (epoch ms). */
type Minutes = Iterable<readonly [number, UsageTotals]>;

export interface Evidence {
  /** What was collected. */
  quarters(subject: string, from: number, to: number): Promise<readonly UsageQuarterRecord[]>;
  /** What Anthropic reports now. Throws `Unavailable`. */
  reread(subject: string, from: number, to: number): Promise<Minutes>;
}

/**
 * Why an incident of unusual usage is not believed: what was collected, or what Anthropic reports now, has no minute with as much as was
 * seen. Whoever can write the table could invent a theft; and Anthropic may have restated the minutes. Undefined where both have one, and
 * for a finding that measures nothing. Where the report cannot be read now, what was collected has to do: a theft does not wait for it.
 */
export async function doubtOf(incident: IncidentRecord, now: number, evidence: Evidence, log: Log): Promise<Brake | undefined> {
  const metric = metricOf(incident);
  if (metric === undefined) return undefined;
  const { subject } = incident;
  const { from, to } = confirmingSpan(incident, now);
  const quarters = await evidence.quarters(subject, from, to);
  const collected = unconfirmed(
    incident,
    quarters.flatMap((quarter) => [...reportedMinutes(quarter)]),
    from,
  );
  if (collected !== undefined) return collected;
  try {
    return unconfirmed(incident, await evidence.reread(subject, from, to), from);
  } catch (error) {
    log.warn('containment.not-read-again', { incidentId: incident.incidentId, error: briefly(error) });
    return undefined;
  }
}

function metricOf({ kind, facts: { metric, observed } }: IncidentRecord): UsageMetric | undefined {
  return kind === 'usage-anomaly' && observed !== undefined ? usageMetricNames.find((known) => known === metric) : undefined;
}

/** No minute from `from` on has as much as was seen. */
function unconfirmed(incident: IncidentRecord, minutes: Minutes, from: number): Brake | undefined {
  const { subject, facts } = incident;
  const metric = metricOf(incident);
  if (metric === undefined) return undefined;
  let most = 0;
  for (const [at, totals] of minutes) if (at >= from) most = Math.max(most, valueOf(totals, metric));
  return most >= (facts.observed ?? 0) * tolerance ? undefined : { code: 'not-confirmed', subject, metric, most };
}
