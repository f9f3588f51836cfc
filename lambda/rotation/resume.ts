import { hourMs, minuteMs, utcMinute } from '../foundation/clock.ts';
import { chooseNext, isWanted } from './claim.ts';
import type { Sight } from './conditions.ts';
import { emergencyLastsMs } from './lifecycle.ts';
import type { RetirementPorts } from './ports.ts';
import { versionWith } from './switch.ts';
import type { RetirementTally } from './treat.ts';

/** Secrets Manager tries again by itself for a while, and whoever asked for a rotation may still be at it. */
const restMs = 15 * minuteMs;
const askedMs = 5 * minuteMs;
/** A rotation that is open for longer has not finished in time: people are told. */
const tooLongMs = hourMs;

/**
 * Rotations go on by themselves (user-pains B2, B21): one that failed and could succeed now, one that neither finished nor
 * failed, and one that an operator asked for and nobody started. Secrets Manager itself stops when its window closes.
 */
export async function resumeRotation(
  sight: Sight,
  failedAt: number | undefined,
  ports: RetirementPorts,
  tally: RetirementTally,
): Promise<void> {
  const { definition, own, secret, now } = sight;
  const open = await openRotation(sight, ports);
  if (open !== undefined && now - open.since > tooLongMs) {
    const reason = `a rotation that began ${utcMinute(open.since)} has neither finished nor failed`;
    await ports.alarm.raise('rotation-failed', definition.name, { reason, startedAt: open.since, workspaceId: definition.workspaceId });
  }
  const overcome = failedAt !== undefined && own.some(({ state, since }) => state === 'current' && since > failedAt);
  // Killed right after the switch, it could not say so itself.
  if (overcome && open === undefined) await ports.alarm.clear('rotation-failed', definition.name, 'the rotation succeeded');
  const claimed = open !== undefined && own.some((record) => record.state === 'pending' && record.token === open.versionId);
  if (!secret.rotationEnabled || (!claimed && chooseNext(own, definition, now).claim === 'none')) return;
  const due =
    (failedAt !== undefined && !overcome && now - failedAt >= restMs) ||
    (open !== undefined && now - open.since >= restMs) ||
    own.some((record) => isWanted(record, now) && now - (record.wanted?.at ?? now) >= askedMs) ||
    own.some(({ state, noGrace }) => state === 'current' && noGrace !== undefined && isOwed(noGrace.at, now));
  if (!due) return;
  const answer = await ports.rotations.start(definition.secretArn);
  ports.log.info('retirement.rotation-resumed', { managedKey: definition.name, answer });
  tally.resumed += 1;
}

/** Whether an emergency's rotation was asked for and nobody has started it. */
function isOwed(askedAt: number, now: number): boolean {
  return now - askedAt >= askedMs && now - askedAt < emergencyLastsMs;
}

/** A version that is AWSPENDING and not current, and since when. */
async function openRotation(
  { definition, own, secret, now }: Sight,
  ports: RetirementPorts,
): Promise<{ readonly versionId: string; readonly since: number } | undefined> {
  const versionId = versionWith(secret.stages, 'AWSPENDING');
  if (versionId === undefined || secret.stages.get(versionId)?.includes('AWSCURRENT') === true) return undefined;
  const claimed = own.find((record) => record.state === 'pending' && record.token === versionId);
  const since = claimed?.since ?? (await ports.secrets.registeredAt(definition.secretArn, versionId));
  return { versionId, since: since ?? now };
}
