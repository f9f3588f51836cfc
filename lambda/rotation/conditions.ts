import type { AlarmCause, ChangeCause, OldKeyCause } from '../../contract/causes.ts';
import { hasPool, incidentGrades, type IncidentKind } from '../../contract/registry.ts';
import { unmanagedSubjects } from '../../contract/metrics.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, ChangeFacts, IncidentRecord } from '../../contract/records.ts';
import { minuteMs } from '../foundation/clock.ts';
import { isFoundDead, isLate, isListCaughtUp, replacementOf, type DeadKeySnapshot } from './dead-key.ts';
import { isKnown, judgeGrace } from './grace.ts';
import { isRevoked, lateActivation } from './lifecycle.ts';
import { hasClaimedKey, poolCover } from './pool-cover.ts';
import { watchedKinds, type AlarmFacts, type Condition, type WatchedKind } from './ports.ts';
import { hasAwsCurrent, isSwitchedByHand, versionWith } from './staging-labels.ts';

/** A replica that is still in progress after this time lags. */
const replicaLagMs = 15 * minuteMs;

/** What was seen of one managed key. Instants are epoch ms, UTC. */
export interface Snapshot extends DeadKeySnapshot {
  /** Silence of a key is known until then. */
  readonly usageKnownUntil: number;
}

type Finder = (snapshot: Snapshot) => AlarmFacts | undefined;

/** What people must know of a managed key at this moment, as far as it is of these kinds. Pure: the same snapshot gives the same answer. */
export function conditionsOf(snapshot: Snapshot, kinds: readonly WatchedKind[] = watchedKinds): readonly Condition[] {
  const { name: managedKey, removed } = snapshot.definition;
  // Of a removed managed key nobody expects a rotation, and that its keys end is what was wanted; `leftActive` tells of the others.
  return kinds
    .filter((kind) => removed !== true || kind === 'straggler')
    .flatMap((kind) => {
      const facts = finders[kind](snapshot);
      return facts === undefined ? [] : [{ kind, managedKey, facts: resumingFirst(kind, facts, snapshot) }];
    });
}

/** People are told to rotate, and no rotation begins while the managed key is paused or its schedule is off. */
function resumingFirst(kind: WatchedKind, facts: AlarmFacts, { definition: { name }, secret }: Snapshot): AlarmFacts {
  const asks = kind === 'rotation-overdue' || kind === 'key-expiring' || gradesThatAsk.includes(facts.grade);
  if (secret.rotationEnabled || !asks) return facts;
  return { ...facts, cause: { code: 'resume-first', managedKey: name, why: facts.cause } };
}

const gradesThatAsk: readonly AlarmFacts['grade'][] = ['replacing', 'dead', 'label-moved', 'secret-written'];

const finders: Readonly<Record<WatchedKind, Finder>> = {
  straggler: (snapshot) => {
    const [first, ...others] = snapshot.own
      .flatMap((record) => straggling(record, snapshot))
      .sort((a, b) => Number(b.grade === 'cut') - Number(a.grade === 'cut'));
    if (first === undefined) return undefined;
    return others.length === 0 ? first : { ...first, cause: { ...first.cause, also: others.map(({ apiKeyId }) => apiKeyId) } };
  },

  'current-key-dead': (snapshot) => {
    const { own, infos } = snapshot;
    const cut = cutOffLast(snapshot);
    if (cut !== undefined) {
      const { apiKeyId, since: startedAt } = cut;
      return { cause: { code: 'cut-off-last' }, apiKeyId, startedAt, workspaceId: snapshot.definition.workspaceId, grade: 'cut-off' };
    }
    const deletion = secretDeletion(snapshot);
    if (deletion !== undefined) return deletion;
    const current = own.find((record) => isFoundDead(record, snapshot));
    if (current === undefined) return undefined;
    return deadFacts(current, { status: infos.get(current.apiKeyId)?.status ?? 'gone' }, snapshot);
  },

  'key-changed': (snapshot) => asOne([...changedKeys(snapshot), ...changedSecret(snapshot)]),

  'rotation-overdue': ({ definition: { rotation }, own, now }) => {
    const current = own.find((record) => record.state === 'current');
    if (current === undefined) return undefined;
    // An undo brings a key back, and makes it no younger.
    const servedSince = current.servedSince ?? current.since;
    // The last moment at which a switch still leaves the old key its whole grace within the maximum age.
    if (now <= servedSince + rotation.maximumAgeMs - rotation.maximumGraceMs) return undefined;
    const back = servedSince === current.since ? {} : { broughtBackAt: current.since };
    return {
      cause: { code: 'rotation-overdue', servedSince, ...back, maximumAgeMs: rotation.maximumAgeMs },
      apiKeyId: current.apiKeyId,
      startedAt: servedSince,
    };
  },

  'pool-low': ({ definition, own, secret, now }) => {
    if (!hasPool(definition.rotation.strategy) || !own.some((record) => record.state === 'current')) return undefined;
    const { standbyKeys, rotations, until, isScheduled } = poolCover(definition, own, secret.nextRotationAt, now);
    const isSoon = until - now < definition.rotation.lowWaterMs;
    const isBusy = hasClaimedKey(own);
    // However far away the next rotation is: an emergency could come today.
    if (!isSoon && (standbyKeys > 0 || isBusy)) return undefined;
    return {
      grade: isSoon && rotations === 0 && !isBusy ? 'empty' : 'low',
      cause: { code: 'pool-low', standbyKeys, rotations, until, isScheduled },
      workspaceId: definition.workspaceId,
    };
  },

  'key-expiring': (snapshot) => {
    const current = snapshot.own.find((record) => record.state === 'current');
    if (current === undefined || !expiresTooSoon(snapshot, snapshot.now)) return undefined;
    return { cause: { code: 'key-expires', at: current.expiresAt ?? 0 }, apiKeyId: current.apiKeyId };
  },

  'replica-behind': ({ secret, now }) => {
    const lags = now - (secret.lastChangedAt ?? now) > replicaLagMs;
    const replicas = secret.replicas.flatMap(({ region, status, message }) =>
      status === 'Failed' || (status === 'InProgress' && lags) ? [{ region, status, message }] : [],
    );
    return replicas.length === 0 ? undefined : { cause: { code: 'replicas-behind', replicas } };
  },
};

