import type { RotationEnd } from '../../contract/causes.ts';
import type { ApiKeyRecord, Wish } from '../../contract/records.ts';
import { hourMs, minuteMs, utcMinute } from '../foundation/clock.ts';
import { chooseNext, isWanted } from './claim.ts';
import { cutOffLast, type Sight } from './conditions.ts';
import { execute, refusedIn } from './execute.ts';
import { deathCause, isProvenDead, type Witness } from './dead-key.ts';
import { emergencyOf, hasServed } from './lifecycle.ts';
import { emergencyStopped, owesRotation, undoInVain, type FailedRotation, type RetirementPorts } from './ports.ts';
import { attemptOf, cutOffCause, failureCause, rotationToken, wishCause, type RotationCause } from './rotation-token.ts';
import { versionWith } from './switch.ts';
import type { RetirementTally } from './reconcile.ts';

/** Secrets Manager tries again by itself for a while, and whoever asked for a rotation may still be at it. */
const restMs = 15 * minuteMs;
const askedMs = 5 * minuteMs;
/** A rotation that is open for longer has not finished in time: people are told. */
const tooLongMs = hourMs;

/**
 * Rotations go on by themselves (user-pains B2, B21): one that failed and could succeed now, one that neither finished nor
 * failed, and one that an operator asked for and nobody started. Secrets Manager itself stops when its window closes. Of a
 * paused managed key nothing is started, and people are told all the same.
 */
export async function resumeRotation(
  sight: Sight,
  failed: FailedRotation | undefined,
  paused: boolean,
  ports: RetirementPorts,
  tally: RetirementTally,
  witnesses: readonly Witness[] = [],
): Promise<void> {
  const { definition, own, now } = sight;
  const open = await openRotation(sight, ports);
  const overcome = failed !== undefined && isOvercome(failed, own);
  // Looked at once more: a rotation that has just come to its end must not be followed by another one.
  const cause = paused || causeOf(sight, open, failed) === undefined ? undefined : await latestCause(sight, failed, ports);
  if (cause !== undefined && (cause.dead === undefined || (await isToBeReplaced(cause.dead, sight, witnesses, ports)))) {
    const answer = await ports.rotations.start(definition.secretName, rotationToken(cause, attemptOf(cause, own, now)));
    ports.log.info('retirement.rotation-resumed', { managedKey: definition.name, why: cause.why, answer });
    tally.resumed += 1;
  }
  const stopped = stoppedEmergency(sight, paused) === undefined ? undefined : await stillStopped(sight, paused, ports);
  if (stopped !== undefined) {
    const { apiKeyId } = stopped;
    const obstacle = paused ? `${definition.name} is paused` : 'rotation is not enabled';
    const reason = `an emergency wants ${apiKeyId} off, and ${obstacle}`;
    const facts = { reason, apiKeyId, workspaceId: definition.workspaceId, grade: emergencyStopped };
    await ports.alarm.raise('rotation-failed', definition.name, facts);
    return;
  }
  if (open !== undefined && now - open.since > tooLongMs) {
    const reason = `a rotation that began ${utcMinute(open.since)} has neither finished nor failed`;
    // Where it has failed, its reason is the better one.
    const known = failed?.facts.grade === emergencyStopped ? undefined : failed?.facts;
    const facts = known ?? { reason, startedAt: open.since, workspaceId: definition.workspaceId };
    await ports.alarm.raise('rotation-failed', definition.name, facts);
  }
  // Killed right after the switch, it could not say so itself.
  const end = open !== undefined || failed === undefined ? undefined : overcome ? 'switched' : endOf(failed, own, now);
  if (end !== undefined) await ports.alarm.clear('rotation-failed', definition.name, end);
}

/** Why a failure that no switch has followed is over all the same; undefined while it is not. */
function endOf({ facts: { grade } }: FailedRotation, own: Sight['own'], now: number): RotationEnd | undefined {
  if (grade === undoInVain) return 'still-current';
  const stands = own.some((record) => record.state === 'current' && emergencyOf(record, now) !== undefined);
  return grade === emergencyStopped && !stands ? 'emergency-lapsed' : undefined;
}

/**
 * The key of an emergency that does not go on by itself: its command died before it had ended a pause and turned the schedule on, or
 * somebody has paused the managed key since.
 */
function stoppedEmergency({ own, secret, now }: Pick<Sight, 'own' | 'secret' | 'now'>, paused: boolean): ApiKeyRecord | undefined {
  if (secret.rotationEnabled && !paused) return undefined;
  return own.find((record) => record.state === 'current' && isAsked(emergencyOf(record, now), now));
}

