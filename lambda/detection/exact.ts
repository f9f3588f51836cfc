import { watchedMetrics } from '../../contract/metrics.ts';
import type { UsageQuarterRecord } from '../../contract/records.ts';
import { hourMs, iso, type Clock } from '../foundation/clock.ts';
import type { Log } from '../foundation/log.ts';
import { quarterOf, reportedMinutes, valueOf } from '../usage/deltas.ts';
import type { UsageLedger } from '../usage/ports.ts';
import type { Observation } from './detectors.ts';
import type { UsageSeries } from './ports.ts';

/** CloudWatch shows what it was sent some minutes later; until then a difference says nothing. */
const shownAfterMs = hourMs;

/**
 * What the detector is shown. Whoever can write metrics can hide a theft, or invent one; so each minute is as the ledger has it, which
 * holds the exact totals of every minute for far longer than anybody looks back, and a minute that it does not hold had no usage. Minutes
 * where CloudWatch shows something else are said in the log: somebody else writes there, or usage came very late.
 */
export function withExactTotals(
  series: UsageSeries,
  ledger: Pick<UsageLedger, 'quarters'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): UsageSeries {
  return {
    async read(subject, from, to) {
      const [shown, quarters] = await Promise.all([series.read(subject, from, to), ledger.quarters(subject, from, to)]);
      const exact = exactMinutes(quarters, from, to);
      const differing = differingMinutes(shown, exact, quarters, clock.now() - shownAfterMs);
      const [first] = differing;
      if (first !== undefined) log.warn('usage.metrics-differ', { subject, from: iso(first), minutes: differing.length });
      return exact;
    },
  };
}

/** The minutes of [from, to) that the ledger holds, in time order. */
function exactMinutes(quarters: readonly UsageQuarterRecord[], from: number, to: number): readonly Observation[] {
  return quarters
    .flatMap((quarter) => [...reportedMinutes(quarter)])
    .filter(([at]) => at >= from && at < to)
    .sort(([a], [b]) => a - b)
    .map(([at, totals]) => ({ at, values: watchedMetrics.map((metric) => valueOf(totals, metric)) }));
}

/** The minutes before `until`, in time order, of which CloudWatch shows something else; none of a quarter that is being sent. */
function differingMinutes(
  shown: readonly Observation[],
  exact: readonly Observation[],
  quarters: readonly UsageQuarterRecord[],
  until: number,
): readonly number[] {
  const moving = quarters.filter(({ intent }) => intent !== undefined);
  const isMoving = (at: number): boolean => moving.some(({ start }) => quarterOf(at) === start);
  const [left, right] = [textByMinute(shown), textByMinute(exact)];
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((at) => at < until && !isMoving(at) && left.get(at) !== right.get(at))
    .sort((a, b) => a - b);
}

/** Zero and nothing are the same. */
function textByMinute(observations: readonly Observation[]): ReadonlyMap<number, string> {
  const used = observations.filter(({ values }) => values.some((value) => (value ?? 0) > 0));
  return new Map(used.map(({ at, values }) => [at, values.map((value) => value ?? 0).join()]));
}
