import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError, notOffered } from '../service.ts';
import { equal, order, typeOf } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import type { Bindings } from './bindings.ts';
import { TokenReader } from './tokens.ts';
import type { ExpressionKind } from './tokens.ts';

type Operand = { readonly kind: 'attribute'; readonly name: string } | { readonly kind: 'value'; readonly placeholder: string };

const COMPARATORS = ['=', '<', '<=', '>', '>='] as const;
type Comparator = (typeof COMPARATORS)[number];

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'compare'; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly left: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'not-exists'; readonly name: string };

export interface ParsedCondition {
  readonly kind: ExpressionKind;
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
  readonly root: Condition;
}

/** Of DynamoDB's functions, those that are not offered. */
const OTHER_FUNCTIONS = ['attribute_exists', 'attribute_type', 'begins_with', 'contains', 'size'];

/** Parses a condition or key condition. Throws ValidationException. */
export function parseCondition(kind: ExpressionKind, text: string): ParsedCondition {
  const reader = new TokenReader(kind, text);
  const root = parseOr(reader);
  reader.expectEnd();
  return { kind, names: reader.names, values: reader.values, root };
}

function parseOr(reader: TokenReader): Condition {
  let left = parseAnd(reader);
  while (reader.takeWord('OR')) left = { kind: 'or', left, right: parseAnd(reader) };
  return left;
}

function parseAnd(reader: TokenReader): Condition {
  let left = parsePrimary(reader);
  while (reader.takeWord('AND')) left = { kind: 'and', left, right: parsePrimary(reader) };
  return left;
}

function parsePrimary(reader: TokenReader): Condition {
  if (reader.takeWord('NOT')) throw notOffered(`NOT in a ${reader.kind}`);
  if (reader.takeSign('(')) {
    const inner = parseOr(reader);
    reader.expectSign(')');
    return inner;
  }
  if (reader.peek().kind === 'word' && reader.peek(1).text === '(') return parseFunction(reader);
  const left = parseOperand(reader);
  if (reader.takeWord('BETWEEN')) {
    const low = parseOperand(reader);
    reader.expectWord('AND');
    return { kind: 'between', left, low, high: parseOperand(reader) };
  }
  if (reader.takeWord('IN')) throw notOffered(`IN in a ${reader.kind}`);
  const { text } = reader.next();
  if (text === '<>') throw notOffered(`<> in a ${reader.kind}`);
  const comparator = COMPARATORS.find((each) => each === text);
  if (comparator === undefined) throw reader.unexpected(-1);
  return { kind: 'compare', comparator, left, right: parseOperand(reader) };
}

function parseFunction(reader: TokenReader): Condition {
  const name = reader.next().text;
  if (OTHER_FUNCTIONS.includes(name)) throw notOffered(`${name} in a ${reader.kind}`);
  if (name !== 'attribute_not_exists') throw reader.invalid(`Invalid function name; function: ${name}`);
  reader.expectSign('(');
  const condition: Condition = { kind: 'not-exists', name: reader.attribute() };
  reader.expectSign(')');
  return condition;
}

function parseOperand(reader: TokenReader): Operand {
  if (reader.peek().kind === 'value') return { kind: 'value', placeholder: reader.value() };
  return { kind: 'attribute', name: reader.attribute() };
}

/** Refuses a BETWEEN whose bounds are values of two types, or in the wrong order. */
export function checkBounds({ kind, root }: ParsedCondition, bindings: Bindings): void {
  const check = (condition: Condition): void => {
    if (condition.kind === 'and' || condition.kind === 'or') for (const side of [condition.left, condition.right]) check(side);
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
  const valueOf = (operand: Operand): AttributeValue | undefined => operandValue(operand, item, bindings);
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item, bindings) && holds(condition.right, item, bindings);
    case 'or':
      return holds(condition.left, item, bindings) || holds(condition.right, item, bindings);
    case 'not-exists':
      return !Object.hasOwn(item, bindings.resolve(condition.name));
    case 'compare':
      return compare(condition.comparator, valueOf(condition.left), valueOf(condition.right));
    case 'between': {
      const value = valueOf(condition.left);
      return compare('>=', value, valueOf(condition.low)) && compare('<=', value, valueOf(condition.high));
    }
  }
}

export function operandValue(operand: Operand, item: Item, bindings: Bindings): AttributeValue | undefined {
  if (operand.kind === 'value') return bindings.value(operand.placeholder);
  const name = bindings.resolve(operand.name);
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** An attribute that is missing, or of another type, meets no comparison. */
function compare(comparator: Comparator, left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (comparator === '=') return equal(left, right);
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
