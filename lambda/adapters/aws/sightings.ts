import { sightingsShape, type SightingsRecord } from '../../../contract/records.ts';
import type { Sightings } from '../../rotation/ports.ts';
import { readableIn, type Table } from './table.ts';

/** When retirement last saw each current key active at Anthropic: one item, written in each of its passes. */
export function sightings(table: Table): Sightings {
  return {
    async read() {
      const item = await table.get('RUN', 'current-keys');
      // One that cannot be read dates no death, and this pass writes the next.
      const [record] = readableIn(table, item === undefined ? [] : [item], sightingsShape);
      return new Map(Object.entries(record?.activeAt ?? {}));
    },
    async write(activeAt) {
      const record: SightingsRecord = { schema: 1, activeAt: Object.fromEntries(activeAt) };
      await table.put('RUN', 'current-keys', record);
    },
  };
}
