import type { PauseRecord } from '../../../contract/records.ts';
import type { Pauses } from '../../rotation/ports.ts';
import { recordOf, type Item, type Table } from './table.ts';

const partition = 'PAUSE';

/** Reads for the functions; an operator's command line also writes. */
export function pauses(table: Table): Pauses & PauseWriter {
  const read = (item: Item): PauseRecord => recordOf<PauseRecord>(item, ['managedKey', 'at', 'by', 'because']);
  return {
    all: async () => (await table.query(partition)).map(read),
    async find(managedKey) {
      const item = await table.get(partition, managedKey);
      return item === undefined ? undefined : read(item);
    },
    async begin(record) {
      await table.replace(partition, record.managedKey, undefined, record);
    },
    async end(managedKey) {
      await table.remove(partition, managedKey, 1);
    },
  };
}

export interface PauseWriter {
  /** Throws `LostRace` when it is paused already. */
  begin(record: PauseRecord): Promise<void>;
  /** Throws `LostRace` when it is not paused. */
  end(managedKey: string): Promise<void>;
}
