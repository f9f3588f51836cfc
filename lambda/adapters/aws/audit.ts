import { randomUUID } from 'node:crypto';
import { auditShape, type AuditRecord } from '../../../contract/records.ts';
import { iso } from '../../foundation/clock.ts';
import type { Audit } from '../../rotation/commands/ports.ts';
import { withCause } from './old-causes.ts';
import { readableIn, type Table } from './table.ts';

const partition = (managedKey: string): string => `AUDIT#${managedKey}`;

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
