import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyIntent, ApiKeyRecord, ApiKeyState, LastUseRecord } from '../../contract/records.ts';
import { hourMs, minuteMs } from '../foundation/clock.ts';
import { briefly, KeyguardError, LostRace } from '../foundation/errors.ts';
import { provenDeadIn } from './death.ts';
import { judgeGrace } from './grace.ts';
import { intending, moved, withoutIntent } from './lifecycle.ts';
import type { ApiKeyInfo, RetirementPorts, VersionStages } from './ports.ts';
import { settleSwitch, versionWith } from './switch.ts';

/** A claim younger than this may belong to a rotation that is still running. */
const claimRestMs = 15 * minuteMs;
/** A rotation that pends longer is stuck: people are told. */
const stuckAfterMs = hourMs;
const by = 'retirement';

export interface RetirementTally {
  retired: number;
  archived: number;
  returned: number;
  putToSleep: number;
  waiting: number;
  failed: number;
}

interface Situation {
  readonly definition: ManagedKeyDefinition;
  readonly stages: VersionStages['stages'];
  readonly info: ApiKeyInfo | undefined;
  readonly lastUse: LastUseRecord | undefined;
  readonly usageKnownUntil: number;
}

/**
 * Every five minutes: draining keys whose grace is over by evidence become inactive and are proven dead, inactive keys whose
 * undo period is over are archived, half-done switches are recorded, abandoned claims go back to the pool, and no standby key
 * stays awake. One key's failure does not hold up the others.
 */
export async function retireDueKeys(ports: RetirementPorts): Promise<RetirementTally> {
  const tally: RetirementTally = { retired: 0, archived: 0, returned: 0, putToSleep: 0, waiting: 0, failed: 0 };
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // Whoever won the race goes on with the key.
      if (error instanceof LostRace) return;
      tally.failed += 1;
      ports.log.warn('retirement.failed', { what, error: briefly(error) });
    }
  };

  const definitions = await ports.directory.all();
  const stages = new Map<string, VersionStages['stages']>();
  for (const definition of definitions) {
    await attempt(definition.name, async () => {
      const versions = await ports.secrets.describe(definition.secretArn);
      stages.set(definition.name, versions.stages);
      await settleSwitch(definition, versionWith(versions.stages, 'AWSCURRENT'), await ports.ledger.all(), ports, by);
    });
  }

  const infos = new Map((await ports.keys.list()).map((info) => [info.apiKeyId, info]));
  const lastUses = new Map((await ports.usage.lastUses()).map((use) => [use.apiKeyId, use]));
  const usageKnownUntil = await ports.usage.knownUntil();
  for (const record of await ports.ledger.all()) {
    const definition = definitions.find((candidate) => candidate.name === record.managedKey);
    const known = stages.get(record.managedKey);
    if (definition === undefined || known === undefined) continue;
    const situation = {
      definition,
      stages: known,
      info: infos.get(record.apiKeyId),
      lastUse: lastUses.get(record.apiKeyId),
      usageKnownUntil,
    };
    await attempt(record.apiKeyId, () => treat(record, situation, ports, tally));
  }
  return tally;
}

async function treat(record: ApiKeyRecord, situation: Situation, ports: RetirementPorts, tally: RetirementTally): Promise<void> {
  switch (record.state) {
    case 'pending':
      return returnAbandoned(record, situation, ports, tally);
    case 'draining':
      return retire(record, situation, ports, tally);
    case 'inactive':
    case 'contained':
      return archive(record, situation, ports, tally);
    case 'standby':
    case 'rejected':
      return putToSleep(record, situation, ports, tally);
    case 'current':
    case 'archived':
      return;
  }
}

