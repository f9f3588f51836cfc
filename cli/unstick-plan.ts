import type { ApiKeyRecord } from '../contract/records.ts';
import { minuteMs } from '../lambda/foundation/clock.ts';
import { isAbandoned, settledMs, type KeyReading } from './key-findings.ts';
import { claimedKey, openVersion } from './key-sight.ts';
import { instant } from './output.ts';

/** The rotation function's time-out: after it no run is at work on a rotation that has claimed nothing, or was cancelled. */
const idleMs = 5 * minuteMs;

export interface UnstickPlan {
  /** The version that AWSPENDING is taken off. */
  readonly discard: string | undefined;
  /** Keys whose wish to come back is taken back. */
  readonly wishes: readonly ApiKeyRecord[];
  /** What will be done, a sentence each; nothing is stuck where there is none. */
  readonly does: readonly string[];
  /** What only needs time. */
  readonly waits: readonly string[];
}

/** What stands in a managed key's way that can be cleared away. */
export function unstickPlan(reading: KeyReading): UnstickPlan {
  const { own, now } = reading;
  const discard = stuckVersion(reading);
  const claimed = discard === undefined ? undefined : claimedKey(reading);
  const wishes = own.filter((record) => record.wanted !== undefined);
  const halfDone = own.filter(({ intent }) => intent !== undefined && now - intent.at > settledMs);
  const abandoned = own.filter((record) => isAbandoned(record, reading) || record === claimed);
  const isDue = ({ since }: ApiKeyRecord): boolean => now - since >= settledMs;
  return {
    discard,
    wishes,
    does: [
      ...wishes.map(({ apiKeyId, wanted }) => `The wish that ${apiKeyId} comes back is taken back (${wanted?.because ?? ''}).`),
      ...(discard === undefined ? [] : [`AWSPENDING is taken off version ${discard}, whose rotation does not end.`]),
      ...halfDone.map(
        ({ apiKeyId, intent }) => `Retirement finishes that ${apiKeyId} becomes ${intent?.to ?? ''} (${intent?.because ?? ''}).`,
      ),
      ...abandoned.filter(isDue).map(({ apiKeyId }) => `Retirement returns ${apiKeyId} to where it was claimed from.`),
    ],
    waits: abandoned
      .filter((record) => !isDue(record))
      .map(({ apiKeyId, since }) => `${apiKeyId} is returned 15 minutes after its claim, at ${instant(since + settledMs)}.`),
  };
}

/** A rotation is given 15 minutes after its claim; one that has claimed nothing, or was cancelled, five. */
function stuckVersion(reading: KeyReading): string | undefined {
  const { secret, openSince, now } = reading;
  const versionId = openVersion(reading);
  const patienceMs = claimedKey(reading) !== undefined && secret.rotationEnabled ? settledMs : idleMs;
  return openSince !== undefined && now - openSince < patienceMs ? undefined : versionId;
}
