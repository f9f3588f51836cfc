import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { normalizeItem } from './attribute-values.ts';
import { bind } from './bindings.ts';
import { checkBounds, holds, parseCondition } from './conditions.ts';
import type { Place, Table } from './table.ts';

interface Conditional {
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue> | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE' | undefined;
}

export type WriteRequest =
  | (Conditional & { readonly kind: 'put'; readonly Item: Readonly<Record<string, AttributeValue>> })
  | (Conditional & { readonly kind: 'delete'; readonly Key: Readonly<Record<string, AttributeValue>> });

/** A write whose request is well formed. */
export interface PreparedWrite {
  /** Throws ValidationException where the key does not fit the table. */
  place(): Place;
  /**
   * Checks it against the table as it is, and gives what does it: single writes at once, transactions all or none. Throws
   * ConditionalCheckFailedException (with the item where asked for) and ValidationException.
   */
  plan(): () => void;
}

/** Reads what can be told without the table. Throws ValidationException. */
export function prepareWrite(table: Table, request: WriteRequest): PreparedWrite {
  const { ConditionExpression: text } = request;
  const condition = text === undefined ? undefined : parseCondition('ConditionExpression', text);
  const bindings = bind(request.ExpressionAttributeNames, request.ExpressionAttributeValues, condition);
  if (condition !== undefined) checkBounds(condition, bindings);
  const after = request.kind === 'put' ? normalizeItem(request.Item) : undefined;
  const place = (): Place => (request.kind === 'put' ? table.placeOfItem(after ?? {}) : table.placeOfKey(request.Key));
  return {
    place,
    plan() {
      const found = place();
      const before = table.get(found);
      if (condition !== undefined && !holds(condition.root, before ?? {}, bindings)) {
        const shown = request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before !== undefined ? { Item: { ...before } } : {};
        throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed', shown);
      }
      return () => table.put(found, after);
    },
  };
}
