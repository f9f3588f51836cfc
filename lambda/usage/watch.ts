import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { unattributed, usageReport } from '../../contract/metrics.ts';
import type { UsageQuarterRecord, WatermarkRecord } from '../../contract/records.ts';
import { clearAmong, raise } from '../incidents/raise.ts';
import type { IncidentPorts } from '../incidents/ports.ts';
import { heartbeatPauseMs, judgeBlindness, pauseHistoryMs, shortestPauseMs, usualPause, type ExpectedPause } from './blind.ts';
import type { KeyOwners, UsageLedger } from './ports.ts';

export interface UsageWatchPorts extends IncidentPorts {
  readonly usage: Pick<UsageLedger, 'watermark' | 'quarters' | 'usualPause' | 'rememberUsualPause'>;
  readonly ledger: KeyOwners;
  readonly heartbeat: HeartbeatDefinition | undefined;
}

/** Each minute: people are told, once, when usage is not visible, and when it is again. */
export async function watchUsage(ports: UsageWatchPorts): Promise<void> {
  const now = ports.clock.now();
  const watermark = await ports.usage.watermark();
  const isQuiet = watermark !== undefined && watermark.tokensUntil > 0 && now - watermark.tokensUntil > shortestPauseMs;
  const blindness = judgeBlindness(watermark, isQuiet ? await expectedPause(watermark, ports) : undefined, now);
  const open = await ports.incidents.all();
  if (blindness === undefined) {
    await clearAmong(open, 'usage-blind', usageReport, 'the usage report is read again, and shows tokens as usual', ports);
    return;
  }
  if (open.some(({ kind, state }) => kind === 'usage-blind' && state === 'open')) return;
  await raise('usage-blind', usageReport, { reason: blindness.because, startedAt: blindness.since }, ports);
}

/** A heartbeat that was seen with the last tokens says more than any history; one that was not has stopped, or has not begun. */
async function expectedPause({ tokensUntil }: WatermarkRecord, ports: UsageWatchPorts): Promise<ExpectedPause | undefined> {
  const { usage, heartbeat } = ports;
  const beats = heartbeat === undefined ? [] : await usage.quarters(heartbeat.managedKey, tokensUntil - heartbeatPauseMs, tokensUntil);
  if (beats.some(isUsed)) return { ms: heartbeatPauseMs, by: 'heartbeat' };
  const ms = await pauseBefore(tokensUntil, ports);
  return ms === undefined ? undefined : { ms, by: 'history' };
}

/** Told from two weeks of everybody's usage once for each pause: while it lasts, its history is the same. */
async function pauseBefore(tokensUntil: number, { usage, ledger, heartbeat }: UsageWatchPorts): Promise<number | undefined> {
  const known = await usage.usualPause();
  if (known?.tokensUntil === tokensUntil) return known.ms ?? undefined;
  const subjects = new Set([...(await ledger.all()).map(({ managedKey }) => managedKey), unattributed]);
  // Its requests are no work of anybody: what is usual without them, they would hide.
  if (heartbeat !== undefined) subjects.delete(heartbeat.managedKey);
  const busy: number[] = [];
  for (const subject of subjects) {
    const quarters = await usage.quarters(subject, tokensUntil - pauseHistoryMs, tokensUntil);
    busy.push(...quarters.filter(isUsed).map(({ start }) => start));
  }
  const ms = usualPause(busy);
  await usage.rememberUsualPause({ schema: 1, tokensUntil, ms: ms ?? null });
  return ms;
}

function isUsed({ minutes }: UsageQuarterRecord): boolean {
  return Object.values(minutes).some(({ totals }) => totals.inputTokens + totals.cacheReadTokens + totals.outputTokens > 0);
}
