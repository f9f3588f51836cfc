import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { usageReport } from '../../contract/metrics.ts';
import { clearAmong, raise } from '../incidents/raise.ts';
import type { IncidentPorts } from '../incidents/ports.ts';
import { judgeBlindness, shortestPauseMs } from './blind.ts';
import { expectedPause } from './expected-pause.ts';
import type { KeyOwners, UsageLedger } from './ports.ts';

export interface UsageWatchPorts extends IncidentPorts {
  readonly usage: Pick<UsageLedger, 'watermark' | 'quarters' | 'usualPause' | 'rememberUsualPause' | 'beats'>;
  readonly ledger: KeyOwners;
  readonly heartbeat: HeartbeatDefinition | undefined;
}

/** Each minute: people are told, once, when usage is not visible, and when it is again. */
export async function watchUsage(ports: UsageWatchPorts): Promise<void> {
  const now = ports.clock.now();
  const watermark = await ports.usage.watermark();
  const isQuiet = watermark !== undefined && watermark.tokensUntil > 0 && now - watermark.tokensUntil > shortestPauseMs;
  const blindness = judgeBlindness(
    watermark,
    isQuiet ? await expectedPause(watermark.tokensUntil, now, { ...ports, owners: ports.ledger }) : undefined,
    now,
  );
  const open = await ports.incidents.all();
  if (blindness === undefined) {
    await clearAmong(open, 'usage-blind', usageReport, ports);
    return;
  }
  if (open.some(({ kind, state }) => kind === 'usage-blind' && state === 'open')) return;
  await raise('usage-blind', usageReport, { cause: blindness.cause, startedAt: blindness.since }, ports);
}
