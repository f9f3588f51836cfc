import type { Cause, PlainCause, RetirementCause } from '../../contract/causes.ts';
import type { ApiKeyIntent, ApiKeyRecord } from '../../contract/records.ts';
import { minuteMs } from '../foundation/clock.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { causeText } from '../incidents/message/cause-text.ts';
import { isWanted } from './claim.ts';
import type { Sight } from './conditions.ts';
import { isFoundDead } from './dead-key.ts';
import { deathIn, isOver, type Shown } from './death.ts';
import { judgeGrace } from './grace.ts';
import {
  asleepAgain,
  cutOff,
  emergencyOf,
  fenceMs,
  foundAlive,
  foundAwake,
  foundDead,
  intending,
  isCondemned,
  isUnfinishedIntake,
  moved,
  lateWake,
  parked,
  withGrace,
  withoutIntent,
  withoutLateWake,
  withoutWish,
} from './lifecycle.ts';
import type { Occasion, RetirementPorts, Traced } from './ports.ts';
import { isServing } from './switch.ts';

/** A claim younger than this may belong to a rotation that is still running. */
const claimRestMs = 15 * minuteMs;
/** Containment stores its intent anew with each attempt, a minute apart: an older one was left. */
const containmentMs = 15 * minuteMs;
const by = 'retirement';

export interface RetirementTally {
  retired: number;
  archived: number;
  returned: number;
  putToSleep: number;
  waiting: number;
  resumed: number;
  failed: number;
}

/** A proof of death that is still owed, and the record that follows it: it takes up to a minute where Anthropic does not answer. */
export type OwedProof = () => Promise<void>;

type Treatment<T = void> = (record: ApiKeyRecord, sight: Sight, ports: RetirementPorts, tally: RetirementTally) => Promise<T>;

/**
 * Takes one API key as far as it can go at once, and answers what is owed then. Of a paused managed key, only what was begun
 * before is finished, and what an emergency wants off is cut.
 */
export async function treat(
  record: ApiKeyRecord,
  sight: Sight,
  paused: boolean,
  ports: RetirementPorts,
  tally: RetirementTally,
): Promise<OwedProof | undefined> {
  // What is begun is of the key's own kind below: only containment comes to a key in any state.
  if (record.intent?.to === 'contained') return finishContainment(record, record.intent, sight, ports);
  const isBack = record.state !== 'pending' && record.foundDeadAt !== undefined && sight.infos.get(record.apiKeyId)?.status === 'active';
  if (isBack && record.intent === undefined && !isCondemned(record, sight.now)) {
    const occasion: Occasion = { at: ports.clock.now(), cause: { code: 'found-alive' } };
    await ports.ledger.replace(record, foundAlive(record), by, { occasion });
    return undefined;
  }
  const rests = paused && record.intent === undefined && lateWake(record, sight.now) === undefined && !isCondemned(record, sight.now);
  switch (record.state) {
    case 'pending':
      await returnAbandoned(record, sight, ports, tally);
      return undefined;
    case 'draining':
      return rests ? undefined : retire(record, sight, ports, tally);
    case 'inactive':
    case 'contained':
      if (!rests) await archive(record, sight, ports, tally);
      return undefined;
    case 'standby':
    case 'rejected':
      await keepAsleep(record, sight, ports, tally);
      return undefined;
    case 'current':
      await noteDeath(record, sight, ports);
      return undefined;
    case 'archived':
      return undefined;
  }
}

/** For when another key replaces it: that nobody can use it in its grace is no change by somebody else then, but what people know. */
async function noteDeath(record: ApiKeyRecord, sight: Sight, ports: RetirementPorts): Promise<void> {
  // That the secret is going to be deleted is told first.
  if (record.foundDeadAt !== undefined || sight.secret.deletionAt !== null || !isFoundDead(record, sight)) return;
  const occasion: Occasion = { at: ports.clock.now(), cause: { code: 'found-dead' } };
  await ports.ledger.replace(record, foundDead(record, occasion.at, sight.activeAt.get(record.apiKeyId)), by, { occasion });
}

