import type { UndeliveredRecord } from '../../contract/records.ts';
import { minuteMs, utcMinute } from '../foundation/clock.ts';
import { counted } from '../foundation/counted.ts';
import { briefly } from '../foundation/errors.ts';
import type { Deliveries, IncidentPorts } from './ports.ts';
import { reconcile, type Finding } from './raise.ts';

/** Lambda has tried an event three times by then: after one minute and then two. */
const lastTryMs = 10 * minuteMs;
const tries = 3;

/** How people know the channel, by its subject. */
const slack = 'Slack';

/** Alerts that a channel has not taken are an incident of their own, which the other channels carry. Safe to repeat. Returns how many failed. */
export async function watchDeliveries(ports: IncidentPorts & { readonly deliveries: Pick<Deliveries, 'undelivered'> }): Promise<0 | 1> {
  try {
    const finding = deliveryFinding(await ports.deliveries.undelivered(), ports.clock.now());
    await reconcile(['delivery-failed'], finding === undefined ? [] : [finding], () => 'no alert is missing', ports);
    return 0;
  } catch (error) {
    ports.log.warn('deliveries.not-watched', { error: briefly(error) });
    return 1;
  }
}

/** What people must know of alerts that were not delivered; undefined where all of them are still being tried. */
function deliveryFinding(undelivered: readonly UndeliveredRecord[], now: number): Finding | undefined {
  // That alerts do not arrive does not arrive either, and that is no news.
  const failed = undelivered.filter((record) => record.kind !== 'delivery-failed' && isFinal(record, now));
  const [last] = [...failed].sort((a, b) => b.lastFailedAt - a.lastFailedAt);
  if (last === undefined) return undefined;
  const startedAt = Math.min(...failed.map(({ firstFailedAt }) => firstFailedAt));
  const reason = `${counted(failed.length, 'alert')} since ${utcMinute(startedAt)}: ${last.reason}`;
  return { kind: 'delivery-failed', subject: slack, facts: { reason, startedAt, grade: last.isRefused ? 'refused' : 'unavailable' } };
}

/** Whether nobody tries it again by himself. */
export function isFinal({ isRefused, attempts, firstFailedAt }: UndeliveredRecord, now: number): boolean {
  return isRefused || attempts >= tries || now - firstFailedAt >= lastTryMs;
}
