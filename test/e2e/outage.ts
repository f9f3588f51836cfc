import { expect } from 'vitest';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { dayMs, floorTo, minuteMs } from '../../lambda/foundation/clock.ts';
import { quarterMs } from '../../lambda/usage/deltas.ts';
import { settleMs } from '../../lambda/usage/watermark.ts';
import { realClock } from '../../local/clock.ts';
import { invoke, outputs } from './deployment.ts';
import { until } from './until.ts';

/** The longest stretch that one run of the collector reads. */
const stretchMs = dayMs;

/**
 * As after an outage that began at `from`: sets the watermark back and has the collector read on, until it has read everything before now
 * and knows usage of `subject` from the quarter of `to`. The schedule runs the collector, too: both at once must not count anything twice.
 */
export async function catchUp(subject: string, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  const usage = usageLedger(openTable(outputs.of('stateTable')), realClock);
  const began = realClock.now();
  let reached = from;
  await until('the collector has caught up', 90_000, async () => {
    const { tokensUntil = 0, knownUntil = Infinity, readAt = 0 } = (await usage.watermark()) ?? {};
    // A run that was under way when it was set back has put it forward again, over days that nobody has read.
    const isSkipped = knownUntil > reached + stretchMs;
    if (isSkipped) await usage.advance({ schema: 1, knownUntil: reached, readAt: realClock.now(), tokensUntil });
    else reached = Math.max(reached, knownUntil);
    const isRead = reached >= floorTo(began, minuteMs) - settleMs && readAt > began;
    if (isRead && (await usage.quarters(subject, to, to + quarterMs)).length > 0) return true;
    const { errorMessage } = await invoke(outputs.of('usageCollectorFunction'), {});
    expect(errorMessage).toBeUndefined();
    return false;
  });
}
