import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError, notOffered } from '../service.ts';
import { normalizeNumber } from './numbers.ts';

export type Item = Readonly<Record<string, AttributeValue>>;
type AttributeType = 'S' | 'N' | 'B' | 'M' | 'L' | 'NULL' | 'BOOL';

const TYPES: readonly AttributeType[] = ['S', 'N', 'B', 'M', 'L', 'NULL', 'BOOL'];

/** Sets are not offered. */
export function typeOf(value: AttributeValue): AttributeType {
  const type = TYPES.find((each) => value[each] !== undefined);
  if (type === undefined) throw notOffered(`attributes of the type ${Object.keys(value).join()}`);
  return type;
}

/** A copy with canonical numbers. */
export function normalize(value: AttributeValue): AttributeValue {
  if (value.N !== undefined) return { N: normalizeNumber(value.N) };
  if (value.M !== undefined) return { M: normalizeItem(value.M) };
  if (value.L !== undefined) return { L: value.L.map(normalize) };
  if (typeOf(value) === 'NULL' && value.NULL !== true) {
    throw new AwsError(
      'ValidationException',
      'One or more parameter values were invalid: Null attribute value types must have the value of true',
    );
  }
  return value;
}

export function normalizeItem(item: Item): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, normalize(value)]));
}

/** Both values canonical. */
export function equal(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  if (type === 'M' || type === 'L') throw notOffered('conditions on whole maps and lists');
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(a.B, b.B) === 0;
  return a[type] === b[type];
}

/** Order of two strings, numbers or binaries; undefined where the types differ or have no order. */
export function order(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return compareText(a.S, b.S);
  if (a.N !== undefined && b.N !== undefined) return Number(a.N) - Number(b.N);
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(a.B, b.B);
  return undefined;
}

/** By UTF-8 bytes, which differs from UTF-16 order only where there are surrogates. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (/[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** Bytes of an item as DynamoDB counts them: names and values. */
export function itemSize(item: Item): number {
  let size = 0;
  for (const [name, value] of Object.entries(item)) size += Buffer.byteLength(name) + valueSize(value);
  return size;
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return value.B.length;
  if (value.N !== undefined) return Math.ceil(value.N.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length / 2) + 1;
  if (value.L !== undefined) return 3 + value.L.reduce((size, entry) => size + 1 + valueSize(entry), 0);
  if (value.M !== undefined) return 3 + itemSize(value.M) + Object.keys(value.M).length;
  return 1;
}
