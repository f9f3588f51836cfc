import type { BaselineAge, BaselineRecord, MovedRecord } from '../../../contract/records.ts';
import type { DetectorKind } from '../../../contract/registry.ts';
import type { DetectionMemory } from '../../detection/ports.ts';
import type { UsageLedger } from '../../usage/ports.ts';
import { packedText, unpackedText } from './packed-text.ts';
import type { Item, Table } from './table.ts';

const partitions: Readonly<Record<BaselineAge, string>> = { recent: 'BASELINE', old: 'BASELINE_OLD' };

const partitionOf = (kind: DetectorKind, age: BaselineAge): string => `${partitions[age]}#${kind}`;

export function detectionMemory(table: Table, ledger: Pick<UsageLedger, 'watermark' | 'categories'>): DetectionMemory {
  const bySubject = async <T>(pk: string, read: (item: Item) => T): Promise<ReadonlyMap<string, T>> =>
    new Map((await table.query(pk)).map((item) => [String(item['sk']), read(item)]));
  return {
    watermark: () => ledger.watermark(),
    moved: () => bySubject('MOVED', (item) => item['movedAt' satisfies keyof MovedRecord]),
    looks: () => bySubject<unknown>('LOOK', (item) => item),
    categories: () => ledger.categories(),
    look: (record) => table.put('LOOK', record.subject, record),
    baseline: async (kind, age, subject) => withText(await table.get(partitionOf(kind, age), subject)),
    remember: (kind, age, { state, ...record }) =>
      table.put(partitionOf(kind, age), record.subject, { ...record, packed: packedText(state) } satisfies StoredBaseline),
  };
}

type StoredBaseline = Omit<BaselineRecord, 'state'> & { readonly packed: Uint8Array };

/** A baseline with its state as text. An older version stored the text itself. */
function withText(item: Item | undefined): Item | undefined {
  if (item === undefined || !('packed' in item)) return item;
  const { packed, ...rest } = item;
  return { ...rest, state: unpackedText(packed) };
}
