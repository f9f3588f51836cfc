import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { unattributed } from '../../contract/metrics.ts';
import type { UsageQuarterRecord } from '../../contract/records.ts';
import { heartbeatPauseMs, pauseHistoryMs, usualPause, type ExpectedPause } from './blind.ts';
import { tokensOf } from './deltas.ts';
import type { KeyOwners, UsageLedger } from './ports.ts';

interface PausePorts {
  readonly usage: Pick<UsageLedger, 'quarters' | 'usualPause' | 'rememberUsualPause'>;
  readonly owners: KeyOwners;
  readonly heartbeat: HeartbeatDefinition | undefined;
}

/**
 * The longest pause that is expected after the tokens that end at `tokensUntil`. A heartbeat that was seen with them says more than
 * any history; one that was not has stopped, or has not begun.
 */
export async function expectedPause(tokensUntil: number, ports: PausePorts): Promise<ExpectedPause | undefined> {
  const { usage, heartbeat } = ports;
  const beats = heartbeat === undefined ? [] : await usage.quarters(heartbeat.managedKey, tokensUntil - heartbeatPauseMs, tokensUntil);
  if (beats.some(isUsed)) return { ms: heartbeatPauseMs, by: 'heartbeat' };
  const ms = await pauseBefore(tokensUntil, ports);
  return ms === undefined ? undefined : { ms, by: 'history' };
}

/** Told from two weeks of everybody's usage once for each pause: while it lasts, its history is the same. */
async function pauseBefore(tokensUntil: number, { usage, owners, heartbeat }: PausePorts): Promise<number | undefined> {
  const known = await usage.usualPause();
  if (known?.tokensUntil === tokensUntil) return known.ms ?? undefined;
  const subjects = new Set([...(await owners.all()).map(({ managedKey }) => managedKey), unattributed]);
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
  return Object.values(minutes).some(({ totals }) => tokensOf(totals) > 0);
}
