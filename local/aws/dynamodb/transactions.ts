import { TransactWriteItems$ } from '@aws-sdk/client-dynamodb';
import type { CancellationReason, TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput } from '@aws-sdk/client-dynamodb';
import { AwsError, operation } from '../service.ts';
import type { Account, Checked, Operation } from '../service.ts';
import type { Item } from './attribute-values.ts';
import { keyText } from './attribute-values.ts';
import type { Expressions } from './expressions.ts';
import type { Table } from './table.ts';
import type { Tables } from './tables.ts';
import { planWrite } from './writes.ts';
import type { PlannedWrite, WriteRequest } from './writes.ts';

/** A token is remembered for ten minutes: API_TransactWriteItems, ClientRequestToken. */
const TOKEN_MS = 600_000;

/** TransactWriteItems: every condition is checked first, then all writes happen or none. */
export function transactionOperation(account: Account, tables: Tables, expressions: Expressions): Operation {
  const done = new Map<string, { readonly content: string; readonly at: number }>();

  return operation<TransactWriteItemsInput, TransactWriteItemsOutput>(TransactWriteItems$, (input, { now }) => {
    const entries = input.TransactItems;
    if (entries.length === 0 || entries.length > 100) {
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length ${entries.length === 0 ? 'greater than or equal to 1' : 'less than or equal to 100'}`,
      );
    }
    const token = input.ClientRequestToken;
    const content = JSON.stringify(entries);
    const known = token === undefined ? undefined : done.get(token);
    if (known !== undefined && now - known.at < TOKEN_MS) {
      if (known.content === content) return {};
      throw new AwsError(
        'IdempotentParameterMismatchException',
        'Transaction request was not the same as the previous request with the same client token',
      );
    }
    const writes = entries.map((entry) => plan(entry));
    commitAll(writes);
    if (token !== undefined) done.set(token, { content, at: account.clock.now() });
    return {};
  });

  function plan(entry: Checked<TransactWriteItem>): () => { table: Table; write: PlannedWrite } {
    const [table, request] = requestOf(entry);
    return () => ({ table, write: planWrite(table, request, expressions) });
  }

  function requestOf(entry: Checked<TransactWriteItem>): [Table, WriteRequest] {
    const { ConditionCheck: check, Put: put, Delete: remove, Update: update } = entry;
    if ([check, put, remove, update].filter((part) => part !== undefined).length !== 1) {
      throw new AwsError('ValidationException', 'TransactItems can only contain one of Check, Put, Update or Delete');
    }
    if (put !== undefined) return [tables.find(put.TableName), { kind: 'put', ...put }];
    if (update !== undefined) return [tables.find(update.TableName), { kind: 'update', ...update }];
    if (remove !== undefined) return [tables.find(remove.TableName), { kind: 'delete', ...remove }];
    if (check !== undefined) return [tables.find(check.TableName), { kind: 'check', ...check }];
    throw new AwsError('ValidationException', 'TransactItems can only contain one of Check, Put, Update or Delete');
  }
}

function commitAll(plans: readonly (() => { table: Table; write: PlannedWrite })[]): void {
  const reasons: CancellationReason[] = [];
  const writes: PlannedWrite[] = [];
  const places = new Set<string>();
  for (const plan of plans) {
    try {
      const { table, write } = plan();
      const sort = write.place.sort;
      const key = JSON.stringify([table.name, write.place.partition, sort === undefined ? '' : keyText(sort)]);
      if (places.has(key)) throw new AwsError('RepeatedItem', 'Transaction request cannot include multiple operations on one item');
      places.add(key);
      writes.push(write);
      reasons.push({ Code: 'None' });
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  if (reasons.some((reason) => reason.Code !== 'None')) {
    throw new AwsError(
      'TransactionCanceledException',
      `Transaction cancelled, please refer cancellation reasons for specific reasons [${reasons.map((reason) => reason.Code).join(', ')}]`,
      { CancellationReasons: reasons },
    );
  }
  for (const write of writes) write.commit();
}

function reasonOf(error: unknown): CancellationReason {
  if (!(error instanceof AwsError)) throw error;
  if (error.code === 'RepeatedItem') throw new AwsError('ValidationException', error.message);
  if (error.code !== 'ConditionalCheckFailedException') return { Code: 'ValidationError', Message: error.message };
  const item = error.members['Item'];
  const shown = typeof item === 'object' && item !== null ? { Item: { ...(item as Item) } } : {};
  return { Code: 'ConditionalCheckFailed', Message: error.message, ...shown };
}
