import type { Brake } from '../../contract/causes.ts';
import { isContainable } from '../../contract/registry.ts';
import { usageReport } from '../../contract/metrics.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, IncidentRecord } from '../../contract/records.ts';
import { floorTo, isWithin, minuteMs } from '../foundation/clock.ts';
import { briefly, KeyguardError, LostRace } from '../foundation/errors.ts';
import { verifyRevokedIn, isOver, type Revocation, type Shown } from '../rotation/verify-revoked.ts';
import { execute, stillAlive, type Act } from '../rotation/execute.ts';
import { totalsOf } from '../usage/deltas.ts';
import { expectationAt, expectedOf } from '../usage/expected-usage.ts';
import { fenceMs } from '../rotation/lifecycle.ts';
import { attemptOf, rotationToken } from '../rotation/rotation-token.ts';
import { isRunning } from './renotify.ts';
import { hardlyKnownSince, judgeContainmentPolicy, likeliestTarget } from './containment-policy.ts';
import { doubtOf, type Evidence } from './confirmed.ts';
import { brakeText } from './message/cause-text.ts';
import type { ContainmentPorts } from './ports.ts';
import { happen } from './raise.ts';
import { isOpeningTold } from './states.ts';

const by = 'containment';
/** Of a key that is set inactive and answers all the same. */
const cure = 'archive it in the Console';

export interface ContainmentTally {
  cut: number;
  replacing: number;
  braked: number;
  failed: number;
}

/**
 * Each minute: takes every open incident of stolen usage one step further. People are told before anything is enforced: a key that is
 * dead without a word is an outage that nobody understands (github.com/BerriAI/litellm/issues/35800). The step is decided anew from the
 * stored state, so the next run finishes the work of a run that was killed.
 */
export async function containIncidents(ports: ContainmentPorts): Promise<ContainmentTally> {
  return eachStolen(ports, isOpeningTold, containOne);
}

/** Before people are told of an incident: why containment will not act by itself, so that the first message says it. */
export async function findBrakes(ports: ContainmentPorts): Promise<ContainmentTally> {
  return eachStolen(ports, (incident) => !isOpeningTold(incident), brakeOne);
}

type Attend = (
  incident: IncidentRecord,
  definition: ManagedKeyDefinition,
  ports: ContainmentPorts,
  tally: ContainmentTally,
) => Promise<void>;

async function eachStolen(ports: ContainmentPorts, which: (incident: IncidentRecord) => boolean, act: Attend): Promise<ContainmentTally> {
  const tally: ContainmentTally = { cut: 0, replacing: 0, braked: 0, failed: 0 };
  const open = (await ports.incidents.all()).filter((incident) => awaitsContainment(incident) && which(incident));
  if (open.length === 0) return tally;
  const definitions = new Map((await ports.directory.all()).map((definition) => [definition.name, definition]));
  // Proof of revocation takes up to a minute a key, which is half of what a run has: each minute another one comes first.
  for (const incident of inTurn(open, ports.clock.now())) {
    const definition = definitions.get(incident.subject);
    if (definition === undefined) continue;
    try {
      await act(incident, definition, ports, tally);
    } catch (error) {
      if (error instanceof LostRace) continue;
      tally.failed += 1;
      ports.log.warn('containment.failed', { incidentId: incident.incidentId, error: briefly(error) });
    }
  }
  return tally;
}

/** The same things, another one first each minute. */
function inTurn<T>(things: readonly T[], now: number): readonly T[] {
  const first = Math.floor(now / minuteMs) % Math.max(things.length, 1);
  return [...things.slice(first), ...things.slice(0, first)];
}

function awaitsContainment(incident: IncidentRecord): boolean {
  if (isRunning(incident.kind, incident.facts)) return false;
  return isContainable(incident.kind) && (incident.state === 'open' || incident.state === 'containing');
}

interface Decision {
  readonly verdict: 'cut' | 'rotate first';
  readonly target: ApiKeyRecord;
  /** The ClientRequestToken of the rotation that replaces it first. */
  readonly token: string;
  /** Once it is cut off, the managed key has no current key. */
  readonly noneLeft: boolean;
}

async function decide(
  incident: IncidentRecord,
  definition: ManagedKeyDefinition,
  ports: ContainmentPorts,
): Promise<Decision | { readonly brake: Brake }> {
  const own = await ports.ledger.of(definition.name);
  const wanted = incident.target ?? incident.facts.apiKeyId;
  const target =
    wanted === undefined
      ? likeliestTarget(definition.name, own, await ports.usage.lastUses(), (incident.facts.startedAt ?? incident.since) - 10 * minuteMs)
      : (own.find((record) => record.apiKeyId === wanted) ?? (await ports.ledger.find(wanted)));
  const now = ports.clock.now();
  const blind = await ports.incidents.find('usage-blind', usageReport);
  const blindSince = blind?.state === 'open' ? blind.since : undefined;
  // Only statistics can be wrong about it: tokens on an inactive key nobody expects.
  const expected = incident.kind === 'usage-anomaly' ? expectedOf(incident.subject, await ports.expected.all()) : [];
  const held = { blindSince, youngSince: hardlyKnownSince(incident), expectation: expectationAt(expected, now) };
  const decision = judgeContainmentPolicy(target, definition, own, held, now);
  if (decision.verdict === 'brake') return { brake: decision.brake };
  const paused = decision.verdict === 'rotate first' ? await ports.pauses.find(definition.name) : undefined;
  if (paused !== undefined) return { brake: { code: 'replacement-paused', managedKey: definition.name, reason: paused.because } };
  if (target === undefined) return { brake: { code: 'no-key-shown' } };
  const doubt = await doubtOf(incident, now, evidenceOf(ports), ports.log);
  if (doubt !== undefined) return { brake: doubt };
  const others = own.filter(({ apiKeyId }) => apiKeyId !== target.apiKeyId);
  const noneLeft = !others.some(({ state }) => state === 'current');
  return { verdict: decision.verdict, target, token: replacementToken(incident, target, own, now), noneLeft };
}

