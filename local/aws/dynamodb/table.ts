import type { AttributeDefinition, AttributeValue, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import type { Account } from '../service.ts';
import { AwsError } from '../service.ts';
import { keyText, itemSize, normalize, normalizeItem, order, typeOf, valueSize } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';

const ITEM_BYTES = 400 * 1024;

interface KeyAttribute {
  readonly name: string;
  readonly type: string;
}

/** The place of one item: its partition and its sort value. */
export interface Place {
  readonly partition: string;
  /** Undefined for a table without a sort key. */
  readonly sort: AttributeValue | undefined;
}

interface Slot {
  readonly sort: AttributeValue | undefined;
  readonly item: Item | undefined;
  /** The state before the last write, for stale reads. */
  readonly before: Item | undefined;
  readonly writtenAt: number;
}

/** One table. Items are never changed in place. */
export interface Table {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | undefined;
  /** Names of the key attributes. */
  readonly keyNames: readonly string[];
  timeToLiveAttribute: string | undefined;
  /** Checks a `Key` argument and finds its place. Throws ValidationException. */
  placeOfKey(key: Readonly<Record<string, AttributeValue>>): Place;
  /** Checks a whole item and finds its place. Throws ValidationException. */
  placeOfItem(item: Item): Place;
  keyOf(item: Item): Record<string, AttributeValue>;
  get(place: Place, stale?: boolean): Item | undefined;
  /** Undefined removes. Throws ValidationException for an item above 400 KB. */
  put(place: Place, item: Item | undefined): void;
  /** Items of one partition in order of their sort key. */
  partition(partition: string, stale?: boolean): Item[];
  /** Partitions in the order of a hash, as a scan meets them. */
  partitions(): string[];
  items(): Item[];
}

/** Expired items vanish `timeToLiveDelayMs` after their time: AWS promises a few days, not the second. */
export function createTable(
  account: Account,
  definition: {
    readonly name: string;
    readonly keySchema: readonly KeySchemaElement[];
    readonly attributes: readonly AttributeDefinition[];
  },
  timeToLiveDelayMs: number,
): Table {
  const { clock } = account;
  const slots = new Map<string, Slot[]>();
  const partitionKey = keyAttribute(definition, 'HASH');
  const sortKey = keyAttribute(definition, 'RANGE');
  if (partitionKey === undefined) throw new AwsError('ValidationException', 'No Hash Key specified in schema.');
  const keys = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];

  const table: Table = {
    name: definition.name,
    arn: `arn:aws:dynamodb:${account.region}:${account.accountId}:table/${definition.name}`,
    createdAt: clock.now(),
    partitionKey,
    sortKey,
    keyNames: keys.map((key) => key.name),
    timeToLiveAttribute: undefined,
    placeOfKey(key) {
      const fits =
        Object.keys(key).length === keys.length && keys.every(({ name, type }) => key[name] !== undefined && typeOf(key[name]) === type);
      if (!fits) throw new AwsError('ValidationException', 'The provided key element does not match the schema');
      return placeOf(key);
    },
    placeOfItem(item) {
      for (const { name, type } of keys) {
        const value = item[name];
        if (value === undefined) throw invalid(`Missing the key ${name} in the item`);
        if (typeOf(value) !== type) throw invalid(`Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`);
      }
      return placeOf(item);
    },
    keyOf: (item) => Object.fromEntries(keys.flatMap(({ name }) => (item[name] === undefined ? [] : [[name, item[name]]]))),
    get(place, stale = false) {
      const list = slots.get(place.partition) ?? [];
      const slot = list[find(list, place.sort).at];
      return slot !== undefined && find(list, place.sort).exact ? visible(slot, stale) : undefined;
    },
    put(place, item) {
      if (item !== undefined && itemSize(item) > ITEM_BYTES)
        throw new AwsError('ValidationException', 'Item size has exceeded the maximum allowed size');
      const list = slots.get(place.partition) ?? [];
      slots.set(place.partition, list);
      const { at, exact } = find(list, place.sort);
      const old = exact ? list[at] : undefined;
      const slot: Slot = { sort: place.sort, item, before: old === undefined ? undefined : visible(old, false), writtenAt: clock.now() };
      list.splice(at, exact ? 1 : 0, slot);
    },
    partition: (partition, stale = false) =>
      (slots.get(partition) ?? []).map((slot) => visible(slot, stale)).filter((item) => item !== undefined),
    partitions: () => [...slots.keys()].sort((a, b) => hash(a) - hash(b)),
    items: () => table.partitions().flatMap((partition) => table.partition(partition)),
  };
  return table;

  function placeOf(values: Readonly<Record<string, AttributeValue>>): Place {
    const [partition, sort] = keys.map(({ name, type }) => {
      const value = values[name];
      if (value?.S === '' || value?.B?.byteLength === 0) {
        const kind = type === 'S' ? 'string' : 'binary';
        throw new AwsError(
          'ValidationException',
          `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
        );
      }
      const clean = value === undefined ? undefined : normalize(value);
      if (clean !== undefined) checkKeySize(clean, name === partitionKey?.name);
      return clean;
    });
    return { partition: partition === undefined ? '' : keyText(partition), sort };
  }

  function visible(slot: Slot, stale: boolean): Item | undefined {
    const item = stale && clock.now() - slot.writtenAt <= account.staleWindowMs ? slot.before : slot.item;
    const expiry = table.timeToLiveAttribute === undefined ? undefined : item?.[table.timeToLiveAttribute]?.N;
    if (expiry === undefined) return item;
    return Number(expiry) * 1000 + timeToLiveDelayMs < clock.now() ? undefined : item;
  }
}

/** Numbers canonical, sets checked. */
export function cleanItem(item: Readonly<Record<string, AttributeValue>>): Item {
  return normalizeItem(item);
}

/** Developer guide, Constraints: 2,048 bytes for a partition key, 1,024 for a sort key. */
function checkKeySize(value: AttributeValue, isPartition: boolean): void {
  const size = valueSize(value);
  if (isPartition && size > 2048) throw invalid('Size of hashkey has exceeded the maximum size limit of2048 bytes');
  if (!isPartition && size > 1024) throw invalid('Aggregated size of all range keys has exceeded the size limit of 1024 bytes');
}

function find(list: readonly Slot[], sort: AttributeValue | undefined): { readonly at: number; readonly exact: boolean } {
  if (sort === undefined) return { at: 0, exact: list.length > 0 };
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle]?.sort;
    const difference = other === undefined ? 0 : (order(other, sort) ?? 0);
    if (difference === 0) return { at: middle, exact: true };
    if (difference < 0) low = middle + 1;
    else high = middle;
  }
  return { at: low, exact: false };
}

function keyAttribute(
  definition: { readonly keySchema: readonly KeySchemaElement[]; readonly attributes: readonly AttributeDefinition[] },
  keyType: 'HASH' | 'RANGE',
): KeyAttribute | undefined {
  const name = definition.keySchema.find((element) => element.KeyType === keyType)?.AttributeName;
  if (name === undefined) return undefined;
  const type = definition.attributes.find((attribute) => attribute.AttributeName === name)?.AttributeType;
  if (type === undefined) throw invalid(`Some index key attributes are not defined in AttributeDefinitions. Keys: [${name}]`);
  return { name, type };
}

/** FNV-1a, so that nobody comes to rely on a scan's order. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return value;
}

function invalid(problem: string): AwsError {
  return new AwsError('ValidationException', `One or more parameter values were invalid: ${problem}`);
}