/** Whether the current key does not live through the grace that follows the next switch. */
export function expiresTooSoon(
  { definition: { rotation }, own, secret }: Pick<Snapshot, 'definition' | 'own' | 'secret'>,
  now: number,
): boolean {
  const expiresAt = own.find((record) => record.state === 'current')?.expiresAt ?? null;
  const neededUntil = Math.max(secret.nextRotationAt ?? now + rotation.lowWaterMs, now) + rotation.minimumGraceMs;
  return expiresAt !== null && expiresAt < neededUntil;
}

/** Of a current key that is dead: since when, and who replaces it. */
function deadFacts(dead: ApiKeyRecord, shown: { readonly status?: string }, snapshot: Snapshot): AlarmFacts {
  const replacement = replacementOf(dead, snapshot);
  const late = isLate(dead, snapshot.now) ? ({ code: 'not-in-time' } as const) : undefined;
  const waits = replacement.by === 'people' ? replacement.because : late;
  const { apiKeyId, since: currentSince, foundDeadAt = snapshot.now } = dead;
  const seenActiveAt = dead.seenActiveAt ?? snapshot.activeAt.get(apiKeyId);
  const usedAt = snapshot.lastUses.get(apiKeyId)?.at;
  return {
    cause: {
      code: 'current-key-dead',
      ...shown,
      currentSince,
      ...(seenActiveAt === undefined ? {} : { seenActiveAt }),
      foundDeadAt,
      ...(usedAt === undefined ? {} : { usedAt }),
      ...(waits === undefined ? {} : { waits }),
    },
    apiKeyId,
    startedAt: seenActiveAt ?? foundDeadAt,
    workspaceId: snapshot.definition.workspaceId,
    grade: waits === undefined ? 'replacing' : 'dead',
  };
}

/** What a pass recorded of a dead current key, where Anthropic was not asked. */
export function recordedDeadKey(snapshot: Snapshot): Condition | undefined {
  const dead = snapshot.own.find(({ state, foundDeadAt }) => state === 'current' && foundDeadAt !== undefined);
  if (dead === undefined || snapshot.secret.deletionAt !== null) return undefined;
  const facts = deadFacts(dead, {}, snapshot);
  return { kind: 'current-key-dead', managedKey: snapshot.definition.name, facts };
}

/** The key that consumers read, where it was cut off and nothing has taken its place: each of their requests fails. */
export function cutOffLast({ own, secret }: Pick<Snapshot, 'own' | 'secret'>): ApiKeyRecord | undefined {
  if (own.some((record) => record.state === 'current')) return undefined;
  return own.find((record) => record.state === 'contained' && hasAwsCurrent(record, secret));
}

