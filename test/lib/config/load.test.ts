import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfiguration } from '../../../lib/config/load.ts';

const exampleFile = join(import.meta.dirname, '../../../keyguard.example.json');
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyguard-config-'));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const own = {
  anthropic: { organizationId: '721fc1a6-1a94-4064-aad0-104a5ddf503d', adminAccess: { kind: 'key' } },
  managedKeys: [{ name: 'production', workspaceId: 'wrkspc_01WGVb98dJFEYMYzVG3TrVWc' }],
  alerts: { emails: ['oncall@keyguard.internal'] },
};
function written(configuration: object, name = 'keyguard.json'): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(configuration));
  return file;
}

test('without keyguard.json nothing is read, and one command helps, also beside an example', () => {
  for (const prepare of [() => undefined, () => cpSync(exampleFile, join(folder, 'keyguard.example.json'))]) {
    prepare();
    expect(() => loadConfiguration({})).toThrow(
      /keyguard\.json has one problem:\n.*does not exist\n.*cp \S*keyguard\.example\.json keyguard\.json/s,
    );
  }
});

test('keyguard.json of the folder that somebody stands in is read', () => {
  const file = written(own);
  expect(loadConfiguration({})).toMatchObject({ file, configuration: { installation: 'keyguard' } });
});

test('a path that was asked for is the only one that is tried', () => {
  written(own);
  expect(() => loadConfiguration({ path: 'other.json' })).toThrow(/other\.json has one problem:\n.*does not exist/s);
});

test('an error names the file as it was asked for', () => {
  const file = join(folder, 'mine.json');
  writeFileSync(file, '{');
  expect(() => loadConfiguration({ path: file })).toThrow(`${file} has one problem`);
});

test('the example is read under its own name only, and its installation is no real one', () => {
  expect(loadConfiguration({ path: exampleFile }).configuration.installation).toBe('keyguard-example');
  const copied = join(folder, 'keyguard.json');
  cpSync(exampleFile, copied);
  expect(() => loadConfiguration({})).toThrow(
    /5 problems.*installation.*anthropic\.organizationId.*wrkspc_01Example.*oncall@example\.com/s,
  );
  const example = JSON.parse(readFileSync(exampleFile, 'utf8')) as object;
  // Under a real name it could replace a real deployment.
  const file = written({ ...example, installation: 'keyguard' }, 'keyguard.example.json');
  expect(() => loadConfiguration({ path: file })).toThrow(/4 problems/);
});

test.each<[string, object]>([
  ['an organization of zeros', { anthropic: { ...own.anthropic, organizationId: '00000000-0000-0000-0000-000000000000' } }],
  ['a workspace of the example', { managedKeys: [{ name: 'production', workspaceId: 'wrkspc_01ExampleOther' }] }],
  ['an organization of one digit', { anthropic: { ...own.anthropic, organizationId: '11111111-1111-1111-1111-111111111111' } }],
  ['an organization that counts', { anthropic: { ...own.anthropic, organizationId: '12345678-1234-1234-1234-123456789012' } }],
  ['a workspace of x', { managedKeys: [{ name: 'production', workspaceId: 'wrkspc_xxx' }] }],
  ['a workspace to fill in', { managedKeys: [{ name: 'production', workspaceId: 'wrkspc_YOURWORKSPACE' }] }],
  ['an address to fill in', { alerts: { emails: ['you@yourcompany.com'] } }],
  ['an address of the example elsewhere', { alerts: { emails: ['oncall@example.co.uk'] } }],
  ['an address of a test', { alerts: { emails: ['oncall@team.test'] } }],
  ["an operator of AWS's documentation", { operators: ['arn:aws:iam::111122223333:role/ops'] }],
  ['an operator to fill in', { operators: ['arn:aws:iam::210987654321:role/YOUR_ROLE'] }],
  ['an address of the example in capitals', { alerts: { emails: ['Oncall@Example.COM'] } }],
  ['an address below it', { alerts: { emails: ['oncall@mail.example.org'] } }],
  ['an address that no server answers for', { alerts: { emails: ['oncall@team.invalid'] } }],
  ['a base URL of the example', { anthropic: { ...own.anthropic, baseUrl: 'https://anthropic.example.net' } }],
  [
    'a federation rule of the example',
    {
      anthropic: {
        ...own.anthropic,
        adminAccess: { kind: 'federation', federationRuleId: 'fdrl_01Example', serviceAccountId: 'svac_01WGVb98dJF' },
      },
    },
  ],
])('%s is a placeholder in any other file', (_name, change) => {
  written({ ...own, ...change });
  expect(() => loadConfiguration({})).toThrow(/keyguard\.json has one problem:\n.*is a placeholder of the example/s);
});

test.each<[string, object]>([
  ['a description may name anything', { managedKeys: [{ ...own.managedKeys[0], description: 'like oncall@example.com' }] }],
  [
    'a name that only looks similar is none',
    { alerts: { emails: ['oncall@myexample.com', 'a@examples.com', 'example@keyguard.internal'] } },
  ],
])('%s', (_name, change) => {
  written({ ...own, ...change });
  expect(loadConfiguration({}).configuration.installation).toBe('keyguard');
});
