import { watchedMetrics } from '../../contract/metrics.ts';
import type { ComparedRecord, IncidentRecord, MetricsDifference, UsageQuarterRecord } from '../../contract/records.ts';
import { dayMs, hourMs } from '../foundation/clock.ts';
import { clearAmong, record } from '../incidents/raise.ts';
import { quarterOf } from '../usage/deltas.ts';
import type { Observation } from './detectors.ts';
import { isLateUsageDue } from './due.ts';
import { exactMinutes } from './exact.ts';
import type { DetectionPorts } from './ports.ts';
import type { Until } from './recall.ts';

/** CloudWatch shows a minute of the last 24 hours two hours after it was sent; older ones may need two days (API_PutMetricData). */
const shownWithinMs = 3 * hourMs;
const youngestMs = hourMs;
const newMs = dayMs;

/**
 * Once an hour: holds what CloudWatch shows of a subject's last day against the ledger. Detection does not go by CloudWatch, but people and
 * their alarms do. That somebody else writes there, or that we are wrong, is an incident of its own. Gives what the next hour needs to know.
 */
export async function compareMetrics(
  subject: string,
  last: ComparedRecord | undefined,
  incidents: readonly IncidentRecord[],
  until: Until,
  ports: DetectionPorts,
): Promise<ComparedRecord | undefined> {
  const now = ports.clock.now();
  if (last !== undefined && !isLateUsageDue(last.at, now)) return last;
  const [from, to] = [now - newMs - shownWithinMs, Math.min(until.open, now - youngestMs)];
  const [shown, quarters] = await Promise.all([ports.metrics.read(subject, from, to), ports.exact.quarters(subject, from, to)]);
  const differing = differingMinutes(shown, quarters, from, to);
  const difference = followed(differing, last?.difference, now);
  if (difference === undefined) await clearAmong(incidents, 'metrics-differ', subject, ports);
  else if (now - difference.since >= shownWithinMs) {
    const cause = { code: 'metrics-differ', minutes: differing.length } as const;
    await record('metrics-differ', subject, { startedAt: differing[0]?.at ?? difference.at, cause }, ports);
  }
  return { at: now, ...(difference === undefined ? {} : { difference }) };
}

type Differing = Omit<MetricsDifference, 'since'>;

/** The minutes of [from, to) of which CloudWatch shows something else, in time order; none of a quarter that is being sent. */
export function differingMinutes(
  shown: readonly Observation[],
  quarters: readonly UsageQuarterRecord[],
  from: number,
  to: number,
): readonly Differing[] {
  const moving = new Set(quarters.filter(({ intent }) => intent !== undefined).map(({ start }) => start));
  const [left, right] = [byMinute(shown), byMinute(exactMinutes(quarters, from, to))];
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((at) => at >= from && at < to && !moving.has(quarterOf(at)))
    .map((at) => ({ at, shown: left.get(at) ?? nothing, exact: right.get(at) ?? nothing }))
    .filter((each) => !isSame(each.shown, each.exact))
    .sort((a, b) => a.at - b.at);
}

/**
 * The one difference that is followed from hour to hour: the same as before while neither side of it moves, else the oldest one. Of a minute
 * that is a day old when it is seen first nobody can say whether CloudWatch shows all of it yet.
 */
export function followed(
  differing: readonly Differing[],
  before: MetricsDifference | undefined,
  now: number,
): MetricsDifference | undefined {
  const same = differing.find(
    (each) => before !== undefined && each.at === before.at && isSame(each.shown, before.shown) && isSame(each.exact, before.exact),
  );
  if (before !== undefined && same !== undefined) return before;
  const first = differing.find(({ at }) => now - at < newMs);
  return first === undefined ? undefined : { ...first, since: now };
}

const nothing: readonly number[] = watchedMetrics.map(() => 0);

/** Zero and nothing are the same. */
function byMinute(observations: readonly Observation[]): ReadonlyMap<number, readonly number[]> {
  return new Map(observations.map(({ at, values }) => [at, values.map((value) => value ?? 0)]));
}

/** CloudWatch adds decimal fractions, which leaves something behind the ninth digit. */
function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, index) => Math.abs(value - (b[index] ?? 0)) <= 2e-9 * Math.max(1, Math.abs(value)));
}
