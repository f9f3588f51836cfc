import { unattributed, usageMetricNames, type UsageMetric } from '../../contract/metrics.ts';
import type { LastUseRecord, PublishedMinute, UsageQuarterRecord, UsageTotals } from '../../contract/records.ts';
import { floorTo, minuteMs } from '../foundation/clock.ts';
import type { Datum, UsageRow } from './ports.ts';
import { estimateNanoUsd } from './prices.ts';

export const quarterMs = 15 * minuteMs;
const zero: UsageTotals = { inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, costNanoUsd: 0 };

/** Totals by subject, then by minute (epoch ms). */
export type TotalsBySubject = ReadonlyMap<string, ReadonlyMap<number, UsageTotals>>;

/** Adds the rows up per subject and minute: rows differ by model, tier, window and geography, and each counts. */
export function totalsOf(rows: readonly UsageRow[], ownerOf: (apiKeyId: string) => string | undefined): TotalsBySubject {
  const bySubject = new Map<string, Map<number, UsageTotals>>();
  for (const row of rows) {
    const subject = (row.apiKeyId === null ? undefined : ownerOf(row.apiKeyId)) ?? unattributed;
    const minutes = bySubject.get(subject) ?? new Map<number, UsageTotals>();
    bySubject.set(subject, minutes);
    minutes.set(row.minute, added(minutes.get(row.minute) ?? zero, rowTotals(row)));
  }
  return bySubject;
}

export function rowTotals(row: UsageRow): UsageTotals {
  return {
    inputTokens: row.uncachedInputTokens + row.cacheCreation5mTokens + row.cacheCreation1hTokens,
    cacheReadTokens: row.cacheReadTokens,
    outputTokens: row.outputTokens,
    costNanoUsd: estimateNanoUsd(row),
  };
}

export function tokensOf(totals: UsageTotals): number {
  return totals.inputTokens + totals.cacheReadTokens + totals.outputTokens;
}

/** End of the newest minute with tokens of anybody; 0 where there is none. */
export function tokensUntil(rows: readonly UsageRow[]): number {
  return rows.reduce((until, row) => (tokensOf(rowTotals(row)) > 0 ? Math.max(until, row.minute + minuteMs) : until), 0);
}

/** The newest minute of each API key that had tokens. */
export function lastUsesOf(rows: readonly UsageRow[]): readonly LastUseRecord[] {
  const latest = new Map<string, LastUseRecord>();
  for (const row of rows) {
    const totals = rowTotals(row);
    const tokens = tokensOf(totals);
    if (row.apiKeyId === null || tokens === 0) continue;
    const before = latest.get(row.apiKeyId);
    if (before !== undefined && before.at > row.minute) continue;
    const same = before?.at === row.minute ? before : undefined;
    // Within one minute the row with the most tokens names model and workspace.
    const leads = same === undefined || tokens > same.tokens;
    latest.set(row.apiKeyId, {
      schema: 1,
      apiKeyId: row.apiKeyId,
      at: row.minute,
      model: leads ? (row.model ?? 'unknown') : same.model,
      workspaceId: leads ? (row.workspaceId ?? 'default workspace') : same.workspaceId,
      tokens: tokens + (same?.tokens ?? 0),
    });
  }
  return [...latest.values()];
}

/** What is still to be published for one quarter: the reported totals of each minute whose totals differ from what was published. */
export function unpublished(
  record: UsageQuarterRecord | undefined,
  start: number,
  span: { readonly from: number; readonly to: number },
  reported: ReadonlyMap<number, UsageTotals>,
): Readonly<Record<string, UsageTotals>> {
  const changed: Record<string, UsageTotals> = {};
  for (let minute = Math.max(start, span.from); minute < Math.min(start + quarterMs, span.to); minute += minuteMs) {
    const offset = String((minute - start) / minuteMs);
    const now = reported.get(minute) ?? zero;
    const before = record?.minutes[offset]?.totals ?? zero;
    if (!equal(now, before)) changed[offset] = now;
  }
  return changed;
}

/** The data to send so that CloudWatch's sums become the totals of the intent: one datum per metric and minute, zeros included, so that SampleCount counts the puts. */
export function dataOf(record: UsageQuarterRecord): readonly Datum[] {
  const data: Datum[] = [];
  for (const [offset, totals] of Object.entries(record.intent?.minutes ?? {})) {
    const before = record.minutes[offset]?.totals ?? zero;
    const minute = record.start + Number(offset) * minuteMs;
    const delta: Readonly<Record<UsageMetric, number>> = {
      inputTokens: totals.inputTokens - before.inputTokens,
      outputTokens: totals.outputTokens - before.outputTokens,
      estimatedCostUsd: (totals.costNanoUsd - before.costNanoUsd) / 1e9,
    };
    for (const metric of usageMetricNames) {
      data.push({ subject: record.subject, metric, minute, value: delta[metric] });
    }
  }
  return data;
}

/** The record once its intent is known to have reached CloudWatch. */
export function committed(record: UsageQuarterRecord): Omit<UsageQuarterRecord, 'revision'> {
  return settled(record, () => true);
}

/** The record once CloudWatch is known to have refused the put of its intent. */
export function withdrawn(record: UsageQuarterRecord): Omit<UsageQuarterRecord, 'revision'> {
  return settled(record, () => false);
}

/**
 * The record once CloudWatch was read back: a minute counts as published where it holds more data than were committed.
 * Sound as long as only one put is in flight per quarter, which the conditional write of the intent sees to.
 */
export function confirmedByReadBack(record: UsageQuarterRecord, counts: ReadonlyMap<number, number>): Omit<UsageQuarterRecord, 'revision'> {
  return settled(record, (minute, samples) => (counts.get(minute) ?? 0) > samples);
}

function settled(record: UsageQuarterRecord, arrived: (minute: number, samples: number) => boolean): Omit<UsageQuarterRecord, 'revision'> {
  const { intent, ...rest } = record;
  const minutes: Record<string, PublishedMinute> = { ...record.minutes };
  for (const [offset, totals] of Object.entries(intent?.minutes ?? {})) {
    const samples = record.minutes[offset]?.samples ?? 0;
    if (arrived(record.start + Number(offset) * minuteMs, samples)) minutes[offset] = { totals, samples: samples + 1 };
  }
  return { ...rest, minutes };
}

/** The minutes of a quarter as reported last, whether CloudWatch holds them already or is being sent them, by their start (epoch ms). */
export function reportedMinutes({ start, minutes, intent }: UsageQuarterRecord): ReadonlyMap<number, UsageTotals> {
  const published = Object.entries(minutes).map(([offset, { totals }]): [string, UsageTotals] => [offset, totals]);
  const latest = [...published, ...Object.entries(intent?.minutes ?? {})];
  return new Map(latest.map(([offset, totals]) => [start + Number(offset) * minuteMs, totals]));
}

/** A metric of some totals, in its own unit. */
export function valueOf(totals: UsageTotals, metric: UsageMetric): number {
  return metric === 'estimatedCostUsd' ? totals.costNanoUsd / 1e9 : totals[metric];
}

export function quarterOf(minute: number): number {
  return floorTo(minute, quarterMs);
}

function added(a: UsageTotals, b: UsageTotals): UsageTotals {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    costNanoUsd: a.costNanoUsd + b.costNanoUsd,
  };
}

function equal(a: UsageTotals, b: UsageTotals): boolean {
  return (
    a.inputTokens === b.inputTokens &&
    a.cacheReadTokens === b.cacheReadTokens &&
    a.outputTokens === b.outputTokens &&
    a.costNanoUsd === b.costNanoUsd
  );
}