const retire: Treatment<OwedProof | undefined> = async (record, sight, ports, tally) => {
  const { definition, secret, infos, lastUses, usageKnownUntil } = sight;
  const own = record.intent;
  if (await isAskedFor(record, ports)) return undefined;
  // Somebody moved AWSCURRENT back to it: it is no old key any more.
  if (isServing(record, secret)) return undefined;
  const now = ports.clock.now();
  if (record.noGrace !== undefined && !isCondemned(record, now)) {
    const occasion: Occasion = { at: now, cause: { code: 'emergency-lapsed' } };
    await ports.ledger.replace(record, withGrace(record), by, { occasion });
    return undefined;
  }
  const status = infos.get(record.apiKeyId)?.status ?? 'gone';
  const evidence = { definition, lastTokensAt: lastUses.get(record.apiKeyId)?.at ?? null, usageKnownUntil };
  // A killed run may have made it inactive already; while it is active, what was evidence then may be none any more.
  const cause = own !== undefined && status !== 'active' ? own.cause : endOf(record, status, evidence, now);
  if (cause === undefined) {
    // Whoever stored it a moment ago may be about to carry it out.
    if (own !== undefined && now - own.at >= fenceMs) await withdraw(record, 'used-meanwhile', ports);
    tally.waiting += 1;
    return undefined;
  }
  const intent = { to: 'inactive', at: now, cause } as const;
  const intended = await ports.ledger.replace(record, intending(record, intent), by);
  const traced = isOver(status) ? undefined : await ports.keys.setStatus(record.apiKeyId, 'inactive');
  return async () => {
    const death = intended.token === undefined ? 'no value' : await deathIn(definition.secretName, intended.token, ports);
    if (death === 'alive') throw stillAlive(record.apiKeyId);
    const event = { type: 'retired', at: ports.clock.now(), cause: retiredCause(cause, death) } as const;
    await ports.ledger.replace(intended, moved(intended, event), by, traced);
    ports.log.info('retirement.retired', { managedKey: definition.name, apiKeyId: record.apiKeyId, because: causeText(cause), death });
    tally.retired += 1;
  };
};

function retiredCause(why: Cause, death: Awaited<ReturnType<typeof deathIn>> | 'no value'): Cause {
  if (why.code !== 'grace-over' && why.code !== 'ended-at-anthropic') return why;
  return { code: 'retired', why, ...(death === 'no value' ? { valueUnknown: true } : {}) };
}

interface Evidence {
  readonly definition: Sight['definition'];
  readonly lastTokensAt: number | null;
  readonly usageKnownUntil: number;
}

/** Why a draining key is over now; undefined while it is not. */
function endOf(record: ApiKeyRecord, status: Shown, evidence: Evidence, now: number): RetirementCause | undefined {
  // A list that lacks it is not proof enough to cut its grace short.
  if (isOver(status) && status !== 'gone') return { code: 'ended-at-anthropic', status };
  const switchedAt = record.switchedAt ?? record.since;
  const emergency = emergencyOf(record, now);
  const grace = judgeGrace({ switchedAt, noGrace: emergency !== undefined, ...evidence }, evidence.definition.rotation, now);
  if (grace.verdict !== 'retire') return undefined;
  const inGrace = emergency !== undefined && emergency.at > switchedAt ? ({ inGrace: true } as const) : {};
  return { code: 'grace-over', end: grace.because, ...inGrace };
}

