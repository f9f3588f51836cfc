import { isDeepStrictEqual } from 'node:util';
import type { AlarmCause, Cause } from '../../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { minuteMs } from '../../foundation/clock.ts';
import { poll } from '../../foundation/poll.ts';
import { isOld } from '../lifecycle.ts';
import type { FailedRotation } from '../ports.ts';
import { versionWith } from '../staging-labels.ts';
import type { CommandPorts } from './ports.ts';
import type { StartedRotation } from './start.ts';

/** Longer than the function's own time-out of five minutes. */
const deadlineMs = 6 * minuteMs;
const beatMs = 2_000;

export interface Rotated {
  readonly outcome: 'rotated';
  readonly versionId: string;
  readonly current: ApiKeyRecord;
  /** The key that it replaced. */
  readonly previous: ApiKeyRecord | undefined;
}

export type RotationOutcome =
  | Rotated
  | { readonly outcome: 'failed'; readonly cause: AlarmCause }
  /** Of an undo: the old key is as it was. */
  | { readonly outcome: 'not back'; readonly cause: Cause | undefined }
  | { readonly outcome: 'timed out'; readonly afterMs: number };

/**
 * Looks until AWSCURRENT has moved and the records say so, the function says that it failed, or the time is up. `claimed` is told of
 * each key that the rotation takes, once.
 */
export async function followRotation(
  { name, secretName }: ManagedKeyDefinition,
  { leaving, back, failedBefore }: StartedRotation,
  claimed: (record: ApiKeyRecord) => void,
  { ledger, secrets, alarm, clock }: Pick<CommandPorts, 'ledger' | 'secrets' | 'alarm' | 'clock'>,
): Promise<RotationOutcome> {
  const told = new Set<string>();
  const look = async (): Promise<RotationOutcome | undefined> => {
    const { stages } = await secrets.describe(secretName);
    const version = versionWith(stages, 'AWSCURRENT');
    const own = await ledger.of(name);
    const current = own.find((record) => record.token === version && record.state === 'current');
    if (version !== undefined && current !== undefined && current.apiKeyId !== leaving) return rotatedTo(current, version, own);
    const released = own.find((record) => record.apiKeyId === back?.apiKeyId);
    if (released !== undefined && isGivenUp(released, back)) return { outcome: 'not back', cause: released.cause };
    const pending = versionWith(stages, 'AWSPENDING');
    const taken = own.find((record) => record.state === 'pending' && record.token === pending);
    if (taken !== undefined && !told.has(taken.apiKeyId)) {
      told.add(taken.apiKeyId);
      claimed(taken);
    }
    const failed = await alarm.lasting('rotation-failed', name);
    if (failed !== undefined && isNews(failed, failedBefore)) return { outcome: 'failed', cause: failed.facts.cause };
    return undefined;
  };
  const outcome = await poll(look, (seen) => seen !== undefined, { deadlineMs, beatMs }, clock);
  return outcome ?? { outcome: 'timed out', afterMs: deadlineMs };
}

/** Whether the rotation that was to bring it back gave it up since. */
function isGivenUp({ state, revision, cause }: ApiKeyRecord, before: ApiKeyRecord | undefined): boolean {
  return before !== undefined && isOld(state) && revision > before.revision && !isDeepStrictEqual(cause, before.cause);
}

/** A finding on an open incident moves nothing but its instant. */
function isNews({ openedAt, at }: FailedRotation, before: FailedRotation | undefined): boolean {
  return before?.openedAt !== openedAt || before.at !== at;
}

/** The rotation that made `current` what it is, once it is over. */
export function rotatedTo(current: ApiKeyRecord, versionId: string, own: readonly ApiKeyRecord[]): Rotated {
  const previous = own
    .filter((record) => record.state === 'draining' && record.cause?.code === 'replaced' && record.cause.by === current.apiKeyId)
    .sort((a, b) => b.since - a.since)[0];
  return { outcome: 'rotated', versionId, current, previous };
}
