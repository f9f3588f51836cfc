import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { equal, order, setMembers, typeOf } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import { lookUp } from './bindings.ts';
import type { Bindings } from './bindings.ts';
import { TokenReader } from './tokens.ts';
import type { ExpressionKind, Path } from './tokens.ts';

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly placeholder: string }
  | { readonly kind: 'size'; readonly path: Path };

type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'compare'; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'exists' | 'not-exists'; readonly path: Path }
  | { readonly kind: 'type'; readonly path: Path; readonly type: Operand }
  | { readonly kind: 'begins-with' | 'contains'; readonly left: Operand; readonly right: Operand };

export interface ParsedCondition {
  readonly kind: ExpressionKind;
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
  readonly bareNames: ReadonlySet<string>;
  readonly root: Condition;
}

const COMPARATORS = new Set<string>(['=', '<>', '<', '<=', '>', '>=']);
const FUNCTIONS = ['attribute_exists', 'attribute_not_exists', 'attribute_type', 'begins_with', 'contains', 'size'];

/** Parses a condition, key condition or filter. Throws ValidationException. */
export function parseCondition(kind: ExpressionKind, text: string): ParsedCondition {
  const reader = new TokenReader(kind, text);
  const root = parseOr(reader);
  reader.expectEnd();
  return { kind, names: reader.names, values: reader.values, bareNames: reader.bareNames, root };
}

function parseOr(reader: TokenReader): Condition {
  let left = parseAnd(reader);
  while (reader.takeWord('OR')) left = { kind: 'or', left, right: parseAnd(reader) };
  return left;
}

function parseAnd(reader: TokenReader): Condition {
  let left = parseNot(reader);
  while (reader.takeWord('AND')) left = { kind: 'and', left, right: parseNot(reader) };
  return left;
}

function parseNot(reader: TokenReader): Condition {
  if (reader.takeWord('NOT')) return { kind: 'not', inner: parseNot(reader) };
  return parsePrimary(reader);
}

function parsePrimary(reader: TokenReader): Condition {
  if (reader.takeSign('(')) {
    const inner = parseOr(reader);
    reader.expectSign(')');
    return inner;
  }
  if (functionAhead(reader) !== undefined && functionAhead(reader) !== 'size') return parseFunction(reader);
  const left = parseOperand(reader);
  if (reader.takeWord('BETWEEN')) {
    const low = parseOperand(reader);
    reader.expectWord('AND');
    return { kind: 'between', operand: left, low, high: parseOperand(reader) };
  }
  if (reader.takeWord('IN')) {
    reader.expectSign('(');
    const list = [parseOperand(reader)];
    while (reader.takeSign(',')) list.push(parseOperand(reader));
    reader.expectSign(')');
    if (list.length > 100)
      throw reader.invalid('The IN operator is provided with too many operands; number of operands: ' + String(list.length));
    return { kind: 'in', operand: left, list };
  }
  const sign = reader.next();
  if (!isComparator(sign.text)) throw reader.unexpected(-1);
  return { kind: 'compare', comparator: sign.text, left, right: parseOperand(reader) };
}

function functionAhead(reader: TokenReader): string | undefined {
  const isCall = reader.peek().kind === 'word' && reader.peek(1).text === '(';
  if (!isCall) return undefined;
  const name = reader.peek().text;
  if (!FUNCTIONS.includes(name)) throw reader.invalid(`Invalid function name; function: ${name}`);
  return name;
}

function parseFunction(reader: TokenReader): Condition {
  const name = reader.next().text;
  reader.expectSign('(');
  const condition = parseArguments(reader, name);
  reader.expectSign(')');
  return condition;
}

function parseArguments(reader: TokenReader, name: string): Condition {
  if (name === 'attribute_exists') return { kind: 'exists', path: reader.path() };
  if (name === 'attribute_not_exists') return { kind: 'not-exists', path: reader.path() };
  if (name === 'attribute_type') {
    const path = reader.path();
    reader.expectSign(',');
    return { kind: 'type', path, type: parseOperand(reader) };
  }
  const left = parseOperand(reader);
  reader.expectSign(',');
  return { kind: name === 'begins_with' ? 'begins-with' : 'contains', left, right: parseOperand(reader) };
}

function parseOperand(reader: TokenReader): Operand {
  if (reader.peek().kind === 'value') return { kind: 'value', placeholder: reader.value() };
  if (functionAhead(reader) === 'size') {
    reader.next();
    reader.expectSign('(');
    const path = reader.path();
    reader.expectSign(')');
    return { kind: 'size', path };
  }
  return { kind: 'path', path: reader.path() };
}

function isComparator(text: string): text is Comparator {
  return COMPARATORS.has(text);
}

