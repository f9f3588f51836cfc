import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord, AuditRecord, OperatorRequest } from '../../../contract/records.ts';
import { utcMinute } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { cutOffText, type CutOff } from '../../incidents/message/cut-off-text.ts';
import { hasUndoRequest, requestLastsMs } from '../claim.ts';
import { emergencyOf, isRevoked, isEndedByEmergency, isOld, withUndoRequest } from '../lifecycle.ts';
import { isRotating } from '../staging-labels.ts';
import { checkRotates } from './obstacle.ts';
import type { CommandPorts } from './ports.ts';
import { claimedKey, type KeySnapshot } from './snapshot.ts';
import { startRotation, type StartedRotation } from './start.ts';
import { updateRecord } from '../update-record.ts';

export interface UndoPlan {
  /** The key that an undo goes back to. Where it is current already, nothing is left to do. */
  readonly target: ApiKeyRecord;
  /** Whether it still works at Anthropic, of a key in its grace; somebody may have disabled it there. */
  readonly isEnabled: boolean;
  /** Why nobody should hold it any more. */
  readonly cut: CutOff | undefined;
  /** An old key that was replaced later than the target, and comes back only by its name. */
  readonly later: ApiKeyRecord | undefined;
  /** The emergency that leaves the current key no grace. */
  readonly emergency: OperatorRequest | undefined;
}

/**
 * What an undo goes back to: the key that was named, one that is on its way back already, or the one that AWSCURRENT left last. Throws
 * KeyguardError where there is nothing to go back to, where it cannot come back unnamed, or where somebody is at work.
 */
export async function planUndo(
  snapshot: KeySnapshot,
  apiKeyId: string | undefined,
  ports: Pick<CommandPorts, 'audit' | 'keys' | 'keptVersions' | 'clock'>,
): Promise<UndoPlan> {
  const { own, definition } = snapshot;
  const now = ports.clock.now();
  // What happened within the last hour: an undo that is repeated must not undo itself.
  const target = targetOf(snapshot, await ports.audit.read(definition.name, now - requestLastsMs), apiKeyId, now);
  if (target.state === 'current') return { target, isEnabled: true, cut: undefined, later: undefined, emergency: undefined };
  checkRotates(snapshot);
  await checkKept(definition, target, ports);
  const isEnabled = await isEnabledAtAnthropic(target, ports);
  // One that is on its way back already was asked for before.
  if (apiKeyId === undefined && target.undoRequest === undefined) checkEnabled(target, isEnabled);
  const left = leftKeys(snapshot);
  const later = left.slice(0, Math.max(0, left.indexOf(target))).find((record) => isOld(record.state));
  const current = own.find((record) => record.state === 'current');
  return {
    target,
    isEnabled,
    cut: cutOffOf(target, now),
    later,
    emergency: current === undefined ? undefined : emergencyOf(current, now),
  };
}

/** Stores the request for an undo, and starts the rotation that brings it. A repeat finds its own request, or that rotation. */
export async function requestUndo(
  { definition, own }: Pick<KeySnapshot, 'definition' | 'own'>,
  { apiKeyId }: ApiKeyRecord,
  { by, because }: { readonly by: string; readonly because: string },
  ports: Parameters<typeof startRotation>[2],
): Promise<StartedRotation> {
  const request = { at: ports.clock.now(), by, because };
  const asked = await updateRecord(ports.ledger, apiKeyId, by, (record) =>
    record.state === 'current' || record.origin !== undefined || hasUndoRequest(record, request.at)
      ? undefined
      : withUndoRequest(record, request),
  );
  const leaving = own.find((record) => record.state === 'current')?.apiKeyId;
  // Where a rotation has claimed it already, that one is tried again.
  const as =
    asked.undoRequest !== undefined
      ? { apiKeyId, request: asked.undoRequest }
      : asked.token === undefined
        ? undefined
        : { token: asked.token };
  return startRotation(
    definition,
    { back: asked, ...(as === undefined ? {} : { as }), ...(leaving === undefined ? {} : { leaving }) },
    ports,
  );
}

