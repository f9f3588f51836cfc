import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { normalize } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import type { ExpressionKind, Path } from './tokens.ts';

/** What `#names` and `:values` stand for in one request. */
export interface Bindings {
  /** The path with its real attribute names. */
  resolve(path: Path): Path;
  value(placeholder: string): AttributeValue;
}

interface Mentions {
  readonly kind: ExpressionKind;
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
}

/** Checks, as DynamoDB does, that every placeholder is defined and every definition used. */
export function bind(
  names: Readonly<Record<string, string>> | undefined,
  values: Readonly<Record<string, AttributeValue>> | undefined,
  expressions: readonly (Mentions | undefined)[],
): Bindings {
  const present = expressions.filter((expression) => expression !== undefined);
  if (present.length === 0 && names !== undefined) {
    throw invalid('ExpressionAttributeNames can only be specified when using expressions');
  }
  if (present.length === 0 && values !== undefined) {
    throw invalid('ExpressionAttributeValues can only be specified when using expressions');
  }
  checkKeys('ExpressionAttributeNames', names, /^#[A-Za-z0-9_]+$/);
  checkKeys('ExpressionAttributeValues', values, /^:[A-Za-z0-9_]+$/);
  for (const { kind, names: mentioned, values: wanted } of present) {
    for (const name of mentioned) {
      if (names?.[name] === undefined) {
        throw invalid(`Invalid ${kind}: An expression attribute name used in the document path is not defined; attribute name: ${name}`);
      }
    }
    for (const value of wanted) {
      if (values?.[value] === undefined) {
        throw invalid(`Invalid ${kind}: An expression attribute value used in expression is not defined; attribute value: ${value}`);
      }
    }
  }
  refuseUnused('ExpressionAttributeNames', Object.keys(names ?? {}), (key) => present.some((expression) => expression.names.has(key)));
  refuseUnused('ExpressionAttributeValues', Object.keys(values ?? {}), (key) => present.some((expression) => expression.values.has(key)));
  const bound = new Map(Object.entries(values ?? {}).map(([key, value]) => [key, normalize(value)]));
  return {
    resolve: (path) => path.map((step) => (typeof step === 'string' && step.startsWith('#') ? (names?.[step] ?? step) : step)),
    value(placeholder) {
      const value = bound.get(placeholder);
      if (value === undefined) throw invalid(`An expression attribute value is not defined: ${placeholder}`);
      return value;
    },
  };
}

/** What stands at a resolved path, or undefined. */
export function lookUp(item: Item, path: Path): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: { ...item } };
  for (const step of path) {
    value = typeof step === 'number' ? value?.L?.[step] : ownMember(value?.M, step);
  }
  return value;
}

function ownMember(map: Readonly<Record<string, AttributeValue>> | undefined, name: string): AttributeValue | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

function checkKeys(parameter: string, given: Readonly<Record<string, unknown>> | undefined, shape: RegExp): void {
  if (given === undefined) return;
  const keys = Object.keys(given);
  if (keys.length === 0) throw invalid(`${parameter} must not be empty`);
  const odd = keys.find((key) => !shape.test(key));
  if (odd !== undefined) throw invalid(`${parameter} contains invalid key: Syntax error; key: "${odd}"`);
}

function refuseUnused(parameter: string, keys: readonly string[], isUsed: (key: string) => boolean): void {
  const unused = keys.filter((key) => !isUsed(key));
  if (unused.length > 0) throw invalid(`Value provided in ${parameter} unused in expressions: keys: {${unused.join(', ')}}`);
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
