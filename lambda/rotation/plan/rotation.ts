import type { RotationEnd } from '../../../contract/causes.ts';
import type { ApiKeyRecord, OperatorRequest } from '../../../contract/records.ts';
import { hourMs, minuteMs } from '../../foundation/clock.ts';
import { chooseNext, hasUndoRequest } from '../claim.ts';
import { cutOffLast, type Snapshot } from '../conditions.ts';
import { deadKeyCause } from '../dead-key.ts';
import { emergencyOf } from '../lifecycle.ts';
import { emergencyStopped, owesRotation, undoInVain, type FailedRotation } from '../ports.ts';
import { cutOffCause, failureCause, requestCause, type RotationCause } from '../rotation-token.ts';

/** Secrets Manager tries again by itself for a while, and whoever asked for a rotation may still be at it. */
const restMs = 15 * minuteMs;
const askedMs = 5 * minuteMs;
/** A rotation that is open for longer has not finished in time: people are told. */
const tooLongMs = hourMs;

/** A version that is AWSPENDING and not current, and since when. */
export interface OpenRotation {
  readonly versionId: string;
  readonly since: number;
}

export interface RotationView {
  readonly snapshot: Snapshot;
  readonly open: OpenRotation | undefined;
  /** The rotation that people were told of as failed. */
  readonly failed: FailedRotation | undefined;
}

/** Of a dead current key, with its record. */
type DueCause = RotationCause & { readonly dead?: ApiKeyRecord };

/** What is due of a managed key's rotations; absent: nothing. */
export interface RotationSteps {
  /** A rotation is started, for this reason. */
  readonly start?: DueCause;
  /** People are told that the emergency of this key does not go on by itself. */
  readonly stopped?: ApiKeyRecord;
  /** People are told that this rotation has neither finished nor failed. */
  readonly late?: OpenRotation;
  /** The failure that people were told of is over. */
  readonly end?: RotationEnd;
}

type Rule = (view: RotationView) => DueCause | 'none' | undefined;

/** Why a rotation is due: the first rule that answers says so; `none`: nothing is started, whatever the rules below would say. */
const rules: Readonly<Record<string, Rule>> = {
  paused: ({ snapshot: { pause } }) => (pause === undefined ? undefined : 'none'),
  'schedule-off': ({ snapshot: { secret } }) => (secret.rotationEnabled ? undefined : 'none'),
  'no-key-to-take': (view) => (hasKey(view) ? undefined : 'none'),
  'undo-asked-for': ({ snapshot: { own, now } }) =>
    firstOf(own, (record) => (hasUndoRequest(record, now) ? asked(record, record.undoRequest, now) : undefined)),
  'emergency-asked-for': ({ snapshot: { own, now } }) =>
    firstOf(own, (record) => (record.state === 'current' ? asked(record, emergencyOf(record, now), now) : undefined)),
  'rotation-failed': ({ snapshot: { definition, own, now }, failed }) =>
    isOwed(failed, own) && now - failed.at >= restMs ? failureCause(definition.name, failed.at) : undefined,
  'rotation-open': ({ snapshot: { now }, open }) =>
    open !== undefined && now - open.since >= restMs ? { why: 'open rotation', about: open.versionId, at: open.since } : undefined,
  'rotation-at-work': ({ snapshot: { own }, open, failed }) => (open !== undefined || isOwed(failed, own) ? 'none' : undefined),
  // Consumers have no key that works: the first one that is added is theirs.
  'last-key-cut-off': ({ snapshot }) => {
    const cut = cutOffLast(snapshot);
    return cut === undefined ? undefined : cutOffCause(cut);
  },
  'current-key-dead': ({ snapshot }) => deadKeyCause(snapshot),
};

/** Pure: the same view gives the same steps. */
export function planRotation(view: RotationView): RotationSteps {
  const { snapshot, open, failed } = view;
  const start = firstOf(Object.values(rules), (rule) => rule(view));
  const stopped = stoppedEmergency(snapshot);
  const end = open === undefined && failed !== undefined ? endOf(failed, snapshot) : undefined;
  return {
    ...(start === undefined || start === 'none' ? {} : { start }),
    ...(stopped === undefined ? {} : { stopped }),
    ...(open !== undefined && snapshot.now - open.since > tooLongMs ? { late: open } : {}),
    ...(end === undefined ? {} : { end }),
  };
}

/** Whether a rotation has its key already, or could take one. */
function hasKey({ snapshot: { definition, own, now }, open }: RotationView): boolean {
  if (open !== undefined && own.some(({ state, token }) => state === 'pending' && token === open.versionId)) return true;
  return chooseNext(own, definition, now).claim !== 'none';
}

/** Whoever asked for it has had the time to see to it. */
function asked({ apiKeyId }: ApiKeyRecord, request: OperatorRequest | undefined, now: number): DueCause | undefined {
  return request !== undefined && now - request.at >= askedMs ? requestCause(apiKeyId, request) : undefined;
}

function isOwed(failed: FailedRotation | undefined, own: Snapshot['own']): failed is FailedRotation {
  return failed !== undefined && owesRotation(failed) && !isOvercome(failed, own);
}

/** Whether a switch has followed the failure. */
function isOvercome(failed: FailedRotation, own: Snapshot['own']): boolean {
  return own.some(({ state, since }) => state === 'current' && since > failed.at);
}

/** How a failure is over; undefined while it is not. */
function endOf(failed: FailedRotation, { own, now }: Snapshot): RotationEnd | undefined {
  if (isOvercome(failed, own)) return 'switched';
  const { grade } = failed.facts;
  if (grade === undoInVain) return 'still-current';
  const stands = own.some((record) => record.state === 'current' && emergencyOf(record, now) !== undefined);
  return grade === emergencyStopped && !stands ? 'emergency-lapsed' : undefined;
}

/**
 * The key of an emergency that does not go on by itself: its command died before it had ended a pause and turned the schedule on, or
 * somebody has paused the managed key since.
 */
function stoppedEmergency({ own, secret, pause, now }: Snapshot): ApiKeyRecord | undefined {
  if (secret.rotationEnabled && pause === undefined) return undefined;
  return own.find((record) => record.state === 'current' && asked(record, emergencyOf(record, now), now) !== undefined);
}

function firstOf<T, R>(things: readonly T[], of: (thing: T) => R | undefined): R | undefined {
  for (const thing of things) {
    const found = of(thing);
    if (found !== undefined) return found;
  }
  return undefined;
}