/** Refuses a BETWEEN whose bounds are values of two types, or in the wrong order. */
export function checkBounds({ kind, root }: ParsedCondition, bindings: Bindings): void {
  const check = (condition: Condition): void => {
    if (condition.kind === 'and' || condition.kind === 'or') for (const side of [condition.left, condition.right]) check(side);
    if (condition.kind === 'not') check(condition.inner);
    if (condition.kind !== 'between' || condition.low.kind !== 'value' || condition.high.kind !== 'value') return;
    const [low, high] = [bindings.value(condition.low.placeholder), bindings.value(condition.high.placeholder)];
    const operands = `lower bound operand: AttributeValue: ${shown(low)}, upper bound operand: AttributeValue: ${shown(high)}`;
    const difference = order(low, high);
    if (difference !== undefined && difference <= 0) return;
    const rule =
      difference === undefined ? 'same data type for lower and upper bounds' : 'upper bound to be greater than or equal to lower bound';
    throw new AwsError('ValidationException', `Invalid ${kind}: The BETWEEN operator requires ${rule}; ${operands}`);
  };
  check(root);
}

function shown(value: AttributeValue): string {
  return `{${typeOf(value)}:${value.S ?? value.N ?? '…'}}`;
}

/** Whether `item` (empty for one that does not exist) meets the condition. */
export function holds(condition: Condition, item: Item, bindings: Bindings): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item, bindings) && holds(condition.right, item, bindings);
    case 'or':
      return holds(condition.left, item, bindings) || holds(condition.right, item, bindings);
    case 'not':
      return !holds(condition.inner, item, bindings);
    case 'exists':
      return lookUp(item, bindings.resolve(condition.path)) !== undefined;
    case 'not-exists':
      return lookUp(item, bindings.resolve(condition.path)) === undefined;
    case 'type': {
      const found = lookUp(item, bindings.resolve(condition.path));
      return found !== undefined && typeOf(found) === operandValue(condition.type, item, bindings)?.S;
    }
    case 'compare':
      return compare(condition.comparator, operandValue(condition.left, item, bindings), operandValue(condition.right, item, bindings));
    case 'between': {
      const value = operandValue(condition.operand, item, bindings);
      const [low, high] = [operandValue(condition.low, item, bindings), operandValue(condition.high, item, bindings)];
      return compare('>=', value, low) && compare('<=', value, high);
    }
    case 'in': {
      const value = operandValue(condition.operand, item, bindings);
      return condition.list.some((entry) => compare('=', value, operandValue(entry, item, bindings)));
    }
    case 'begins-with':
      return beginsWith(operandValue(condition.left, item, bindings), operandValue(condition.right, item, bindings));
    case 'contains':
      return contains(operandValue(condition.left, item, bindings), operandValue(condition.right, item, bindings));
  }
}

export function operandValue(operand: Operand, item: Item, bindings: Bindings): AttributeValue | undefined {
  if (operand.kind === 'value') return bindings.value(operand.placeholder);
  const found = lookUp(item, bindings.resolve(operand.path));
  if (operand.kind === 'path' || found === undefined) return found;
  return sizeOf(found);
}

/** A missing attribute equals nothing, so `<>` holds and everything else does not. */
function compare(comparator: Comparator, left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return comparator === '<>';
  if (comparator === '=') return equal(left, right);
  if (comparator === '<>') return !equal(left, right);
  const difference = order(left, right);
  if (difference === undefined) return false;
  switch (comparator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}

function beginsWith(left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (right !== undefined && right.S === undefined && right.B === undefined) {
    throw new AwsError(
      'ValidationException',
      `Incorrect operand type for operator or function; operator or function: begins_with, operand type: ${typeOf(right)}`,
    );
  }
  if (left?.S !== undefined && right?.S !== undefined) return left.S.startsWith(right.S);
  if (left?.B === undefined || right?.B === undefined) return false;
  return Buffer.compare(left.B.subarray(0, right.B.byteLength), right.B) === 0;
}

function contains(left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.S !== undefined) return right.S !== undefined && left.S.includes(right.S);
  if (left.B !== undefined) return right.B !== undefined && Buffer.from(left.B).includes(Buffer.from(right.B));
  if (left.L !== undefined) return left.L.some((entry) => equal(entry, right));
  const member = { SS: right.S, NS: right.N, BS: right.B === undefined ? undefined : Buffer.from(right.B).toString('base64') };
  const key = left.SS !== undefined ? member.SS : left.NS !== undefined ? member.NS : member.BS;
  return key !== undefined && setMembers(left).has(key);
}

function sizeOf(value: AttributeValue): AttributeValue | undefined {
  if (value.S !== undefined) return { N: String(value.S.length) };
  if (value.B !== undefined) return { N: String(value.B.byteLength) };
  if (value.L !== undefined) return { N: String(value.L.length) };
  if (value.M !== undefined) return { N: String(Object.keys(value.M).length) };
  const members = setMembers(value).size;
  return members > 0 ? { N: String(members) } : undefined;
}
