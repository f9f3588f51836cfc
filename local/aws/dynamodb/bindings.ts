import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { normalize } from './attribute-values.ts';
import type { ExpressionKind } from './tokens.ts';

/** What `#names` and `:values` stand for in one request. */
export interface Bindings {
  /** The real name of an attribute. */
  resolve(name: string): string;
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
  expression: Mentions | undefined,
): Bindings {
  if (expression === undefined && names !== undefined) {
    throw invalid('ExpressionAttributeNames can only be specified when using expressions');
  }
  if (expression === undefined && values !== undefined) {
    throw invalid('ExpressionAttributeValues can only be specified when using expressions');
  }
  checkKeys('ExpressionAttributeNames', names, /^#[A-Za-z0-9_]+$/);
  checkKeys('ExpressionAttributeValues', values, /^:[A-Za-z0-9_]+$/);
  const { kind, names: wantedNames = new Set<string>(), values: wantedValues = new Set<string>() } = expression ?? {};
  for (const name of wantedNames) {
    if (names?.[name] === undefined) {
      throw invalid(`Invalid ${kind}: An expression attribute name used in the document path is not defined; attribute name: ${name}`);
    }
  }
  for (const value of wantedValues) {
    if (values?.[value] === undefined) {
      throw invalid(`Invalid ${kind}: An expression attribute value used in expression is not defined; attribute value: ${value}`);
    }
  }
  refuseUnused('ExpressionAttributeNames', names, wantedNames);
  refuseUnused('ExpressionAttributeValues', values, wantedValues);
  const bound = new Map(Object.entries(values ?? {}).map(([key, value]) => [key, normalize(value)]));
  return {
    resolve: (name) => names?.[name] ?? name,
    value(placeholder) {
      const value = bound.get(placeholder);
      if (value === undefined) throw invalid(`An expression attribute value is not defined: ${placeholder}`);
      return value;
    },
  };
}

function checkKeys(parameter: string, given: Readonly<Record<string, unknown>> | undefined, shape: RegExp): void {
  if (given === undefined) return;
  const keys = Object.keys(given);
  if (keys.length === 0) throw invalid(`${parameter} must not be empty`);
  const odd = keys.find((key) => !shape.test(key));
  if (odd !== undefined) throw invalid(`${parameter} contains invalid key: Syntax error; key: "${odd}"`);
}

function refuseUnused(parameter: string, given: Readonly<Record<string, unknown>> | undefined, wanted: ReadonlySet<string>): void {
  const unused = Object.keys(given ?? {}).filter((key) => !wanted.has(key));
  if (unused.length > 0) throw invalid(`Value provided in ${parameter} unused in expressions: keys: {${unused.join(', ')}}`);
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
