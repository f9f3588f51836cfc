import { number } from '../../../contract/shape.ts';
import { deliveryShape, undeliveredShape, type DeliveryRecord, type UndeliveredRecord } from '../../../contract/records.ts';
import { dayMs, isWithin, minuteMs, type Clock } from '../../foundation/clock.ts';
import { LostRace } from '../../foundation/errors.ts';
import type { Deliveries, Delivery } from '../../incidents/ports.ts';
import { readableIn, recordOf, type Table } from './table.ts';

/** A run that claimed a delivery and was killed is succeeded after this time. */
const leaseMs = 2 * minuteMs;
const keepMs = 90 * dayMs;
/** As long as the dead-letter queue keeps what could not be delivered. */
const undeliveredKeepMs = 14 * dayMs;
/** Slack asks for seconds; nothing that an answer says holds alerts back for longer than this. */
const mostPatienceMs = 60 * minuteMs;

type Revised<T> = T & { readonly revision: number };

interface StoredDeliveries extends Deliveries {
  /** Nobody wants it any more: it counts no longer as undelivered. */
  discard(delivery: Delivery): Promise<void>;
}

export function deliveries(table: Table, clock: Clock): StoredDeliveries {
  const find = async (delivery: Delivery): Promise<Revised<DeliveryRecord> | undefined> => {
    const item = await table.get(...keyOf(delivery));
    return item === undefined ? undefined : recordOf(item, { ...deliveryShape, revision: number });
  };
  return {
    async claim(delivery) {
      const before = await find(delivery);
      if (before?.deliveredAt !== undefined) return 'delivered';
      const now = clock.now();
      if (before !== undefined && isWithin(before.claimedAt, leaseMs, now)) return 'busy';
      const { notBefore = 0, attempts = 0 } = before ?? {};
      if (now < notBefore && notBefore - now <= mostPatienceMs) return 'too early';
      try {
        await table.replace(...keyOf(delivery), before?.revision, claimOf(now, attempts + 1));
        return 'claimed';
      } catch (error) {
        if (error instanceof LostRace) return 'busy';
        throw error;
      }
    },
    async markDelivered(delivery) {
      const before = await find(delivery);
      const now = clock.now();
      await table.put(...keyOf(delivery), {
        ...claimOf(before?.claimedAt ?? now, before?.attempts ?? 1, now),
        deliveredAt: now,
        revision: (before?.revision ?? 0) + 1,
      });
      // Killed in between, whoever looks at it finds that it was delivered.
      if ((before?.attempts ?? 1) > 1) await forget(delivery, table);
    },
    async fail(delivery, { patienceMs, ...failure }) {
      const before = await find(delivery);
      if (before === undefined || before.deliveredAt !== undefined) return;
      const now = clock.now();
      const known = await table.get('UNDELIVERED', sortKeyOf(delivery));
      const record: Revised<UndeliveredRecord> = {
        schema: 1,
        ...delivery,
        ...failure,
        firstFailedAt: readableIn(table, known === undefined ? [] : [known], undeliveredShape)[0]?.firstFailedAt ?? now,
        lastFailedAt: now,
        attempts: before.attempts,
        expiresAt: Math.floor((now + undeliveredKeepMs) / 1000),
        revision: before.attempts,
      };
      // First: killed in between, its lease runs out, and it is tried again.
      await table.put('UNDELIVERED', sortKeyOf(delivery), record);
      const notBefore = patienceMs === 0 ? {} : { notBefore: now + Math.min(patienceMs, mostPatienceMs) };
      await table.put(...keyOf(delivery), { ...claimOf(0, before.attempts, now), ...notBefore, revision: before.revision + 1 });
    },
    discard: (delivery) => forget(delivery, table),
    async undelivered() {
      const now = clock.now();
      const found: UndeliveredRecord[] = [];
      for (const record of readableIn(table, await table.query('UNDELIVERED'), undeliveredShape, sortKeyOf)) {
        // The table's own clean-up may be days late.
        if (now - record.lastFailedAt >= undeliveredKeepMs) continue;
        if ((await find(record))?.deliveredAt === undefined) found.push(record);
      }
      return found;
    },
  };
}

function keyOf({ incidentId, telling, channel }: Delivery): readonly [string, string] {
  return [`DELIVERY#${incidentId}`, `${telling}#${channel}`];
}

function sortKeyOf({ incidentId, telling, channel }: Delivery): string {
  return `${incidentId}#${telling}#${channel}`;
}

async function forget(delivery: Delivery, table: Table): Promise<void> {
  const item = await table.get('UNDELIVERED', sortKeyOf(delivery));
  if (item === undefined) return;
  try {
    await table.remove('UNDELIVERED', sortKeyOf(delivery), Number(item['revision']));
  } catch (error) {
    // Another run has seen it fail in the meantime; it finds what was delivered, and the record says nothing any more.
    if (!(error instanceof LostRace)) throw error;
  }
}

function claimOf(claimedAt: number, attempts: number, now = claimedAt): DeliveryRecord {
  return { schema: 1, claimedAt, attempts, expiresAt: Math.floor((now + keepMs) / 1000) };
}
