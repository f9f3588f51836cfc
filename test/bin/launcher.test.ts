import { spawnSync } from 'node:child_process';
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyguard-launcher-'));
  for (const part of ['bin', 'dist/cli']) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  copyFileSync(join(import.meta.dirname, '../../bin/keyguard.js'), join(folder, 'bin/keyguard.js'));
  writeFileSync(join(folder, 'dist/cli/keyguard.js'), "export const main = () => { console.log('built'); return 0; };");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the launcher runs. No tsx can be found from here, so that it ends where it wants the sources. */
function runs(): 'built' | 'sources' {
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'bin/keyguard.js')], { encoding: 'utf8' });
  if (stdout !== 'built\n') expect(stderr).toContain('the dependencies of Key Guard are not installed\nfix:   npm ci');
  return stdout === 'built\n' ? 'built' : 'sources';
}

function clone(): void {
  const source = join(folder, 'bin/keyguard.ts');
  writeFileSync(source, '// the sources');
  const { size, mtimeMs } = statSync(source);
  writeFileSync(join(folder, 'dist/cli/sources.json'), JSON.stringify({ 'bin/keyguard.ts': [size, mtimeMs] }));
}

test('the package runs what was built', () => {
  expect(runs()).toBe('built');
});

test('a clone runs what was built of the sources that it has', () => {
  clone();
  expect(runs()).toBe('built');
});

test('a clone runs its sources when one of them is another or gone, or nothing was built', () => {
  clone();
  appendFileSync(join(folder, 'bin/keyguard.ts'), '.');
  expect(runs()).toBe('sources');
  clone();
  writeFileSync(join(folder, 'dist/cli/sources.json'), JSON.stringify({ 'cli/gone.ts': [1, 1] }));
  expect(runs()).toBe('sources');
  rmSync(join(folder, 'dist'), { recursive: true });
  expect(runs()).toBe('sources');
});
