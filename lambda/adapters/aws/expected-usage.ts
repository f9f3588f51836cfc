import { expectedUsageShape, type ExpectedUsageRecord } from '../../../contract/records.ts';
import { dayMs, iso } from '../../foundation/clock.ts';
import type { ExpectedUsageStore, ExpectedUsageWriter } from '../../usage/expected-usage.ts';
import { readableIn, type Table } from './table.ts';

const partition = 'EXPECTED';
/** As long as a look goes back. */
const keepMs = 15 * dayMs;

/** Reads for the functions; an operator's command line also writes. */
export function expectedUsage(table: Table): ExpectedUsageStore & ExpectedUsageWriter {
  return {
    all: async () => readableIn(table, await table.query(partition), expectedUsageShape, ({ subject, from }) => sortKey(subject, from)),
    async expect(record) {
      await table.put(partition, sortKey(record.subject, record.from), {
        ...record,
        expiresAt: Math.floor((record.until + keepMs) / 1000),
      });
    },
  };
}

const sortKey = (subject: ExpectedUsageRecord['subject'], from: number): string => `${subject}#${iso(from)}`;
