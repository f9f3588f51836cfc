import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import type { Item } from './attribute-values.ts';
import { lookUp } from './bindings.ts';
import type { Bindings } from './bindings.ts';
import { TokenReader } from './tokens.ts';
import type { Path } from './tokens.ts';

/** A copy of the item with `value` at `path`. An index past a list's end appends. */
export function setAt(item: Item, path: Path, value: AttributeValue): Item {
  return changed({ M: { ...item } }, path, () => value)?.M ?? {};
}

/** A copy of the item without what stands at `path`; nothing happens where nothing stands. */
export function removeAt(item: Item, path: Path): Item {
  if (lookUp(item, path) === undefined) return item;
  return changed({ M: { ...item } }, path, () => undefined)?.M ?? {};
}

function changed(value: AttributeValue | undefined, path: Path, change: () => AttributeValue | undefined): AttributeValue | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return change();
  if (typeof step === 'number') {
    if (value?.L === undefined) throw invalidPath();
    const list = [...value.L];
    const at = Math.min(step, list.length);
    const next = changed(list[at], rest, change);
    list.splice(at, 1, ...(next === undefined ? [] : [next]));
    return { L: list };
  }
  if (value?.M === undefined) throw invalidPath();
  const { [step]: old, ...others } = value.M;
  const next = changed(old, rest, change);
  return { M: next === undefined ? others : { ...value.M, [step]: next } };
}

function invalidPath(): AwsError {
  return new AwsError('ValidationException', 'The document path provided in the update expression is invalid for update');
}

export interface ParsedProjection {
  readonly kind: 'ProjectionExpression';
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
  readonly paths: readonly Path[];
}

/** Parses a ProjectionExpression. Throws ValidationException. */
export function parseProjection(text: string): ParsedProjection {
  const reader = new TokenReader('ProjectionExpression', text);
  const paths = [reader.path()];
  while (reader.takeSign(',')) paths.push(reader.path());
  reader.expectEnd();
  return { kind: 'ProjectionExpression', names: reader.names, values: reader.values, paths };
}

/** The part of an item that a projection asks for. */
export function project(item: Item, projection: ParsedProjection | undefined, bindings: Bindings): Item {
  if (projection === undefined) return item;
  return pick(
    item,
    projection.paths.map((path) => bindings.resolve(path)),
  );
}

/** The part of an item at these paths; elements of a list close ranks. */
export function pick(item: Item, paths: readonly Path[]): Item {
  const picked = picking({ M: { ...item } }, paths);
  return picked?.M ?? {};
}

function picking(value: AttributeValue, paths: readonly Path[]): AttributeValue | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  const byStep = new Map<string | number, Path[]>();
  for (const [step, ...rest] of paths) if (step !== undefined) byStep.set(step, [...(byStep.get(step) ?? []), rest]);
  if (value.L !== undefined) {
    const list = value.L.flatMap((entry, index) => {
      const found = byStep.has(index) ? picking(entry, byStep.get(index) ?? []) : undefined;
      return found === undefined ? [] : [found];
    });
    return list.length === 0 ? undefined : { L: list };
  }
  if (value.M === undefined) return undefined;
  const map: Record<string, AttributeValue> = {};
  for (const [name, entry] of Object.entries(value.M)) {
    const found = byStep.has(name) ? picking(entry, byStep.get(name) ?? []) : undefined;
    if (found !== undefined) map[name] = found;
  }
  return Object.keys(map).length === 0 ? undefined : { M: map };
}
