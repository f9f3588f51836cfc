import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../service.ts';
import { setMembers, typeOf } from './attribute-values.ts';
import type { Item } from './attribute-values.ts';
import { lookUp } from './bindings.ts';
import type { Bindings } from './bindings.ts';
import { addNumbers, subtractNumbers } from './numbers.ts';
import { removeAt, setAt } from './paths.ts';
import { TokenReader } from './tokens.ts';
import type { Path } from './tokens.ts';

type Term =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly placeholder: string }
  | { readonly kind: 'if-not-exists'; readonly path: Path; readonly otherwise: Term }
  | { readonly kind: 'list-append'; readonly first: Term; readonly second: Term }
  | { readonly kind: 'plus' | 'minus'; readonly left: Term; readonly right: Term };

type Action =
  | { readonly kind: 'set'; readonly path: Path; readonly term: Term }
  | { readonly kind: 'remove'; readonly path: Path }
  | { readonly kind: 'add' | 'delete'; readonly path: Path; readonly placeholder: string };

export interface ParsedUpdate {
  readonly kind: 'UpdateExpression';
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
  readonly actions: readonly Action[];
}

const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;

/** Parses an UpdateExpression. Throws ValidationException. */
export function parseUpdate(text: string): ParsedUpdate {
  const reader = new TokenReader('UpdateExpression', text);
  const actions: Action[] = [];
  const seen = new Set<string>();
  while (reader.peek().kind !== 'end') {
    const section = SECTIONS.find((word) => reader.takeWord(word));
    if (section === undefined) throw reader.unexpected();
    if (seen.has(section)) throw reader.invalid(`The "${section}" section can only be used once in an update expression;`);
    seen.add(section);
    do actions.push(parseAction(reader, section));
    while (reader.takeSign(','));
  }
  return { kind: 'UpdateExpression', names: reader.names, values: reader.values, actions };
}

function parseAction(reader: TokenReader, section: (typeof SECTIONS)[number]): Action {
  const path = reader.path();
  switch (section) {
    case 'SET':
      reader.expectSign('=');
      return { kind: 'set', path, term: parseSum(reader) };
    case 'REMOVE':
      return { kind: 'remove', path };
    case 'ADD':
      return { kind: 'add', path, placeholder: reader.value() };
    case 'DELETE':
      return { kind: 'delete', path, placeholder: reader.value() };
  }
}

function parseSum(reader: TokenReader): Term {
  const left = parseTerm(reader);
  if (reader.takeSign('+')) return { kind: 'plus', left, right: parseTerm(reader) };
  if (reader.takeSign('-')) return { kind: 'minus', left, right: parseTerm(reader) };
  return left;
}

function parseTerm(reader: TokenReader): Term {
  if (reader.peek().kind === 'value') return { kind: 'value', placeholder: reader.value() };
  if (reader.peek().kind !== 'word' || reader.peek(1).text !== '(') return { kind: 'path', path: reader.path() };
  const name = reader.next().text;
  reader.expectSign('(');
  let term: Term;
  if (name === 'if_not_exists') {
    const path = reader.path();
    reader.expectSign(',');
    term = { kind: 'if-not-exists', path, otherwise: parseTerm(reader) };
  } else if (name === 'list_append') {
    const first = parseTerm(reader);
    reader.expectSign(',');
    term = { kind: 'list-append', first, second: parseTerm(reader) };
  } else throw reader.invalid(`Invalid function name; function: ${name}`);
  reader.expectSign(')');
  return term;
}

/** The paths that an update touches, names resolved; refuses overlaps and keys. */
export function updatedPaths(update: ParsedUpdate, bindings: Bindings, keyNames: readonly string[]): readonly Path[] {
  const paths = update.actions.map((action) => bindings.resolve(action.path));
  paths.forEach((path, index) => {
    const key = keyNames.find((name) => path[0] === name);
    if (key !== undefined) {
      throw invalid(`One or more parameter values were invalid: Cannot update attribute ${key}. This attribute is part of the key`);
    }
    const other = paths.slice(0, index).find((earlier) => overlaps(earlier, path));
    if (other !== undefined) {
      throw invalid(
        `Invalid UpdateExpression: Two document paths overlap with each other; must remove or modify one of these paths; path one: [${other.join(', ')}], path two: [${path.join(', ')}]`,
      );
    }
  });
  return paths;
}

