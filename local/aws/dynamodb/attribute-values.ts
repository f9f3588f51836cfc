import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { compareNumbers, normalizeNumber } from './numbers.ts';

export type Item = Readonly<Record<string, AttributeValue>>;
export type AttributeType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'NULL' | 'BOOL';

const TYPES: readonly AttributeType[] = ['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'NULL', 'BOOL'];

export function typeOf(value: AttributeValue): AttributeType {
  for (const type of TYPES) if (value[type] !== undefined) return type;
  throw new AwsError('ValidationException', 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
}

/** A copy with canonical numbers; refuses empty and repeating sets. */
export function normalize(value: AttributeValue): AttributeValue {
  if (value.S !== undefined || value.BOOL !== undefined || value.B !== undefined) return value;
  if (value.N !== undefined) return { N: normalizeNumber(value.N) };
  if (value.M !== undefined) return { M: normalizeItem(value.M) };
  if (value.L !== undefined) return { L: value.L.map(normalize) };
  if (value.SS !== undefined) return { SS: distinct(value.SS, (text) => text, 'string') };
  if (value.NS !== undefined) return { NS: distinct(value.NS.map(normalizeNumber), (text) => text, 'number') };
  if (value.BS !== undefined) return { BS: distinct(value.BS, base64, 'binary') };
  if (value.NULL !== true) throw invalid('Null attribute value types must have the value of true');
  return value;
}

export function normalizeItem(item: Readonly<Record<string, AttributeValue>>): Record<string, AttributeValue> {
  const out: Record<string, AttributeValue> = {};
  for (const name of Object.keys(item)) {
    const value = item[name];
    if (value !== undefined) out[name] = normalize(value);
  }
  return out;
}

/** Both values canonical. Sets compare without order, documents in depth. */
export function equal(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  switch (type) {
    case 'B':
      return Buffer.compare(a.B ?? new Uint8Array(), b.B ?? new Uint8Array()) === 0;
    case 'SS':
    case 'NS':
    case 'BS': {
      const [left, right] = [setMembers(a), setMembers(b)];
      return left.size === right.size && [...left.keys()].every((key) => right.has(key));
    }
    case 'L':
      return a.L?.length === b.L?.length && (a.L ?? []).every((entry, index) => same(entry, b.L?.[index]));
    case 'M': {
      const names = Object.keys(a.M ?? {});
      return names.length === Object.keys(b.M ?? {}).length && names.every((name) => same(a.M?.[name], b.M?.[name]));
    }
    case 'S':
    case 'N':
    case 'NULL':
    case 'BOOL':
      return a[type] === b[type];
  }
}

function same(a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  return a !== undefined && b !== undefined && equal(a, b);
}

/** Order of two strings, numbers or binaries; undefined where the types differ or have no order. */
export function order(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return compareText(a.S, b.S);
  if (a.N !== undefined && b.N !== undefined) return compareNumbers(a.N, b.N);
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(a.B, b.B);
  return undefined;
}

/** By UTF-8 bytes, which differs from UTF-16 order only where there are surrogates. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (/[\ud800-\udfff]/.test(a) || /[\ud800-\udfff]/.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : 1;
}

/** Members of a set by a comparable key; empty for any other type. */
export function setMembers(value: AttributeValue): Map<string, string | Uint8Array> {
  const members = new Map<string, string | Uint8Array>();
  for (const text of value.SS ?? value.NS ?? []) members.set(text, text);
  for (const bytes of value.BS ?? []) members.set(base64(bytes), bytes);
  return members;
}

/** Bytes of an item as DynamoDB counts them: names and values. */
export function itemSize(item: Item): number {
  let size = 0;
  for (const [name, value] of Object.entries(item)) size += Buffer.byteLength(name) + valueSize(value);
  return size;
}

export function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.SS !== undefined) return value.SS.reduce((size, text) => size + Buffer.byteLength(text), 0);
  if (value.NS !== undefined) return value.NS.reduce((size, text) => size + numberSize(text), 0);
  if (value.BS !== undefined) return value.BS.reduce((size, bytes) => size + bytes.byteLength, 0);
  if (value.L !== undefined) return 3 + value.L.reduce((size, entry) => size + 1 + valueSize(entry), 0);
  if (value.M !== undefined) return 3 + itemSize(value.M) + Object.keys(value.M).length;
  return 1;
}

function numberSize(text: string): number {
  return Math.ceil(text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length / 2) + 1;
}

/** A text that is the same for equal keys only. */
export function keyText(value: AttributeValue): string {
  return value.S ?? value.N ?? base64(value.B ?? new Uint8Array());
}

function distinct<T>(values: readonly T[], key: (value: T) => string, kind: string): T[] {
  if (values.length === 0) throw invalid(`An ${kind} set  may not be empty`);
  if (new Set(values.map(key)).size !== values.length) throw invalid('Input collection contains duplicates');
  return [...values];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function invalid(problem: string): AwsError {
  return new AwsError('ValidationException', `One or more parameter values were invalid: ${problem}`);
}
