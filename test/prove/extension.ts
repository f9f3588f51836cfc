import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { book, type Insertion } from './extension/book.ts';

/**
 * Whether the house keeps what CONTRIBUTING.md promises to whoever adds something. In a copy of the tree each variant of book.ts gets its
 * new file and its entry in the registry, and nothing else: the compiler must then ask for the rest, file by file. With the rest it
 * must compile, and the new variants must do their work on the local world, end to end. The copy is kept where something is wrong.
 */
const root = join(import.meta.dirname, '..', '..');
const rooms = ['bin', 'cli', 'contract', 'docs', 'lambda', 'lib', 'local', 'report', 'test', 'package.json', 'tsconfig.json', 'cdk.json'];
const tests = ['test/extension.test.ts', 'test/extension-strategy.test.ts'];
const files = join(import.meta.dirname, 'extension', 'files');

const copy = mkdtempSync(join(tmpdir(), 'keyguard-extension-'));
for (const room of [...rooms, 'keyguard.example.json', 'keyguard.schema.json', 'CONTRIBUTING.md'])
  cpSync(join(root, room), join(copy, room), { recursive: true });
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
writeFileSync(
  join(copy, 'tsconfig.extension.json'),
  JSON.stringify({
    extends: './tsconfig.json',
    compilerOptions: { tsBuildInfoFile: './.tsbuildinfo' },
    include: ['bin', 'cli', 'contract', 'lambda', 'lib', 'local', 'report', ...tests],
  }),
);

const wrong: string[] = [];

for (const { newFiles, entry } of book) {
  for (const file of newFiles) place(file);
  insert(entry);
}
const asking = filesThatFail();
for (const { what, newFiles, asked } of book) {
  const wanted = new Set(asked.map(({ file }) => file));
  const silent = [...wanted].filter((file) => !asking.has(file));
  for (const file of silent) wrong.push(`${what}: with ${newFiles.join(', ')} and its entry alone, the compiler does not ask for ${file}`);
  console.log(`${what}: the compiler asks for ${[...wanted].join(', ')}`);
}

for (const { asked } of book) for (const insertion of asked) insert(insertion);
for (const test of tests) place(test);
for (const file of filesThatFail()) wrong.push(`${file} does not compile, although all that was asked for is there`);

if (wrong.length === 0) {
  const { status } = run('vitest', ['run', ...tests, '--root', copy, '--testTimeout', '120000'], 'inherit');
  if (status !== 0) wrong.push('a new variant does not do its work: see the tests above');
}
for (const line of wrong) console.error(`wrong: ${line}`);
if (wrong.length === 0) rmSync(copy, { recursive: true });
else console.error(`the copy is ${copy}`);
process.exitCode = wrong.length === 0 ? 0 : 1;

function place(file: string): void {
  mkdirSync(dirname(join(copy, file)), { recursive: true });
  cpSync(join(files, `${file}.txt`), join(copy, file));
}

function insert({ file, after, text }: Insertion): void {
  const before = readFileSync(join(copy, file), 'utf8');
  const parts = before.split(after);
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${after}`);
  writeFileSync(join(copy, file), parts.join(`${after}${text}`));
}

function filesThatFail(): ReadonlySet<string> {
  const { stdout } = run('tsc', ['-p', 'tsconfig.extension.json'], 'pipe');
  return new Set([...stdout.matchAll(/^([^\s(]+)\(\d+,\d+\): error/gm)].map(([, file = '']) => file));
}

function run(
  tool: string,
  args: readonly string[],
  stdio: 'inherit' | 'pipe',
): { readonly status: number | null; readonly stdout: string } {
  const done: { readonly status: number | null; readonly stdout: string | null } = spawnSync(
    join(root, 'node_modules', '.bin', tool),
    args,
    {
      cwd: copy,
      stdio,
      encoding: 'utf8',
    },
  );
  return { status: done.status, stdout: done.stdout ?? '' };
}
