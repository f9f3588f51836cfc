import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pastedValue } from '../../cli/pasted.ts';

const key = ['sk-ant-api03', 'FAKE'.repeat(6)].join('-');
const url = 'https://hooks.slack.com/services/T0/B0/fake?a=b';

test.each([
  ['blanks around it', `  \t${key}  `],
  ['blank lines around it', `\n\r\n${key}\r\n\r\n`],
  ['no-break spaces', `\u00a0${key}\u00a0`],
  ['a byte order mark', `\ufeff${key}\n`],
  ['a space without width inside', `sk-ant-\u200b${key.slice(7)}`],
  ['double quotes', `"${key}"`],
  ['single quotes', `'${key}'`],
  ['back ticks', `\`${key}\``],
  ['curly quotes', `“${key}”`],
  ['a line of a shell', `export ANTHROPIC_API_KEY=${key}`],
  ['a line of a shell, quoted', `  export ANTHROPIC_API_KEY="${key}";\n`],
  ['a line of .env', `ANTHROPIC_API_KEY=${key} # production`],
  ['.env with a comment before it', `# made today\nANTHROPIC_API_KEY='${key}'\n`],
  ['spaces around the sign', `api_key = "${key}"`],
  ['PowerShell', `$env:ANTHROPIC_API_KEY = "${key}"`],
  ['cmd', `set ANTHROPIC_API_KEY=${key}`],
  ['setx', `setx ANTHROPIC_API_KEY "${key}"`],
  ['fish', `set -gx ANTHROPIC_API_KEY ${key}`],
  ['a Dockerfile', `ENV ANTHROPIC_API_KEY=${key}`],
  ['YAML', `anthropic_api_key: ${key}`],
  ['JSON', `  "ANTHROPIC_API_KEY": "${key}",`],
  ['JSON without blanks', `"ANTHROPIC_API_KEY":"${key}"`],
  ['a header', `x-api-key: ${key}`],
  ['a header of curl', `-H "x-api-key: ${key}" \\`],
  ['a bearer token', `Authorization: Bearer ${key}`],
])('%s', (_name, text) => {
  expect(pastedValue(text)).toBe(key);
});

test.each([
  ['two lines', `${key}\n${key}`],
  ['a word before it', `my ${key}`],
  ['nothing', ''],
  ['an address', url],
])('%s is left as it is: whoever takes it looks at its form', (_name, text) => {
  expect(pastedValue(text)).toBe(text);
});

test('a value is never changed, whatever stands around it and however often', () => {
  const value = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{19,60}$/);
  const around = fc.constantFrom<readonly [string, string]>([' ', ' '], ['"', '"'], ["'", "'"], ['KEY=', ''], ['export KEY=', ';']);
  fc.assert(
    fc.property(value, fc.array(around, { maxLength: 3 }), (inner, layers) => {
      const text = `\n${layers.reduce((said, [before, behind]) => `${before}${said}${behind}`, inner)}\n`;
      return pastedValue(text) === inner && pastedValue(pastedValue(text)) === inner;
    }),
  );
});
