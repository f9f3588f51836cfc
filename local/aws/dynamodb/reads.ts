import { AwsError } from '../service.ts';
import { compareText, itemSize } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import type { Bindings } from './bindings.ts';
import { holds, operandValue } from './conditions.ts';
import type { Condition, ParsedCondition } from './conditions.ts';
import { checkPartitionKey } from './table.ts';
import type { Table } from './table.ts';

const PAGE_BYTES = 1024 * 1024;

/** What a key condition asks for. */
interface KeyRange {
  readonly partition: string;
  readonly inRange: (item: Item) => boolean;
}

/** Reads `pk = :v [AND sk …]`; anything else is refused in DynamoDB's words. */
export function keyRange(table: Table, condition: ParsedCondition, bindings: Bindings): KeyRange {
  const parts = flatten(condition.root);
  const onKey = (part: Condition): string | undefined =>
    (part.kind === 'compare' || part.kind === 'between') && part.left.kind === 'attribute' ? bindings.resolve(part.left.name) : undefined;
  const partition = parts.find((part) => onKey(part) === table.partitionKey);
  if (partition === undefined) {
    throw new AwsError('ValidationException', `Query condition missed key schema element: ${table.partitionKey}`);
  }
  const [sort, ...others] = parts.filter((part) => part !== partition);
  if (
    partition.kind !== 'compare' ||
    partition.comparator !== '=' ||
    others.length > 0 ||
    (sort !== undefined && onKey(sort) !== table.sortKey)
  ) {
    throw new AwsError('ValidationException', 'Query key condition not supported');
  }
  const text = textIn(partition, bindings)[0] ?? '';
  checkPartitionKey(text);
  if (sort !== undefined) textIn(sort, bindings);
  return { partition: text, inRange: (item) => sort === undefined || holds(sort, item, bindings) };
}

/** A key is compared with texts only. */
function textIn(part: Condition, bindings: Bindings): readonly string[] {
  const operands = part.kind === 'between' ? [part.low, part.high] : part.kind === 'compare' ? [part.right] : [];
  return operands.map((operand) => {
    const text = operandValue(operand, {}, bindings)?.S;
    if (text !== undefined) return text;
    throw new AwsError(
      'ValidationException',
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    );
  });
}

function flatten(condition: Condition): readonly Condition[] {
  return condition.kind === 'and' ? [...flatten(condition.left), ...flatten(condition.right)] : [condition];
}

/** One page: DynamoDB ends it behind the item that makes a megabyte full, and then gives a last key even where nothing follows. */
export function readPage(table: Table, candidates: readonly Item[]): { readonly items: readonly Item[]; readonly lastKey?: Item } {
  let bytes = 0;
  for (const [index, item] of candidates.entries()) {
    bytes += itemSize(item);
    if (bytes > PAGE_BYTES) return { items: candidates.slice(0, index + 1), lastKey: table.keyOf(item) };
  }
  return { items: candidates };
}

/** Of one partition's items those behind an exclusive start key, which need not be there any more. */
export function behind(table: Table, items: readonly Item[], sort: string): readonly Item[] {
  return items.filter((item) => compareText(item[table.sortKey]?.S ?? '', sort) > 0);
}