/** An old key that Anthropic no longer accepts, and that an undo can still bring back. Instants are epoch ms, UTC. */
export interface Restorable {
  readonly apiKeyId: string;
  readonly hint: string;
  readonly state: 'inactive' | 'contained';
  readonly since: number;
  /** Then it is archived, for ever; or when it expires, if that is earlier. */
  readonly comesBackUntil: number;
  /** Why somebody else may have its value: an undo must name it. */
  readonly cut: CutOff | undefined;
}

/** Whether Secrets Manager still keeps the value is seen by the undo itself: it prunes unlabelled versions when it likes. */
export function restorable(own: readonly ApiKeyRecord[], { rotation }: ManagedKeyDefinition, now: number): readonly Restorable[] {
  return own
    .flatMap((record): readonly Restorable[] => {
      const { apiKeyId, hint, state, since, expiresAt, token, intent } = record;
      if ((state !== 'inactive' && state !== 'contained') || token === undefined || intent?.to === 'archived') return [];
      const comesBackUntil = Math.min(since + rotation.undoMs, expiresAt ?? Number.POSITIVE_INFINITY);
      if (comesBackUntil <= now) return [];
      return [{ apiKeyId, hint, state, since, comesBackUntil, cut: cutOffOf(record, now) }];
    })
    .sort((a, b) => b.since - a.since);
}

function targetOf(snapshot: KeySnapshot, steps: readonly AuditRecord[], apiKeyId: string | undefined, now: number): ApiKeyRecord {
  const { own, definition } = snapshot;
  const underWay = own.find((record) => record.origin !== undefined) ?? own.find((record) => hasUndoRequest(record, now));
  const target = apiKeyId === undefined ? (underWay ?? lastOf(snapshot, steps, now)) : named(snapshot, apiKeyId);
  if (target.state === 'current') return target;
  if (underWay !== undefined && underWay.apiKeyId !== target.apiKeyId) {
    throw busy(`${underWay.apiKeyId} of ${definition.name} is on its way back already`, definition.name);
  }
  if (target.state === 'pending' && !isRotating(target, snapshot.secret))
    throw busy(`the rotation that was to bring ${target.apiKeyId} back was broken off`, definition.name);
  const claimed = claimedKey(snapshot);
  if (claimed !== undefined && claimed.apiKeyId !== target.apiKeyId) {
    throw busy(`a rotation of ${definition.name} to ${claimed.apiKeyId} is under way since ${utcMinute(claimed.since)}`, definition.name);
  }
  if (target.expiresAt !== null && target.expiresAt <= now) {
    throw nothing(`${target.apiKeyId} of ${definition.name} expired ${utcMinute(target.expiresAt)}`, definition.name);
  }
  return target;
}

function named({ own, definition: { name } }: KeySnapshot, apiKeyId: string): ApiKeyRecord {
  const record = own.find((each) => each.apiKeyId === apiKeyId);
  if (record === undefined) throw nothing(`${apiKeyId} is no key of ${name}`, name);
  if (record.state === 'current' || record.origin !== undefined || (isOld(record.state) && record.token !== undefined)) return record;
  const why = record.state === 'archived' ? `was archived ${utcMinute(record.since)}, which is for ever` : `is ${record.state}, no old key`;
  throw nothing(`${apiKeyId} of ${name} ${why}`, name);
}

/** The keys that AWSCURRENT has left, or may have: the last one first. Which that is, Secrets Manager says with AWSPREVIOUS. */
function leftKeys({ own, secret: { stages } }: Pick<KeySnapshot, 'own' | 'secret'>): readonly ApiKeyRecord[] {
  const wasLast = ({ token }: ApiKeyRecord): boolean => token !== undefined && stages.get(token)?.includes('AWSPREVIOUS') === true;
  return own
    .filter((record) => record.switchedAt !== undefined)
    .sort((a, b) => Number(wasLast(b)) - Number(wasLast(a)) || (b.switchedAt ?? 0) - (a.switchedAt ?? 0));
}

