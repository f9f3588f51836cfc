import type { BaselineRecord, LookRecord, MovedRecord } from '../../../contract/records.ts';
import type { DetectionMemory } from '../../detection/ports.ts';
import type { UsageLedger } from '../../usage/ports.ts';
import { recordOf, type Table } from './table.ts';

export function detectionMemory(table: Table, ledger: Pick<UsageLedger, 'watermark'>): DetectionMemory {
  return {
    watermark: () => ledger.watermark(),
    async moved() {
      return (await table.query('MOVED')).map((item) => recordOf<MovedRecord>(item, ['subject', 'movedAt']));
    },
    async looks() {
      return (await table.query('LOOK')).map((item) => recordOf<LookRecord>(item, ['subject', 'lookedAt', 'clearedUntil']));
    },
    look: (record) => table.put('LOOK', record.subject, record),
    async baseline(subject) {
      const item = await table.get('BASELINE', subject);
      return item === undefined ? undefined : recordOf<BaselineRecord>(item, ['subject', 'foldedUntil', 'state']);
    },
    remember: (record) => table.put('BASELINE', record.subject, record),
  };
}
