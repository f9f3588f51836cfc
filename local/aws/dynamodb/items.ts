import { DeleteItem$, GetItem$, PutItem$, Query$, Scan$, UpdateItem$ } from '@aws-sdk/client-dynamodb';
import type {
  DeleteItemInput,
  DeleteItemOutput,
  GetItemInput,
  GetItemOutput,
  PutItemInput,
  PutItemOutput,
  QueryInput,
  QueryOutput,
  ScanInput,
  ScanOutput,
  UpdateItemInput,
  UpdateItemOutput,
} from '@aws-sdk/client-dynamodb';
import { AwsError, operation } from '../service.ts';
import type { Call, Operation } from '../service.ts';
import { bind } from './bindings.ts';
import type { Bindings } from './bindings.ts';
import { checkBounds, holds } from './conditions.ts';
import type { ParsedCondition } from './conditions.ts';
import type { Expressions } from './expressions.ts';
import { project } from './paths.ts';
import type { ParsedProjection } from './paths.ts';
import { after, keyRange, readPage, scanAfter } from './reads.ts';
import type { ItemPage } from './reads.ts';
import type { Tables } from './tables.ts';
import { planWrite, returnedAttributes } from './writes.ts';

const LEGACY = ['Expected', 'ConditionalOperator', 'AttributeUpdates', 'AttributesToGet', 'KeyConditions', 'QueryFilter', 'ScanFilter'];

/** GetItem, PutItem, UpdateItem, DeleteItem, Query and Scan. */
export function itemOperations(tables: Tables, expressions: Expressions): readonly Operation[] {
  return [
    operation<GetItemInput, GetItemOutput>(GetItem$, (input, call) => {
      refuseLegacy(input);
      const table = tables.find(input.TableName);
      const projection = expressions.projection(input.ProjectionExpression);
      const bindings = bind(input.ExpressionAttributeNames, undefined, [projection]);
      const item = table.get(table.placeOfKey(input.Key), isStale(input, call));
      return item === undefined ? {} : { Item: { ...project(item, projection, bindings) } };
    }),

    operation<PutItemInput, PutItemOutput>(PutItem$, (input) => {
      refuseLegacy(input);
      allow(input.ReturnValues, ['NONE', 'ALL_OLD']);
      const write = planWrite(tables.find(input.TableName), { kind: 'put', ...input }, expressions);
      write.commit();
      return returnedAttributes(write, input.ReturnValues);
    }),

    operation<DeleteItemInput, DeleteItemOutput>(DeleteItem$, (input) => {
      refuseLegacy(input);
      allow(input.ReturnValues, ['NONE', 'ALL_OLD']);
      const write = planWrite(tables.find(input.TableName), { kind: 'delete', ...input }, expressions);
      write.commit();
      return returnedAttributes(write, input.ReturnValues);
    }),

    operation<UpdateItemInput, UpdateItemOutput>(UpdateItem$, (input) => {
      refuseLegacy(input);
      const write = planWrite(tables.find(input.TableName), { kind: 'update', ...input }, expressions);
      write.commit();
      return returnedAttributes(write, input.ReturnValues);
    }),

    operation<QueryInput, QueryOutput>(Query$, (input, call) => {
      refuseLegacy(input);
      refuseIndex(input.IndexName);
      const table = tables.find(input.TableName);
      const condition = expressions.condition('KeyConditionExpression', input.KeyConditionExpression);
      const filter = expressions.condition('FilterExpression', input.FilterExpression);
      const projection = expressions.projection(input.ProjectionExpression);
      const bindings = bind(input.ExpressionAttributeNames, input.ExpressionAttributeValues, [condition, filter, projection]);
      if (condition === undefined) {
        throw new AwsError(
          'ValidationException',
          'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
        );
      }
      checkBounds(condition, bindings);
      if (filter !== undefined) {
        checkBounds(filter, bindings);
        refuseKeys(filter, bindings, table.keyNames);
      }
      const { place, inRange } = keyRange(table, condition, bindings);
      const start = input.ExclusiveStartKey;
      if (start !== undefined && table.placeOfKey(start).partition !== place.partition) {
        throw new AwsError('ValidationException', 'The provided starting key is outside query boundaries based on provided conditions');
      }
      const found = table.partition(place.partition, isStale(input, call)).filter(inRange);
      const candidates = after(table, found, start, input.ScanIndexForward !== false);
      const page = readPage(table, candidates, {
        limit: input.Limit,
        filter: (item) => filter === undefined || holds(filter.root, item, bindings),
      });
      return shown(page, projection, bindings, input.Select === 'COUNT');
    }),

    operation<ScanInput, ScanOutput>(Scan$, (input, call) => {
      refuseLegacy(input);
      refuseIndex(input.IndexName);
      if (input.TotalSegments !== undefined && input.TotalSegments !== 1) {
        throw new AwsError('ValidationException', 'The local AWS does not scan in parallel segments');
      }
      const table = tables.find(input.TableName);
      const filter = expressions.condition('FilterExpression', input.FilterExpression);
      const projection = expressions.projection(input.ProjectionExpression);
      const bindings = bind(input.ExpressionAttributeNames, input.ExpressionAttributeValues, [filter, projection]);
      if (filter !== undefined) checkBounds(filter, bindings);
      const page = readPage(table, scanAfter(table, input.ExclusiveStartKey, isStale(input, call)), {
        limit: input.Limit,
        filter: (item) => filter === undefined || holds(filter.root, item, bindings),
      });
      return shown(page, projection, bindings, input.Select === 'COUNT');
    }),
  ];
}

function shown(page: ItemPage, projection: ParsedProjection | undefined, bindings: Bindings, countOnly: boolean): QueryOutput {
  return {
    Count: page.items.length,
    ScannedCount: page.scanned,
    ...(countOnly ? {} : { Items: page.items.map((item) => ({ ...project(item, projection, bindings) })) }),
    ...(page.lastKey === undefined ? {} : { LastEvaluatedKey: { ...page.lastKey } }),
  };
}

/** Only an eventually consistent read can be stale. */
export function isStale(input: { readonly ConsistentRead?: boolean | undefined }, call: Call): boolean {
  return call.stale && input.ConsistentRead !== true;
}

function refuseLegacy(input: object): void {
  const found = LEGACY.find((name) => name in input);
  if (found !== undefined) throw new AwsError('ValidationException', `The local AWS takes expressions, not the legacy parameter ${found}`);
}

function refuseIndex(name: string | undefined): void {
  if (name !== undefined) throw new AwsError('ValidationException', `The table does not have the specified index: ${name}`);
}

function allow(value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw new AwsError('ValidationException', 'ReturnValues can only be ALL_OLD or NONE');
}

function refuseKeys(filter: ParsedCondition, bindings: Bindings, keyNames: readonly string[]): void {
  const key = keyNames.find(
    (name) => filter.bareNames.has(name) || [...filter.names].some((alias) => bindings.resolve([alias])[0] === name),
  );
  if (key !== undefined) {
    throw new AwsError(
      'ValidationException',
      `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
    );
  }
}
