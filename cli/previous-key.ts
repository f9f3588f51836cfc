import type { ManagedKeyDefinition, RotationPolicy } from '../contract/policy.ts';
import type { ApiKeyRecord, IncidentRecord, LastUseRecord } from '../contract/records.ts';
import { judgeGrace } from '../lambda/rotation/grace.ts';
import { isRevoked } from '../lambda/rotation/lifecycle.ts';
import type { RuleName } from '../lambda/rotation/plan.ts';
import { instant, lengthText } from './output.ts';

/** Whether consumers may hold it as the previous key: in its grace, or on its way back from there. */
export function isPrevious({ state, origin }: ApiKeyRecord): boolean {
  return state === 'draining' || origin?.state === 'draining';
}

/** An old key in its grace. Instants are epoch ms, UTC. */
export interface PreviousKey {
  readonly apiKeyId: string;
  readonly hint: string;
  readonly switchedAt: number;
  /** It stays valid at least until then. */
  readonly validAtLeastUntil: number;
  /** Null: the policy waits for silence, however long that takes. */
  readonly validAtMostUntil: number | null;
  /** Why Anthropic does not accept it although it is in its grace, as far as that is known; null: it does. */
  readonly dead: string | null;
  /** Why it is not inactive yet, in plain words. */
  readonly waits: string;
}

/** What is known of an old key that does not work before its time, because somebody else ended it. */
function deadKeyText({ apiKeyId, foundDeadAt }: ApiKeyRecord, incidents: readonly IncidentRecord[]): string | null {
  if (foundDeadAt !== undefined) return `it was found dead at Anthropic ${instant(foundDeadAt)}, before it was replaced`;
  const isDisabled = incidents.some(
    ({ kind, state, facts }) =>
      kind === 'key-changed' &&
      state !== 'recovered' &&
      [facts, ...(facts.changes ?? [])].some((change) => change.grade === 'old-key-disabled' && change.apiKeyId === apiKeyId),
  );
  return isDisabled ? 'somebody disabled it before its grace was over' : null;
}

interface Evidence {
  /** Those of its managed key that have not ended. */
  readonly incidents: readonly IncidentRecord[];
  readonly lastUse: LastUseRecord | undefined;
  readonly usageKnownUntil: number;
  /** The rule by which retirement does what it does with it, or waits. */
  readonly because: RuleName;
}

/** What holds an old key before its grace is even looked at. */
const held: Partial<Record<RuleName, string>> = {
  'containment-at-work': 'an incident cuts it off',
  'containment-unfinished': 'an incident cuts it off',
  'undo-asked-for': 'an operator asked for an undo: it becomes current again, if it can',
  serving: 'consumers read it again: AWSCURRENT was moved back to it',
};

/** Judged as retirement judges it, and put into words; of a paused managed key, what its time has come for stays. */
export function previousKey(record: ApiKeyRecord, { rotation }: ManagedKeyDefinition, evidence: Evidence, now: number): PreviousKey {
  const { lastUse, usageKnownUntil, incidents, because } = evidence;
  const switchedAt = record.switchedAt ?? record.since;
  const minimumEnd = switchedAt + rotation.minimumGraceMs;
  const quietSince = Math.max(lastUse === undefined ? switchedAt : lastUse.at + 60_000, switchedAt);
  const latest = rotation.atMaximum === 'cut' ? switchedAt + rotation.maximumGraceMs : null;
  const earliest = Math.max(minimumEnd, quietSince + rotation.quietMs);
  const verdict = judgeGrace(
    { switchedAt, lastTokensAt: lastUse?.at ?? null, usageKnownUntil, revokeRequest: isRevoked(record, now) },
    rotation,
    now,
  );
  const expiry = record.expiresAt ?? Number.POSITIVE_INFINITY;
  const ripe = latest === null ? earliest : Math.min(earliest, Math.max(latest, minimumEnd));
  const comesBack = record.state === 'draining' ? undefined : 'an operator asked for an undo: its proof is under way';
  const hasCome = expiry <= now ? `it expired ${instant(record.expiresAt)}` : undefined;
  const stays =
    because === 'paused' && verdict.verdict === 'retire' ? 'its time has come, and it stays while the managed key is paused' : undefined;
  return {
    apiKeyId: record.apiKeyId,
    hint: record.hint,
    switchedAt,
    validAtLeastUntil: Math.min(isRevoked(record, now) ? now : ripe, expiry),
    validAtMostUntil: latest === null && record.expiresAt === null ? null : Math.min(latest ?? expiry, expiry),
    dead: deadKeyText(record, incidents),
    waits:
      comesBack ??
      held[because] ??
      hasCome ??
      stays ??
      reason(verdict.because, { minimumEnd, quiet: lengthText(rotation.quietMs), lastUse, usageKnownUntil }),
  };
}

/** What the policy promises for a key that is replaced at `switchedAt`, before any usage is known. */
export function graceText(record: ApiKeyRecord, policy: RotationPolicy, switchedAt: number): string {
  const { expiresAt } = record;
  if (isRevoked(record, switchedAt)) return 'gets no grace: an emergency cuts it off within minutes';
  const dead = deadKeyText(record, []);
  if (dead !== null) return `does not work: ${dead}`;
  if (expiresAt !== null && expiresAt <= switchedAt) return `expired ${instant(expiresAt)}`;
  const minimumEnd = switchedAt + policy.minimumGraceMs;
  if (expiresAt !== null && expiresAt <= minimumEnd) return `stays valid until ${instant(expiresAt)}, when it expires`;
  const atLeast = `stays valid until ${instant(minimumEnd)}, then until it was quiet for ${lengthText(policy.quietMs)}`;
  return policy.atMaximum === 'cut' ? `${atLeast}, at the latest until ${instant(switchedAt + policy.maximumGraceMs)}` : atLeast;
}

/** Until when it is valid at least; epoch ms, UTC. */
export function graceEnd(record: ApiKeyRecord, policy: RotationPolicy, switchedAt: number): number {
  if (isRevoked(record, switchedAt)) return switchedAt;
  if (record.foundDeadAt !== undefined) return record.foundDeadAt;
  return Math.min(switchedAt + policy.minimumGraceMs, record.expiresAt ?? Number.POSITIVE_INFINITY);
}

type Because = ReturnType<typeof judgeGrace>['because'];

function reason(
  because: Because,
  known: {
    readonly minimumEnd: number;
    readonly quiet: string;
    readonly lastUse: LastUseRecord | undefined;
    readonly usageKnownUntil: number;
  },
): string {
  const { lastUse } = known;
  const used = lastUse === undefined ? 'no use of it is known' : `last used ${instant(lastUse.at)} with ${lastUse.model}`;
  switch (because) {
    case 'minimum grace':
      return `minimum grace until ${instant(known.minimumEnd)}; ${used}`;
    case 'usage unknown':
      return known.usageKnownUntil === 0
        ? 'nobody can tell whether it is quiet: no tokens of anybody in the organization were ever visible; it waits for them'
        : `silence is known only until ${instant(known.usageKnownUntil)}: nothing later was read, nobody's later tokens are visible, or the report has just gone on after an unusual pause; it waits`;
    case 'still used':
      return `it must be quiet for ${known.quiet}; ${used}`;
    case 'still used past the maximum':
      return `still used past the maximum grace, and the policy waits; ${used}`;
    case 'silent':
      return 'quiet for long enough: it becomes inactive within minutes';
    case 'emergency':
      return 'an operator took its grace away: it becomes inactive within minutes';
    case 'maximum grace':
      return 'the maximum grace is over: it becomes inactive within minutes';
  }
}
