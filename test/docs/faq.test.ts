import ts from 'typescript';
import { expect, test } from 'vitest';
import { filesIn, page, read } from './pages.ts';

interface Message {
  readonly file: string;
  /** Matches the text with anything in the places that are filled in. */
  readonly pattern: RegExp;
  /** Letters that stand in the source. */
  readonly fixed: number;
}

/** Every text of the product's sources: literals as they are, templates with holes; several parts of one text are one. */
function messagesOf(file: string, source: ts.SourceFile): readonly Message[] {
  const found: Message[] = [];
  const add = (parts: readonly string[]): void => {
    const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.+');
    found.push({ file, pattern: new RegExp(`^${pattern}$`), fixed: parts.join('').length });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add([node.text]);
    if (ts.isTemplateExpression(node)) add([node.head.text, ...node.templateSpans.map((span) => span.literal.text)]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The codes of errors, in the first argument of what makes one. */
function codesOf(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'KeyguardError') {
      const [code] = node.arguments ?? [];
      if (code !== undefined && ts.isStringLiteral(code)) found.push(code.text);
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) {
      const [code] = node.arguments;
      if (code !== undefined && ts.isStringLiteral(code)) found.push(code.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const sources = ['lambda', 'lib', 'cli'].flatMap((folder) =>
  filesIn(folder, '.ts').map((file) => ({ file, source: ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true) })),
);
const faq = page('docs/faq.md').text;
const [messagePart = '', questions] = faq.split('\n## Questions\n');

test('every heading among the messages still is a message of the code', () => {
  const messages = sources.flatMap(({ file, source }) => messagesOf(file, source)).filter(({ fixed }) => fixed >= 8);
  const titles = [...messagePart.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);
  expect(titles.length).toBeGreaterThan(30);
  expect(questions).toBeDefined();
  expect(titles.filter((title) => !messages.some(({ pattern }) => pattern.test(title)))).toEqual([]);
});

test('every code of an error is explained', () => {
  const codes = [...new Set(sources.flatMap(({ source }) => codesOf(source)))];
  expect(codes.length).toBeGreaterThan(20);
  expect(codes.filter((code) => !faq.includes(`\`${code}\``))).toEqual([]);
});

test('every message has a cure', () => {
  const parts = messagePart.split(/^### /m).slice(1);
  const same = /\bThe same\b/;
  expect(parts.filter((part) => !part.includes('**Cure**') && !same.test(part)).map((part) => part.split('\n')[0])).toEqual([]);
});
