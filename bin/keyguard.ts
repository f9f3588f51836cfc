import { access, constants, open, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { CliFailure } from '../cli/command.ts';
import { runProgram } from '../cli/program.ts';

/** Parse, call, exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  // The SDK's warning about this Node's age is for people who write programs.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  // Nobody is left who could be told.
  process.stderr.on('error', () => undefined);
  return runProgram(argv, {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    readFile: (path) => readFile(path),
    writeFile: (path, text) => writeFile(path, text),
    checkWritable,
    isSameFile,
    onInterrupt,
    fail: (message, fix, exitCode) => {
      throw new CliFailure(message, fix, exitCode);
    },
  });
}

/** 128 and the number of the signal, as shells have it. */
const interrupted = 130;

function onInterrupt(say: () => void): () => void {
  const end = (): void => {
    say();
    process.exit(interrupted);
  };
  process.once('SIGINT', end);
  return () => process.off('SIGINT', end);
}

/** By what the file system calls it: through links, and in capitals where those do not count. */
async function isSameFile(path: string, other: string): Promise<boolean> {
  try {
    const [one, two] = await Promise.all([stat(path, { bigint: true }), stat(other, { bigint: true })]);
    return one.ino === two.ino && one.dev === two.dev;
  } catch {
    return false; // one of them is not there
  }
}

async function checkWritable(path: string): Promise<void> {
  const stood = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
  await (await open(path, 'a')).close();
  if (!stood) await unlink(path);
}
