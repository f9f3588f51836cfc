import { apiKeyStates } from '../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import type { LocalAws } from '../aws/server.ts';

export type LedgerRow = Pick<ApiKeyRecord, 'apiKeyId' | 'managedKey' | 'state' | 'since' | 'switchedAt'>;

/** The API keys as the state table has them, read behind the product's back. */
export function ledgerIn(aws: LocalAws, table: string): readonly LedgerRow[] {
  return aws.inspect.tables.items(table).flatMap((item) => {
    if (item['pk']?.S !== 'API_KEY') return [];
    const state = apiKeyStates.find((known) => known === item['state']?.S);
    const [apiKeyId, managedKey, switchedAt] = [item['apiKeyId']?.S, item['managedKey']?.S, item['switchedAt']?.N];
    if (state === undefined || apiKeyId === undefined || managedKey === undefined) return [];
    return [
      {
        apiKeyId,
        managedKey,
        state,
        since: Number(item['since']?.N ?? 0),
        ...(switchedAt === undefined ? {} : { switchedAt: Number(switchedAt) }),
      },
    ];
  });
}
