import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonSyntaxError, parseJson } from '../../../lib/config/json.ts';
import { long } from '../../support/long.ts';

test('what JSON.parse reads, it reads the same', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 2, '\t'), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), null, indent);
      expect(JSON.stringify(parseJson(spaced).value)).toBe(JSON.stringify(JSON.parse(spaced)));
    }),
  );
});

test('what JSON.parse refuses, it refuses', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '{', ']', '\\', '1', 'x', '\n'), (text, seed, inserted) => {
      const at = seed % (text.length + 1);
      const broken = text.slice(0, at) + inserted + text.slice(at + 1);
      let expected: unknown;
      try {
        expected = JSON.parse(broken);
      } catch {
        expect(() => parseJson(broken)).toThrow(JsonSyntaxError);
        return;
      }
      // A field given twice is where the two differ on purpose.
      try {
        expect(JSON.stringify(parseJson(broken).value)).toBe(JSON.stringify(expected));
      } catch (error) {
        if (!(error instanceof JsonSyntaxError) || error.message !== 'a field is given twice') throw error;
      }
    }),
  );
});

test.each([
  ['{\n  "a": 1,\n}', 'a comma stands before the closing brace', 3, 1],
  ['{\n  "a": 1\n  "b": 2\n}', 'a comma or a closing brace is expected', 3, 3],
  ['{ "a" 1 }', 'a colon is expected after the field name', 1, 7],
  ['{ a: 1 }', 'a field name in double quotes is expected', 1, 3],
  ['{ "a": \'b\' }', 'strings need double quotes', 1, 8],
  ['{ "a": "b\n" }', 'this string is not closed on its line', 1, 8],
  ['[1, 2,]', 'a comma stands before the closing bracket', 1, 7],
  ['[1 2]', 'a comma or a closing bracket is expected', 1, 4],
  ['// mine\n{}', 'comments are not allowed', 1, 1],
  ['{ "a": 1', 'a comma or a closing brace is expected', 1, 9],
  ['', 'the text ends too early', 1, 1],
  ['{} {}', 'more text after the end', 1, 4],
  ['{ "a": 1, "a": 2 }', 'a field is given twice', 1, 11],
  ['{ "a": 01 }', 'a value is expected', 1, 8],
])('%j: the message names the mistake, the line and the column', (text, message, line, column) => {
  let thrown: unknown;
  try {
    parseJson(text);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(JsonSyntaxError);
  expect(thrown).toMatchObject({ position: { line, column } });
  expect(String(thrown)).toContain(message);
});

test('it knows where each value stands', () => {
  const { positions } = parseJson('{\n  "a": [\n    { "b": 1 }\n  ]\n}');
  expect(positions.get('a[0].b')).toEqual({ line: 3, column: 12 });
});

test.each([
  ['nested arrays', '['.repeat(20_000), /nested deeper than 100 levels/],
  ['nested objects', '{"a":'.repeat(20_000), /nested deeper than 100 levels/],
  ['a huge string', `"${'a'.repeat(20_000_000)}"`, /larger than a configuration can be/],
  ['a long string without an end', `{ "a": "${'a'.repeat(900_000)}`, /not closed on its line/],
])('%s: refused with one clear message', (_what, text, words) => {
  expect(() => parseJson(text)).toThrow(JsonSyntaxError);
  expect(() => parseJson(text)).toThrow(words);
});

test('many values are read in little time', long, () => {
  const zeros = `[${'0,'.repeat(400_000)}0]`;
  expect(parseJson(zeros).positions.get('[399999]')).toEqual({ line: 1, column: 800_000 });
});
