import { AwsError, notOffered } from '../service.ts';
import { RESERVED_WORDS } from './reserved-words.ts';

export type ExpressionKind = 'ConditionExpression' | 'KeyConditionExpression';

/** `word` covers bare names, keywords and functions; which it is depends on where it stands. */
interface Token {
  readonly kind: 'word' | 'name' | 'value' | 'sign' | 'end';
  readonly text: string;
}

const TOKEN = /\s*(?:(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([A-Za-z_][A-Za-z0-9_]*)|(<>|<=|>=|[=<>(),]))/y;

/** Reads an expression token by token; all its errors are ValidationException in DynamoDB's words. */
export class TokenReader {
  readonly kind: ExpressionKind;
  /** `#names` and `:values` that the expression mentions. */
  readonly names = new Set<string>();
  readonly values = new Set<string>();
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(kind: ExpressionKind, text: string) {
    this.kind = kind;
    this.#tokens = this.#split(text);
    if (this.#tokens.length === 1) throw this.invalid('The expression can not be empty;');
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: 'end', text: '<EOF>' };
  }

  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  /** Takes the next token when it is this sign. */
  takeSign(sign: string): boolean {
    if (this.peek().kind !== 'sign' || this.peek().text !== sign) return false;
    this.#at += 1;
    return true;
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw this.unexpected();
  }

  /** Takes the next token when it is this keyword, whatever its case. */
  takeWord(word: string): boolean {
    if (this.peek().kind !== 'word' || this.peek().text.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw this.unexpected();
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') throw this.unexpected();
  }

  /** `:value`. */
  value(): string {
    const token = this.next();
    if (token.kind !== 'value') throw this.unexpected(-1);
    this.values.add(token.text);
    return token.text;
  }

  /** The name of an attribute, as written: `#n` or bare. */
  attribute(): string {
    const token = this.next();
    if (token.kind === 'name') this.names.add(token.text);
    else if (token.kind !== 'word') throw this.unexpected(-1);
    else if (RESERVED_WORDS.has(token.text.toUpperCase())) {
      throw this.invalid(`Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
    }
    return token.text;
  }

  unexpected(offset = 0): AwsError {
    const near = [-1, 0, 1]
      .map((step) => this.#tokens[this.#at + offset + step])
      .filter((token) => token !== undefined && token.kind !== 'end');
    return this.invalid(`Syntax error; token: "${this.peek(offset).text}", near: "${near.map((token) => token?.text).join(' ')}"`);
  }

  invalid(problem: string): AwsError {
    return new AwsError('ValidationException', `Invalid ${this.kind}: ${problem}`);
  }

  #split(text: string): readonly Token[] {
    const kinds = ['name', 'value', 'word', 'sign'] as const;
    const tokens: Token[] = [];
    const pattern = new RegExp(TOKEN.source, 'y');
    const end = text.trimEnd().length;
    while (pattern.lastIndex < end) {
      const rest = text.slice(pattern.lastIndex).trim();
      const match = pattern.exec(text);
      if (match === null) {
        // The signs of paths and of sums.
        if (/^[.[\]+-]/.test(rest)) throw notOffered(`"${rest.charAt(0)}" in a ${this.kind}`);
        throw this.invalid(`Syntax error; token: "${rest.charAt(0)}", near: "${rest.slice(0, 10)}"`);
      }
      const groups: readonly (string | undefined)[] = match.slice(1);
      const index = groups.findIndex((group) => group !== undefined);
      tokens.push({ kind: kinds[index] ?? 'sign', text: match[index + 1] ?? '' });
    }
    tokens.push({ kind: 'end', text: '<EOF>' });
    return tokens;
  }
}
