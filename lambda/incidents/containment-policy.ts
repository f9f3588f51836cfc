import type { Brake } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, IncidentRecord, LastUseRecord } from '../../contract/records.ts';
import { dayMs } from '../foundation/clock.ts';
import { chooseNew } from '../rotation/claim.ts';
import { shouldBeActive } from '../rotation/lifecycle.ts';
import type { ExpectedUsage } from '../usage/expected-usage.ts';

export type ContainmentVerdict =
  | { readonly verdict: 'cut' }
  /** The stolen key is the one that consumers read: they get another one first. */
  | { readonly verdict: 'rotate first' }
  | { readonly verdict: 'brake'; readonly brake: Brake };

/** What holds containment off whichever key is meant; epoch ms. */
interface Held {
  /** Since when usage is not visible. Absent: it is. */
  readonly blindSince?: number | undefined;
  /** Since when usage is known, where that is not long. Absent: it is long enough. */
  readonly youngSince?: number | undefined;
  /** Who said that this usage is expected. Absent: nobody. */
  readonly expectation?: ExpectedUsage | undefined;
}

/**
 * Whether `target` may be cut off now. I8: containment never takes a managed key's last working credential unless the policy
 * says so by name, so a stolen current key is replaced before it is cut. Nothing is cut while usage is not visible, and nothing by
 * statistics that rest on less than three days.
 */
export function judgeContainmentPolicy(
  target: ApiKeyRecord | undefined,
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  { blindSince, youngSince, expectation }: Held,
  now: number,
): ContainmentVerdict {
  if (definition.containment.mode === 'off') return brake({ code: 'containment-off' });
  // What was found before may be over, and what comes now nobody sees.
  if (blindSince !== undefined) return brake({ code: 'usage-not-visible', since: blindSince });
  if (expectation !== undefined) {
    const { until, by, because } = expectation;
    return brake({ code: 'usage-expected', until, by, reason: because });
  }
  if (youngSince !== undefined) return brake({ code: 'usage-hardly-known', since: youngSince });
  if (target === undefined) return brake({ code: 'no-key-shown' });
  if (target.managedKey !== definition.name) {
    return brake({ code: 'key-of-another', apiKeyId: target.apiKeyId, managedKey: target.managedKey });
  }
  switch (target.state) {
    case 'current': {
      // One that is pending is the replacement on its way.
      const onItsWay = records.some((record) => record.managedKey === definition.name && record.state === 'pending');
      if (onItsWay || chooseNew(records, definition, now).claim !== 'none') return { verdict: 'rotate first' };
      if (definition.containment.lastCredential === 'cut') return { verdict: 'cut' };
      return brake({ code: 'last-credential' });
    }
    case 'pending':
      return brake({ code: 'rotation-at-work' });
    case 'archived':
      return brake({ code: 'key-archived' });
    case 'contained':
    case 'standby':
    case 'draining':
    case 'inactive':
    case 'rejected':
      return { verdict: 'cut' };
  }
}

/** So long a key's usage must be known before what is unusual about it is cut off without asking. */
const hardlyKnownMs = 3 * dayMs;

/**
 * Since when the usage is known that an incident rests on, where it began in the key's first three days; else undefined. What a rule
 * found, such as tokens on an inactive key, rests on no usage.
 */
export function hardlyKnownSince({ kind, since, facts: { knownSince, startedAt = since } }: IncidentRecord): number | undefined {
  return kind === 'usage-anomaly' && knownSince !== undefined && startedAt - knownSince < hardlyKnownMs ? knownSince : undefined;
}

/** Which API key carries the unusual traffic: the active one with the most tokens in its last minute, among those used since `since`. */
export function likeliestTarget(
  managedKey: string,
  records: readonly ApiKeyRecord[],
  lastUses: readonly LastUseRecord[],
  since: number,
): ApiKeyRecord | undefined {
  const active = records.filter((record) => record.managedKey === managedKey && shouldBeActive(record.state));
  if (active.length === 1) return active[0];
  const tokens = new Map(lastUses.filter((use) => use.tokens > 0 && use.at >= since).map((use) => [use.apiKeyId, use.tokens]));
  return active
    .filter((record) => tokens.has(record.apiKeyId))
    .sort((a, b) => (tokens.get(b.apiKeyId) ?? 0) - (tokens.get(a.apiKeyId) ?? 0))[0];
}

function brake(why: Brake): ContainmentVerdict {
  return { verdict: 'brake', brake: why };
}
