import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { long } from '../support/long.ts';

const root = join(import.meta.dirname, '../..');
const named = `Installation "keyguard-e2e" of ${join(root, 'test/e2e/keyguard.json')}\n`;
let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'keyguard-app-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

interface Run {
  readonly code: number;
  readonly stderr: string;
}

/** Runs the app as the CDK command does, but for the template linter, which `npm run synth` covers; it bundles where `context` says so. */
async function runApp(
  outdir: string,
  context: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  return new Promise((resolve) => {
    const { PATH = '' } = process.env;
    const variables = {
      PATH,
      CDK_OUTDIR: join(scratch, outdir),
      CDK_VALIDATION: 'false',
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [], ...context }),
      ...env,
    };
    execFile(process.execPath, ['--import', 'tsx', 'bin/app.ts'], { cwd: root, env: variables }, (error, _stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr });
    });
  });
}

function synthesised(outdir: string, file: string): unknown {
  return JSON.parse(readFileSync(join(scratch, outdir, file), 'utf8'));
}

test('the configuration that was asked for becomes a stack of its name, checked by both rule packs', long, async () => {
  const { code, stderr } = await runApp(
    'e2e',
    { config: 'test/e2e/keyguard.json', 'aws:cdk:bundling-stacks': ['**'] },
    { CDK_DEFAULT_ACCOUNT: '000000000000', CDK_DEFAULT_REGION: 'us-east-1' },
  );
  expect(stderr).toBe(named);
  expect(code).toBe(0);
  expect(synthesised('e2e', 'manifest.json')).toMatchObject({
    artifacts: { Keyguard: { environment: 'aws://000000000000/us-east-1', properties: { stackName: 'keyguard-e2e' } } },
  });
  expect(synthesised('e2e', 'validation-report.json')).toMatchObject({ pluginReports: [] });
});

test('a command that needs no bundle, such as bootstrap, does not wait for the rules', long, async () => {
  expect(await runApp('bare', { config: 'test/e2e/keyguard.json' })).toEqual({ code: 0, stderr: named });
  expect(existsSync(join(scratch, 'bare', 'Keyguard.template.json'))).toBe(true);
  expect(existsSync(join(scratch, 'bare', 'validation-report.json'))).toBe(false);
});

test('a wrong configuration ends the run with what is wrong, and no stack trace', async () => {
  const file = join(scratch, 'wrong.json');
  writeFileSync(file, '{ "installation": "Key Guard" }');
  const { code, stderr } = await runApp('wrong', { config: file });
  expect(code).toBe(1);
  expect(stderr).toContain('wrong.json has 4 problems:');
  expect(stderr).toContain('"Key Guard" is not a name');
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('without a configuration synth ends with the one command, and cdk bootstrap runs', long, async () => {
  const { code } = await runApp('missing', {});
  expect(code).toBe(0);
  const artifact = synthesised('missing', 'manifest.json');
  expect(artifact).toMatchObject({ artifacts: { NoConfiguration: { properties: { stackName: 'keyguard-without-configuration' } } } });
  expect(artifact).not.toMatchObject({ artifacts: { Keyguard: expect.anything() as unknown } });
  const metadata = existsSync(join(scratch, 'missing', 'NoConfiguration.metadata.json'))
    ? synthesised('missing', 'NoConfiguration.metadata.json')
    : artifact;
  expect(JSON.stringify(metadata)).toContain('cp keyguard.example.json keyguard.json');
});
