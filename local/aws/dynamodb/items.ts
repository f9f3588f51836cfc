import { DeleteItem$, GetItem$, PutItem$, Query$ } from '@aws-sdk/client-dynamodb';
import type {
  DeleteItemInput,
  DeleteItemOutput,
  GetItemInput,
  GetItemOutput,
  PutItemInput,
  PutItemOutput,
  QueryInput,
  QueryOutput,
} from '@aws-sdk/client-dynamodb';
import { AwsError, operation } from '../service.ts';
import type { Call, Operation } from '../service.ts';
import { bind } from './bindings.ts';
import { checkBounds, parseCondition } from './conditions.ts';
import { behind, keyRange, readPage } from './reads.ts';
import type { Tables } from './tables.ts';
import { prepareWrite } from './writes.ts';

export const conditional = [
  'ConditionExpression',
  'ExpressionAttributeNames',
  'ExpressionAttributeValues',
  'ReturnValuesOnConditionCheckFailure',
] as const;

/** GetItem, PutItem, DeleteItem and Query. */
export function itemOperations(tables: Tables): readonly Operation[] {
  return [
    operation<GetItemInput, GetItemOutput>(GetItem$, ['TableName', 'Key', 'ConsistentRead'], (input, call) => {
      const table = tables.find(input.TableName);
      const item = table.get(table.placeOfKey(input.Key), isStale(input, call));
      return item === undefined ? {} : { Item: { ...item } };
    }),

    operation<PutItemInput, PutItemOutput>(PutItem$, ['TableName', 'Item', ...conditional], (input) => {
      prepareWrite(tables.find(input.TableName), { kind: 'put', ...input }).plan()();
      return {};
    }),

    operation<DeleteItemInput, DeleteItemOutput>(DeleteItem$, ['TableName', 'Key', ...conditional], (input) => {
      prepareWrite(tables.find(input.TableName), { kind: 'delete', ...input }).plan()();
      return {};
    }),

    operation<QueryInput, QueryOutput>(
      Query$,
      [
        'TableName',
        'ConsistentRead',
        'KeyConditionExpression',
        'ExpressionAttributeNames',
        'ExpressionAttributeValues',
        'ExclusiveStartKey',
      ],
      (input, call) => {
        const table = tables.find(input.TableName);
        const { KeyConditionExpression: text, ExclusiveStartKey: start } = input;
        if (text === undefined) {
          throw new AwsError(
            'ValidationException',
            'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
          );
        }
        const condition = parseCondition('KeyConditionExpression', text);
        const bindings = bind(input.ExpressionAttributeNames, input.ExpressionAttributeValues, condition);
        checkBounds(condition, bindings);
        const { partition, inRange } = keyRange(table, condition, bindings);
        const from = start === undefined ? undefined : table.placeOfKey(start);
        if (from !== undefined && from.partition !== partition) {
          throw new AwsError('ValidationException', 'The provided starting key is outside query boundaries based on provided conditions');
        }
        const found = table.partition(partition, isStale(input, call)).filter(inRange);
        const { items, lastKey } = readPage(table, from === undefined ? found : behind(table, found, from.sort));
        return {
          Count: items.length,
          ScannedCount: items.length,
          Items: items.map((item) => ({ ...item })),
          ...(lastKey === undefined ? {} : { LastEvaluatedKey: { ...lastKey } }),
        };
      },
    ),
  ];
}

/** Only an eventually consistent read can be stale. */
function isStale(input: { readonly ConsistentRead?: boolean | undefined }, call: Call): boolean {
  return call.stale && input.ConsistentRead !== true;
}
