import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { OperatorCause } from '../../../contract/causes.ts';
import { apiKeyShape, type ApiKeyRecord, type AuditRecord, type OperatorRequest } from '../../../contract/records.ts';
import { iso } from '../../foundation/clock.ts';
import { Unavailable } from '../../foundation/errors.ts';
import { LostKeyRace, type ApiKeyLedger, type AuditContext, type AuditEvent } from '../../rotation/ports.ts';
import type { KeyOwners } from '../../usage/ports.ts';
import { awsCall } from './calls.ts';
import { withCause } from './old-causes.ts';
import { asInCode, asStored } from './stored-names.ts';
import { readableIn, unchanged, unreadableItems, type Item, type Table } from './table.ts';

const partition = 'API_KEY';

export function apiKeyLedger(table: Table): ApiKeyLedger {
  const readable = (items: readonly Item[]): readonly ApiKeyRecord[] =>
    readableIn(table, items.map(asRead), apiKeyShape, ({ apiKeyId }) => apiKeyId);

  /** Change and audit in one transaction; the SDK's idempotency token makes its own retries harmless. */
  const write = async (change: Change, record: ApiKeyRecord, audit: AuditRecord): Promise<void> => {
    await awsCall(
      'dynamodb:TransactWriteItems',
      () =>
        table.documents.send(
          new TransactWriteCommand({
            TransactItems: [
              change,
              {
                Put: {
                  TableName: table.name,
                  Item: { ...audit, pk: `AUDIT#${audit.managedKey}`, sk: `${iso(audit.at)}#${audit.apiKeyId}#${record.revision}` },
                },
              },
            ],
          }),
        ),
      (error) => (error instanceof TransactionCanceledException ? cancelled(error, record.apiKeyId, readable) : undefined),
    );
  };

  const put = (record: ApiKeyRecord, revision?: number): Change => ({
    Put: { TableName: table.name, Item: { ...asStored(record), pk: partition, sk: record.apiKeyId }, ...ifUnchanged(revision) },
  });

  return {
    async all() {
      return readable(await table.query(partition));
    },
    async of(managedKey) {
      const items = await table.query(partition);
      const records = readable(items);
      if (records.length < items.length) checkReadable(managedKey, items, records);
      return records.filter((record) => record.managedKey === managedKey);
    },
    async find(apiKeyId) {
      // A query, and no GetItem: not every operator is granted more.
      const items = await table.query(partition, { from: apiKeyId, to: apiKeyId });
      const [record] = readable(items);
      if (record === undefined && items.length > 0) throw unreadableItems([`${partition} ${apiKeyId}`]);
      return record;
    },
    async add(record, by) {
      await write(put(record), record, auditOf('unknown', record, by));
    },
    async replace(before, after, by, auditContext) {
      const stored = { ...after, revision: before.revision + 1 };
      await write(put(stored, before.revision), stored, auditOf(before.state, stored, by, auditContext));
      return stored;
    },
    async forget(record, by, auditContext) {
      const { to, ...audit } = auditOf(record.state, record, by, auditContext);
      const Key = { pk: partition, sk: record.apiKeyId };
      const gone = { ...record, revision: record.revision + 1 };
      await write({ Delete: { TableName: table.name, Key, ...ifUnchanged(record.revision) } }, gone, audit);
    },
  };
}

export function keyOwners(table: Table): KeyOwners {
  return {
    async all() {
      const items = await table.query(partition);
      readableIn(table, items.map(asRead), apiKeyShape, ({ apiKeyId }) => apiKeyId);
      return items.flatMap(({ sk, managedKey }) => (typeof managedKey === 'string' ? [{ apiKeyId: String(sk), managedKey }] : []));
    },
  };
}

/** An item of any version with the names and the codes of this one. */
function asRead(item: Item): Item {
  return withCause(asInCode(item));
}

/** Of an item that does not even name its managed key: it may be the current key of whoever has none that can be read. */
function checkReadable(managedKey: string, items: readonly Item[], records: readonly ApiKeyRecord[]): void {
  const readable = new Set(records.map(({ apiKeyId }) => apiKeyId));
  const hasCurrent = records.some((record) => record.managedKey === managedKey && record.state === 'current');
  const odd = items.filter(({ sk, managedKey: named }) => {
    if (readable.has(String(sk))) return false;
    return typeof named === 'string' ? named === managedKey : !hasCurrent;
  });
  if (odd.length > 0) throw unreadableItems(odd.map(({ sk }) => `${partition} ${String(sk)}`));
}

/** Reasons that say nothing of the record: DynamoDB was busy, or another transaction had an item in hand in that moment. */
const passingReasons = ['ThrottlingError', 'ProvisionedThroughputExceeded', 'TransactionConflict'];

/** The write condition, and that the record which is stored is shown where it is not met. */
function ifUnchanged(revision: number | undefined) {
  return { ...unchanged(revision), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
}

/** What a cancelled transaction means. That the record has changed is known for certain, whatever else is said beside it. */
function cancelled(
  { CancellationReasons: reasons = [] }: TransactionCanceledException,
  apiKeyId: string,
  readable: (items: readonly Item[]) => readonly ApiKeyRecord[],
): Error | undefined {
  const codes = reasons.flatMap(({ Code: code }) => (code === undefined || code === 'None' ? [] : [code]));
  if (codes.includes('ConditionalCheckFailed')) {
    const [won] = readable(reasons.flatMap(({ Item: item }) => (item === undefined ? [] : [unmarshall(item)])));
    return new LostKeyRace(apiKeyId, won);
  }
  const isPassing = codes.length > 0 && codes.every((code) => passingReasons.includes(code));
  return isPassing ? new Unavailable('dynamodb:TransactWriteItems', codes.join(', ')) : undefined;
}

type Change = Exclude<TransactWriteCommandInput['TransactItems'], undefined>[number];

function auditOf(
  from: AuditRecord['from'],
  record: ApiKeyRecord,
  by: string,
  { requestIds = [], auditEvent = auditEventOf(record) }: AuditContext = {},
): AuditRecord {
  return {
    schema: 1,
    ...auditEvent,
    managedKey: record.managedKey,
    apiKeyId: record.apiKeyId,
    ...(from === undefined ? {} : { from }),
    to: record.state,
    by,
    ...(record.token === undefined ? {} : { token: record.token }),
    ...(requestIds.length === 0 ? {} : { requestIds }),
  };
}

/** Why the record was written: for what is about to be done, for what an operator wants, or for what happened. */
function auditEventOf(record: ApiKeyRecord): AuditEvent {
  const happened: AuditEvent = { at: record.since, cause: record.cause ?? { code: 'recorded', text: '' } };
  const requests: readonly AuditEvent[] = [
    ...(record.intent === undefined
      ? []
      : [{ at: record.intent.at, cause: { code: 'intended', to: record.intent.to, why: record.intent.cause } } as const]),
    ...asked('undo-asked-for', record.undoRequest),
    ...asked('emergency-asked-for', record.revokeRequest),
  ];
  return requests.reduce((latest, request) => (request.at >= latest.at ? request : latest), happened);
}

function asked(code: OperatorCause, request: OperatorRequest | undefined): readonly AuditEvent[] {
  return request === undefined ? [] : [{ at: request.at, cause: { code, reason: request.because } }];
}