async function retire(record: ApiKeyRecord, situation: Situation, ports: RetirementPorts, tally: RetirementTally): Promise<void> {
  const { definition, lastUse, usageKnownUntil } = situation;
  const now = ports.clock.now();
  const switchedAt = record.switchedAt ?? record.since;
  const grace = judgeGrace({ switchedAt, lastTokensAt: lastUse?.at ?? null, usageKnownUntil }, definition.rotation, now);
  // An intent outlives the evidence: the key may be inactive already.
  const own = ownIntent(record, 'inactive');
  if (own === 'foreign') return;
  // Somebody moved AWSCURRENT back to it: it is no old key any more.
  if (record.token !== undefined && (situation.stages.get(record.token) ?? []).includes('AWSCURRENT')) return;
  const because = own?.because ?? (grace.verdict === 'retire' ? grace.because : undefined);
  if (because === undefined) {
    tally.waiting += 1;
    // Not merely "not quiet for long enough yet": tokens were seen after the time that every consumer had to move on.
    const straggles = lastUse !== undefined && lastUse.at > switchedAt + definition.rotation.minimumGraceMs;
    if (straggles && (grace.because === 'still used past the maximum' || now >= switchedAt + 2 * definition.rotation.minimumGraceMs)) {
      await ports.alarm.raise('straggler', definition.name, {
        reason: `the old key is ${grace.because}`,
        apiKeyId: record.apiKeyId,
        startedAt: switchedAt,
        model: lastUse.model,
        workspaceId: lastUse.workspaceId,
      });
    }
    return;
  }
  const intent = { to: 'inactive', at: now, because } as const;
  const intended = record.intent === undefined ? await ports.ledger.replace(record, intending(record, intent), by) : record;
  await ports.keys.setStatus(record.apiKeyId, 'inactive');
  if (intended.token !== undefined && !(await provenDeadIn(definition.secretArn, intended.token, ports))) {
    throw new KeyguardError(
      'still-alive',
      `${record.apiKeyId} is set inactive, but Anthropic still accepts its value`,
      'npx keyguard status',
    );
  }
  await ports.ledger.replace(intended, moved(intended, { to: 'inactive', at: ports.clock.now(), because: `retired: ${because}` }), by);
  await ports.alarm.clear('straggler', definition.name, 'the old key went quiet and is inactive');
  ports.log.info('retirement.retired', { managedKey: definition.name, apiKeyId: record.apiKeyId, because });
  tally.retired += 1;
}

async function archive(record: ApiKeyRecord, situation: Situation, ports: RetirementPorts, tally: RetirementTally): Promise<void> {
  const now = ports.clock.now();
  if (situation.info?.status === 'active') {
    // Somebody woke it in the Console: that is a person's decision, and archiving is for ever.
    ports.log.warn('retirement.reactivated-outside', { apiKeyId: record.apiKeyId, managedKey: record.managedKey, state: record.state });
    return;
  }
  const own = ownIntent(record, 'archived');
  if (own === 'foreign') return;
  if (own === undefined && now < record.since + situation.definition.rotation.undoMs) return;
  const because = 'the undo period is over';
  const intended =
    record.intent === undefined ? await ports.ledger.replace(record, intending(record, { to: 'archived', at: now, because }), by) : record;
  if (situation.info !== undefined && situation.info.status !== 'archived') await ports.keys.setStatus(record.apiKeyId, 'archived');
  await ports.ledger.replace(intended, moved(intended, { to: 'archived', at: ports.clock.now(), because }), by);
  tally.archived += 1;
}

/** An intent of this kind that a killed run left; `foreign` when somebody else, such as containment, is at work on the key. */
function ownIntent(record: ApiKeyRecord, to: ApiKeyState): ApiKeyIntent | 'foreign' | undefined {
  return record.intent === undefined || record.intent.to === to ? record.intent : 'foreign';
}

/** A claim whose rotation was abandoned: the key goes back to sleep and to the pool. */
async function returnAbandoned(record: ApiKeyRecord, situation: Situation, ports: RetirementPorts, tally: RetirementTally): Promise<void> {
  const age = ports.clock.now() - record.since;
  const labels = (record.token === undefined ? undefined : situation.stages.get(record.token)) ?? [];
  if (labels.includes('AWSPENDING') || labels.includes('AWSCURRENT')) {
    if (age > stuckAfterMs) {
      const reason = `a rotation that began ${Math.round(age / minuteMs)} minutes ago has not finished`;
      await ports.alarm.raise('rotation-failed', record.managedKey, { reason, apiKeyId: record.apiKeyId, startedAt: record.since });
    }
    return;
  }
  if (age < claimRestMs) return;
  if (situation.info?.status === 'active') await ports.keys.setStatus(record.apiKeyId, 'inactive');
  await ports.ledger.replace(record, moved(record, { to: 'standby', at: ports.clock.now(), because: 'its rotation was abandoned' }), by);
  tally.returned += 1;
}

/**
 * A standby key is active only between its claim and its retirement. The intent is a fence: a claim passes over a key that
 * carries one, so that no rotation can promote the key that is being put to sleep.
 */
async function putToSleep(record: ApiKeyRecord, situation: Situation, ports: RetirementPorts, tally: RetirementTally): Promise<void> {
  const now = ports.clock.now();
  if (record.intent === undefined) {
    // Intake may still be at work on it.
    if (situation.info?.status !== 'active' || now - record.since < 5 * minuteMs) return;
  }
  const because = 'found awake';
  const fenced =
    record.intent === undefined
      ? await ports.ledger.replace(record, intending(record, { to: record.state, at: now, because }), by)
      : record;
  await ports.keys.setStatus(record.apiKeyId, 'inactive');
  await ports.ledger.replace(fenced, withoutIntent(fenced), by);
  ports.log.warn('retirement.put-to-sleep', { apiKeyId: record.apiKeyId, managedKey: record.managedKey, state: record.state });
  tally.putToSleep += 1;
}
