import type { ApiKeyRecord } from '../contract/records.ts';
import { causeText } from '../lambda/incidents/message/cause-text.ts';
import { fenceMs } from '../lambda/rotation/lifecycle.ts';
import { settledMs, type KeyReading } from './key-findings.ts';
import { claimedKey, isAbandoned, openVersion } from '../lambda/rotation/commands/snapshot.ts';
import { instant } from './output.ts';

export interface UnstickPlan {
  /** The version that AWSPENDING is taken off. */
  readonly discard: string | undefined;
  /** Keys whose wish to come back is taken back. */
  readonly wishes: readonly ApiKeyRecord[];
  /** What will be done; nothing is stuck where there is none. */
  readonly acts: readonly Act[];
  /** What only needs time. */
  readonly waits: readonly string[];
}

/** One thing that is cleared away. */
interface Act {
  readonly will: string;
  /** What became of it, told from a second look; undefined where it stands as before. */
  readonly did: (after: KeyReading) => string | undefined;
}

/** What stands in a managed key's way that can be cleared away. */
export function unstickPlan(reading: KeyReading): UnstickPlan {
  const { own, now } = reading;
  const discard = stuckVersion(reading);
  const claimed = discard === undefined ? undefined : claimedKey(reading);
  const wishes = own.filter((record) => record.wanted !== undefined);
  const isOver = (record: ApiKeyRecord): boolean => isAbandoned(record, reading) || record === claimed;
  const mayServe = own.filter((record) => record.intent?.to === 'current' && isOver(record));
  const isYoung = ({ intent }: ApiKeyRecord): boolean => intent !== undefined && now - intent.at < fenceMs;
  const switching = mayServe.filter((record) => !isYoung(record));
  const halfDone = own.filter((record) => record.intent !== undefined && now - record.intent.at > settledMs && !mayServe.includes(record));
  const abandoned = own.filter((record) => isOver(record) && !mayServe.includes(record));
  const isDue = ({ since }: ApiKeyRecord): boolean => now - since >= settledMs;
  return {
    discard,
    wishes,
    acts: [
      ...wishes.map(takenBack),
      ...(discard === undefined ? [] : [discarded(discard)]),
      ...switching.map(mayHaveServed),
      ...halfDone.map(finished),
      ...abandoned.filter(isDue).map(returned),
    ],
    waits: [
      ...mayServe
        .filter(isYoung)
        .map(
          ({ apiKeyId }) =>
            `${apiKeyId} may have become current a moment ago: in five minutes it gets its grace, if it is not current then.`,
        ),
      ...abandoned
        .filter((record) => !isDue(record))
        .map(({ apiKeyId, since }) => `${apiKeyId} is returned 15 minutes after its claim, at ${instant(since + settledMs)}.`),
    ],
  };
}

function takenBack({ apiKeyId, wanted }: ApiKeyRecord): Act {
  const will = `The wish that ${apiKeyId} comes back is taken back (${wanted?.because ?? ''}).`;
  return {
    will,
    did: (after) => {
      const record = recordIn(after, apiKeyId);
      if (record?.wanted !== undefined) return undefined;
      const cameBack = record?.state === 'pending' || record?.state === 'current';
      return cameBack ? `The wish that ${apiKeyId} comes back had been carried out before: it is ${record.state}.` : will;
    },
  };
}

function discarded(versionId: string): Act {
  return {
    will: `AWSPENDING is taken off version ${versionId}, whose rotation does not end.`,
    did: ({ secret }) => {
      const labels = secret.stages.get(versionId) ?? [];
      if (labels.includes('AWSCURRENT')) return `Version ${versionId} had become current before.`;
      return labels.includes('AWSPENDING') ? undefined : `AWSPENDING is taken off version ${versionId}.`;
    },
  };
}

/** Nobody can tell whether AWSCURRENT moved to it for a moment. */
function mayHaveServed({ apiKeyId }: ApiKeyRecord): Act {
  return {
    will: `Retirement gives ${apiKeyId} its grace: AWSCURRENT was about to move to it, and consumers may have read it.`,
    did: (after) => {
      const record = recordIn(after, apiKeyId);
      return record === undefined || record.intent?.to === 'current' ? undefined : `${apiKeyId} is ${record.state}.`;
    },
  };
}

function finished({ apiKeyId, intent }: ApiKeyRecord): Act {
  return {
    will: `Retirement finishes that ${apiKeyId} becomes ${intent?.to ?? ''} (${intent === undefined ? '' : causeText(intent.cause)}).`,
    did: (after) => {
      const record = recordIn(after, apiKeyId);
      return record === undefined || record.intent !== undefined ? undefined : `${apiKeyId} is ${record.state}.`;
    },
  };
}

function returned({ apiKeyId }: ApiKeyRecord): Act {
  return {
    will: `Retirement returns ${apiKeyId} to where it was claimed from.`,
    did: (after) => {
      const record = recordIn(after, apiKeyId);
      return record === undefined || record.state === 'pending' ? undefined : `${apiKeyId} is ${record.state} again.`;
    },
  };
}

function recordIn({ own }: KeyReading, apiKeyId: string): ApiKeyRecord | undefined {
  return own.find((record) => record.apiKeyId === apiKeyId);
}

/** A rotation is given 15 minutes after its claim; one that has claimed nothing, or was cancelled, five. */
function stuckVersion(reading: KeyReading): string | undefined {
  const { secret, openSince, now } = reading;
  const versionId = openVersion(reading);
  const patienceMs = claimedKey(reading) !== undefined && secret.rotationEnabled ? settledMs : fenceMs;
  return openSince !== undefined && now - openSince < patienceMs ? undefined : versionId;
}
