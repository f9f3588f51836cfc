import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { reportMark } from '../../report/page.ts';

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

/** Where the shell leads the answer. */
function shell(command: string): Promise<{ readonly code: unknown; readonly err: string }> {
  return new Promise((resolve) => {
    execFile('bash', ['-c', `set -o pipefail; ${command}`, process.execPath, program], (error: ExecFileException | null, _out, err) =>
      resolve({ code: error === null ? 0 : error.code, err }),
    );
  });
}

const rows = '(echo timestamp,value; for at in {10..59}; do for second in {10..59}; do echo 2026-06-01T00:$at:$second,5; done; done)';

test.each([
  ['-v, which is the version', '"$0" "$1" -v > /dev/full', 'the command itself ended with exit code 0'],
  ['backtest', `${rows} | "$0" "$1" backtest --format csv - > /dev/full`, 'and the command stopped'],
])('an answer that cannot be written is a failure, and says so: %s', async (_what, command, how) => {
  const { code, err } = await shell(command);
  expect(code).toBe(1);
  expect(err).toContain(`error: the answer could not be written (ENOSPC); ${how}`);
});

test('an answer that nobody reads to its end is a failure too', async () => {
  // Rows without end: who stops must not wait for the last one.
  const endless = '(echo timestamp,value; while echo 2026-06-01T00:00:00Z,5; do :; done) 2> /dev/null';
  const { code, err } = await shell(`{ ${endless} | "$0" "$1" backtest --format csv -; } | head -n 1`);
  expect(code).toBe(1);
  expect(err).toContain('error: the answer could not be written (EPIPE); and the command stopped');
});

test.each(['ln usage.csv out.html', 'mkdir sub; cd sub; ln -s ../usage.csv out.html'])(
  'an input is not overwritten by a report, whatever leads to it: %s',
  async (link) => {
    const folder = mkdtempSync(join(tmpdir(), 'keyguard-same-'));
    // An empty file, and one that is an earlier report, would pass for places to write to.
    writeFileSync(join(folder, 'usage.csv'), reportMark);
    const input = link.includes('cd sub') ? '../usage.csv' : 'usage.csv';
    const { code, err } = await shell(`cd '${folder}'; ${link}; "$0" "$1" backtest ${input} --report out.html`);
    expect([code, err]).toEqual([2, expect.stringContaining(`the report out.html would overwrite the input ${input}`)]);
    expect(readFileSync(join(folder, 'usage.csv'), 'utf8')).toBe(reportMark);
  },
);
