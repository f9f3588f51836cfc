import { NormalizedSchema } from '@smithy/core/schema';
import type { $SchemaRef } from '@smithy/types';
import { AwsError } from '../service.ts';

/**
 * Checks a decoded request against the SDK's schema: required members are there, every value has its kind, a union
 * holds exactly one member. AWS reports the first two in these words.
 */
export function checkInput(schema: $SchemaRef, value: unknown, missingCode: string): void {
  const problems: string[] = [];
  check(NormalizedSchema.of(schema), value, '', problems);
  if (problems.length === 0) return;
  const plural = problems.length === 1 ? 'error' : 'errors';
  throw new AwsError(missingCode, `${problems.length} validation ${plural} detected: ${problems.join('; ')}`);
}

function check(schema: NormalizedSchema, value: unknown, path: string, problems: string[]): void {
  if (schema.isUnitSchema() || schema.isDocumentSchema()) return;
  if (schema.isStructSchema()) {
    checkStruct(schema, record(value, path), path, problems);
    return;
  }
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) throw wrongKind(path, 'a list');
    const item = schema.getValueSchema();
    value.forEach((entry: unknown, index) => check(item, entry, `${path}.${index + 1}.member`, problems));
    return;
  }
  if (schema.isMapSchema()) {
    const item = schema.getValueSchema();
    for (const [key, entry] of Object.entries(record(value, path))) check(item, entry, `${path}.${key}.member`, problems);
    return;
  }
  if (schema.isStringSchema() && typeof value !== 'string') throw wrongKind(path, 'a String');
  if (schema.isBooleanSchema() && typeof value !== 'boolean') throw wrongKind(path, 'a Boolean');
  if (schema.isNumericSchema() && typeof value !== 'number') throw wrongKind(path, 'a Number');
  if (schema.isBlobSchema() && !(value instanceof Uint8Array)) throw wrongKind(path, 'a Blob');
  if (schema.isTimestampSchema() && !(value instanceof Date)) throw wrongKind(path, 'a Timestamp');
}

function checkStruct(schema: NormalizedSchema, value: Record<string, unknown>, path: string, problems: string[]): void {
  const required = requiredCount(schema);
  let index = 0;
  let present = 0;
  for (const [name, member] of schema.structIterator()) {
    const at = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`;
    const entry = value[name];
    if (entry === undefined || entry === null) {
      if (index < required) problems.push(`Value null at '${at}' failed to satisfy constraint: Member must not be null`);
    } else {
      present += 1;
      check(member, entry, at, problems);
    }
    index += 1;
  }
  if (!schema.isUnionSchema() || present === 1) return;
  // DynamoDB's words for an AttributeValue, the only union that these services take.
  throw new AwsError(
    'ValidationException',
    present === 0
      ? 'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes'
      : 'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
  );
}

/** The schema lists required members first and says how many there are. */
function requiredCount(schema: NormalizedSchema): number {
  const raw: unknown = schema.getSchema();
  const count: unknown = Array.isArray(raw) ? raw[6] : 0;
  return typeof count === 'number' ? count : 0;
}

function record(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongKind(path, 'a structure');
  return { ...value };
}

function wrongKind(path: string, expected: string): AwsError {
  return new AwsError('SerializationException', `Unexpected value at '${path}': expected ${expected}`);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
