import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { KeyguardError, LostRace } from '../../foundation/errors.ts';
import { awsCall } from './calls.ts';
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
}

export function openTable(name: string): Table {
  const documents = DynamoDBDocumentClient.from(dynamoDb(), { marshallOptions: { removeUndefinedValues: true } });
  return {
    name,
    documents,
    async get(pk, sk) {
      const { Item } = await awsCall('dynamodb:GetItem', () =>
        documents.send(new GetCommand({ TableName: name, Key: { pk, sk }, ConsistentRead: true })),
      );
      return Item;
    },
    async query(pk, range) {
      const items: Item[] = [];
      // DynamoDB refuses bounds in this order; there is nothing between them.
      if (range !== undefined && range.from > range.to) return items;
      let start: Item | undefined;
      do {
        const page = await awsCall('dynamodb:Query', () =>
          documents.send(
            new QueryCommand({
              TableName: name,
              ConsistentRead: true,
              KeyConditionExpression: range === undefined ? 'pk = :pk' : 'pk = :pk AND sk BETWEEN :from AND :to',
              ExpressionAttributeValues: range === undefined ? { ':pk': pk } : { ':pk': pk, ':from': range.from, ':to': range.to },
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          ),
        );
        items.push(...(page.Items ?? []));
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      return items;
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

/** An item as one of our records: of the schema that this code knows, with every field that it needs. Throws KeyguardError. */
export function recordOf<T extends object>(item: Item, fields: readonly (keyof T & string)[]): T {
  if (isRecord<T>(item, fields)) return item;
  throw new KeyguardError(
    'foreign-record',
    `an item of the state table is of another schema (pk ${String(item['pk'])})`,
    'run the version of KeyGuard that wrote it, or see CHANGELOG.md for its migration',
  );
}

function isRecord<T extends object>(item: Item, fields: readonly (keyof T & string)[]): item is T & Item {
  return item['schema'] === 1 && fields.every((field) => field in item);
}
