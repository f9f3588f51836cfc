import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyguard } from './shell.ts';

const example = join(import.meta.dirname, '..', '..', 'keyguard.example.json');
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'keyguard-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const path = join(folder, 'mine.json');
  writeFileSync(path, text);
  return path;
}

test('a valid configuration is summed up', async () => {
  const said = await keyguard(['config', 'check', '--config', example]);
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(said.out).toContain('is valid: installation keyguard-example, 2 managed keys: production, nightly-batch');
  expect(said.out).toMatch(/^nightly-batch +wrkspc_01ExampleBatch +7d +24h to 3d +wait +off$/m);
});

test('with --json the configuration is printed with its defaults', async () => {
  const said = await keyguard(['config', 'check', '--json', '--config', example]);
  expect(JSON.parse(said.out)).toMatchObject({ installation: 'keyguard-example', anthropic: { baseUrl: 'https://api.anthropic.com' } });
});

test('every problem is said at once, and no advice to run the very same command', async () => {
  const said = await keyguard(['config', 'check', '--config', file('{ "installation": "Key Guard", "alert": {} }')]);
  expect(said).toMatchObject({ code: 1, out: '' });
  for (const path of ['installation', 'anthropic', 'managedKeys', 'alerts', 'alert'])
    expect(said.err).toMatch(new RegExp(`^ {2}${path}\\b`, 'm'));
  expect(said.err).not.toContain('npx --no-install keyguard config check');
});

test('a secret in the file is not repeated', async () => {
  const value = ['sk-ant-api03', 'FAKE'.repeat(6)].join('-');
  const said = await keyguard(['config', 'check', '--config', file(JSON.stringify({ installation: value }))]);
  expect(said.code).toBe(1);
  expect(said.err).toContain('holds a secret');
  expect(said.err).not.toContain('FAKE');
});

test.each([
  ['a file that does not exist', 'not-there.json', 'does not exist'],
  ['a folder', '.', 'is a folder'],
])('%s is said to be that', async (_name, path, words) => {
  const said = await keyguard(['config', 'check', '--config', path]);
  expect(said.code).toBe(1);
  expect(said.err).toContain(words);
});

test('errors are JSON where JSON was asked for', async () => {
  const said = await keyguard(['config', 'check', '--json', '--config', file('{')]);
  expect(JSON.parse(said.err)).toMatchObject({
    error: { code: 'configuration-invalid', message: expect.stringContaining('is not JSON') as unknown },
  });
});
