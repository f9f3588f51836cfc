import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { unattributed } from '../../contract/metrics.ts';
import type { UsageQuarterRecord } from '../../contract/records.ts';
import { heartbeatPauseMs, overdueBeat, pauseHistoryMs, usualPause, type ExpectedPause } from './blind.ts';
import { tokensOf } from './deltas.ts';
import type { KeyOwners, UsageLedger } from './ports.ts';

interface PausePorts {
  readonly usage: Pick<UsageLedger, 'quarters' | 'usualPause' | 'rememberUsualPause' | 'beats'>;
  readonly owners: KeyOwners;
  readonly heartbeat: HeartbeatDefinition | undefined;
}

/**
 * The longest pause that is expected at `now` after the tokens that end at `tokensUntil`. A request of the heartbeat that Anthropic took
 * since then, so long ago that its tokens must be visible, says more than any history. A heartbeat that sends nothing promises nothing.
 */
export async function expectedPause(tokensUntil: number, now: number, ports: PausePorts): Promise<ExpectedPause | undefined> {
  const { usage, heartbeat } = ports;
  const sentAt = heartbeat === undefined ? undefined : overdueBeat(await usage.beats(tokensUntil, now), tokensUntil, now);
  if (sentAt !== undefined) return { ms: heartbeatPauseMs, by: 'heartbeat', sentAt };
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
