import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** A folder into which the packed package was installed, as somebody would who has an app of CDK. */
export interface Installed {
  readonly folder: string;
  /** The files that the package holds. */
  readonly files: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function packedAndInstalled(): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'keyguard-package-'));
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, encoding: 'utf8' });
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  const { devDependencies: ours } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const theirs = ['aws-cdk-lib', 'constructs', '@types/node'].map((name) => `${name}@${ours?.[name] ?? ''}`);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', join(folder, filename), ...theirs], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { folder, files: files.map(({ path }) => path) };
}

/** Runs a program in a folder with nothing of this one's environment but the way to Node. npm says nothing of newer versions of itself. */
export function ran(program: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Ended {
  const { PATH = '', HOME = '' } = process.env;
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { PATH, HOME, NO_COLOR: '1', npm_config_update_notifier: 'false', ...env },
  });
  return { code: status, out: stdout, err: stderr };
}