function overlaps(a: Path, b: Path): boolean {
  return a.slice(0, b.length).every((step, index) => step === b[index]);
}

/** Applies an update; every operand is read from the item as it was. */
export function applyUpdate(update: ParsedUpdate, before: Item, bindings: Bindings): Item {
  let item = before;
  // Removals last and from the back, so that list indexes mean what they meant in the old item.
  const removals: Path[] = [];
  for (const action of update.actions) {
    const path = bindings.resolve(action.path);
    if (action.kind === 'set') item = setAt(item, path, evaluate(action.term, before, bindings));
    else if (action.kind === 'remove') removals.push(path);
    else {
      const old = lookUp(before, path);
      const value = bindings.value(action.placeholder);
      const next = action.kind === 'add' ? added(old, value) : without(old, value);
      if (next !== undefined) item = setAt(item, path, next);
      else if (old !== undefined) removals.push(path);
    }
  }
  removals.sort((a, b) => lastIndex(b) - lastIndex(a));
  for (const path of removals) item = removeAt(item, path);
  return item;
}

function lastIndex(path: Path): number {
  const last = path.at(-1);
  return typeof last === 'number' ? last : -1;
}

function evaluate(term: Term, item: Item, bindings: Bindings): AttributeValue {
  switch (term.kind) {
    case 'value':
      return bindings.value(term.placeholder);
    case 'path': {
      const value = lookUp(item, bindings.resolve(term.path));
      if (value === undefined) throw invalid('The provided expression refers to an attribute that does not exist in the item');
      return value;
    }
    case 'if-not-exists':
      return lookUp(item, bindings.resolve(term.path)) ?? evaluate(term.otherwise, item, bindings);
    case 'list-append': {
      const [first, second] = [evaluate(term.first, item, bindings).L, evaluate(term.second, item, bindings).L];
      if (first === undefined || second === undefined) throw wrongType();
      return { L: [...first, ...second] };
    }
    case 'plus':
    case 'minus': {
      const [left, right] = [evaluate(term.left, item, bindings).N, evaluate(term.right, item, bindings).N];
      if (left === undefined || right === undefined) throw wrongType();
      return { N: term.kind === 'plus' ? addNumbers(left, right) : subtractNumbers(left, right) };
    }
  }
}

function added(old: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  const type = typeOf(value);
  if (!['N', 'SS', 'NS', 'BS'].includes(type)) {
    throw invalid(
      `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: ${type}, typeSet: ALLOWED_FOR_ADD_OPERAND`,
    );
  }
  if (old === undefined) return value;
  if (old.N !== undefined && value.N !== undefined) return { N: addNumbers(old.N, value.N) };
  return mergeSets(old, value, (mine, theirs) => new Map([...mine, ...theirs]));
}

function without(old: AttributeValue | undefined, value: AttributeValue): AttributeValue | undefined {
  const type = typeOf(value);
  if (!['SS', 'NS', 'BS'].includes(type)) {
    throw invalid(
      `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: DELETE, operand type: ${type}, typeSet: ALLOWED_FOR_DELETE_OPERAND`,
    );
  }
  if (old === undefined) return undefined;
  const rest = mergeSets(old, value, (mine, theirs) => new Map([...mine].filter(([key]) => !theirs.has(key))));
  return setMembers(rest).size === 0 ? undefined : rest;
}

type Members = Map<string, string | Uint8Array>;

function mergeSets(old: AttributeValue, value: AttributeValue, merge: (mine: Members, theirs: Members) => Members): AttributeValue {
  if (typeOf(old) !== typeOf(value)) throw wrongType();
  const members = [...merge(setMembers(old), setMembers(value)).values()];
  const texts = members.filter((member) => typeof member === 'string');
  if (old.SS !== undefined) return { SS: texts };
  if (old.NS !== undefined) return { NS: texts };
  if (old.BS !== undefined) return { BS: members.filter((member) => typeof member !== 'string') };
  throw wrongType();
}

function wrongType(): AwsError {
  return invalid('An operand in the update expression has an incorrect data type');
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
