import { readFile, writeFile } from 'node:fs/promises';
import { CliFailure } from '../cli/command.ts';
import { runProgram } from '../cli/program.ts';

/** Parse, call, exit code: 0 done, 1 failed, 2 wrong usage. */
export async function main(argv: readonly string[]): Promise<number> {
  // The SDK's warning about this Node's age is for people who write programs.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `keyguard … | head` closed the pipe: nobody reads on.
    if (error.code === 'EPIPE') process.exit(0);
  });
  return runProgram(argv, {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    readFile: (path) => readFile(path),
    writeFile: (path, text) => writeFile(path, text),
    fail: (message, fix, code) => {
      throw new CliFailure(message, fix, code);
    },
  });
}
