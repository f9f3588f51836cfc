import { pauseShape, type PauseRecord } from '../../../contract/records.ts';
import type { CommandPorts } from '../../rotation/commands/ports.ts';
import { readableIn, type Item, type Table } from './table.ts';

const partition = 'PAUSE';

/** Reads for the functions; an operator's command line also writes. */
export function pauses(table: Table): CommandPorts['pauses'] {
  // One that cannot be read is a pause all the same: nobody said that it is over.
  const read = (item: Item): PauseRecord => readableIn(table, [item], pauseShape, ({ managedKey }) => managedKey)[0] ?? unreadable(item);
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

function unreadable({ sk }: Item): PauseRecord {
  return { schema: 1, managedKey: String(sk), at: 0, by: 'nobody knows whom', because: 'the record of the pause cannot be read' };
}
