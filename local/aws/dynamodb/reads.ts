import { AwsError } from '../service.ts';
import { itemSize, order, typeOf } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import type { Bindings } from './bindings.ts';
import { holds, operandValue } from './conditions.ts';
import type { Condition, ParsedCondition } from './conditions.ts';
import type { Place, Table } from './table.ts';

const PAGE_BYTES = 1024 * 1024;

/** What a key condition asks for. */
export interface KeyRange {
  readonly place: Place;
  readonly inRange: (item: Item) => boolean;
}

/** Reads `pk = :v [AND sk …]`; anything else is refused in DynamoDB's words. */
export function keyRange(table: Table, condition: ParsedCondition, bindings: Bindings): KeyRange {
  const parts = flatten(condition.root);
  const onKey = (part: Condition): string | undefined => {
    const operand = part.kind === 'compare' || part.kind === 'begins-with' ? part.left : part.kind === 'between' ? part.operand : undefined;
    return operand?.kind === 'path' && operand.path.length === 1 ? String(bindings.resolve(operand.path)[0]) : undefined;
  };
  const partition = parts.find((part) => onKey(part) === table.partitionKey.name);
  if (partition === undefined) {
    throw new AwsError('ValidationException', `Query condition missed key schema element: ${table.partitionKey.name}`);
  }
  const value = partition.kind === 'compare' && partition.comparator === '=' ? operandValue(partition.right, {}, bindings) : undefined;
  const rest = parts.filter((part) => part !== partition);
  const supported =
    rest.length <= 1 && rest.every((part) => onKey(part) === table.sortKey?.name && !(part.kind === 'compare' && part.comparator === '<>'));
  if (value === undefined || !supported) throw new AwsError('ValidationException', 'Query key condition not supported');
  for (const part of rest) checkTypes(part, table.sortKey?.type, bindings);
  const key = { [table.partitionKey.name]: value };
  const place = table.sortKey === undefined ? table.placeOfKey(key) : { ...partitionPlace(table, key), sort: undefined };
  const [sort] = rest;
  return { place, inRange: (item) => sort === undefined || holds(sort, item, bindings) };
}

/** A sort key is compared with values of its own type only. */
function checkTypes(part: Condition, type: string | undefined, bindings: Bindings): void {
  const operands =
    part.kind === 'between' ? [part.low, part.high] : part.kind === 'compare' || part.kind === 'begins-with' ? [part.right] : [];
  for (const operand of operands) {
    const value = operandValue(operand, {}, bindings);
    if (value === undefined || typeOf(value) === type) continue;
    throw new AwsError(
      'ValidationException',
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    );
  }
}

function partitionPlace(table: Table, key: Item): Place {
  const value = key[table.partitionKey.name];
  const sortName = table.sortKey?.name ?? '';
  // Any sort value of the right type finds the partition.
  const filler = table.sortKey?.type === 'N' ? { N: '0' } : table.sortKey?.type === 'B' ? { B: new Uint8Array([0]) } : { S: '-' };
  return table.placeOfKey({ ...(value === undefined ? {} : { [table.partitionKey.name]: value }), [sortName]: filler });
}

function flatten(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? [...flatten(condition.left), ...flatten(condition.right)] : [condition];
}

export interface PageRequest {
  readonly limit: number | undefined;
  readonly filter: (item: Item) => boolean;
}

export interface ItemPage {
  readonly items: readonly Item[];
  readonly scanned: number;
  readonly lastKey: Item | undefined;
}

/**
 * One page of candidates in their order. `Limit` counts what was read, not what the filter left, and a page that the
 * limit ends has a last key even where nothing follows.
 */
export function readPage(table: Table, candidates: readonly Item[], request: PageRequest): ItemPage {
  if (request.limit !== undefined && request.limit < 1) {
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${request.limit}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  const items: Item[] = [];
  let [scanned, bytes] = [0, 0];
  for (const item of candidates) {
    scanned += 1;
    bytes += itemSize(item);
    if (request.filter(item)) items.push(item);
    if (scanned === request.limit || bytes > PAGE_BYTES) return { items, scanned, lastKey: table.keyOf(item) };
  }
  return { items, scanned, lastKey: undefined };
}

/** What follows the exclusive start key within one partition, in the direction of reading. */
export function after(table: Table, items: readonly Item[], start: Item | undefined, forward: boolean): readonly Item[] {
  const directed = forward ? items : [...items].reverse();
  const sortName = table.sortKey?.name;
  const from = sortName === undefined ? undefined : start?.[sortName];
  if (start === undefined) return directed;
  if (from === undefined || sortName === undefined) return [];
  return directed.filter((item) => {
    const value = item[sortName];
    const difference = value === undefined ? 0 : (order(value, from) ?? 0);
    return forward ? difference > 0 : difference < 0;
  });
}

/** All items that a scan meets after the exclusive start key. */
export function scanAfter(table: Table, start: Item | undefined, stale: boolean): Item[] {
  const partitions = table.partitions();
  if (start === undefined) return partitions.flatMap((partition) => table.partition(partition, stale));
  const { partition } = table.placeOfKey(start);
  const at = partitions.indexOf(partition);
  return partitions
    .slice(Math.max(0, at))
    .flatMap((name, index) =>
      index === 0 && at >= 0 ? after(table, table.partition(name, stale), start, true) : table.partition(name, stale),
    );
}
