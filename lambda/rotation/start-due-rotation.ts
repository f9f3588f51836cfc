import type { ApiKeyRecord } from '../../contract/records.ts';
import type { Snapshot } from './conditions.ts';
import { isProvenDead, type Witness } from './dead-key.ts';
import { execute } from './execute.ts';
import { hasServed } from './lifecycle.ts';
import { planRotation, type OpenRotation, type RotationSteps } from './plan/rotation.ts';
import { emergencyStopped, type AlarmFacts, type FailedRotation, type RetirementPorts } from './ports.ts';
import type { RetirementTally } from './reconcile.ts';
import { attemptOf, rotationToken } from './rotation-token.ts';
import { openVersion, versionWith } from './staging-labels.ts';

/**
 * Rotations go on by themselves: one that failed and could succeed now, one that neither finished nor failed, and one that an operator
 * asked for and nobody started. Secrets Manager itself stops when its window closes. Of a paused managed key nothing is started, and
 * people are told all the same.
 */
export async function startDueRotation(
  snapshot: Snapshot,
  failed: FailedRotation | undefined,
  ports: RetirementPorts,
  tally: RetirementTally,
  witnesses: readonly Witness[] = [],
): Promise<void> {
  const { definition, own, now } = snapshot;
  const { name } = definition;
  const planned = planRotation({ snapshot, open: await openRotation(snapshot, ports), failed });
  const { start, stopped, late, end } = await stillPlanned(planned, snapshot, failed, ports);
  if (start !== undefined && (start.dead === undefined || (await isToBeReplaced(start.dead, snapshot, witnesses, ports)))) {
    const answer = await ports.rotations.start(definition.secretName, rotationToken(start, attemptOf(start, own, now)));
    ports.log.info('retirement.rotation-resumed', { managedKey: name, why: start.why, answer });
    tally.resumed += 1;
  }
  if (stopped !== undefined) {
    await ports.alarm.raise('rotation-failed', name, stoppedFacts(stopped, snapshot));
    return;
  }
  if (late !== undefined) {
    // Where it has failed, its reason is the better one.
    const known = failed?.facts.grade === emergencyStopped ? undefined : failed?.facts;
    await ports.alarm.raise('rotation-failed', name, known ?? lateFacts(late, snapshot));
  }
  // Killed right after the switch, the rotation could not say so itself.
  if (end !== undefined) await ports.alarm.clear('rotation-failed', name, end);
}

/** Looked at once more: a rotation that has just come to its end must not be followed by another one. */
async function stillPlanned(
  planned: RotationSteps,
  snapshot: Snapshot,
  failed: FailedRotation | undefined,
  ports: RetirementPorts,
): Promise<RotationSteps> {
  const { start, stopped, ...rest } = planned;
  if (start === undefined && stopped === undefined) return rest;
  const { name, secretName } = snapshot.definition;
  const own = await ports.ledger.of(name);
  const pause = snapshot.pause === undefined ? undefined : await ports.pauses.find(name);
  const latest: Snapshot = { ...snapshot, own, pause, secret: await ports.secrets.describe(secretName) };
  const again = planRotation({ snapshot: latest, open: await openRotation(latest, ports), failed });
  return {
    ...rest,
    ...(start === undefined || again.start === undefined ? {} : { start: again.start }),
    ...(stopped === undefined || again.stopped === undefined ? {} : { stopped: again.stopped }),
  };
}

function stoppedFacts({ apiKeyId }: ApiKeyRecord, { definition: { name, workspaceId }, pause }: Snapshot): AlarmFacts {
  const cause = { code: 'emergency-stopped', apiKeyId, ...(pause === undefined ? {} : { paused: name }) } as const;
  return { cause, apiKeyId, workspaceId, grade: emergencyStopped };
}

function lateFacts({ since }: OpenRotation, { definition: { workspaceId } }: Snapshot): AlarmFacts {
  return { cause: { code: 'rotation-unfinished', since }, startedAt: since, workspaceId };
}

/** Whether the death is proven; stored before the rotation is asked for, so that its replacement is not replaced at once in turn. */
async function isToBeReplaced(
  dead: ApiKeyRecord,
  { definition, now }: Snapshot,
  witnesses: readonly Witness[],
  ports: RetirementPorts,
): Promise<boolean> {
  if (!(await isProvenDead(dead, definition, witnesses, ports))) {
    ports.log.warn('retirement.death-not-proven', { managedKey: definition.name, apiKeyId: dead.apiKeyId });
    return false;
  }
  if ((dead.replacedAt ?? 0) >= (dead.foundDeadAt ?? now)) return true;
  const change = { to: 'being replaced', cause: { code: 'dead-being-replaced' } } as const;
  await execute(dead, { change }, { by: 'retirement' }, ports);
  return true;
}

async function openRotation(snapshot: Snapshot, ports: RetirementPorts): Promise<OpenRotation | undefined> {
  const { definition, own, secret, now } = snapshot;
  const versionId = openVersion(snapshot);
  if (versionId === undefined) return undefined;
  const behind = own.find((record) => record.token === versionId);
  // It has served: somebody moved AWSCURRENT away from it by hand, and that rotation is long over.
  if (behind !== undefined && hasServed(behind)) return undefined;
  // A test of changed settings that has not been cleared away. No rotation fills a version with the value that consumers have.
  if (behind === undefined && (await holdsCurrentValue(versionId, definition, secret, ports))) return undefined;
  const since = behind?.state === 'pending' ? behind.since : await ports.secrets.registeredAt(definition.secretName, versionId);
  return { versionId, since: since ?? now };
}

async function holdsCurrentValue(
  versionId: string,
  { secretName }: Snapshot['definition'],
  { stages }: Snapshot['secret'],
  { secrets }: RetirementPorts,
): Promise<boolean> {
  const current = versionWith(stages, 'AWSCURRENT');
  if (current === undefined) return false;
  const value = await secrets.read(secretName, versionId);
  if (value === 'absent') return false;
  const own = await secrets.read(secretName, current);
  return own !== 'absent' && own.equals(value);
}
