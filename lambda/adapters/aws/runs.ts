import type { FunctionName } from '../../../contract/registry.ts';
import { runShape, type RunRecord } from '../../../contract/records.ts';
import { recordOf, type Table } from './table.ts';

/** How a run of a scheduled function ended. */
export interface Run {
  readonly at: number;
  /** How many of the things that it had to look after it could not treat. */
  readonly failed: number;
}

/** When a scheduled function last came to its end: what tells a schedule that is switched off from one that finds nothing to do. */
export interface Runs {
  finished(name: FunctionName, run: Run): Promise<void>;
  /** Undefined where it never was. */
  last(name: FunctionName): Promise<Run | undefined>;
}

export function runs(table: Table): Runs {
  return {
    async finished(name, { at, failed }) {
      const record: RunRecord = { schema: 1, finishedAt: at, failed };
      await table.put('RUN', name, record);
    },
    async last(name) {
      const item = await table.get('RUN', name);
      if (item === undefined) return undefined;
      const { finishedAt, failed = 0 } = recordOf(item, runShape);
      return { at: finishedAt, failed };
    },
  };
}
