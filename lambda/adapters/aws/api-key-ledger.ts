import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { ApiKeyRecord, AuditRecord } from '../../../contract/records.ts';
import { iso } from '../../foundation/clock.ts';
import { LostRace } from '../../foundation/errors.ts';
import type { ApiKeyLedger } from '../../rotation/ports.ts';
import { awsCall } from './calls.ts';
import { recordOf, unchanged, type Table } from './table.ts';

const partition = 'API_KEY';

export function apiKeyLedger(table: Table): ApiKeyLedger {
  /** Record and audit in one transaction; the SDK's idempotency token makes its own retries harmless. */
  const write = async (record: ApiKeyRecord, revision: number | undefined, audit: AuditRecord): Promise<void> => {
    await awsCall(
      'dynamodb:TransactWriteItems',
      () =>
        table.documents.send(
          new TransactWriteCommand({
            TransactItems: [
              { Put: { TableName: table.name, Item: { ...record, pk: partition, sk: record.apiKeyId }, ...unchanged(revision) } },
              {
                Put: {
                  TableName: table.name,
                  Item: { ...audit, pk: `AUDIT#${audit.managedKey}`, sk: `${iso(audit.at)}#${audit.apiKeyId}#${record.revision}` },
                },
              },
            ],
          }),
        ),
      (error) =>
        error instanceof TransactionCanceledException &&
        error.CancellationReasons?.some(({ Code }) => Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict') === true
          ? new LostRace(record.apiKeyId)
          : undefined,
    );
  };

  return {
    async all() {
      const items = await table.query(partition);
      return items.map((item) =>
        recordOf<ApiKeyRecord>(item, ['apiKeyId', 'managedKey', 'state', 'revision', 'since', 'addedAt', 'standbyVersionId']),
      );
    },
    async add(record, by) {
      await write(record, undefined, auditOf('unknown', record, by));
    },
    async replace(before, after, by) {
      const stored = { ...after, revision: before.revision + 1 };
      await write(stored, before.revision, auditOf(before.state, stored, by));
      return stored;
    },
  };
}

function auditOf(from: AuditRecord['from'], record: ApiKeyRecord, by: string): AuditRecord {
  const intent = record.intent;
  return {
    schema: 1,
    at: intent?.at ?? record.since,
    managedKey: record.managedKey,
    apiKeyId: record.apiKeyId,
    from,
    to: record.state,
    because: intent === undefined ? (record.because ?? '') : `about to become ${intent.to}: ${intent.because}`,
    by,
  };
}
