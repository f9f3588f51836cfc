import { TransactWriteItems$ } from '@aws-sdk/client-dynamodb';
import type { CancellationReason, TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput } from '@aws-sdk/client-dynamodb';
import type { ResultFault } from '../intercept.ts';
import { AwsError, notOffered, operation, refuseOthers } from '../service.ts';
import type { Account, Checked, Operation } from '../service.ts';
import { conditional } from './items.ts';
import type { Place, Table } from './table.ts';
import type { Tables } from './tables.ts';
import { prepareWrite } from './writes.ts';
import type { PreparedWrite, WriteRequest } from './writes.ts';

/** A token is remembered for ten minutes: API_TransactWriteItems, ClientRequestToken. */
const TOKEN_MS = 600_000;

/** What a cancelled transaction says of the item that could not be had. */
const CANCELLED: Readonly<Partial<Record<ResultFault, CancellationReason>>> = {
  throttled: { Code: 'ThrottlingError', Message: 'Throughput exceeds the current capacity of your table or index.' },
  throughput: { Code: 'ProvisionedThroughputExceeded', Message: 'The level of configured provisioned throughput was exceeded.' },
  conflict: { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' },
};

/** TransactWriteItems of puts and deletes: every condition is checked first, then all writes happen or none. */
export function transactionOperation(account: Account, tables: Tables): Operation {
  const done = new Map<string, { readonly content: string; readonly at: number }>();

  return operation<TransactWriteItemsInput, TransactWriteItemsOutput>(
    TransactWriteItems$,
    ['TransactItems', 'ClientRequestToken'],
    (input, { now, resultFault }) => {
      const entries = input.TransactItems;
      if (entries.length === 0 || entries.length > 100) {
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length ${entries.length === 0 ? 'greater than or equal to 1' : 'less than or equal to 100'}`,
        );
      }
      const token = input.ClientRequestToken;
      const content = canonical(entries);
      const known = token === undefined ? undefined : done.get(token);
      if (known !== undefined && now - known.at < TOKEN_MS) {
        if (known.content === content) return {};
        throw new AwsError(
          'IdempotentParameterMismatchException',
          'Transaction request was not the same as the previous request with the same client token',
        );
      }
      const prepared = entries.map((entry) => {
        const [table, request] = requestOf(entry);
        return { table, write: prepareWrite(table, request) };
      });
      refuseRepeats(prepared);
      const cancelled = resultFault === undefined ? undefined : CANCELLED[resultFault];
      if (cancelled !== undefined) throw cancellation([...entries.slice(1).map(() => ({ Code: 'None' })), cancelled]);
      commitAll(prepared.map(({ write }) => write));
      if (token !== undefined) done.set(token, { content, at: account.clock.now() });
      return {};
    },
  );

  function requestOf(entry: Checked<TransactWriteItem>): [Table, WriteRequest] {
    const { Put: put, Delete: remove } = entry;
    if (Object.keys(entry).length !== 1) {
      throw new AwsError('ValidationException', 'TransactItems can only contain one of Check, Put, Update or Delete');
    }
    if (put !== undefined) {
      refuseOthers(put, ['TableName', 'Item', ...conditional], 'dynamodb:TransactWriteItems Put');
      return [tables.find(put.TableName), { kind: 'put', ...put }];
    }
    if (remove !== undefined) {
      refuseOthers(remove, ['TableName', 'Key', ...conditional], 'dynamodb:TransactWriteItems Delete');
      return [tables.find(remove.TableName), { kind: 'delete', ...remove }];
    }
    throw notOffered(`dynamodb:TransactWriteItems with ${Object.keys(entry).join()}`);
  }
}

/** The same text for requests that differ in the order of their members only. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function refuseRepeats(prepared: readonly { readonly table: Table; readonly write: PreparedWrite }[]): void {
  const places = new Set<string>();
  for (const { table, write } of prepared) {
    const place = placeIn(write);
    if (place === undefined) continue;
    const key = JSON.stringify([table.name, place.partition, place.sort]);
    if (places.has(key)) {
      throw new AwsError('ValidationException', 'Transaction request cannot include multiple operations on one item');
    }
    places.add(key);
  }
}

/** Undefined for a key that does not fit its table, which is told as the reason of its entry. */
function placeIn(write: PreparedWrite): Place | undefined {
  try {
    return write.place();
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

function commitAll(prepared: readonly PreparedWrite[]): void {
  const reasons: CancellationReason[] = [];
  const writes: (() => void)[] = [];
  for (const write of prepared) {
    try {
      writes.push(write.plan());
      reasons.push({ Code: 'None' });
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  if (reasons.some((reason) => reason.Code !== 'None')) throw cancellation(reasons);
  for (const write of writes) write();
}

function cancellation(reasons: readonly CancellationReason[]): AwsError {
  return new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map((reason) => reason.Code).join(', ')}]`,
    { CancellationReasons: reasons },
  );
}

function reasonOf(error: unknown): CancellationReason {
  if (!(error instanceof AwsError)) throw error;
  const Code = error.code === 'ConditionalCheckFailedException' ? 'ConditionalCheckFailed' : 'ValidationError';
  return { Code, Message: error.message, ...error.members };
}
