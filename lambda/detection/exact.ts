import { watchedMetrics } from '../../contract/metrics.ts';
import type { UsageQuarterRecord } from '../../contract/records.ts';
import { reportedMinutes, valueOf } from '../usage/deltas.ts';
import type { UsageLedger } from '../usage/ports.ts';
import type { Observation } from './detectors.ts';
import type { UsageSeries } from './ports.ts';

/**
 * What the detector is shown: each minute as the ledger has it. Whoever can write metrics could hide a theft from one who reads CloudWatch,
 * or invent one. The ledger holds the exact totals of every minute for far longer than anybody looks back, and a minute that it does not
 * hold had no usage.
 */
export function exactUsage(ledger: Pick<UsageLedger, 'quarters'>): UsageSeries {
  return { read: async (subject, from, to) => exactMinutes(await ledger.quarters(subject, from, to), from, to) };
}

/** The minutes of [from, to) that the ledger holds, in time order. */
export function exactMinutes(quarters: readonly UsageQuarterRecord[], from: number, to: number): readonly Observation[] {
  return quarters
    .flatMap((quarter) => [...reportedMinutes(quarter)])
    .filter(([at]) => at >= from && at < to)
    .sort(([a], [b]) => a - b)
    .map(([at, totals]) => ({ at, values: watchedMetrics.map((metric) => valueOf(totals, metric)) }));
}