function lastOf(snapshot: KeySnapshot, steps: readonly AuditRecord[], now: number): ApiKeyRecord {
  const { own, definition } = snapshot;
  const { name } = definition;
  const left = leftKeys(snapshot);
  const target = left.find((record) => isOld(record.state) && record.token !== undefined && cutOffOf(record, now) === undefined);
  const [last] = left;
  if (target === undefined) {
    if (last === undefined) throw nothing(`${name} has no old key to go back to`, name);
    const cut = cutOffOf(last, now);
    if (cut !== undefined) {
      throw new KeyguardError(
        'cannot-come-back',
        `the last key of ${name}, ${last.apiKeyId}, was cut off ${utcMinute(last.since)}: ${cutOffText(cut)}`,
        `if you are sure that nobody else has it: npx --no-install keyguard undo ${name} --api-key-id ${last.apiKeyId}`,
      );
    }
    throw nothing(`the last key of ${name}, ${last.apiKeyId}, is ${last.state} since ${utcMinute(last.since)}`, name);
  }
  const current = own.find((record) => record.state === 'current');
  const undone = steps.find(({ apiKeyId, from, to }) => apiKeyId === current?.apiKeyId && to === 'pending' && cameBack(from));
  if (current === undefined || undone === undefined) return target;
  throw new KeyguardError(
    'cannot-come-back',
    `${current.apiKeyId} of ${name} itself came back by an undo at ${utcMinute(undone.at)}`,
    `nothing, if that is the key you want; to go on to the one it replaced: npx --no-install keyguard undo ${name} --api-key-id ${target.apiKeyId}`,
  );
}

/** Why nobody should hold an old key any more; undefined where it was merely replaced. Such a key comes back only by its name. */
function cutOffOf(record: ApiKeyRecord, now: number): CutOff | undefined {
  if (record.state === 'contained') return { by: 'containment', cause: record.cause };
  if (isEndedByEmergency(record)) return { by: 'emergency' };
  return record.state === 'draining' && isRevoked(record, now)
    ? { by: 'emergency', reason: record.revokeRequest?.because ?? '' }
    : undefined;
}

/** Of a key in its grace: whether it still works. Any other state says so itself. */
async function isEnabledAtAnthropic({ apiKeyId, state, intent }: ApiKeyRecord, { keys }: Pick<CommandPorts, 'keys'>): Promise<boolean> {
  // With an intent it is retirement that deactivates it.
  if (state !== 'draining' || intent !== undefined) return true;
  const info = await keys.retrieve(apiKeyId);
  return info === 'gone' || info.status !== 'inactive';
}

/** A person disabled this key, which nobody named, in the Console: its record cannot know why. */
function checkEnabled({ apiKeyId, state, managedKey: name }: ApiKeyRecord, isEnabled: boolean): void {
  if (isEnabled || state !== 'draining') return;
  throw new KeyguardError(
    'cannot-come-back',
    `the last key of ${name}, ${apiKeyId}, is in its grace, and somebody disabled it at Anthropic`,
    `if you are sure that nobody else has it: npx --no-install keyguard undo ${name} --api-key-id ${apiKeyId}`,
  );
}

/** Secrets Manager prunes versions that carry no label; then the value is gone, and the rotation would take another key. */
async function checkKept(
  { name, secretName }: ManagedKeyDefinition,
  target: ApiKeyRecord,
  { keptVersions }: Pick<CommandPorts, 'keptVersions'>,
): Promise<void> {
  const versionId = target.origin?.versionId ?? target.token;
  if (versionId !== undefined && (await keptVersions(secretName)).has(versionId)) return;
  throw new KeyguardError(
    'cannot-come-back',
    `Secrets Manager no longer keeps the value of ${target.apiKeyId}`,
    `to move on to another key: npx --no-install keyguard rotate ${name} --again`,
  );
}

function cameBack(from: AuditRecord['from']): boolean {
  return from !== undefined && from !== 'unknown' && isOld(from);
}

function nothing(message: string, name: string): KeyguardError {
  return new KeyguardError(
    'cannot-come-back',
    message,
    `to move on to another key: npx --no-install keyguard rotate ${name} --again; what happened: npx --no-install keyguard history ${name}`,
  );
}

function busy(message: string, name: string): KeyguardError {
  return new KeyguardError('busy', message, `wait until it is done, or: npx --no-install keyguard unstick ${name}`);
}
