import { BatchGetItem$, BatchWriteItem$, TransactGetItems$ } from '@aws-sdk/client-dynamodb';
import type {
  AttributeValue,
  BatchGetItemInput,
  BatchGetItemOutput,
  BatchWriteItemInput,
  BatchWriteItemOutput,
  TransactGetItemsInput,
  TransactGetItemsOutput,
} from '@aws-sdk/client-dynamodb';
import { AwsError, operation } from '../service.ts';
import type { Operation } from '../service.ts';
import { keyText } from './attribute-values.ts';
import { bind } from './bindings.ts';
import type { Expressions } from './expressions.ts';
import { isStale } from './items.ts';
import { project } from './paths.ts';
import type { Place } from './table.ts';
import type { Tables } from './tables.ts';
import { planWrite } from './writes.ts';
import type { PlannedWrite } from './writes.ts';

/** BatchGetItem, BatchWriteItem and TransactGetItems. */
export function batchOperations(tables: Tables, expressions: Expressions): readonly Operation[] {
  return [
    operation<BatchGetItemInput, BatchGetItemOutput>(BatchGetItem$, (input, call) => {
      const responses: Record<string, Record<string, AttributeValue>[]> = {};
      let count = 0;
      for (const [name, request] of Object.entries(input.RequestItems)) {
        const table = tables.find(name);
        const projection = expressions.projection(request.ProjectionExpression);
        const bindings = bind(request.ExpressionAttributeNames, undefined, [projection]);
        const places = request.Keys.map((key) => table.placeOfKey(key));
        refuseRepeats(name, places, 'Provided list of item keys contains duplicates');
        count += places.length;
        const items = places.map((place) => table.get(place, isStale(request, call))).filter((item) => item !== undefined);
        responses[name] = items.map((item) => ({ ...project(item, projection, bindings) }));
      }
      limit(count, 100, 'Too many items requested for the BatchGetItem call');
      return { Responses: responses, UnprocessedKeys: {} };
    }),

    operation<BatchWriteItemInput, BatchWriteItemOutput>(BatchWriteItem$, (input) => {
      const writes: PlannedWrite[] = [];
      for (const [name, requests] of Object.entries(input.RequestItems)) {
        const table = tables.find(name);
        const planned = requests.map(({ PutRequest: put, DeleteRequest: remove }) => {
          if ((put === undefined) === (remove === undefined)) {
            throw new AwsError(
              'ValidationException',
              'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
            );
          }
          return put !== undefined
            ? planWrite(table, { kind: 'put', Item: put.Item }, expressions)
            : planWrite(table, { kind: 'delete', Key: remove?.Key ?? {} }, expressions);
        });
        refuseRepeats(
          name,
          planned.map(({ place }) => place),
          'Provided list of item keys contains duplicates',
        );
        writes.push(...planned);
      }
      limit(writes.length, 25, 'Too many items requested for the BatchWriteItem call');
      for (const write of writes) write.commit();
      return { UnprocessedItems: {} };
    }),

    operation<TransactGetItemsInput, TransactGetItemsOutput>(TransactGetItems$, (input) => ({
      Responses: input.TransactItems.map(({ Get: get }) => {
        const table = tables.find(get.TableName);
        const projection = expressions.projection(get.ProjectionExpression);
        const bindings = bind(get.ExpressionAttributeNames, undefined, [projection]);
        const item = table.get(table.placeOfKey(get.Key));
        return item === undefined ? {} : { Item: { ...project(item, projection, bindings) } };
      }),
    })),
  ];
}

/** Throws ValidationException with `message` when two places of one table are the same. */
function refuseRepeats(table: string, places: readonly Place[], message: string): void {
  const seen = new Set<string>();
  for (const { partition, sort } of places) {
    const key = JSON.stringify([table, partition, sort === undefined ? '' : keyText(sort)]);
    if (seen.has(key)) throw new AwsError('ValidationException', message);
    seen.add(key);
  }
}

function limit(count: number, most: number, message: string): void {
  if (count > most) throw new AwsError('ValidationException', message);
}