/** Secrets Manager refuses every read of a secret from the moment on in which somebody schedules its deletion. */
function secretDeletion({ definition, own, secret, infos, refused, now }: Snapshot): AlarmFacts | undefined {
  const current = own.find((record) => record.state === 'current');
  if (secret.deletionAt === null || current === undefined) return undefined;
  const { apiKeyId } = current;
  const dead = infos.has(apiKeyId) && isFoundDead(current, { infos, refused, now }) ? { deadKey: apiKeyId } : {};
  const cause = { code: 'secret-deleted', secretName: definition.secretName, goneAt: secret.deletionAt, ...dead } as const;
  return { cause, apiKeyId, grade: 'secret-deleted' };
}

interface StragglerFacts extends AlarmFacts {
  readonly apiKeyId: string;
  readonly cause: OldKeyCause;
}

function straggling(
  record: ApiKeyRecord,
  { definition: { rotation }, lastUses, usageKnownUntil, now }: Snapshot,
): readonly StragglerFacts[] {
  const { apiKeyId } = record;
  const use = lastUses.get(apiKeyId);
  if (record.state !== 'draining' || isRevoked(record, now) || use === undefined) return [];
  const switchedAt = record.switchedAt ?? record.since;
  const grace = judgeGrace({ switchedAt, lastTokensAt: use.at, usageKnownUntil }, rotation, now);
  const { model, workspaceId } = use;
  const facts = { apiKeyId, startedAt: switchedAt, model, workspaceId };
  if (grace.verdict === 'retire') {
    // As far as usage is known it was not silent for long enough, so that the maximum ends it: whoever uses it fails from now on.
    if (use.at <= switchedAt || use.at + rotation.quietMs <= usageKnownUntil) return [];
    const seen = isKnown(usageKnownUntil, now) ? {} : { isUnknown: true as const };
    return [{ ...facts, cause: { code: 'old-key-cut', ...seen }, grade: 'cut' }];
  }
  // Not merely "not quiet for long enough yet": tokens were seen after the time that every consumer had to move on.
  if (use.at <= switchedAt + rotation.minimumGraceMs) return [];
  // Early enough to act on it where the maximum is near.
  const { minimumGraceMs, maximumGraceMs } = rotation;
  if (now < switchedAt + Math.min(2 * minimumGraceMs, (minimumGraceMs + maximumGraceMs) / 2)) return [];
  const end = rotation.atMaximum === 'cut' ? { validUntil: switchedAt + maximumGraceMs } : {};
  return [{ ...facts, cause: { code: 'old-key-used', grace: grace.because }, ...end, grade: 'used' }];
}

/** What is said of the current key is said of nothing while there is none, or none that has settled. */
const ofCurrentKey: readonly IncidentKind[] = ['current-key-dead', 'rotation-overdue', 'pool-low', 'key-expiring'];

/**
 * Why an incident whose condition was not found is over; undefined: it stays, because that it was not found says nothing.
 * `own`: the API keys of its managed key, as they are now.
 */
export function recoveryOf(
  { kind, facts: { apiKeyId, grade, changes = [] } }: Pick<IncidentRecord, 'kind' | 'facts'>,
  own: readonly ApiKeyRecord[],
  now: number,
): AlarmCause | undefined {
  const over = { code: 'over', kind } as const;
  if (kind === 'straggler') return endOfStraggler(apiKeyId, own, now);
  const isWritten = [grade, ...changes.map((change) => change.grade)].some((each) => each === 'secret-written' || each === 'label-moved');
  if (!ofCurrentKey.includes(kind) && !isWritten) return over;
  const current = own.find((record) => record.state === 'current');
  // A rotation that has just succeeded is one, whatever else is known of its key.
  if (current === undefined || (kind !== 'rotation-overdue' && settled([current], now).length === 0)) return undefined;
  // A rotation that has taken the last standby key fills no pool.
  if (kind === 'pool-low' && !own.some((record) => record.state === 'standby')) return undefined;
  return kind === 'current-key-dead' && current.intent !== undefined ? undefined : over;
}

/** Not every straggler goes quiet: some are ended while they are used. */
function endOfStraggler(apiKeyId: string | undefined, own: readonly ApiKeyRecord[], now: number): AlarmCause {
  const record = own.find((each) => each.apiKeyId === apiKeyId);
  if (record !== undefined && isRevoked(record, now)) return { code: 'emergency-takes-grace' };
  if (record === undefined || record.state === 'draining') return { code: 'over', kind: 'straggler' };
  return { code: 'old-key-ended', state: record.state, ...(record.cause === undefined ? {} : { why: record.cause }) };
}

/**
 * Whether nobody looks at what the incident is about any more, because its managed key is not among the configured `names`. The
 * detector looks at inactive keys of any managed key, and retirement at those that were left active.
 */
