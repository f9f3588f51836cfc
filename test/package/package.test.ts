import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { functionNames } from '../../contract/registry.ts';
import { handlerCode } from '../../lib/bundled-handler.ts';
import { fences, page } from '../docs/pages.ts';
import { unnamedTypes } from './exported-types.ts';
import { packedAndInstalled, ran, root, type Installed } from './installed.ts';

const [whole = '', parts = ''] = fences(page('docs/package.md').text, 'ts');

let installed: Installed;
beforeAll(() => {
  installed = packedAndInstalled();
});
afterAll(() => rmSync(installed.folder, { recursive: true, force: true }));

/** A fresh app beside the installed package, with the deployment of the e2e tests as its keyguard.json. */
function app(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(installed.folder, name);
  mkdirSync(folder);
  const all = { 'keyguard.json': readFileSync(join(root, 'test/e2e/keyguard.json'), 'utf8'), ...files };
  for (const [file, text] of Object.entries(all)) writeFileSync(join(folder, file), text);
  return folder;
}

function packageJson(type: 'module' | 'commonjs'): Readonly<Record<string, string>> {
  return { 'package.json': JSON.stringify({ type }) };
}

/** As a program that knows no ES modules says it. */
function required(source: string): string {
  return source.replaceAll(/^import (\{[^}]+\}) from ('[^']+');$/gm, 'const $1 = require($2);');
}

/** Compiles a folder's app.ts to app.js as tsc does. */
function compiled(folder: string, options: Readonly<Record<string, unknown>>): ts.Program {
  const compilerOptions = { strict: true, skipLibCheck: true, types: ['node'], target: 'es2022', lib: ['es2022'], ...options };
  const config = { compilerOptions, files: ['app.ts'] };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, folder, undefined, join(folder, 'tsconfig.json'));
  const program = ts.createProgram(parsed.fileNames, parsed.options);
  const wrong = [...parsed.errors, ...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  expect(wrong.map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)).toEqual([]);
  return program;
}

/** Runs app.js as the CDK command does, and answers where it put the template and the assets. */
function synthesised(folder: string, context: unknown = {}): { readonly template: string; readonly assets: readonly string[] } {
  const out = join(folder, 'cdk.out');
  const { code, err } = ran(process.execPath, ['app.js'], folder, {
    CDK_OUTDIR: out,
    CDK_VALIDATION: 'false',
    CDK_CONTEXT_JSON: JSON.stringify(context),
  });
  expect([code, err]).toEqual([0, '']);
  const files = readdirSync(out);
  const template = files.find((file) => file.endsWith('.template.json')) ?? '';
  return {
    template: readFileSync(join(out, template), 'utf8'),
    assets: files.filter((file) => file.startsWith('asset.')).map((file) => join(out, file)),
  };
}

/** What an app of parts must have: the managed key of its keyguard.json, and each function with what the key says. */
function holdsManagedKey(folder: string): void {
  const { template, assets } = synthesised(folder);
  expect(template).toContain('AWS::SecretsManager::RotationSchedule');
  const handlers = assets.filter((asset) => existsSync(join(asset, 'definitions.json')));
  expect(handlers).toHaveLength(functionNames.filter((name) => name !== 'heartbeat').length);
  for (const asset of handlers) {
    expect(readFileSync(join(asset, 'definitions.json'), 'utf8')).toContain('"workspaceId"');
    expect(readFileSync(join(asset, 'index.js'), 'utf8')).toContain('handler');
  }
}

describe('what the package holds', () => {
  test('no source, no test, nothing of the local world, and no library but the two that it needs', () => {
    const top = new Set(installed.files.map((file) => file.split('/')[0]));
    expect([...top].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'docs',
      'keyguard.example.json',
      'keyguard.schema.json',
      'package.json',
      'report',
    ]);
    expect(installed.files.filter((file) => /(?<!\.d)\.[cm]?ts$/.test(file))).toEqual([]);
    const modules = join(installed.folder, 'node_modules');
    for (const tool of ['esbuild', 'tsx', 'typescript', '@aws-sdk', '@anthropic-ai'])
      expect(existsSync(join(modules, tool)), tool).toBe(false);
    for (const library of ['zod', 'uplot']) expect(existsSync(join(modules, library)), library).toBe(true);
  });

  test('each function as a synth of the clone bundles it', () => {
    for (const name of functionNames)
      expect(readFileSync(join(installed.folder, 'node_modules/anthropic-key-guard/dist/functions', `${name}.cjs`), 'utf8')).toBe(
        handlerCode(name),
      );
  });

  test('no path of the machine that built it', () => {
    const files = installed.files.filter((file) => file.startsWith('dist/'));
    const telling = files.filter((file) =>
      readFileSync(join(installed.folder, 'node_modules/anthropic-key-guard', file), 'utf8').includes(root),
    );
    expect(telling).toEqual([]);
  });
});

