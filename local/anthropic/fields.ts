import { invalidRequest } from './errors.ts';

/** A JSON object from outside, of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** The body as an object; 400 for anything else. */
export function fieldsOf(body: unknown): Fields {
  if (!isFields(body)) throw invalidRequest('The request body must be a JSON object');
  return body;
}

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A string, or undefined where the field is absent or null; 400 for another type. */
export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidRequest(`${name}: Input should be a valid string`);
  return value;
}

/** A string; 400 where it is absent, null or empty. */
export function requiredText(fields: Fields, name: string): string {
  const value = optionalText(fields, name);
  if (value === undefined || value === '') throw invalidRequest(`${name}: Field required`);
  return value;
}

/** One of the words that the field allows, or undefined; 400 for another. */
export function optionalWord<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word | undefined {
  const value = optionalText(fields, name);
  return value === undefined ? undefined : wordOf(value, name, words);
}

/** The word that `value` is; 400 for one that the API does not know. */
export function wordOf<Word extends string>(value: string, name: string, words: readonly Word[]): Word {
  const word = words.find((known) => known === value);
  if (word === undefined) throw invalidRequest(`${name}: Input should be ${words.map((known) => `'${known}'`).join(', ')}`);
  return word;
}

/** A whole number within the bounds, or the default; 400 outside them. */
export function limitOf(query: URLSearchParams, bounds: { readonly fallback: number; readonly maximum: number }): number {
  const given = query.get('limit');
  if (given === null || given === '') return bounds.fallback;
  const limit = Number(given);
  if (!Number.isInteger(limit) || limit < 1 || limit > bounds.maximum)
    throw invalidRequest(`limit: must be between 1 and ${bounds.maximum}`);
  return limit;
}

/** An RFC 3339 instant in milliseconds, or undefined; 400 for anything else. */
export function instantOf(query: URLSearchParams, name: string): number | undefined {
  const given = query.get(name);
  if (given === null || given === '') return undefined;
  const instant = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(given) ? Date.parse(given) : NaN;
  if (Number.isNaN(instant)) throw invalidRequest(`${name}: must be an RFC 3339 timestamp`);
  return instant;
}

/** RFC 3339 in UTC without fractions, as Anthropic writes bucket bounds. */
export const rfc3339 = (at: number): string => new Date(at).toISOString().replace(/\.000Z$/, 'Z');

/** The values of an array parameter, written `name[]=…` as the SDK does. */
export const listOf = (query: URLSearchParams, name: string): readonly string[] => query.getAll(`${name}[]`);
