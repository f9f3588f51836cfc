import type { ApiKeyRecord, LastUseRecord } from '../../contract/records.ts';
import { hourMs, minuteMs } from '../foundation/clock.ts';
import { shouldBeActive } from '../rotation/lifecycle.ts';

/** Requests that were under way when the key was deactivated may be counted a little later. */
const slackMs = 10 * minuteMs;
/** Use longer ago than this is over. */
const freshMs = hourMs;

/**
 * Uses of keys that should be inactive, the freshest first: since they were deactivated, or in the last hour at all. One without tokens
 * cannot be read: it is found nowhere, and ends nothing.
 */
export function reactivated(
  records: readonly ApiKeyRecord[],
  uses: readonly LastUseRecord[],
  now: number,
): { readonly sinceInactive: readonly LastUseRecord[]; readonly lately: readonly LastUseRecord[] } {
  const inactiveSince = new Map(
    records.flatMap((record) => (shouldBeActive(record.state) ? [] : [[record.apiKeyId, record.since] as const])),
  );
  const lately = uses.filter((use) => inactiveSince.has(use.apiKeyId) && use.at > now - freshMs).sort((a, b) => b.at - a.at);
  return { lately, sinceInactive: lately.filter((use) => use.tokens > 0 && use.at > (inactiveSince.get(use.apiKeyId) ?? now) + slackMs) };
}