describe('a fresh app of CDK', () => {
  test('in JavaScript with import', () => holdsManagedKey(app('js-import', { ...packageJson('module'), 'app.js': parts })));

  test('in JavaScript with require', () => holdsManagedKey(app('js-require', { ...packageJson('commonjs'), 'app.js': required(parts) })));

  test('in TypeScript with import; every type in a public signature has a name to import', () => {
    const folder = app('ts-import', { ...packageJson('module'), 'app.ts': parts });
    const program = compiled(folder, { module: 'nodenext', skipLibCheck: false, noUncheckedIndexedAccess: true });
    expect(unnamedTypes(program, join(folder, 'app.ts'), 'anthropic-key-guard')).toEqual([]);
    holdsManagedKey(folder);
  });

  test('in TypeScript that becomes CommonJS', () => {
    const folder = app('ts-require', { ...packageJson('commonjs'), 'app.ts': parts });
    // CDK's own declarations pass no check with exact optional properties, so that libraries are not checked here.
    compiled(folder, { module: 'node16', exactOptionalPropertyTypes: true });
    holdsManagedKey(folder);
  });

  test('in TypeScript of before "exports"', () => {
    const folder = app('ts-old', { ...packageJson('commonjs'), 'app.ts': parts });
    compiled(folder, { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' });
    holdsManagedKey(folder);
  });

  test('that takes the whole stack has the template of the clone', () => {
    const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { readonly context: unknown };
    const path = '../node_modules/anthropic-key-guard/keyguard.example.json';
    const source = whole.replace('loadConfiguration({})', `loadConfiguration({ path: '${path}' })`);
    const { template } = synthesised(app('whole', { ...packageJson('module'), 'app.js': source }), context);
    const text = JSON.stringify(JSON.parse(template), null, 2);
    const masked = text.replace(/"S3Key": "[^"]+"/g, '"S3Key": "<asset>"').replace(/"S3Bucket": \{[^}]+\}/g, '"S3Bucket": "<bucket>"');
    expect(`${masked}\n`).toBe(readFileSync(join(root, 'test/lib/__snapshots__/example.template.json'), 'utf8'));
  });
});

describe('the command line of the package', () => {
  const keyguard = (folder: string, ...args: readonly string[]): ReturnType<typeof ran> =>
    ran('npx', ['--no-install', 'keyguard', ...args], folder);

  test('says its help and its version', () => {
    const help = keyguard(installed.folder, '--help');
    expect([help.code, help.err]).toEqual([0, '']);
    expect(help.out).toContain('Usage: keyguard');
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
    expect(keyguard(installed.folder, '--version').out).toBe(`${version}\n`);
  });

  test('checks a configuration, and where there is none gives a command that makes one', () => {
    const folder = join(installed.folder, 'new');
    mkdirSync(folder);
    const missing = keyguard(folder, 'config', 'check');
    expect(missing.code).toBe(1);
    const [, copy = 'false'] = /Run this, and put your own names in: (cp .*)/.exec(missing.err) ?? [];
    expect(ran('sh', ['-c', copy], folder)).toEqual({ code: 0, out: '', err: '' });
    expect(keyguard(folder, 'config', 'check').err).toContain('keyguard.json');
    const checked = keyguard(app('checked', {}), 'config', 'check');
    expect([checked.code, checked.err]).toEqual([0, '']);
  });

  test('finds the files that it prints or draws with', () => {
    expect(keyguard(installed.folder, 'runbook', 'usage-anomaly').out).toBe(
      ran(process.execPath, ['bin/keyguard.js', 'runbook', 'usage-anomaly'], root).out,
    );
    const usage = join(installed.folder, 'usage.csv');
    writeFileSync(usage, 'timestamp,value\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,2\n');
    const report = join(installed.folder, 'report.html');
    const drawn = keyguard(installed.folder, 'backtest', '--report', report, usage);
    expect([drawn.code, drawn.err.endsWith(`\nreport: ${report}\n`)]).toEqual([0, true]);
    expect(readFileSync(report, 'utf8')).toContain('uPlot');
  });
});