const archive: Treatment = async (record, { definition, secret, infos }, ports, tally) => {
  const now = ports.clock.now();
  const status = infos.get(record.apiKeyId)?.status;
  const own = record.intent;
  if (own?.ordered === true || (own === undefined && lateWake(record, now) !== undefined)) {
    return keepGivenBackAsleep(record, isServing(record, secret), ports, tally);
  }
  if (status === 'active') return leaveAwake(record, ports);
  if (await isAskedFor(record, ports)) return;
  if (isServing(record, secret)) return;
  if (record.wokenAt !== undefined && !isOver(status ?? 'gone')) {
    const occasion: Occasion = { at: now, cause: { code: 'undo-period-anew' } };
    await ports.ledger.replace(record, asleepAgain(record, now), by, { occasion });
    return;
  }
  if (own === undefined && status !== 'archived' && now < record.since + definition.rotation.undoMs) return;
  const cause = { code: status === 'archived' && own === undefined ? 'archived-outside' : 'undo-period-over' } as const;
  const intended = await ports.ledger.replace(record, intending(record, { to: 'archived', at: now, cause }), by);
  // The list is some moments old, and archiving is for ever: the next look decides.
  const latest = await ports.keys.retrieve(record.apiKeyId);
  if (latest !== 'gone' && latest.status === 'active') return;
  const traced = latest === 'gone' || latest.status === 'archived' ? undefined : await ports.keys.setStatus(record.apiKeyId, 'archived');
  const event = { type: 'archived', at: ports.clock.now(), cause } as const;
  await ports.ledger.replace(intended, moved(intended, event), by, traced);
  tally.archived += 1;
};

/** Somebody woke it in the Console: that is a person's decision. The list alone may be behind. */
async function leaveAwake(record: ApiKeyRecord, ports: RetirementPorts): Promise<void> {
  const { apiKeyId, managedKey, state } = record;
  if (record.intent !== undefined && ports.clock.now() - record.intent.at < fenceMs) return;
  if (!(await isAwake(apiKeyId, ports))) return;
  ports.log.warn('retirement.reactivated-outside', { apiKeyId, managedKey, state });
  if (record.wokenAt !== undefined && record.intent === undefined) return;
  const occasion: Occasion = { at: ports.clock.now(), cause: { code: 'enabled-outside' } };
  await ports.ledger.replace(record, foundAwake(record, occasion.at), by, { occasion });
}

/**
 * An undo that came to nothing gave it back asleep. Until no call of that undo can come any more, nothing is done; if it is awake
 * then, it is put back to sleep: nobody can tell a late call from a person, and people are told.
 */
async function keepGivenBackAsleep(record: ApiKeyRecord, isServed: boolean, ports: RetirementPorts, tally: RetirementTally): Promise<void> {
  const { apiKeyId, managedKey, state, intent } = record;
  const at = ports.clock.now();
  if (lateWake(record, at) === 'may come' || (await isAskedFor(record, ports))) return;
  // Not the list: it may have been read before a call came that was late. What consumers read a person has woken for them.
  if (isServed || !(await isAwake(apiKeyId, ports))) {
    const occasion: Occasion = { at, cause: { code: isServed ? 'serving' : 'late-call-over' } };
    await ports.ledger.replace(record, intent === undefined ? withoutLateWake(record) : asleepAgain(record, at), by, { occasion });
    return;
  }
  const order = { to: state, at, cause: record.cause ?? { code: 'rotation-abandoned' }, ordered: true } as const;
  const intended = await ports.ledger.replace(record, intending(record, order), by);
  const { requestIds } = await ports.keys.setStatus(apiKeyId, 'inactive');
  const occasion: Occasion = { at: ports.clock.now(), cause: { code: 'inactive-after-failed-undo' } };
  await ports.ledger.replace(intended, asleepAgain(intended, occasion.at), by, { requestIds, occasion });
  ports.log.warn('retirement.put-to-sleep', { apiKeyId, managedKey, state });
  tally.putToSleep += 1;
}

/** What containment began and nobody went on with: its incident is over, or the policy holds it back now. An order is carried out. */
async function finishContainment(
  record: ApiKeyRecord,
  intent: ApiKeyIntent,
  { definition, infos }: Sight,
  ports: RetirementPorts,
): Promise<OwedProof | undefined> {
  const at = ports.clock.now();
  if (at - intent.at < (intent.ordered === true ? fenceMs : containmentMs)) return undefined;
  const isActive = infos.get(record.apiKeyId)?.status === 'active';
  if (isActive && intent.ordered !== true) {
    await withdraw(record, 'containment-stopped', ports);
    return undefined;
  }
  const intended = isActive ? await ports.ledger.replace(record, intending(record, { ...intent, at }), by) : record;
  const traced = isActive ? await ports.keys.setStatus(record.apiKeyId, 'inactive') : undefined;
  return async () => {
    const death = record.token === undefined ? 'no value' : await deathIn(definition.secretName, record.token, ports);
    if (death !== 'alive') {
      await ports.ledger.replace(intended, cutOff(intended, intent.cause, ports.clock.now()), by, traced);
      return;
    }
    if (intent.ordered !== true) return withdraw(intended, 'containment-in-vain', ports);
    throw stillAlive(record.apiKeyId);
  };
}

