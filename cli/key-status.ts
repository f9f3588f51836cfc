import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord, ApiKeyState, IncidentRecord, LastUseRecord } from '../contract/records.ts';
import { poolCover, type PoolCover } from '../lambda/rotation/pool-cover.ts';
import { instant } from './output.ts';
import { previousKey, type PreviousKey } from './previous-key.ts';

/** `broken`: consumers have no working key, or rotation has failed. `attention`: a person should do something soon. */
export type Health = 'ok' | 'attention' | 'broken';

/** One managed key. Instants are epoch ms, UTC. */
export interface KeyStatus {
  readonly name: string;
  readonly health: Health;
  readonly current: CurrentKey | null;
  readonly previous: readonly PreviousKey[];
  readonly pool: PoolCover;
  readonly nextRotationAt: number | null;
  /** Last success. */
  readonly lastRotatedAt: number | null;
  readonly incidents: readonly IncidentRecord[];
  /** What is not as it should be, each with the next step. */
  readonly attention: readonly string[];
}

interface CurrentKey {
  readonly apiKeyId: string;
  readonly hint: string;
  readonly since: number;
  readonly expiresAt: number | null;
}

/** What was read of one installation, at `now`. */
export interface Reading {
  readonly records: readonly ApiKeyRecord[];
  /** Those that have not ended. */
  readonly incidents: readonly IncidentRecord[];
  readonly lastUses: readonly LastUseRecord[];
  /** 0 where usage was never read. */
  readonly usageKnownUntil: number;
  readonly now: number;
}

export interface Schedule {
  readonly nextRotationAt: number | null;
  readonly lastRotatedAt: number | null;
  /** Staging labels by version. */
  readonly stages: ReadonlyMap<string, readonly string[]>;
}

/** A window of an hour may be late without anything being wrong. */
const lateMs = 3_600_000;
/** States of a key that has served. */
const served: readonly ApiKeyState[] = ['current', 'draining', 'inactive', 'archived', 'contained'];

/** A managed key's state from the records alone; nothing is asked of Anthropic. */
export function keyStatus(definition: ManagedKeyDefinition, reading: Reading, schedule: Schedule): KeyStatus {
  const { usageKnownUntil, now } = reading;
  const { nextRotationAt, lastRotatedAt } = schedule;
  const own = reading.records.filter((record) => record.managedKey === definition.name);
  const current = own.find((record) => record.state === 'current');
  const pool = poolCover(definition, own, nextRotationAt, now);
  const previous = own
    .filter((record) => record.state === 'draining')
    .map((record) => {
      const lastUse = reading.lastUses.find((use) => use.apiKeyId === record.apiKeyId);
      return previousKey(record, definition, { lastUse, usageKnownUntil }, now);
    });
  const incidents = reading.incidents.filter((incident) => incident.subject === definition.name && incident.state !== 'recovered');

  const broken = [
    ...incidents.filter((incident) => incident.kind === 'rotation-failed').map(rotationFailed),
    ...withoutKey(own, definition.name),
  ];
  const attention = [
    ...untried(own, pool, definition.name),
    ...shortPool(current, pool, definition.name),
    ...lateRotation(own, schedule, now),
    ...expiring(current, nextRotationAt, definition),
    ...previous.filter((key) => key.overdue).map((key) => `${key.apiKeyId} is ${key.waits}: see docs/runbooks/straggler.md`),
    ...incidents.filter((incident) => incident.kind !== 'rotation-failed').map(incidentText),
  ];
  return {
    name: definition.name,
    health: broken.length > 0 ? 'broken' : attention.length > 0 ? 'attention' : 'ok',
    current: current === undefined ? null : currentKey(current),
    previous,
    pool,
    nextRotationAt,
    lastRotatedAt,
    incidents,
    attention: [...broken, ...attention],
  };
}

/** One line of an incident: what, since when, and where its run-book is. */
export function incidentText({ kind, state, openedAt, brake }: IncidentRecord): string {
  const why = brake === undefined ? '' : `, held back: ${brake}`;
  return `incident ${kind} is ${state} since ${instant(openedAt)}${why}: see docs/runbooks/${kind}.md`;
}

function rotationFailed({ facts, openedAt }: IncidentRecord): string {
  return `rotation has failed since ${instant(openedAt)}: ${facts.reason ?? 'see docs/runbooks/rotation-failed.md'}`;
}

function withoutKey(own: readonly ApiKeyRecord[], name: string): readonly string[] {
  if (!own.some((record) => served.includes(record.state)) || own.some((record) => record.state === 'current')) return [];
  const cut = own.find((record) => record.state === 'contained');
  const why = cut === undefined ? 'no key is current' : `${cut.apiKeyId} was cut off and no key took its place`;
  return [`${why}: npx keyguard standby add ${name}, then npx keyguard rotate ${name}`];
}

/** A managed key that was deployed and never filled. */
function untried(own: readonly ApiKeyRecord[], pool: PoolCover, name: string): readonly string[] {
  if (own.some((record) => served.includes(record.state))) return [];
  const add = pool.standbyKeys === 0 ? `npx keyguard standby add ${name}, then ` : '';
  return [`it has no key yet: ${add}npx keyguard rotate ${name}`];
}

function shortPool(current: ApiKeyRecord | undefined, pool: PoolCover, name: string): readonly string[] {
  if (current === undefined || pool.rotations > 0) return [];
  const why = pool.standbyKeys === 0 ? 'the pool is empty' : 'no standby key lives long enough';
  return [`${why}, so the rotation of ${instant(pool.until)} will fail: npx keyguard standby add ${name}`];
}

function lateRotation(own: readonly ApiKeyRecord[], { stages, nextRotationAt }: Schedule, now: number): readonly string[] {
  const open = [...stages].find(([, labels]) => labels.includes('AWSPENDING') && !labels.includes('AWSCURRENT'));
  if (open !== undefined) {
    const claimed = own.find((record) => record.token === open[0] && record.state === 'pending');
    return [
      `a rotation is under way or did not finish${claimed === undefined ? '' : `; it claimed ${claimed.apiKeyId} at ${instant(claimed.since)}`}`,
    ];
  }
  if (nextRotationAt === null) return ['it has no rotation schedule: npx cdk deploy sets it'];
  return nextRotationAt < now - lateMs ? [`the rotation of ${instant(nextRotationAt)} has not happened`] : [];
}

function expiring(
  current: ApiKeyRecord | undefined,
  nextRotationAt: number | null,
  { name, rotation }: ManagedKeyDefinition,
): readonly string[] {
  const expiresAt = current?.expiresAt ?? null;
  // It must live through the grace that follows the next switch.
  if (expiresAt === null || nextRotationAt === null || expiresAt >= nextRotationAt + rotation.minimumGraceMs) return [];
  return [`the current key expires ${instant(expiresAt)}, before its next grace is over: npx keyguard rotate ${name}`];
}

function currentKey({ apiKeyId, hint, since, expiresAt }: ApiKeyRecord): CurrentKey {
  return { apiKeyId, hint, since, expiresAt };
}
