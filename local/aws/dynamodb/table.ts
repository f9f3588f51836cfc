import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import type { Account } from '../service.ts';
import { compareText, itemSize } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';

const ITEM_BYTES = 400 * 1024;

/** Where an item lies: the texts of its partition key and its sort key. */
export interface Place {
  readonly partition: string;
  readonly sort: string;
}

interface Slot {
  readonly sort: string;
  readonly item: Item | undefined;
  /** The state before the last write, for stale reads. */
  readonly before: Item | undefined;
  readonly writtenAt: number;
}

/** One table with a partition key and a sort key, both texts. Items are never changed in place, and none expires. */
export interface Table {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
  /** Checks a `Key` argument and finds its place. Throws ValidationException. */
  placeOfKey(key: Item): Place;
  /** Checks a whole item and finds its place. Throws ValidationException. */
  placeOfItem(item: Item): Place;
  keyOf(item: Item): Record<string, AttributeValue>;
  get(place: Place, stale?: boolean): Item | undefined;
  /** Undefined removes. */
  put(place: Place, item: Item | undefined): void;
  /** Items of one partition in order of their sort key. */
  partition(partition: string, stale?: boolean): Item[];
  items(): Item[];
}

export function createTable({ clock, staleWindowMs }: Account, name: string, partitionKey: string, sortKey: string): Table {
  const slots = new Map<string, Slot[]>();
  const table: Table = {
    name,
    partitionKey,
    sortKey,
    placeOfKey(key) {
      const fits = Object.keys(key).length === 2 && [partitionKey, sortKey].every((name) => key[name]?.S !== undefined);
      if (!fits) throw new AwsError('ValidationException', 'The provided key element does not match the schema');
      return placeOf(key);
    },
    placeOfItem(item) {
      for (const name of [partitionKey, sortKey]) {
        const value = item[name];
        if (value === undefined) throw invalid(`Missing the key ${name} in the item`);
        if (value.S === undefined) throw invalid(`Type mismatch for key ${name} expected: S actual: ${Object.keys(value).join()}`);
      }
      if (itemSize(item) > ITEM_BYTES) throw new AwsError('ValidationException', 'Item size has exceeded the maximum allowed size');
      return placeOf(item);
    },
    keyOf: (item) => Object.fromEntries([partitionKey, sortKey].flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]]))),
    get({ partition, sort }, stale = false) {
      const list = slots.get(partition) ?? [];
      const { at, exact } = find(list, sort);
      const slot = exact ? list[at] : undefined;
      return slot === undefined ? undefined : visible(slot, stale);
    },
    put({ partition, sort }, item) {
      const list = slots.get(partition) ?? [];
      slots.set(partition, list);
      const { at, exact } = find(list, sort);
      list.splice(at, exact ? 1 : 0, { sort, item, before: exact ? list[at]?.item : undefined, writtenAt: clock.now() });
    },
    partition: (partition, stale = false) =>
      (slots.get(partition) ?? []).map((slot) => visible(slot, stale)).filter((item) => item !== undefined),
    items: () => [...slots.keys()].sort((a, b) => hash(a) - hash(b)).flatMap((partition) => table.partition(partition)),
  };
  return table;

  function visible({ item, before, writtenAt }: Slot, stale: boolean): Item | undefined {
    return stale && clock.now() - writtenAt <= staleWindowMs ? before : item;
  }

  /** Developer guide, Constraints: 2,048 bytes for a partition key, 1,024 for a sort key. */
  function placeOf(values: Item): Place {
    const [partition, sort] = [values[partitionKey]?.S ?? '', values[sortKey]?.S ?? ''];
    for (const [name, text] of [
      [partitionKey, partition],
      [sortKey, sort],
    ]) {
      if (text !== '') continue;
      throw new AwsError(
        'ValidationException',
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
      );
    }
    checkPartitionKey(partition);
    if (Buffer.byteLength(sort) > 1024) throw invalid('Aggregated size of all range keys has exceeded the size limit of 1024 bytes');
    return { partition, sort };
  }
}

/** Throws ValidationException where it is too long. */
export function checkPartitionKey(partition: string): void {
  if (Buffer.byteLength(partition) > 2048) throw invalid('Size of hashkey has exceeded the maximum size limit of2048 bytes');
}

function find(list: readonly Slot[], sort: string): { readonly at: number; readonly exact: boolean } {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const difference = compareText(list[middle]?.sort ?? '', sort);
    if (difference === 0) return { at: middle, exact: true };
    if (difference < 0) low = middle + 1;
    else high = middle;
  }
  return { at: low, exact: false };
}

/** FNV-1a, so that nobody comes to rely on an order of partitions. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

function invalid(problem: string): AwsError {
  return new AwsError('ValidationException', `One or more parameter values were invalid: ${problem}`);
}