/**
 * Asked for again, it is the same rotation. One that is under way already, whoever began it, is the replacement: by its own token it
 * goes on, also where AWSCURRENT has moved and nobody has recorded that yet, and no second standby key is used.
 */
function replacementToken({ incidentId }: IncidentRecord, target: ApiKeyRecord, own: readonly ApiKeyRecord[], now: number): string {
  const underWay = own.find(({ state }) => state === 'pending')?.token;
  const cause = { why: 'containment', about: `${incidentId} ${target.apiKeyId}`, at: target.since } as const;
  return underWay ?? rotationToken(cause, attemptOf(cause, own, now));
}

function evidenceOf({ usage, feed, ledger }: ContainmentPorts): Evidence {
  return {
    quarters: (subject, from, to) => usage.quarters(subject, from, to),
    async reread(subject, from, to) {
      const owners = new Map((await ledger.all()).map(({ apiKeyId, managedKey }) => [apiKeyId, managedKey]));
      const rows = await feed.minutes(floorTo(from, minuteMs), floorTo(to, minuteMs));
      return totalsOf(rows, (apiKeyId) => owners.get(apiKeyId)).get(subject) ?? new Map();
    },
  };
}

async function brake(incident: IncidentRecord, why: Brake, ports: ContainmentPorts, tally: ContainmentTally): Promise<void> {
  tally.braked += 1;
  await happen(incident.kind, incident.subject, { type: 'braked', brake: why }, ports);
  ports.log.info('containment.braked', { incidentId: incident.incidentId, reason: brakeText(why) });
}

const brakeOne: Attend = async (incident, definition, ports, tally) => {
  const decision = await decide(incident, definition, ports);
  if ('brake' in decision) await brake(incident, decision.brake, ports, tally);
};

const containOne: Attend = async (incident, definition, ports, tally) => {
  const decision = await decide(incident, definition, ports);
  if ('brake' in decision) return brake(incident, decision.brake, ports, tally);
  const { target, token, noneLeft } = decision;
  if (decision.verdict === 'rotate first') {
    await happen(incident.kind, incident.subject, { type: 'containing', target: target.apiKeyId }, ports);
    const answer = await ports.rotations.start(definition.secretName, token);
    ports.log.info('containment.replacing', { incidentId: incident.incidentId, apiKeyId: target.apiKeyId, answer });
    tally.replacing += 1;
    return;
  }
  try {
    await cut(target, incident, definition, ports);
  } catch (error) {
    // It is tried again each minute; people can do more.
    if (error instanceof KeyguardError && error.code === 'still-alive')
      await brake(incident, { code: 'still-accepted', what: error.message, fix: error.fix }, ports, tally);
    throw error;
  }
  const contained = { type: 'contained', target: target.apiKeyId, at: ports.clock.now(), ...(noneLeft ? { noneLeft } : {}) } as const;
  await happen(incident.kind, incident.subject, contained, ports);
  tally.cut += 1;
};

async function cut(
  target: ApiKeyRecord,
  incident: IncidentRecord,
  definition: ManagedKeyDefinition,
  ports: ContainmentPorts,
): Promise<void> {
  const cause = { code: 'containment', incidentId: incident.incidentId } as const;
  const at = ports.clock.now();
  const { intent } = target;
  // Who is at work on it may be about to activate it.
  if (intent !== undefined && intent.to !== 'contained' && isWithin(intent.at, fenceMs, at)) throw new LostRace(target.apiKeyId);
  const status = await shownOf(target.apiKeyId, ports);
  const isCutAlready = target.state === 'contained' && intent === undefined && status !== 'active';
  if (isCutAlready) {
    if ((await revocationOf(target, definition, ports)) === 'alive') throw stillAlive(target.apiKeyId, cure);
  } else {
    // The intent is stored first: whatever else is at work on this key, such as its undo, loses its race and reads again.
    const act: Act = {
      intent: { to: 'contained', at, cause },
      // Of one that is archived or expired Anthropic lets nothing be set.
      ...(isOver(status) ? {} : { set: 'inactive' }),
      proof: 'refused',
      change: { to: 'contained', cause },
    };
    const prove = (record: ApiKeyRecord): Promise<Revocation> => revocationOf(record, definition, ports);
    await execute(target, act, { by, prove, cure }, ports);
  }
  ports.log.info('containment.cut', { incidentId: incident.incidentId, apiKeyId: target.apiKeyId, managedKey: definition.name });
}

/**
 * A key that consumers ever read is proven dead by its value. Of a standby key only the rotation may read the value: the
 * standby secret refuses everybody else, so there the Admin API's word has to do.
 */
async function revocationOf(target: ApiKeyRecord, { secretName }: ManagedKeyDefinition, ports: ContainmentPorts): Promise<Revocation> {
  const revocation = target.token === undefined ? 'no value' : await verifyRevokedIn(secretName, target.token, ports);
  if (revocation !== 'no value') return revocation;
  return (await shownOf(target.apiKeyId, ports)) === 'active' ? 'alive' : 'dead';
}

async function shownOf(apiKeyId: string, { keys }: ContainmentPorts): Promise<Shown> {
  const info = await keys.retrieve(apiKeyId);
  return info === 'gone' ? 'gone' : info.status;
}
