import { incidentGrades, type IncidentKind } from '../../contract/registry.ts';
import { unattributed, usageReport } from '../../contract/metrics.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, ChangeFacts, IncidentRecord } from '../../contract/records.ts';
import { dayMs, minuteMs, utcMinute } from '../foundation/clock.ts';
import { counted } from '../foundation/counted.ts';
import { deadKeyText, isFoundDead, isLate, isListCaughtUp, replacementOf, type DeadKeySnapshot } from './dead-key.ts';
import { isKnown, judgeGrace } from './grace.ts';
import { isRevoked, lateActivation } from './lifecycle.ts';
import { isServed, poolCover, type PoolCover } from './pool-cover.ts';
import { watchedKinds, type AlarmFacts, type Condition, type WatchedKind } from './ports.ts';
import { causeText } from '../incidents/message/cause-text.ts';
import { isServing, isSwitchedByHand, versionWith } from './switch.ts';

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
  return {
    ...facts,
    reason: `${facts.reason}; its rotation is paused or off, so that \`npx --no-install keyguard resume ${name}\` comes first`,
  };
}

const gradesThatAsk: readonly AlarmFacts['grade'][] = ['replacing', 'dead', 'label-moved', 'secret-written'];

const finders: Readonly<Record<WatchedKind, Finder>> = {
  straggler: (snapshot) => {
    const [first, ...others] = snapshot.own
      .flatMap((record) => straggling(record, snapshot))
      .sort((a, b) => Number(b.grade === 'cut') - Number(a.grade === 'cut'));
    if (first === undefined) return undefined;
    const also = others.length === 0 ? '' : `, as is ${others.map((facts) => facts.apiKeyId).join(', ')}`;
    return { ...first, reason: `${first.reason}${also}` };
  },

  'current-key-dead': (snapshot) => {
    const { own, infos } = snapshot;
    const cut = cutOffLast(snapshot);
    if (cut !== undefined) {
      const reason = 'it was cut off, and no key could take its place';
      return { reason, apiKeyId: cut.apiKeyId, startedAt: cut.since, workspaceId: snapshot.definition.workspaceId, grade: 'cut-off' };
    }
    const deletion = secretDeletion(snapshot);
    if (deletion !== undefined) return deletion;
    const current = own.find((record) => isFoundDead(record, snapshot));
    if (current === undefined) return undefined;
    const status = infos.get(current.apiKeyId)?.status ?? 'gone';
    const shown = status === 'gone' ? 'Anthropic lists it no more' : `Anthropic shows it as ${status}, and Key Guard did not do it`;
    return deadFacts(current, shown, snapshot);
  },

  'key-changed': (snapshot) => asOne([...changedKeys(snapshot), ...changedSecret(snapshot)]),

  'rotation-overdue': ({ definition: { rotation }, own, now }) => {
    const current = own.find((record) => record.state === 'current');
    if (current === undefined) return undefined;
    // An undo brings a key back, and makes it no younger.
    const servedSince = current.servedSince ?? current.since;
    // The last moment at which a switch still leaves the old key its whole grace within the maximum age.
    if (now <= servedSince + rotation.maximumAgeMs - rotation.maximumGraceMs) return undefined;
    const why =
      servedSince === current.since
        ? `no rotation has succeeded since ${utcMinute(servedSince)}`
        : `it was brought back ${utcMinute(current.since)} and first came into use ${utcMinute(servedSince)}`;
    return {
      reason: `${why}, and with its grace a key may live ${days(rotation.maximumAgeMs)}`,
      apiKeyId: current.apiKeyId,
      startedAt: servedSince,
    };
  },

  'pool-low': ({ definition, own, secret, now }) => {
    if (!own.some((record) => record.state === 'current')) return undefined;
    const cover = poolCover(definition, own, secret.nextRotationAt, now);
    const isSoon = cover.until - now < definition.rotation.lowWaterMs;
    const isBusy = isServed(definition, own);
    const isEmpty = cover.standbyKeys === 0;
    // However far away the next rotation is: an emergency could come today.
    if (!isSoon && (!isEmpty || isBusy)) return undefined;
    const keys = isEmpty
      ? 'no standby key is left, so that nothing could take the place of a stolen key'
      : `${cover.standbyKeys} standby ${cover.standbyKeys === 1 ? 'key' : 'keys'}`;
    return {
      grade: isSoon && cover.rotations === 0 && !isBusy ? 'empty' : 'low',
      reason: `${keys}, and ${rotationText(cover)} will find none that lives long enough`,
      workspaceId: definition.workspaceId,
    };
  },

  'key-expiring': (snapshot) => {
    const current = snapshot.own.find((record) => record.state === 'current');
    if (current === undefined || !expiresTooSoon(snapshot, snapshot.now)) return undefined;
    return { reason: `it expires ${utcMinute(current.expiresAt ?? 0)}, before its next grace is over`, apiKeyId: current.apiKeyId };
  },

  'replica-behind': ({ secret, now }) => {
    const lags = now - (secret.lastChangedAt ?? now) > replicaLagMs;
    const behind = secret.replicas.filter(({ status }) => status === 'Failed' || (status === 'InProgress' && lags));
    if (behind.length === 0) return undefined;
    const texts = behind.map(
      ({ region, status, message }) => `${region} ${status === 'Failed' ? 'failed' : 'lags'}${message === null ? '' : ` (${message})`}`,
    );
    return { reason: texts.join('; ') };
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
function deadFacts(dead: ApiKeyRecord, shown: string, snapshot: Snapshot): AlarmFacts {
  const replacement = replacementOf(dead, snapshot);
  const late =
    replacement.by === 'itself' && isLate(dead, snapshot.now) ? 'it could not be replaced within a quarter of an hour' : undefined;
  const waits = replacement.by === 'people' ? replacement.because : late;
  return {
    reason: `${shown}: ${deadKeyText(dead, snapshot)}${waits === undefined ? '' : `; it is not replaced by itself: ${waits}`}`,
    apiKeyId: dead.apiKeyId,
    startedAt: dead.seenActiveAt ?? snapshot.activeAt.get(dead.apiKeyId) ?? dead.foundDeadAt ?? snapshot.now,
    workspaceId: snapshot.definition.workspaceId,
    grade: waits === undefined ? 'replacing' : 'dead',
  };
}

/** What a pass recorded of a dead current key, where Anthropic was not asked. */
export function recordedDeadKey(snapshot: Snapshot): Condition | undefined {
  const dead = snapshot.own.find(({ state, foundDeadAt }) => state === 'current' && foundDeadAt !== undefined);
  if (dead === undefined || snapshot.secret.deletionAt !== null) return undefined;
  const facts = deadFacts(dead, 'Anthropic did not show it as active', snapshot);
  return { kind: 'current-key-dead', managedKey: snapshot.definition.name, facts };
}

/** The key that consumers read, where it was cut off and nothing has taken its place: each of their requests fails. */
export function cutOffLast({ own, secret }: Pick<Snapshot, 'own' | 'secret'>): ApiKeyRecord | undefined {
  if (own.some((record) => record.state === 'current')) return undefined;
  return own.find((record) => record.state === 'contained' && isServing(record, secret));
}

/** Secrets Manager refuses every read of a secret from the moment on in which somebody schedules its deletion. */
function secretDeletion({ definition, own, secret, infos, refused, now }: Snapshot): AlarmFacts | undefined {
  const current = own.find((record) => record.state === 'current');
  if (secret.deletionAt === null || current === undefined) return undefined;
  const dead =
    infos.has(current.apiKeyId) && isFoundDead(current, { infos, refused, now })
      ? `; and ${current.apiKeyId} itself is dead at Anthropic`
      : '';
  const reason = `somebody scheduled their secret ${definition.secretName} for deletion, which nothing brings back after ${utcMinute(secret.deletionAt)}${dead}`;
  return { reason, apiKeyId: current.apiKeyId, grade: 'secret-deleted' };
}

function rotationText({ isScheduled, rotations, until }: PoolCover): string {
  if (isScheduled) return `the rotation of ${utcMinute(until)}`;
  return `${rotations === 0 ? 'the next rotation' : `the one after ${rotations} more`}, which is not scheduled now,`;
}

function straggling(record: ApiKeyRecord, { definition: { rotation }, lastUses, usageKnownUntil, now }: Snapshot): readonly AlarmFacts[] {
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
    const still = isKnown(usageKnownUntil, now) ? 'was still used' : 'was used, and nobody could see whether it still was,';
    return [{ ...facts, reason: `the old key ${still} when its maximum grace was over`, grade: 'cut' }];
  }
  // Not merely "not quiet for long enough yet": tokens were seen after the time that every consumer had to move on.
  if (use.at <= switchedAt + rotation.minimumGraceMs) return [];
  // Early enough to act on it where the maximum is near.
  const { minimumGraceMs, maximumGraceMs } = rotation;
  if (now < switchedAt + Math.min(2 * minimumGraceMs, (minimumGraceMs + maximumGraceMs) / 2)) return [];
  const used = grace.because === 'usage unknown' ? 'was still used when usage was last known' : `is ${grace.because}`;
  const end = rotation.atMaximum === 'cut' ? { validUntil: switchedAt + maximumGraceMs } : {};
  return [{ ...facts, reason: `the old key ${used}`, ...end, grade: 'used' }];
}

const recovered: Readonly<Record<WatchedKind, string>> = {
  straggler: 'the old key went quiet',
  'current-key-dead': 'consumers read a key that works again',
  'key-changed': 'what Key Guard knows of its keys is what Anthropic and Secrets Manager show',
  'rotation-overdue': 'a rotation has succeeded, or its policy leaves more time',
  'pool-low': 'the pool reaches far enough again',
  'key-expiring': 'the current key lives long enough',
  'replica-behind': 'no replica has failed, or has been behind for a quarter of an hour',
};

/** Why a watched incident is over once its condition is found no more, in a person's words. */
export const recoveries: ReadonlyMap<IncidentKind, string> = new Map(watchedKinds.map((kind) => [kind, recovered[kind]]));

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
): string | undefined {
  if (kind === 'straggler') return endOfStraggler(apiKeyId, own, now);
  const isWritten = [grade, ...changes.map((change) => change.grade)].some((each) => each === 'secret-written' || each === 'label-moved');
  if (!ofCurrentKey.includes(kind) && !isWritten) return recoveries.get(kind);
  const current = own.find((record) => record.state === 'current');
  // A rotation that has just succeeded is one, whatever else is known of its key.
  if (current === undefined || (kind !== 'rotation-overdue' && settled([current], now).length === 0)) return undefined;
  // A rotation that has taken the last standby key fills no pool.
  if (kind === 'pool-low' && !own.some((record) => record.state === 'standby')) return undefined;
  return kind === 'current-key-dead' && current.intent !== undefined ? undefined : recoveries.get(kind);
}

