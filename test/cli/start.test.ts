import { execFile, type ExecFileException } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';

const program = fileURLToPath(new URL('../../bin/keyguard.js', import.meta.url));

function started(args: readonly string[]): Promise<{ readonly code: unknown; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: '/' }, (error: ExecFileException | null, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    );
  });
}

test('the program starts from any folder, and lists its commands', async () => {
  const { code, out, err } = await started(['--help']);
  expect([code, err]).toEqual([0, '']);
  for (const { name } of commands) expect(out).toContain(name);
});

test('what the program says reaches the shell: exit code 2, and words without colours or a stack', async () => {
  const { code, out, err } = await started(['rotat']);
  expect([code, out]).toEqual([2, '']);
  expect(err).toBe("error: unknown command 'rotat'\n(Did you mean rotate?)\nfix:   npx --no-install keyguard --help shows how\n");
});

test('an answer that cannot be written is a failure, and says so; -v is the version', async () => {
  const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
    execFile('sh', ['-c', '"$0" "$1" -v > /dev/full', process.execPath, program], (error: ExecFileException | null, _out, told) =>
      resolve({ code: error === null ? 0 : error.code, err: told }),
    );
  });
  expect(code).toBe(1);
  expect(err).toContain('error: the answer could not be written (ENOSPC)');
});