function stillAlive(apiKeyId: string): KeyguardError {
  const what = `${apiKeyId} is set inactive, but Anthropic still accepts its value`;
  return new KeyguardError('still-alive', what, 'npx --no-install keyguard status');
}

async function withdraw(record: ApiKeyRecord, code: PlainCause, ports: RetirementPorts): Promise<void> {
  const at = ports.clock.now();
  await ports.ledger.replace(record, withoutIntent(record, at), by, { occasion: { at, cause: { code } } });
}

/** A claim whose rotation was abandoned: the key goes back to where it came from, asleep unless it was in its grace. */
const returnAbandoned: Treatment = async (record, { secret, infos }, ports, tally) => {
  const labels = (record.token === undefined ? undefined : secret.stages.get(record.token)) ?? [];
  if (record.intent?.to === 'rejected') return finishRejection(record, record.intent, infos, ports);
  if (labels.includes('AWSPENDING') || labels.includes('AWSCURRENT')) return;
  if (labels.includes('AWSPREVIOUS')) return recordService(record, 'switched-and-moved-on', ports);
  if (record.intent?.to === 'current') {
    // Who is about to move AWSCURRENT to it may do so after these labels were read.
    if (ports.clock.now() - record.intent.at < fenceMs) return;
    return recordService(record, 'switch-not-recorded', ports);
  }
  if (ports.clock.now() - record.since < claimRestMs) return;
  const back = record.origin?.state ?? 'standby';
  const cause = { code: 'rotation-abandoned' } as const;
  // A rotation that is still at it sees the intent, and does not promote the key that is being put to sleep.
  const intended = await ports.ledger.replace(record, intending(record, { to: back, at: ports.clock.now(), cause }), by);
  const traced = back === 'draining' ? undefined : await asleep(record.apiKeyId, infos, ports);
  await ports.ledger.replace(intended, moved(intended, { type: 'abandoned', at: ports.clock.now(), cause }), by, traced);
  tally.returned += 1;
};

/** A rotation was putting it to sleep after a failed proof, and did not go on. */
async function finishRejection(record: ApiKeyRecord, intent: ApiKeyIntent, infos: Sight['infos'], ports: RetirementPorts): Promise<void> {
  const at = ports.clock.now();
  if (at - intent.at < fenceMs) return;
  const intended = await ports.ledger.replace(record, intending(record, { ...intent, at }), by);
  const traced = await asleep(record.apiKeyId, infos, ports);
  const event = { type: 'rejected', at: ports.clock.now(), cause: intent.cause } as const;
  await ports.ledger.replace(intended, moved(intended, event), by, traced);
}

/** The list may be behind: a key that is given back awake would seem as if somebody had enabled it. */
async function asleep(apiKeyId: string, infos: Sight['infos'], ports: RetirementPorts): Promise<Traced | undefined> {
  if (infos.get(apiKeyId)?.status !== 'active' && !(await isAwake(apiKeyId, ports))) return undefined;
  return ports.keys.setStatus(apiKeyId, 'inactive');
}

/** AWSCURRENT may have moved to it and away again before anybody recorded it: consumers may hold it, so it gets its grace. */
async function recordService(record: ApiKeyRecord, code: PlainCause, ports: RetirementPorts): Promise<void> {
  await ports.ledger.replace(record, moved(record, { type: 'replaced', at: ports.clock.now(), cause: { code } }), by);
}

/**
 * A standby key is active only between its claim and its retirement. The intent is a fence: a claim passes over a key that
 * carries one, so that no rotation can promote the key that is being put to sleep.
 */
