import type { FunctionName } from '../../../contract/environment.ts';
import type { RunRecord } from '../../../contract/records.ts';
import { recordOf, type Table } from './table.ts';

/** When a scheduled function last came to its end: what tells a schedule that is switched off from one that finds nothing to do. */
export interface Runs {
  finished(name: FunctionName, at: number): Promise<void>;
  /** Undefined where it never was. */
  last(name: FunctionName): Promise<number | undefined>;
}

export function runs(table: Table): Runs {
  return {
    async finished(name, at) {
      const record: RunRecord = { schema: 1, finishedAt: at };
      await table.put('RUN', name, record);
    },
    async last(name) {
      const item = await table.get('RUN', name);
      return item === undefined ? undefined : recordOf<RunRecord>(item, ['finishedAt']).finishedAt;
    },
  };
}
