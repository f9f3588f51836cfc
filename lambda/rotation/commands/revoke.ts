import type { ApiKeyRecord, OperatorRequest } from '../../../contract/records.ts';
import { minuteMs } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { withoutUndoRequest } from '../change.ts';
import { emergencyOf, withRevokeRequest } from '../lifecycle.ts';
import { rotatedTo, type Rotated } from './follow.ts';
import { endPause } from './pause.ts';
import type { CommandPorts } from './ports.ts';
import { isHeld, type RevokePlan } from './revoke-plan.ts';
import { enableSchedule } from './schedule.ts';
import { readSnapshot, type KeySnapshot } from './snapshot.ts';
import { startRotation, type StartedRotation } from './start.ts';
import { updateRecord } from '../update-record.ts';

/**
 * Stores that the keys of the plan get no grace, ends a pause, and starts the rotation that moves AWSCURRENT. Killed anywhere, the same
 * again goes on, and so does retirement by itself. `already`: no rotation is needed.
 */
export async function requestRevocation(
  snapshot: KeySnapshot,
  plan: RevokePlan,
  { by, because }: { readonly by: string; readonly because: string },
  ports: Pick<CommandPorts, 'pauses' | 'audit'> & Parameters<typeof startRotation>[2],
): Promise<{ readonly pauseEnded: boolean } & ({ readonly started: StartedRotation } | { readonly already: Rotated })> {
  const { definition } = snapshot;
  const request = { at: ports.clock.now(), by, because };
  // Before anything else: a rotation must not bring back what may be stolen.
  for (const { apiKeyId } of plan.wanted) await withdrawUndoRequest(apiKeyId, by, ports);
  for (const { apiKeyId } of plan.dying) await updateRecord(ports.ledger, apiKeyId, by, (record) => revoked(record, request));
  const pauseEnded = snapshot.pause !== undefined && plan.todo === 'rotate and cut';
  if (pauseEnded) {
    // Noted first: that somebody ended a pause must not get lost.
    const cause = { code: 'pause-ended-by-emergency', reason: because } as const;
    await ports.audit.note({ managedKey: definition.name, at: ports.clock.now(), by, cause });
    await endPause(definition.name, ports);
  }
  // As it is now: a rotation of somebody else may have switched meanwhile, and another one would burn a key.
  const { own } = await readSnapshot(definition, ports);
  const current = own.find((record) => record.state === 'current');
  const revokeRequest = current?.revokeRequest;
  if (current !== undefined && (revokeRequest === undefined || plan.todo === 'cut one')) {
    return { pauseEnded, already: rotatedTo(current, current.token ?? '', own) };
  }
  const ask =
    current === undefined || revokeRequest === undefined
      ? {}
      : { leaving: current.apiKeyId, as: { apiKeyId: current.apiKeyId, request: revokeRequest } };
  // The rotation turns a schedule on again that was off.
  return { pauseEnded, started: await startRotation(definition, ask, ports) };
}

/** Withdraws the request for an undo. */
export async function withdrawUndoRequest(apiKeyId: string, by: string, { ledger }: Pick<CommandPorts, 'ledger'>): Promise<void> {
  await updateRecord(ledger, apiKeyId, by, withoutUndoRequest);
}

/** The record with the emergency's request; undefined where it has one that still holds, or consumers do not hold the key any more. */
function revoked(record: ApiKeyRecord, request: OperatorRequest): Omit<ApiKeyRecord, 'revision'> | undefined {
  return isHeld(record.state) && emergencyOf(record, request.at) === undefined ? withRevokeRequest(record, request) : undefined;
}

const deadlineMs = 2 * minuteMs;
const beatMs = 5_000;
/** The schedule's own run may hold the key this moment. */
const askAgainMs = minuteMs / 2;

/** What has become of the keys that were to be cut off. */
export interface Revoked {
  readonly off: readonly ApiKeyRecord[];
  /** Those that are still on. */
  readonly on: readonly ApiKeyRecord[];
  /** Whether retirement's own schedule goes on with them: not where somebody deleted the function. */
  readonly goesOn: boolean;
}

/**
 * Once the rotation is over: has retirement cut off the keys of the plan until each is off and the records say so, for two minutes at
 * the most. `failed` is told what retirement could not do; that is no reason to stop.
 */
export async function finishRevocation(
  { definition }: Pick<KeySnapshot, 'definition'>,
  { dying }: Pick<RevokePlan, 'dying'>,
  pauseEnded: boolean,
  failed: (error: KeyguardError) => void,
  ports: Pick<CommandPorts, 'ledger' | 'secrets' | 'schedule' | 'retireNow' | 'clock'>,
): Promise<Revoked> {
  const { ledger, secrets, clock } = ports;
  if (pauseEnded && !(await secrets.describe(definition.secretName)).rotationEnabled) {
    await enableSchedule(definition, 'the next window on', ports);
  }
  const apiKeyIds = dying.map(({ apiKeyId }) => apiKeyId);
  const deadline = clock.now() + deadlineMs;
  let askedAt = Number.NEGATIVE_INFINITY;
  let goesOn = true;
  for (;;) {
    const records = (await ledger.of(definition.name)).filter((record) => apiKeyIds.includes(record.apiKeyId));
    const isOn = ({ state }: ApiKeyRecord): boolean => isHeld(state) || state === 'pending';
    const on = records.filter(isOn);
    if (on.length === 0 || clock.now() >= deadline || !goesOn) return { on, off: records.filter((record) => !isOn(record)), goesOn };
    if (clock.now() - askedAt >= askAgainMs) {
      askedAt = clock.now();
      goesOn = (await askRetirement(failed, ports)) === 'asked';
      continue;
    }
    await clock.pause(beatMs);
  }
}

async function askRetirement(failed: (error: KeyguardError) => void, ports: Pick<CommandPorts, 'retireNow'>): Promise<'asked' | 'missing'> {
  try {
    await runRetirementNow(failed, ports);
    return 'asked';
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'function-missing') return 'missing';
    throw error;
  }
}

/** Has retirement do now what is due; a key that it failed on is no reason to stop. Throws KeyguardError `function-missing`. */
export async function runRetirementNow(
  failed: (error: KeyguardError) => void,
  { retireNow }: Pick<CommandPorts, 'retireNow'>,
): Promise<void> {
  try {
    await retireNow();
  } catch (error) {
    if (!(error instanceof KeyguardError) || error.code === 'function-missing') throw error;
    failed(error);
  }
}