const keepAsleep: Treatment = async (record, { infos, own }, ports, tally) => {
  const now = ports.clock.now();
  const status = infos.get(record.apiKeyId)?.status ?? 'gone';
  const { intent } = record;
  const asleepSince = Math.max(record.since, record.parkedAt ?? 0);
  // Intake, a trial or a removal may still be at work on it.
  if (intent !== undefined && now - intent.at < fenceMs) return;
  if (intent?.to === 'archived') return finishRemoval(record, intent, status, ports);
  if (status === 'gone') {
    // A list that lacks it is no proof. Nor is an answer about it where Anthropic shows no other key, or not the one that consumers have.
    const showsCurrent = own.every(({ state, apiKeyId }) => state !== 'current' || infos.has(apiKeyId));
    const mayBeGone = intent !== undefined || (record.state === 'standby' && infos.size > 0 && showsCurrent);
    if (!mayBeGone || (await ports.keys.retrieve(record.apiKeyId)) !== 'gone') return;
  }
  if (isOver(status)) {
    const type = record.state === 'rejected' ? 'archived' : 'rejected';
    if (record.state === 'rejected' && status === 'expired') return intent === undefined ? undefined : withdraw(record, 'expired', ports);
    await ports.ledger.replace(record, moved(record, { type, at: now, cause: { code: 'ended-at-anthropic', status } }), by);
    return;
  }
  if (intent === undefined && (status !== 'active' || now - asleepSince < fenceMs)) return;
  // The list may be behind, and show a trial that is over.
  if (intent === undefined && !(await isAwake(record.apiKeyId, ports))) return;
  const fence: ApiKeyIntent = { to: record.state, cause: { code: 'found-active' }, ...intent, at: now };
  const fenced = await ports.ledger.replace(record, intending(record, fence), by);
  const { requestIds } = await ports.keys.setStatus(record.apiKeyId, 'inactive');
  if (intent !== undefined && isUnfinishedIntake(record)) {
    const cause = { code: 'intake-broken-off' } as const;
    await ports.ledger.replace(fenced, moved(fenced, { type: 'rejected', at: now, cause }), by, { requestIds });
  } else {
    const cause: Cause = intent === undefined ? { code: 'found-active' } : { code: 'broken-off', what: intent.cause };
    await ports.ledger.replace(fenced, isUnfinishedIntake(fenced) ? withoutIntent(fenced, now) : parked(fenced, now), by, {
      requestIds,
      occasion: { at: now, cause },
    });
  }
  ports.log.warn('retirement.put-to-sleep', { apiKeyId: record.apiKeyId, managedKey: record.managedKey, state: record.state });
  tally.putToSleep += 1;
};

/** A removal that was broken off goes on: a key that somebody distrusts must not come back into the pool. */
async function finishRemoval(record: ApiKeyRecord, intent: ApiKeyIntent, status: Shown, ports: RetirementPorts): Promise<void> {
  const traced = isOver(status) ? undefined : await ports.keys.setStatus(record.apiKeyId, 'archived');
  const event = { type: 'archived', at: ports.clock.now(), cause: removedFor(intent.cause) } as const;
  await ports.ledger.replace(record, moved(record, event), by, traced);
}

function removedFor(cause: Cause): Cause {
  return { code: 'removed', reason: cause.code === 'removing' ? cause.reason : causeText(cause) };
}

async function isAwake(apiKeyId: string, { keys }: RetirementPorts): Promise<boolean> {
  const latest = await keys.retrieve(apiKeyId);
  return latest !== 'gone' && latest.status === 'active';
}

/** Whether an operator wants it back this moment; a wish that nobody fulfilled in time is withdrawn. */
async function isAskedFor(record: ApiKeyRecord, ports: RetirementPorts): Promise<boolean> {
  if (record.wanted === undefined) return false;
  const at = ports.clock.now();
  if (!isWanted(record, at)) {
    await ports.ledger.replace(record, withoutWish(record), by, {
      occasion: { at, cause: { code: 'undo-lapsed' } },
    });
  }
  return true;
}
