import { parsedJson } from '../../lambda/foundation/json.ts';
import { UsageFileError } from './series.ts';

/** The JSON documents of a text: one, a list of some, or some one after the other, as pages that were appended. Throws UsageFileError. */
export function documentsIn(name: string, text: string): readonly unknown[] {
  const whole = parsedJson(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  const documents = cutApart(text).map((part) => parsedJson(part));
  if (documents.length === 0 || documents.includes(undefined)) {
    throw new UsageFileError(`${name} is broken JSON`, 'save the whole answer again, and nothing else in the file');
  }
  return documents.flat();
}

/** Where the outermost brackets close, a document ends. */
function cutApart(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth !== 0 || token.startsWith('"')) continue;
    found.push(text.slice(start, index + 1));
    start = index + 1;
  }
  if (text.slice(start).trim() !== '') found.push(text.slice(start));
  return found;
}

export function fieldOf(value: unknown, name: string): unknown {
  return value instanceof Object && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

export function textOf(value: unknown, name: string): string | undefined {
  const found = fieldOf(value, name);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

export function numberOf(value: unknown, name: string): number | undefined {
  const found = fieldOf(value, name);
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export interface Listed {
  readonly value: unknown;
  /** `usage.json data[2]`. */
  readonly place: string;
}

/** The entries of a list, each with its place; none where there is no list. */
export function listOf(value: unknown, name: string, place: string): readonly Listed[] {
  const found = fieldOf(value, name);
  if (!Array.isArray(found)) return [];
  const path = place.includes(' ') ? `${place}.${name}` : `${place} ${name}`;
  return found.map((each: unknown, index) => ({ value: each, place: `${path}[${index}]` }));
}
