import { inspect } from 'node:util';

const shown = '[secret]';

/**
 * A value that burns: an API key, a token, a webhook URL. It stands in a private field, so that spread, clone,
 * template strings, JSON and `inspect` show nothing. `reveal()` belongs in the argument of the call that needs it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** Whether the value begins and ends so: enough to compare it with a hint without reading it. */
  isFramedBy(start: string, end: string): boolean {
    return this.#value.startsWith(start) && this.#value.endsWith(end);
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  /** Without blanks and line ends around it. */
  trimmed(): Secret {
    return new Secret(this.#value.trim());
  }

  matches(shape: RegExp): boolean {
    return shape.test(this.#value);
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [inspect.custom](): string {
    return shown;
  }
}
