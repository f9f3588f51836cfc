import type { z } from 'zod';
import { secretIn } from '../../contract/secret-shapes.ts';
import { pathText } from './json.ts';
import type { Problem } from './problem.ts';
import { configurationJsonSchema } from './schema.ts';

const published = configurationJsonSchema();

/** The problems that one zod issue stands for: an issue about unknown fields names several. */
export function problemsOf(issue: z.core.$ZodIssue, root: unknown): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(issue.path, key));
  const found = valueAt(root, issue.path);
  // A rule between fields can be broken by a default, too.
  const fallback = recordOf(schemaAt(issue.path)).default;
  const isBrokenDefault = found === undefined && issue.code === 'custom' && fallback !== undefined;
  const value = isBrokenDefault ? { value: `${shown(fallback)} (the default)` } : found === undefined ? {} : { value: shown(found) };
  const [problem, fix] = wording(issue, found);
  return [{ path: pathText(issue.path), ...value, problem, fix }];
}

function wording(issue: z.core.$ZodIssue, found: unknown): readonly [string, string] {
  const [problem, fix] = issue.message.split('\n');
  if (found === undefined && issue.code !== 'custom') return ['is missing', descriptionAt(issue.path)];
  if (problem !== undefined && fix !== undefined) return [problem, fix];
  // Zod's other codes all carry a message of ours.
  if (issue.code === 'invalid_type') return [`is not ${kindOf(issue.expected)}`, descriptionAt(issue.path)];
  const choices = issue.code === 'invalid_value' ? issue.values.map((value) => JSON.stringify(value)) : choicesAt(issue.path);
  return ['is not one of the choices', `Give ${orList(choices)}.`];
}

function unknownField(path: readonly PropertyKey[], key: string): Problem {
  const known = schemasAt(path).flatMap((schema) => Object.keys(recordOf(schema.properties)));
  const name = secretIn(key) === undefined ? key.slice(0, 60) : '[secret]';
  const near = nearest(key, known);
  const fields = `The fields here are ${[...new Set(known)].join(', ')}.`;
  return {
    path: pathText([...path, name]),
    problem: 'is not a field',
    fix: near === undefined ? fields : `Did you mean "${near}"? ${fields}`,
  };
}

/** The parts of the JSON Schema that describe what stands at a path: several where it allows alternatives. */
function schemasAt(path: readonly PropertyKey[]): readonly Record<string, unknown>[] {
  let schemas = alternatives(published);
  for (const step of path) {
    schemas = schemas.flatMap((schema) =>
      alternatives(typeof step === 'number' ? schema.items : recordOf(schema.properties)[String(step)]),
    );
  }
  return schemas;
}

function descriptionAt(path: readonly PropertyKey[]): string {
  const { description } = recordOf(schemaAt(path));
  return typeof description === 'string' ? description : 'See docs/reference/configuration.md.';
}

/** What the JSON Schema says of the place itself, before its alternatives. */
function schemaAt(path: readonly PropertyKey[]): unknown {
  const step = path.at(-1);
  const parent = schemasAt(path.slice(0, -1))[0];
  return typeof step === 'number' ? parent?.items : recordOf(parent?.properties)[String(step)];
}

function alternatives(schema: unknown): readonly Record<string, unknown>[] {
  const record = recordOf(schema);
  if (Array.isArray(record.oneOf)) return record.oneOf.flatMap(alternatives);
  return Object.keys(record).length === 0 ? [] : [record];
}

function choicesAt(path: readonly PropertyKey[]): readonly string[] {
  return schemasAt(path).flatMap((schema) => ('const' in schema ? [JSON.stringify(schema.const)] : []));
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, step)?.value;
  }
  return value;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function kindOf(type: string): string {
  const words: Record<string, string> = {
    array: 'a list',
    object: 'an object',
    boolean: 'true or false',
    int: 'a whole number',
    number: 'a number',
  };
  return words[type] ?? `a ${type}`;
}

function orList(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? 'another value') : `${items.slice(0, -1).join(', ')} or ${items.at(-1) ?? ''}`;
}

/** The known name that is fewest edits away, if it is near enough to have been meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: edits(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(2, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance. */
function edits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(from.slice(0, 60)).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
