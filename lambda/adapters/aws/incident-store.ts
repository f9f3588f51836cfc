import { incidentShape, recoveredShape, type IncidentRecord } from '../../../contract/records.ts';
import type { IncidentKind } from '../../../contract/registry.ts';
import { dayMs } from '../../foundation/clock.ts';
import type { IncidentStore } from '../../incidents/ports.ts';
import { withoutNext } from '../../incidents/states.ts';
import { withCodes } from './old-causes.ts';
import { readableIn, recordOf, type Table } from './table.ts';

/** Ended incidents stay long enough for a yearly audit. */
const keepMs = 400 * dayMs;
/** Longer than anybody asks when a cause was over. */
const noteMs = dayMs;

export function incidentStore(table: Table): IncidentStore {
  return {
    async all() {
      return readableIn(table, (await table.query('INCIDENT')).map(withCodes), incidentShape, ({ kind, subject }) => `${kind}#${subject}`);
    },
    async find(kind, subject) {
      const item = await table.get('INCIDENT', `${kind}#${subject}`);
      // One that cannot be read is there: nothing is begun, told or contained in its place.
      return item === undefined ? undefined : recordOf(withCodes(item), incidentShape);
    },
    async replace(before, after) {
      const revision = await table.replace('INCIDENT', `${after.kind}#${after.subject}`, before?.revision, after);
      return { ...after, revision };
    },
    async recoveredAt(kind, subject) {
      const item = await table.get('RECOVERED', `${kind}#${subject}`);
      // One that cannot be read keeps nobody from hearing of what is found now.
      return readableIn(table, item === undefined ? [] : [item], recoveredShape)[0]?.recoveredAt;
    },
    async end(record, next) {
      // Copied first: killed in between, the next run ends it again.
      await table.put('INCIDENT_ENDED', record.incidentId, {
        ...withoutNext(record),
        expiresAt: Math.floor((record.lastFindingAt + keepMs) / 1000),
      });
      const sk = `${record.kind}#${record.subject}`;
      const recoveredAt = record.recoveredAt ?? record.lastFindingAt;
      await table.put('RECOVERED', sk, { schema: 1, recoveredAt, expiresAt: Math.floor((recoveredAt + noteMs) / 1000) });
      await (next === undefined ? table.remove('INCIDENT', sk, record.revision) : table.replace('INCIDENT', sk, record.revision, next));
    },
  };
}

/** The incidents of a kind that have ended; their ids begin with it. What cannot be read is left out. */
export async function endedIncidents(table: Table, kind: IncidentKind): Promise<readonly IncidentRecord[]> {
  const items = await table.query('INCIDENT_ENDED', { from: `${kind}-`, to: `${kind}-~` });
  return readableIn(table, items.map(withCodes), incidentShape);
}