/** Not every straggler goes quiet: some are ended while they are used. */
function endOfStraggler(apiKeyId: string | undefined, own: readonly ApiKeyRecord[], now: number): string {
  const record = own.find((each) => each.apiKeyId === apiKeyId);
  if (record !== undefined && isRevoked(record, now)) return 'an emergency takes its grace';
  if (record === undefined || record.state === 'draining') return recovered.straggler;
  return `it is ${record.state}${record.cause === undefined ? '' : ` (${causeText(record.cause)})`}`;
}

/**
 * Whether nobody looks at what the incident is about any more, because its managed key is not among the configured `names`. The
 * detector looks at inactive keys of any managed key, and retirement at those that were left active.
 */
export function isRemoved(
  { kind, subject, facts }: Pick<IncidentRecord, 'kind' | 'subject' | 'facts'>,
  names: ReadonlySet<string>,
): boolean {
  if (names.has(subject) || subject === unattributed || subject === usageReport) return false;
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
      .map(({ apiKeyId }): Change => {
        const reason = `${apiKeyId} is still active at Anthropic, although ${managedKey} was taken out of the configuration`;
        return { grade: 'left-active', apiKeyId, reason };
      });
    const facts = asOne(changes);
    return facts === undefined ? [] : [{ kind: 'key-changed', managedKey, facts }];
  });
}

