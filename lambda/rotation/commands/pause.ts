import type { PauseRecord } from '../../../contract/records.ts';
import { minuteMs } from '../../foundation/clock.ts';
import { KeyguardError, LostRace } from '../../foundation/errors.ts';
import { hasUndoRequest } from '../claim.ts';
import { cutOffLast } from '../conditions.ts';
import { isRevoked } from '../lifecycle.ts';
import { owesRotation } from '../ports.ts';
import type { CommandPorts } from './ports.ts';
import { enableSchedule } from './schedule.ts';
import { readSnapshot, type KeySnapshot } from './snapshot.ts';
import { openVersion } from '../staging-labels.ts';

/** A rotation that has begun may come to its end; one that hangs is broken off. */
const patienceMs = 2 * minuteMs;
const beatMs = 5_000;

/**
 * Leaves a managed key as it is until `resumeKey`. The pause is stored before the schedule stops: killed in between, no rotation begins
 * all the same. `waits` is told where a rotation is under way. Answers the pause that stands, and what was seen after it.
 */
export async function pauseKey(
  before: KeySnapshot,
  { by, because }: { readonly by: string; readonly because: string },
  waits: () => void,
  ports: Pick<CommandPorts, 'ledger' | 'secrets' | 'pauses' | 'schedule' | 'audit' | 'clock'>,
): Promise<{ readonly pause: PauseRecord; readonly after: KeySnapshot }> {
  const { definition } = before;
  const { clock } = ports;
  const pause = before.pause ?? (await begun({ schema: 1, managedKey: definition.name, at: clock.now(), by, because }, ports));
  if (before.pause !== undefined && !before.secret.rotationEnabled) return { pause, after: before };
  const cause = { code: 'paused', by: pause.by, reason: pause.because } as const;
  await ports.audit.note({ managedKey: definition.name, at: clock.now(), by, cause });
  const deadline = clock.now() + patienceMs;
  for (let told = false; openVersion(await readSnapshot(definition, ports)) !== undefined && clock.now() < deadline; told = true) {
    if (!told) waits();
    await clock.pause(beatMs);
  }
  await ports.schedule.stop(definition.secretName);
  return { pause, after: await readSnapshot(definition, ports) };
}

async function begun(record: PauseRecord, { pauses }: Pick<CommandPorts, 'pauses'>): Promise<PauseRecord> {
  try {
    await pauses.begin(record);
    return record;
  } catch (error) {
    const found = error instanceof LostRace ? await pauses.find(record.managedKey) : undefined;
    if (found === undefined) throw error;
    return found;
  }
}

/**
 * Turns the schedule on again and ends the pause. The schedule first: killed in between, the key stays paused and a repeat goes on.
 * `owed`: a rotation begins within minutes, by itself or as soon as there is a key for it.
 */
export async function resumeKey(
  before: KeySnapshot,
  { by, because }: { readonly by: string; readonly because: string },
  ports: Pick<CommandPorts, 'ledger' | 'secrets' | 'pauses' | 'schedule' | 'audit' | 'alarm' | 'clock'>,
): Promise<{ readonly resumed: boolean; readonly after: KeySnapshot; readonly owed: boolean }> {
  const { definition, secret, pause } = before;
  const { name } = definition;
  const resumed = pause !== undefined || !secret.rotationEnabled;
  if (resumed) {
    if (!secret.rotationEnabled) await turnedOn(before, ports);
    await ports.audit.note({ managedKey: name, at: ports.clock.now(), by, cause: { code: 'resumed', reason: because } });
  }
  if (pause !== undefined) await endPause(name, ports);
  const after = await readSnapshot(definition, ports);
  // Before, because turning the schedule on makes a version of its own, to try the function.
  const owed = (resumed && openVersion(before) !== undefined) || (await isOwed(after, ports));
  return { resumed, after, owed };
}

/** Ends a pause; somebody else may have done so. */
export async function endPause(managedKey: string, { pauses }: Pick<CommandPorts, 'pauses'>): Promise<void> {
  try {
    await pauses.end(managedKey);
  } catch (error) {
    if (!(error instanceof LostRace)) throw error;
  }
}

async function turnedOn({ definition }: KeySnapshot, ports: Pick<CommandPorts, 'secrets' | 'schedule'>): Promise<void> {
  await enableSchedule(definition, 'the next window on', ports);
  if ((await ports.secrets.describe(definition.secretName)).rotationEnabled) return;
  throw new KeyguardError(
    'still-stopped',
    `the rotation schedule of ${definition.name} could not be turned on`,
    `npx --no-install keyguard unstick ${definition.name}, then this again`,
  );
}

async function isOwed({ definition, own, secret }: KeySnapshot, { alarm, clock }: Pick<CommandPorts, 'alarm' | 'clock'>): Promise<boolean> {
  const failed = await alarm.lasting('rotation-failed', definition.name);
  const now = clock.now();
  return (
    (failed !== undefined && owesRotation(failed)) ||
    cutOffLast({ own, secret }) !== undefined ||
    own.some((record) => hasUndoRequest(record, now) || (record.state === 'current' && isRevoked(record, now)))
  );
}
