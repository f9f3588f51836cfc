import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfiguration } from '../../../lib/config/load.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyguard-config-'));
  cpSync(`${import.meta.dirname}/../../../keyguard.example.json`, join(root, 'keyguard.example.json'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('without keyguard.json the example is used, and a line says so', () => {
  const loaded = loadConfiguration({ root });
  expect(loaded.notice).toContain('There is no keyguard.json: using keyguard.example.json');
  expect(loaded.file).toBe(join(root, 'keyguard.example.json'));
});

test('keyguard.json comes first, without a word', () => {
  cpSync(join(root, 'keyguard.example.json'), join(root, 'keyguard.json'));
  const loaded = loadConfiguration({ root });
  expect(loaded.notice).toBeUndefined();
  expect(loaded.file).toBe(join(root, 'keyguard.json'));
});

test('a path that was asked for is the only one that is tried', () => {
  expect(() => loadConfiguration({ root, path: join(root, 'other.json') })).toThrow(
    /other\.json has one problem:\n.*does not exist\n.*keyguard\.example\.json/s,
  );
});

test('an error names the file as it was asked for', () => {
  const file = join(root, 'mine.json');
  writeFileSync(file, '{');
  expect(() => loadConfiguration({ root, path: file })).toThrow(`${file} has one problem`);
});
