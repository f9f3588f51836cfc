import type { ApiKeyRecord } from '../../contract/records.ts';
import { LostRace } from '../foundation/errors.ts';
import { LostKeyRace, type ApiKeyLedger, type AuditContext } from './ports.ts';

/** How often somebody else may be faster: each time it is decided anew on the record that won. */
const attempts = 5;

/**
 * Stores what `change` makes of an API key's record, if nobody changed it meanwhile; undefined: it is to stay as it is.
 * Answers the record as it now stands. Throws LostRace where others are faster again and again.
 */
export async function updateRecord(
  ledger: Pick<ApiKeyLedger, 'find' | 'replace'>,
  apiKeyId: string,
  by: string,
  change: (record: ApiKeyRecord) => Omit<ApiKeyRecord, 'revision'> | undefined,
  auditContext?: AuditContext,
): Promise<ApiKeyRecord> {
  let record = await ledger.find(apiKeyId);
  for (let attempt = 1; ; attempt += 1) {
    if (record === undefined) throw new LostRace(apiKeyId);
    const after = change(record);
    if (after === undefined) return record;
    try {
      return await ledger.replace(record, after, by, auditContext);
    } catch (error) {
      if (!(error instanceof LostKeyRace) || attempt === attempts) throw error;
      record = error.won ?? (await ledger.find(apiKeyId));
    }
  }
}