interface Change extends ChangeFacts {
  readonly grade: ChangeGrade;
}
type ChangeGrade = (typeof incidentGrades)['key-changed'][number];

/** One incident for all that was changed: the worst of it names the grade. */
function asOne(changes: readonly Change[]): AlarmFacts | undefined {
  const worst = [...changes].sort((a, b) => rank(b.grade) - rank(a.grade))[0];
  if (worst === undefined || changes.length === 1) return worst;
  return { ...worst, reason: changes.map((change) => change.reason).join('; '), changes };
}

function rank(grade: ChangeGrade): number {
  return incidentGrades['key-changed'].indexOf(grade);
}

function changedKeys({ own, infos, secret, now }: Snapshot): readonly Change[] {
  return settled(own, now).flatMap((record): readonly Change[] => {
    const { apiKeyId, state, intent } = record;
    const late = isServing(record, secret) ? undefined : lateActivation(record, now);
    // What is about to be done is our own doing; that it is deactivated again lasts until it is inactive.
    if (intent !== undefined && (late === undefined || intent.ordered !== true)) return [];
    const status = infos.get(apiKeyId)?.status ?? 'gone';
    if (late !== undefined && status === 'active') {
      const reason = `${apiKeyId} is ${state} since an undo that failed, was found active and is deactivated again`;
      return late === 'may come' ? [] : [{ grade: 'undone-key-woken', apiKeyId, reason }];
    }
    if ((state === 'inactive' || state === 'contained') && status === 'active') {
      const what = state === 'inactive' ? 'is an old key' : 'was cut off';
      return [{ grade: 'old-key-woken', apiKeyId, reason: `${apiKeyId} ${what}, and somebody enabled it again` }];
    }
    if ((state === 'standby' || state === 'rejected') && status === 'active') {
      return [{ grade: 'standby-key-woken', apiKeyId, reason: `${apiKeyId} is a ${state} key, was found active and is deactivated again` }];
    }
    // That a key is dead which died while consumers read it people were told, and its replacement mended it.
    if (
      (state === 'standby' || state === 'inactive' || state === 'contained') &&
      status === 'archived' &&
      record.foundDeadAt === undefined
    ) {
      const loss = state === 'standby' ? 'the pool has lost it' : 'it cannot be restored';
      return [{ grade: 'key-archived', apiKeyId, reason: `${apiKeyId} is ${state}, and somebody archived it: ${loss}` }];
    }
    const isExpected = record.foundDeadAt !== undefined || (status === 'expired' && hasExpired(record, now));
    if (state === 'draining' && status !== 'active' && status !== 'unknown' && !isExpected) {
      return [
        { grade: 'old-key-disabled', apiKeyId, reason: `${apiKeyId} is in its grace, and is ${status} at Anthropic before its time` },
      ];
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
  if (isSwitchedByHand(current)) {
    const reason = `somebody moved AWSCURRENT to ${current.apiKeyId}, a key that a rotation had replaced`;
    return [{ grade: 'label-moved', apiKeyId: current.apiKeyId, reason }];
  }
  if (own.some((record) => record.token === version)) return [];
  const reason = 'AWSCURRENT holds a version that no rotation made: somebody wrote the secret by hand';
  return [{ grade: 'secret-written', apiKeyId: current.apiKeyId, reason }];
}

function settled(own: readonly ApiKeyRecord[], now: number): readonly ApiKeyRecord[] {
  return own.filter((record) => isListCaughtUp(record, now));
}

function days(ms: number): string {
  return `${counted(Math.round(ms / dayMs), 'day')} at the most`;
}
