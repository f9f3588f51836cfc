import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { itemSize } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import { bind } from './bindings.ts';
import { checkBounds, holds } from './conditions.ts';
import type { Expressions } from './expressions.ts';
import { pick } from './paths.ts';
import { cleanItem } from './table.ts';
import type { Place, Table } from './table.ts';
import type { Path } from './tokens.ts';
import { applyUpdate, updatedPaths } from './updates.ts';

interface Conditional {
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue> | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined;
}

export type WriteRequest =
  | (Conditional & { readonly kind: 'put'; readonly Item: Readonly<Record<string, AttributeValue>> })
  | (Conditional & { readonly kind: 'delete' | 'check'; readonly Key: Readonly<Record<string, AttributeValue>> })
  | (Conditional & {
      readonly kind: 'update';
      readonly Key: Readonly<Record<string, AttributeValue>>;
      readonly UpdateExpression?: string | undefined;
    });

/** A write that has been checked and not yet done: single writes commit it at once, transactions all or none. */
export interface PlannedWrite {
  readonly place: Place;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** Paths that an update names, for UPDATED_OLD and UPDATED_NEW. */
  readonly paths: readonly Path[];
  commit(): void;
}

/** A write whose request is well formed. */
export interface PreparedWrite {
  /** Throws ValidationException where the key does not fit the table. */
  place(): Place;
  /**
   * Checks it against the table as it is. Throws ConditionalCheckFailedException (with the item where asked for) and
   * ValidationException.
   */
  plan(): PlannedWrite;
}

/** `prepareWrite` and its plan at once. */
export function planWrite(table: Table, request: WriteRequest, expressions: Expressions): PlannedWrite {
  return prepareWrite(table, request, expressions).plan();
}

/** Reads what can be told without the table. Throws ValidationException. */
export function prepareWrite(table: Table, request: WriteRequest, expressions: Expressions): PreparedWrite {
  const condition = expressions.condition('ConditionExpression', request.ConditionExpression);
  const update = request.kind === 'update' ? expressions.update(request.UpdateExpression) : undefined;
  const bindings = bind(request.ExpressionAttributeNames, request.ExpressionAttributeValues, [update, condition]);
  if (condition !== undefined) checkBounds(condition, bindings);
  const item = request.kind === 'put' ? cleanItem(request.Item) : undefined;
  const findPlace = (): Place => (request.kind === 'put' ? table.placeOfItem(item ?? {}) : table.placeOfKey(request.Key));
  return { place: findPlace, plan };

  function plan(): PlannedWrite {
    const place = findPlace();
    const paths = update === undefined ? [] : updatedPaths(update, bindings, table.keyNames);
    const before = table.get(place);

    if (condition !== undefined && !holds(condition.root, before ?? {}, bindings)) {
      const shown = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before !== undefined ? { Item: { ...before } } : {};
      throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed', shown);
    }

    let after = before;
    if (request.kind === 'put') after = item;
    if (request.kind === 'delete') after = undefined;
    if (request.kind === 'update') {
      const base = before ?? cleanItem(request.Key);
      after = update === undefined ? base : applyUpdate(update, base, bindings);
      if (itemSize(after) > 400 * 1024) {
        throw new AwsError('ValidationException', 'Item size to update has exceeded the maximum allowed size');
      }
    }
    if (request.kind === 'put' && after !== undefined && itemSize(after) > 400 * 1024) {
      throw new AwsError('ValidationException', 'Item size has exceeded the maximum allowed size');
    }
    return {
      place,
      before,
      after,
      paths,
      commit: () => {
        if (request.kind !== 'check') table.put(place, after);
      },
    };
  }
}

/** The `Attributes` member of a single write's answer. */
export function returnedAttributes(write: PlannedWrite, returnValues: string | undefined): { Attributes?: Record<string, AttributeValue> } {
  const found = ((): Item | undefined => {
    switch (returnValues ?? 'NONE') {
      case 'NONE':
        return undefined;
      case 'ALL_OLD':
        return write.before;
      case 'ALL_NEW':
        return write.after;
      case 'UPDATED_OLD':
        return write.before === undefined ? undefined : pick(write.before, write.paths);
      case 'UPDATED_NEW':
        return write.after === undefined ? undefined : pick(write.after, write.paths);
      default:
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value '${returnValues ?? ''}' at 'returnValues' failed to satisfy constraint`,
        );
    }
  })();
  return found === undefined || Object.keys(found).length === 0 ? {} : { Attributes: { ...found } };
}
