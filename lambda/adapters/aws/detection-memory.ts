import type { BaselineAge, MovedRecord } from '../../../contract/records.ts';
import type { DetectionMemory } from '../../detection/ports.ts';
import type { UsageLedger } from '../../usage/ports.ts';
import type { Item, Table } from './table.ts';

const partitions: Readonly<Record<BaselineAge, string>> = { recent: 'BASELINE', old: 'BASELINE_OLD' };

export function detectionMemory(table: Table, ledger: Pick<UsageLedger, 'watermark'>): DetectionMemory {
  const bySubject = async <T>(pk: string, read: (item: Item) => T): Promise<ReadonlyMap<string, T>> =>
    new Map((await table.query(pk)).map((item) => [String(item['sk']), read(item)]));
  return {
    watermark: () => ledger.watermark(),
    moved: () => bySubject('MOVED', (item) => item['movedAt' satisfies keyof MovedRecord]),
    looks: () => bySubject<unknown>('LOOK', (item) => item),
    look: (record) => table.put('LOOK', record.subject, record),
    baseline: (age, subject) => table.get(partitions[age], subject),
    remember: (age, record) => table.put(partitions[age], record.subject, record),
  };
}