export function isRemoved(
  { kind, subject, facts }: Pick<IncidentRecord, 'kind' | 'subject' | 'facts'>,
  names: ReadonlySet<string>,
): boolean {
  if (names.has(subject) || unmanagedSubjects.includes(subject)) return false;
  if (kind === 'retired-key-used' || kind === 'delivery-failed') return false;
  return !(kind === 'key-changed' && facts.grade === 'left-active');
}

/** Keys of managed keys that are no longer configured: nobody rotates them, and they must not stay active unnoticed (I3). */
export function leftActive(
  records: readonly ApiKeyRecord[],
  definitions: readonly ManagedKeyDefinition[],
  infos: Snapshot['infos'],
): readonly Condition[] {
  const known = new Set(definitions.filter(({ removed }) => removed !== true).map(({ name }) => name));
  const active = records.filter(({ managedKey, apiKeyId }) => !known.has(managedKey) && infos.get(apiKeyId)?.status === 'active');
  return [...new Set(active.map((record) => record.managedKey))].flatMap((managedKey) => {
    const changes = active
      .filter((record) => record.managedKey === managedKey)
      .map(({ apiKeyId }) => changeOf({ code: 'left-active', apiKeyId, managedKey }));
    const facts = asOne(changes);
    return facts === undefined ? [] : [{ kind: 'key-changed', managedKey, facts }];
  });
}

type KnownChange = Exclude<ChangeCause, { readonly code: 'recorded' }>;
interface Change extends ChangeFacts {
  readonly grade: KnownChange['code'];
  readonly cause: KnownChange;
}

function changeOf(cause: KnownChange): Change {
  return { grade: cause.code, apiKeyId: cause.apiKeyId, cause };
}

/** One incident for all that was changed: the worst of it names the grade. */
function asOne(changes: readonly Change[]): AlarmFacts | undefined {
  const worst = [...changes].sort((a, b) => rank(b.grade) - rank(a.grade))[0];
  if (worst === undefined || changes.length === 1) return worst;
  return { ...worst, cause: { code: 'changes', changes: changes.map(({ cause }) => cause) }, changes };
}

function rank(grade: Change['grade']): number {
  return incidentGrades['key-changed'].indexOf(grade);
}

function changedKeys({ own, infos, secret, now }: Snapshot): readonly Change[] {
  return settled(own, now).flatMap((record): readonly Change[] => {
    const { apiKeyId, state, intent } = record;
    const late = hasAwsCurrent(record, secret) ? undefined : lateActivation(record, now);
    // What is about to be done is our own doing; that it is deactivated again lasts until it is inactive.
    if (intent !== undefined && (late === undefined || intent.ordered !== true)) return [];
    const status = infos.get(apiKeyId)?.status ?? 'gone';
    if (late !== undefined && status === 'active') {
      return late === 'may come' ? [] : [changeOf({ code: 'undone-key-woken', apiKeyId, state })];
    }
    if ((state === 'inactive' || state === 'contained') && status === 'active') {
      return [changeOf({ code: 'old-key-woken', apiKeyId, state })];
    }
    if ((state === 'standby' || state === 'rejected') && status === 'active') {
      return [changeOf({ code: 'standby-key-woken', apiKeyId, state })];
    }
    // That a key is dead which died while consumers read it people were told, and its replacement mended it.
    if (
      (state === 'standby' || state === 'inactive' || state === 'contained') &&
      status === 'archived' &&
      record.foundDeadAt === undefined
    ) {
      return [changeOf({ code: 'key-archived', apiKeyId, state })];
    }
    const isExpected = record.foundDeadAt !== undefined || (status === 'expired' && hasExpired(record, now));
    if (state === 'draining' && status !== 'active' && status !== 'unknown' && !isExpected) {
      return [changeOf({ code: 'old-key-disabled', apiKeyId, status })];
    }
    return [];
  });
}

function hasExpired({ expiresAt }: ApiKeyRecord, now: number): boolean {
  return expiresAt !== null && expiresAt <= now;
}

function changedSecret({ own, secret }: Snapshot): readonly Change[] {
  const version = versionWith(secret.stages, 'AWSCURRENT');
  const current = own.find((record) => record.state === 'current');
  if (version === undefined || current === undefined) return [];
  const { apiKeyId } = current;
  if (isSwitchedByHand(current)) return [changeOf({ code: 'label-moved', apiKeyId })];
  return own.some((record) => record.token === version) ? [] : [changeOf({ code: 'secret-written', apiKeyId })];
}

function settled(own: readonly ApiKeyRecord[], now: number): readonly ApiKeyRecord[] {
  return own.filter((record) => isListCaughtUp(record, now));
}
