import type { UndeliveredRecord } from '../../contract/records.ts';
import { channelKinds, channels } from '../../contract/registry.ts';
import { minuteMs } from '../foundation/clock.ts';
import { briefly } from '../foundation/errors.ts';
import type { Deliveries, IncidentPorts } from './ports.ts';
import { reconcile, type Finding } from './raise.ts';

/** Lambda has tried an event three times by then: after one minute and then two. */
const lastTryMs = 10 * minuteMs;
const tries = 3;

/** Alerts that a channel has not taken are an incident of their own, which the other channels carry. Safe to repeat. Returns how many failed. */
export async function watchDeliveries(ports: IncidentPorts & { readonly deliveries: Pick<Deliveries, 'undelivered'> }): Promise<0 | 1> {
  try {
    const undelivered = await ports.deliveries.undelivered();
    const findings = channelKinds.flatMap((kind) => {
      const own = undelivered.filter(({ channel }) => channel === kind);
      return deliveryFinding(channels[kind].name, own, ports.clock.now()) ?? [];
    });
    await reconcile(['delivery-failed'], findings, () => ({ code: 'over', kind: 'delivery-failed' }), ports);
    return 0;
  } catch (error) {
    ports.log.warn('deliveries.not-watched', { error: briefly(error) });
    return 1;
  }
}

/** What people must know of alerts that a channel has not taken; undefined where all of them are still being tried. */
function deliveryFinding(subject: string, undelivered: readonly UndeliveredRecord[], now: number): Finding | undefined {
  // That alerts do not arrive does not arrive either, and that is no news.
  const failed = undelivered.filter((record) => record.kind !== 'delivery-failed' && isFinal(record, now));
  const [last] = [...failed].sort((a, b) => b.lastFailedAt - a.lastFailedAt);
  if (last === undefined) return undefined;
  const startedAt = Math.min(...failed.map(({ firstFailedAt }) => firstFailedAt));
  const cause = { code: 'alerts-missing', count: failed.length, since: startedAt, last: last.reason } as const;
  return { kind: 'delivery-failed', subject, facts: { cause, startedAt, grade: last.isRefused ? 'refused' : 'unavailable' } };
}

/** Whether nobody tries it again by himself. */
export function isFinal({ isRefused, attempts, firstFailedAt }: UndeliveredRecord, now: number): boolean {
  return isRefused || attempts >= tries || now - firstFailedAt >= lastTryMs;
}
