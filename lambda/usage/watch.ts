import { unattributed, usageReport } from '../../contract/metrics.ts';
import type { WatermarkRecord } from '../../contract/records.ts';
import { clearAmong, raise } from '../incidents/raise.ts';
import type { IncidentPorts } from '../incidents/ports.ts';
import { judgeBlindness, pauseHistoryMs, shortestPauseMs, usualPause } from './blind.ts';
import type { KeyOwners, UsageLedger } from './ports.ts';

export interface UsageWatchPorts extends IncidentPorts {
  readonly usage: Pick<UsageLedger, 'watermark' | 'quarters' | 'usualPause' | 'rememberUsualPause'>;
  readonly ledger: KeyOwners;
}

/** Each minute: people are told, once, when usage is not visible, and when it is again. */
export async function watchUsage(ports: UsageWatchPorts): Promise<void> {
  const now = ports.clock.now();
  const watermark = await ports.usage.watermark();
  const isQuiet = watermark !== undefined && watermark.tokensUntil > 0 && now - watermark.tokensUntil > shortestPauseMs;
  const blindness = judgeBlindness(watermark, isQuiet ? await pauseBefore(watermark, ports) : undefined, now);
  const open = await ports.incidents.all();
  if (blindness === undefined) {
    await clearAmong(open, 'usage-blind', usageReport, 'the usage report is read again, and shows tokens as usual', ports);
    return;
  }
  if (open.some(({ kind, state }) => kind === 'usage-blind' && state === 'open')) return;
  await raise('usage-blind', usageReport, { reason: blindness.because, startedAt: blindness.since }, ports);
}

/** Told from two weeks of everybody's usage once for each pause: while it lasts, its history is the same. */
async function pauseBefore({ tokensUntil }: WatermarkRecord, { usage, ledger }: UsageWatchPorts): Promise<number | undefined> {
  const known = await usage.usualPause();
  if (known?.tokensUntil === tokensUntil) return known.ms ?? undefined;
  const subjects = new Set([...(await ledger.all()).map(({ managedKey }) => managedKey), unattributed]);
  const busy: number[] = [];
  for (const subject of subjects) {
    for (const { start, minutes } of await usage.quarters(subject, tokensUntil - pauseHistoryMs, tokensUntil)) {
      const isUsed = Object.values(minutes).some(({ totals }) => totals.inputTokens + totals.cacheReadTokens + totals.outputTokens > 0);
      if (isUsed) busy.push(start);
    }
  }
  const ms = usualPause(busy);
  await usage.rememberUsualPause({ schema: 1, tokensUntil, ms: ms ?? null });
  return ms;
}
