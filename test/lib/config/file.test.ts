import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readText, textOf } from '../../../lib/config/file.ts';

const json = '{ "installation": "schlüssel" }\n';
const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
const utf16 = Buffer.from(json, 'utf16le');
const utf32 = Buffer.from(Array.from(json).flatMap((letter) => [letter.charCodeAt(0), 0, 0, 0]));

test.each<[string, Uint8Array, string]>([
  ['UTF-16 as PowerShell writes it', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]), 'is written in UTF-16 (little-endian)'],
  ['UTF-16, big-endian', Buffer.concat([Buffer.from([0xfe, 0xff]), swapped(utf16)]), 'is written in UTF-16 (big-endian)'],
  ['UTF-16 without a mark', utf16, 'is written in UTF-16 (little-endian)'],
  ['UTF-16, big-endian, without a mark', swapped(utf16), 'is written in UTF-16 (big-endian)'],
  ['UTF-32', Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32]), 'is written in UTF-32 (little-endian)'],
  ['Latin-1', Buffer.from(`\n${json}`, 'latin1'), 'is not UTF-8: line 2 holds a letter of another encoding'],
  ['a file that was cut in a letter', Buffer.from(json).subarray(0, Buffer.from(json).indexOf(0xc3) + 1), 'is not UTF-8: line 1'],
  ['nothing', Buffer.alloc(0), 'is empty'],
  ['blank lines', Buffer.from('\r\n \n'), 'is empty'],
  ['an archive', Buffer.from([0x50, 0x4b, 3, 4, 0, 0, 0, 0]), 'is no text'],
])('%s is told by its name', (_what, bytes, problem) => {
  const read = textOf(bytes);
  expect('problem' in read ? read.problem : 'accepted').toContain(problem);
  expect('fix' in read ? read.fix : '').not.toBe('');
});

test.each([
  ['UTF-8', Buffer.from(json)],
  ['UTF-8 with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(json)])],
])('%s is read', (_what, bytes) => {
  expect(textOf(bytes)).toEqual({ text: json });
});

test('a folder, a file that is not there, a link that leads nowhere: each is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyguard-file-'));
  symlinkSync(join(folder, 'gone'), join(folder, 'link'));
  const problem = (file: string): unknown => Reflect.get(readText(file), 'problem');
  expect(problem(folder)).toBe('is a folder');
  expect(problem(join(folder, 'none.json'))).toBe('does not exist');
  expect(problem(join(folder, 'link'))).toBe('does not exist');
  rmSync(folder, { recursive: true });
});
