export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

export interface ParsedJson {
  readonly value: unknown;
  /** Where each value begins, by its path as `pathText` writes it. */
  readonly positions: ReadonlyMap<string, Position>;
}

/** JSON that cannot be read. The message says what is wrong but quotes nothing: the text may hold a secret. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly position: Position;
  constructor(message: string, position: Position) {
    super(message);
    this.position = position;
  }
}

/** Fifty managed keys with long descriptions are a tenth of it. */
const mostCharacters = 1_000_000;
/** A configuration has six. */
const mostLevels = 100;

/** `managedKeys[0].rotation.every` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`)).join('');
}

/**
 * Strict JSON that knows where everything stands, and refuses a field that is given twice. `JSON.parse` does neither: in
 * Node 20 its errors quote the text around the mistake, mostly without a position.
 *
 * @throws JsonSyntaxError
 */
export function parseJson(text: string): ParsedJson {
  if (text.length > mostCharacters)
    throw new JsonSyntaxError(`it is larger than a configuration can be (${mostCharacters / 1000} kB)`, { line: 1, column: 1 });
  const positions = new Map<string, Position>();
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  // Editors on Windows may begin the file with a byte order mark.
  let at = text.startsWith('\uFEFF') ? 1 : 0;

  const value = readValue([]);
  skipSpace();
  if (at < text.length) fail('there is more text after the end of the JSON value');
  return { value, positions };

  function readValue(path: readonly PropertyKey[]): unknown {
    skipSpace();
    positions.set(pathText(path), positionOf(at));
    const first = text[at];
    if (path.length > mostLevels) fail(`it is nested deeper than ${mostLevels} levels`);
    if (first === '{') return readObject(path);
    if (first === '[') return readArray(path);
    if (first === '"') return readString();
    return readWord();
  }

  function readObject(path: readonly PropertyKey[]): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    at += 1;
    skipSpace();
    if (take('}')) return object;
    for (;;) {
      skipSpace();
      if (text[at] !== '"')
        fail(text[at] === '}' ? 'a comma stands before the closing brace' : 'a field name in double quotes is expected');
      const start = at;
      const name = readString();
      if (Object.hasOwn(object, name)) fail('a field is given twice', start);
      skipSpace();
      if (!take(':')) fail('a colon is expected after the field name');
      const value = readValue([...path, name]);
      // Not an assignment: a field called __proto__ is a field like any other.
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
      skipSpace();
      if (take('}')) return object;
      if (!take(',')) fail('a comma or a closing brace is expected');
    }
  }

  function readArray(path: readonly PropertyKey[]): unknown[] {
    const array: unknown[] = [];
    at += 1;
    skipSpace();
    if (take(']')) return array;
    for (;;) {
      skipSpace();
      if (text[at] === ']') fail('a comma stands before the closing bracket');
      array.push(readValue([...path, array.length]));
      skipSpace();
      if (take(']')) return array;
      if (!take(',')) fail('a comma or a closing bracket is expected');
    }
  }

  function readString(): string {
    const start = at;
    at += /^"(?:[^"\\\n]|\\.)*"?/.exec(text.slice(at))?.[0].length ?? 0;
    try {
      return String(JSON.parse(text.slice(start, at)));
    } catch {
      return fail('this string is not closed on its line, or holds a character that must be escaped', start);
    }
  }

  function readWord(): unknown {
    const word = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_.])/.exec(text.slice(at))?.[0];
    if (word === undefined) {
      if (at >= text.length) fail('the text ends too early');
      if (text[at] === '/') fail('comments are not allowed in JSON');
      fail(text[at] === "'" ? 'strings need double quotes' : 'a value is expected');
    }
    at += word.length;
    return JSON.parse(word);
  }

  function skipSpace(): void {
    while (at < text.length && ' \t\r\n'.includes(text.charAt(at))) at += 1;
  }

  function take(character: string): boolean {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  }

  function fail(message: string, where = at): never {
    throw new JsonSyntaxError(message, positionOf(where));
  }

  function positionOf(offset: number): Position {
    let [line, after] = [0, lineStarts.length];
    while (after - line > 1) {
      const middle = Math.floor((line + after) / 2);
      if ((lineStarts[middle] ?? 0) <= offset) line = middle;
      else after = middle;
    }
    return { line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
  }
}
