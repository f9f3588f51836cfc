import type { Cause } from '../../../contract/causes.ts';
import type { ApiKeyState } from '../../../contract/api-key-states.ts';
import type { ApiKeyIntent, ApiKeyRecord } from '../../../contract/records.ts';
import { minuteMs } from '../../foundation/clock.ts';
import { hasUndoRequest } from '../claim.ts';
import type { Snapshot } from '../conditions.ts';
import { isOver, type Shown } from '../verify-revoked.ts';
import { judgeGrace } from '../grace.ts';
import { emergencyOf, fenceMs, lateActivation } from '../lifecycle.ts';
import { hasAwsCurrent } from '../staging-labels.ts';

/** A claim younger than this may belong to a rotation that is still running. */
export const claimGraceMs = 15 * minuteMs;
/** Containment stores its intent anew with each attempt, a minute apart: an older one was left. */
const containmentMs = 15 * minuteMs;

/** One API key of a snapshot, as the rules see it. */
export interface Key {
  readonly record: ApiKeyRecord;
  readonly intent: ApiKeyIntent | undefined;
  readonly snapshot: Snapshot;
  readonly now: number;
  /** What Anthropic shows of it: a second look, where there was one, else the list. */
  readonly status: Shown;
  readonly isLookedAt: boolean;
}

export function intends({ intent }: Key, to: ApiKeyState): boolean {
  return intent?.to === to;
}

/** Whether whoever stored the intent may still be at work. */
export function isAtWork(key: Key): boolean {
  return key.intent !== undefined && key.now < atWorkUntil(key.intent);
}

export function atWorkUntil({ to, at, ordered }: ApiKeyIntent): number {
  return at + (to === 'contained' && ordered !== true ? containmentMs : fenceMs);
}

export function hasLabel({ record: { token }, snapshot: { secret } }: Key, label: string): boolean {
  return token !== undefined && secret.stages.get(token)?.includes(label) === true;
}

export function serves({ record, snapshot }: Key): boolean {
  return hasAwsCurrent(record, snapshot.secret);
}

export function isGivenBack({ record, intent, now }: Key): boolean {
  return intent === undefined ? lateActivation(record, now) !== undefined : intent.ordered === true;
}

/** Whether an undo asks for it now. */
export function isAskedFor({ record, now }: Key): boolean {
  return hasUndoRequest(record, now);
}

/** Nobody fulfilled in time what an operator asked for. */
export function isUndoLapsed({ record }: Key): boolean {
  return record.undoRequest !== undefined;
}

/** What the second look showed the list does not show yet: the next pass decides. */
export function isListBehind({ record, snapshot, status, isLookedAt }: Key): boolean {
  return isLookedAt && status !== (snapshot.infos.get(record.apiKeyId)?.status ?? 'gone');
}

export function isListedArchived(status: Shown): boolean {
  return status === 'archived';
}

/** A list that lacks it is no proof. Nor is an answer about it where Anthropic shows no other key, or not the one that consumers have. */
export function mayBeGone({ record, intent, snapshot: { own, infos } }: Key): boolean {
  const showsCurrent = own.every(({ state, apiKeyId }) => state !== 'current' || infos.has(apiKeyId));
  return intent !== undefined || (record.state === 'standby' && infos.size > 0 && showsCurrent);
}

/** Why a draining key is over now; undefined while it is not. What a killed run made inactive already is over for that run's reason. */
export function endOf({ record, intent, status, snapshot, now }: Key): Cause | undefined {
  if (intent !== undefined && status !== 'active') return intent.cause;
  // A list that lacks it is not proof enough to cut its grace short.
  if (isOver(status) && status !== 'gone') return { code: 'ended-at-anthropic', status };
  const { definition, lastUses, usageKnownUntil } = snapshot;
  const switchedAt = record.switchedAt ?? record.since;
  const emergency = emergencyOf(record, now);
  const lastTokensAt = lastUses.get(record.apiKeyId)?.at ?? null;
  const grace = judgeGrace({ switchedAt, revokeRequest: emergency !== undefined, lastTokensAt, usageKnownUntil }, definition.rotation, now);
  if (grace.verdict !== 'retire') return undefined;
  const inGrace = emergency !== undefined && emergency.at > switchedAt ? ({ inGrace: true } as const) : {};
  return { code: 'grace-over', end: grace.because, ...inGrace };
}
