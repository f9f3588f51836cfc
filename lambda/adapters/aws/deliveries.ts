import type { DeliveryRecord } from '../../../contract/records.ts';
import { dayMs, isWithin, minuteMs, type Clock } from '../../foundation/clock.ts';
import { LostRace } from '../../foundation/errors.ts';
import type { Deliveries } from '../../incidents/ports.ts';
import { recordOf, type Table } from './table.ts';

/** A run that claimed a delivery and was killed is succeeded after this time. */
const leaseMs = 2 * minuteMs;
const keepMs = 90 * dayMs;

export function deliveries(table: Table, clock: Clock): Deliveries {
  const find = async (pk: string, sk: string): Promise<(DeliveryRecord & { revision: number }) | undefined> => {
    const item = await table.get(pk, sk);
    return item === undefined ? undefined : recordOf<DeliveryRecord & { revision: number }>(item, ['claimedAt', 'attempts', 'revision']);
  };
  return {
    async claim(incidentId, telling, channel) {
      const [pk, sk] = [`DELIVERY#${incidentId}`, `${telling}#${channel}`];
      const before = await find(pk, sk);
      if (before?.deliveredAt !== undefined) return 'delivered';
      const now = clock.now();
      if (before !== undefined && isWithin(before.claimedAt, leaseMs, now)) return 'busy';
      try {
        await table.replace(pk, sk, before?.revision, claimOf(now, (before?.attempts ?? 0) + 1));
        return 'claimed';
      } catch (error) {
        if (error instanceof LostRace) return 'busy';
        throw error;
      }
    },
    async settle(incidentId, telling, channel) {
      const [pk, sk] = [`DELIVERY#${incidentId}`, `${telling}#${channel}`];
      const before = await find(pk, sk);
      const now = clock.now();
      await table.put(pk, sk, {
        ...claimOf(before?.claimedAt ?? now, before?.attempts ?? 1),
        deliveredAt: now,
        revision: (before?.revision ?? 0) + 1,
      });
    },
    async release(incidentId, telling, channel) {
      const [pk, sk] = [`DELIVERY#${incidentId}`, `${telling}#${channel}`];
      const before = await find(pk, sk);
      if (before === undefined || before.deliveredAt !== undefined) return;
      await table.put(pk, sk, { ...claimOf(0, before.attempts), revision: before.revision + 1 });
    },
  };
}

function claimOf(claimedAt: number, attempts: number): DeliveryRecord {
  return { schema: 1, claimedAt, attempts, expiresAt: Math.floor((claimedAt + keepMs) / 1000) };
}
