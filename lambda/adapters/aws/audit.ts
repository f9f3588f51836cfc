import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../../../contract/records.ts';
import { iso } from '../../foundation/clock.ts';
import { withCause } from './old-causes.ts';
import { auditShape } from './record-shapes.ts';
import { readableIn, type Table } from './table.ts';

const partition = (managedKey: string): string => `AUDIT#${managedKey}`;

/** The history of managed keys. A step of an API key is written with the step itself, by the ledger. */
export interface Audit {
  /** What happened to a managed key since an instant (epoch ms), oldest first. */
  read(managedKey: string, since: number): Promise<readonly AuditRecord[]>;
  /** An operator's act on a managed key that moves no API key. */
  note(act: Pick<AuditRecord, 'managedKey' | 'cause' | 'by' | 'at'>): Promise<void>;
}

export function audit(table: Table): Audit {
  return {
    async read(managedKey, since) {
      // `~` sorts behind every instant.
      const items = await table.query(partition(managedKey), { from: iso(since), to: '~' });
      return readableIn(table, items.map(withCause), auditShape);
    },
    async note(act) {
      const record: AuditRecord = { schema: 1, ...act };
      await table.put(partition(act.managedKey), `${iso(act.at)}#operator#${randomUUID()}`, record);
    },
  };
}
