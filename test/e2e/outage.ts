import { expect } from 'vitest';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { floorTo, minuteMs } from '../../lambda/foundation/clock.ts';
import { quarterMs } from '../../lambda/usage/deltas.ts';
import { settleMs } from '../../lambda/usage/watermark.ts';
import { realClock } from '../../local/clock.ts';
import { invoke, outputs } from './deployment.ts';
import { until } from './until.ts';

/**
 * As after an outage that began at `from`: sets the watermark back and has the collector read on, until it knows usage of `subject` from
 * the quarter of `to` and everything before now. The schedule runs the collector, too: both at once must not count anything twice.
 */
export async function catchUp(subject: string, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  const usage = usageLedger(openTable(outputs.of('stateTable')), realClock);
  const began = realClock.now();
  await until('the collector has caught up', 90_000, async () => {
    const watermark = await usage.watermark();
    const { tokensUntil = 0, knownUntil = Infinity, readAt = 0 } = watermark ?? {};
    const isThere = (await usage.quarters(subject, to, to + quarterMs)).length > 0;
    const isRead = knownUntil >= floorTo(began, minuteMs) - settleMs;
    if (isThere && isRead && readAt > began) return true;
    // A run of the schedule may have been under way, and have put it forward again.
    if (!isThere && isRead) await usage.advance({ schema: 1, knownUntil: from, readAt: realClock.now(), tokensUntil });
    const { errorMessage } = await invoke(outputs.of('usageCollectorFunction'), {});
    expect(errorMessage).toBeUndefined();
    return false;
  });
}
