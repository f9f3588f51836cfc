import type { ApiKeyRecord, LastUseRecord } from '../../contract/records.ts';
import { hourMs, minuteMs } from '../foundation/clock.ts';
import { shouldBeAwake } from '../rotation/lifecycle.ts';

/** Requests that were under way when the key was put to sleep may be counted a little later. */
const slackMs = 10 * minuteMs;
/** Use longer ago than this is over. */
const freshMs = hourMs;

/** The latest uses of keys that should be asleep, the freshest first. */
export function awakened(records: readonly ApiKeyRecord[], uses: readonly LastUseRecord[], now: number): readonly LastUseRecord[] {
  const asleepSince = new Map(records.flatMap((record) => (shouldBeAwake(record.state) ? [] : [[record.apiKeyId, record.since] as const])));
  return uses
    .filter((use) => {
      const since = asleepSince.get(use.apiKeyId);
      return since !== undefined && use.at > Math.max(since + slackMs, now - freshMs);
    })
    .sort((a, b) => b.at - a.at);
}
