import tseslint from 'typescript-eslint';
import { Linter } from 'eslint';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { noSentenceDecides } from '../../eslint/no-sentence-decides.js';

const types = `
interface Facts { /** In words. @sentence */ readonly reason?: string; readonly code: string }
type Cause = { readonly code: 'plain' } | { readonly code: 'asked'; /** @sentence */ readonly because: string };
declare const facts: Facts;
declare const cause: Cause;
/** @sentence */
declare function causeText(cause: Cause): string;
class Told { /** @sentence */ readonly message: string = ''; }
declare const error: unknown;
`;

/** As much of the language as the samples need: the whole library takes seconds to read. */
const library = `
interface Array<T> { length: number; [index: number]: T; includes(item: T): boolean; map<U>(make: (item: T) => U): U[] } interface Boolean {} interface CallableFunction {} interface Function {}
interface IArguments {} interface NewableFunction {} interface Number {} interface Object {} declare const Object: { is(a: unknown, b: unknown): boolean }; type Record<K extends string, T> = { [P in K]: T }; interface RegExp { test(text: string): boolean }
interface String { includes(part: string): boolean; startsWith(part: string): boolean; split(by: string): string[]; toLowerCase(): string }
`;

/** What the rule says of one statement. */
function said(statement: string): readonly string[] {
  const [name, text] = ['/sample.ts', `${types}${statement}\nexport {};\n`];
  const files = new Map(
    [name, '/library.d.ts'].map((file) => [file, ts.createSourceFile(file, file === name ? text : library, ts.ScriptTarget.ES2023, true)]),
  );
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost({}),
    getSourceFile: (file) => files.get(file),
    fileExists: (file) => files.has(file),
  };
  const program = ts.createProgram([...files.keys()], { noLib: true, strict: true, target: ts.ScriptTarget.ES2023 }, host);
  const messages = new Linter({ cwd: '/' }).verify(
    text,
    {
      files: ['**/*.ts'],
      languageOptions: {
        parser: tseslint.parser,
        parserOptions: { programs: [program], disallowAutomaticSingleRunInference: true },
      },
      plugins: { keyguard: { rules: { 'no-sentence-decides': noSentenceDecides } } },
      rules: { 'keyguard/no-sentence-decides': 'error' },
    },
    name,
  );
  return messages.map(({ message }) => message);
}

test.each([
  [`if (facts.reason === 'the pool is empty') causeText(cause);`, 'facts.reason'],
  [`if (facts.reason?.startsWith('emergency')) causeText(cause);`, 'facts.reason'],
  [`const { reason: why } = facts; export const found = why?.includes('emergency');`, 'why'],
  [`export const is = ({ reason }: Facts): boolean => reason !== 'x';`, 'reason'],
  [`export const is = /emergency/.test(causeText(cause));`, 'causeText(cause)'],
  [`switch (causeText(cause)) { case 'x': break; }`, 'causeText(cause)'],
  [
    `export const is = ['a', 'b'].includes(cause.code === 'asked' ? '' : causeText(cause).toLowerCase());`,
    "cause.code === 'asked' ? '' : causeText(cause).toLowerCase()",
  ],
  [`const text = causeText(cause); export const is = text === 'x';`, 'text'],
  [`export const is = causeText(cause) + '.' === 'x.';`, "causeText(cause) + '.'"],
  [`export const is = causeText(cause)[0] === 'x';`, 'causeText(cause)[0]'],
  [`declare const causes: Cause[]; export const is = causes.map(causeText).includes('x');`, 'causes.map(causeText)'],
  [
    `declare const causes: Cause[]; export const is = causes.map((each) => causeText(each)).includes('x');`,
    'causes.map((each) => causeText(each))',
  ],
  [`declare const ends: Record<string, number>; export const end = ends[causeText(cause)];`, 'causeText(cause)'],
  [`export const is = Object.is(causeText(cause), 'x');`, 'causeText(cause)'],
  [`export const is = causeText(cause).toLowerCase() === 'x';`, 'causeText(cause).toLowerCase()'],
  [`if (cause.code === 'asked' && cause.because.split(':')[0] !== undefined) causeText(cause);`, 'cause.because'],
  [`if (error instanceof Told && error.message === 'x') causeText(cause);`, 'error.message'],
  ['export const is = `so: ${facts.reason ?? ""}` === "so: x";', '`so: ${facts.reason ?? ""}`'],
])('%s', (statement, name) => {
  expect(said(statement)).toEqual([`A sentence for people decides here (${name}): decide by the code of the cause.`]);
});

test('that a sentence is there at all, and what has no tag, may decide', () => {
  expect(said(`if (facts.reason === undefined || facts.code === 'x' || cause.code === 'asked') causeText(cause);`)).toEqual([]);
  expect(said('export const text = `${causeText(cause)}, ${facts.reason ?? ""}`;')).toEqual([]);
});
