import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isCutKey, pastedValue } from '../../cli/pasted.ts';

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
  ['a JSON object', `{"KEY":"${key}"}`],
  ['a JSON object over lines', `{\n  "id": "apikey_01",\n  "secrets": { "key": "${key}" }\n}`],
  ['JSON within JSON', `"Anthropic": { "ApiKey": "${key}" }`],
  ['set, quoted as a whole', `set "ANTHROPIC_API_KEY=${key}"`],
  ['setx for the machine', `setx ANTHROPIC_API_KEY "${key}" /M`],
  ['setx, the machine first', `setx /m ANTHROPIC_API_KEY ${key}`],
  ['a long option of curl', `--header "x-api-key: ${key}"`],
  ['a long option with a sign', `--header='x-api-key: ${key}'`],
  ['parentheses', `(${key})`],
  ['the end of a sentence', `${key}.`],
  ['a fence', `\`\`\`\n${key}\n\`\`\``],
  ['a fence with its language', `~~~bash\nexport ANTHROPIC_API_KEY=${key}\n~~~`],
  ['a link of Slack', `<${key}|hook>`],
  ['a link of Markdown', `[hook](${key})`],
])('%s', (_name, text) => {
  expect(pastedValue(text)).toBe(key);
});

const long = `sk-ant-api03-${'FAKE_fake-0123'.repeat(7).slice(0, 93)}AA`;
test.each([
  ['two lines', `${long.slice(0, 40)}\n${long.slice(40)}`],
  ['three lines, with blanks', `  ${long.slice(0, 40)}\r\n  ${long.slice(40, 80)}\r\n  ${long.slice(80)}\r\n`],
  ['a blank in it', `${long.slice(0, 40)} ${long.slice(40)}`],
  ['a line of a shell', `export KEY="${long.slice(0, 70)}\n${long.slice(70)}"`],
])('a key that is broken is put together: %s', (_name, text) => {
  expect(pastedValue(text)).toBe(long);
  expect(isCutKey(long.slice(0, 40))).toBe(true);
  expect(isCutKey(long)).toBe(false);
});

test.each([
  ['two lines', `${key}\n${key}`],
  ['two keys', `${long}\n${key}`],
  ['two keys in JSON', `{"a":"${key}","b":"${long}"}`],
  ['a whole key and a word', `${long}\nCopy`],
  ['a hint', 'sk-ant-api03-R2D...'],
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
