import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, paginateQuery, PutCommand } from '@aws-sdk/lib-dynamodb';
import { fits, type Data, type Fields } from '../../../contract/shape.ts';
import { counted } from '../../foundation/counted.ts';
import { KeyguardError, LostRace } from '../../foundation/errors.ts';
import type { Log } from '../../foundation/log.ts';
import { awsCall, awsPages } from './calls.ts';
import { dynamoDb } from './clients.ts';

export type Item = Record<string, unknown>;

/** The one table, spoken to in our own words. Reads are consistent. */
export interface Table {
  readonly name: string;
  readonly documents: DynamoDBDocumentClient;
  get(pk: string, sk: string): Promise<Item | undefined>;
  /** All items of a partition, or those with `from` <= sk <= `to`, in sort order. */
  query(pk: string, range?: { readonly from: string; readonly to: string }): Promise<readonly Item[]>;
  put(pk: string, sk: string, record: object): Promise<void>;
  /** Stores the record if the stored one still has `revision` (undefined: none is stored); throws LostRace otherwise. Returns the new revision. */
  replace(pk: string, sk: string, revision: number | undefined, record: object): Promise<number>;
  /** Throws LostRace when the record changed. */
  remove(pk: string, sk: string, revision: number): Promise<void>;
  noteUnreadable(item: Item): void;
  /** The keys of the items that could not be read since this was asked last, such as `API_KEY apikey_1`. */
  takeUnreadable(): readonly string[];
}

export function openTable(name: string): Table {
  const documents = DynamoDBDocumentClient.from(dynamoDb(), { marshallOptions: { removeUndefinedValues: true } });
  const unreadable = new Set<string>();
  return {
    name,
    documents,
    noteUnreadable: (item) => void unreadable.add(nameOf(item)),
    takeUnreadable() {
      const names = [...unreadable].sort();
      unreadable.clear();
      return names;
    },
    async get(pk, sk) {
      const { Item } = await awsCall('dynamodb:GetItem', () =>
        documents.send(new GetCommand({ TableName: name, Key: { pk, sk }, ConsistentRead: true })),
      );
      return Item;
    },
    async query(pk, range) {
      // DynamoDB refuses bounds in this order; there is nothing between them.
      if (range !== undefined && range.from > range.to) return [];
      const pages = await awsPages(
        'dynamodb:Query',
        paginateQuery(
          { client: documents },
          {
            TableName: name,
            ConsistentRead: true,
            KeyConditionExpression: range === undefined ? 'pk = :pk' : 'pk = :pk AND sk BETWEEN :from AND :to',
            ExpressionAttributeValues: range === undefined ? { ':pk': pk } : { ':pk': pk, ':from': range.from, ':to': range.to },
          },
        ),
      );
      return pages.flatMap(({ Items = [] }) => Items);
    },
    async put(pk, sk, record) {
      await awsCall('dynamodb:PutItem', () => documents.send(new PutCommand({ TableName: name, Item: { ...record, pk, sk } })));
    },
    async replace(pk, sk, revision, record) {
      const next = (revision ?? 0) + 1;
      const nonce = randomUUID();
      try {
        await awsCall(
          'dynamodb:PutItem',
          () =>
            documents.send(
              new PutCommand({
                TableName: name,
                Item: { ...record, pk, sk, revision: next, nonce },
                ...unchanged(revision),
                ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
              }),
            ),
          (error) => (error instanceof ConditionalCheckFailedException ? lost(`${pk} ${sk}`, error, nonce) : undefined),
        );
      } catch (error) {
        if (!(error instanceof OwnWrite)) throw error;
      }
      return next;
    },
    async remove(pk, sk, revision) {
      await awsCall(
        'dynamodb:DeleteItem',
        () => documents.send(new DeleteCommand({ TableName: name, Key: { pk, sk }, ...unchanged(revision) })),
        (error) => (error instanceof ConditionalCheckFailedException ? new LostRace(`${pk} ${sk}`) : undefined),
      );
    },
  };
}

/** The write condition: the record is still as it was read. */
export function unchanged(revision: number | undefined): {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeValues?: Record<string, number>;
} {
  if (revision === undefined) return { ConditionExpression: 'attribute_not_exists(pk)' };
  return { ConditionExpression: 'revision = :revision', ExpressionAttributeValues: { ':revision': revision } };
}

/** The SDK repeated a write that had reached the table: the stored item carries our own nonce, so nobody else won. */
class OwnWrite extends Error {}

function lost(what: string, error: ConditionalCheckFailedException, nonce: string): Error {
  return error.Item?.['nonce']?.S === nonce ? new OwnWrite() : new LostRace(what);
}

/** An item as one of our records: of the schema that this code knows, each field as it should be. Throws KeyguardError `foreign-record`. */
export function recordOf<F extends Fields>(item: Item, shape: F): Data<F> {
  if (fits(item, shape)) return item;
  throw unreadableItems([nameOf(item)]);
}

/**
 * The records of a partition that can be read. One odd item must not hide the others: it is left out, and its key noted, so that whoever
 * runs says so at the end (`takeUnreadable`). Where it would do harm to take it as absent, the adapter of its partition says what it
 * counts as: a key's record holds up its own managed key, a pause holds, a last use may go on, an incident is never begun a second time.
 *
 * @param sk the sort key under which such a record lies
 */
export function readableIn<F extends Fields>(
  table: Table,
  items: readonly Item[],
  shape: F,
  sk?: (record: Data<F>) => string,
): readonly Data<F>[] {
  return items.filter((item): item is Item & Data<F> => {
    const { sk: key } = item;
    if (fits(item, shape) && (sk === undefined || key === sk(item))) return true;
    table.noteUnreadable(item);
    return false;
  });
}

/** So many a line of a log and a message hold. */
const mostNamed = 20;

export function unreadableItems(names: readonly string[]): KeyguardError {
  return new KeyguardError(
    'foreign-record',
    `${counted(names.length, 'item')} of the state table cannot be read by this version: ${names.slice(0, mostNamed).join(', ')}`,
    'see how to repair it: npx --no-install keyguard doctor',
  );
}

/** Its key and nothing else: what it holds may be anything. */
function nameOf({ pk, sk }: Item): string {
  return `${String(pk)} ${String(sk)}`;
}

/** What a run met in the table and could not read, said at its end: thrown last, so that the error alarm sees it. */
export function unreadableSeen(table: Table, log: Log): KeyguardError | undefined {
  const names = table.takeUnreadable();
  if (names.length === 0) return undefined;
  log.warn('state.unreadable', { items: names.slice(0, mostNamed), count: names.length });
  return unreadableItems(names);
}