async function stillStopped(sight: Sight, paused: boolean, ports: RetirementPorts): Promise<ApiKeyRecord | undefined> {
  const latest = await lookedAtAgain(sight, ports);
  return stoppedEmergency(latest, paused && (await ports.pauses.find(sight.definition.name)) !== undefined);
}

async function lookedAtAgain(sight: Sight, ports: RetirementPorts): Promise<Sight> {
  const own = (await ports.ledger.all(sight.definition.name)).filter(({ managedKey }) => managedKey === sight.definition.name);
  return { ...sight, own, secret: await ports.secrets.describe(sight.definition.secretName) };
}

/** A version that is AWSPENDING and not current, and since when. */
interface OpenRotation {
  readonly versionId: string;
  readonly since: number;
}

/** Whether the death is proven; stored before the rotation is asked for, so that its replacement is not replaced at once in turn. */
async function isToBeReplaced(
  dead: ApiKeyRecord,
  { definition, now }: Sight,
  witnesses: readonly Witness[],
  ports: RetirementPorts,
): Promise<boolean> {
  if (!(await isProvenDead(dead, definition, witnesses, ports))) {
    ports.log.warn('retirement.death-not-proven', { managedKey: definition.name, apiKeyId: dead.apiKeyId });
    return false;
  }
  if ((dead.replacedAt ?? 0) >= (dead.foundDeadAt ?? now)) return true;
  const change = { to: 'being replaced', cause: { code: 'dead-being-replaced' } } as const;
  await execute(dead, { change }, { by: 'retirement', prove: refusedIn(definition.secretName, ports) }, ports);
  return true;
}

async function latestCause(sight: Sight, failed: FailedRotation | undefined, ports: RetirementPorts): Promise<Cause | undefined> {
  const latest = await lookedAtAgain(sight, ports);
  return causeOf(latest, await openRotation(latest, ports), failed);
}

/** Whether a switch has followed the failure. */
function isOvercome(failed: FailedRotation, own: Sight['own']): boolean {
  return own.some(({ state, since }) => state === 'current' && since > failed.at);
}

/** Of a dead current key, with its record. */
interface Cause extends RotationCause {
  readonly dead?: ApiKeyRecord;
}

/** Why a rotation is due; undefined where none is, or where none could take a key. */
function causeOf(sight: Sight, open: OpenRotation | undefined, failure: FailedRotation | undefined): Cause | undefined {
  const { definition, own, secret, now } = sight;
  const isOwed = failure !== undefined && owesRotation(failure) && !isOvercome(failure, own);
  const claimed = open !== undefined && own.some((record) => record.state === 'pending' && record.token === open.versionId);
  if (!secret.rotationEnabled || (!claimed && chooseNext(own, definition, now).claim === 'none')) return undefined;
  for (const { apiKeyId, wanted } of own.filter((record) => isWanted(record, now))) {
    if (isAsked(wanted, now)) return wishCause(apiKeyId, wanted);
  }
  for (const record of own.filter(({ state }) => state === 'current')) {
    const emergency = emergencyOf(record, now);
    if (isAsked(emergency, now)) return wishCause(record.apiKeyId, emergency);
  }
  if (isOwed && now - failure.at >= restMs) return failureCause(definition.name, failure.at);
  if (open !== undefined && now - open.since >= restMs) return { why: 'open rotation', about: open.versionId, at: open.since };
  if (isOwed || open !== undefined) return undefined;
  // Consumers have no key that works: the first one that is added is theirs.
  const cut = cutOffLast({ own, secret });
  return cut === undefined ? deathCause(sight) : cutOffCause(cut);
}

/** Whether whoever has asked for it had the time to see to it. */
function isAsked(wish: Wish | undefined, now: number): wish is Wish {
  return wish !== undefined && now - wish.at >= askedMs;
}

async function openRotation({ definition, own, secret, now }: Sight, ports: RetirementPorts): Promise<OpenRotation | undefined> {
  const versionId = versionWith(secret.stages, 'AWSPENDING');
  if (versionId === undefined || secret.stages.get(versionId)?.includes('AWSCURRENT') === true) return undefined;
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
  { secretName }: Sight['definition'],
  { stages }: Sight['secret'],
  { secrets }: RetirementPorts,
): Promise<boolean> {
  const current = versionWith(stages, 'AWSCURRENT');
  if (current === undefined) return false;
  const value = await secrets.read(secretName, versionId);
  if (value === 'absent') return false;
  const own = await secrets.read(secretName, current);
  return own !== 'absent' && own.equals(value);
}
