import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { CliFailure, type CliIo } from '../../cli/command.ts';
import { runProgram } from '../../cli/program.ts';
import type { World } from '../../local/world.ts';

export interface Said {
  readonly code: 0 | 1 | 2;
  readonly out: string;
  readonly err: string;
}

export interface ShellOptions {
  /** What is piped in. @default nothing */
  readonly stdin?: string;
  /** Its clock is the command's; while the command waits, the world's background work is done. */
  readonly world?: World | undefined;
  readonly onInterrupt?: NonNullable<CliIo['onInterrupt']>;
  /** Where the answer goes, instead of `out`. */
  readonly stdout?: NodeJS.WritableStream;
}

/** Runs the program as the shell would, in this process. */
export async function keyguard(args: readonly string[], { stdin = '', world, ...more }: ShellOptions = {}): Promise<Said> {
  const said = { out: '', err: '' };
  const clock = world === undefined ? {} : { clock: clockOf(world) };
  const io = ioOf(said, stdin);
  const code = await runProgram(['node', 'keyguard', ...args], { ...io, ...clock, ...more });
  return { code, ...said };
}

export function ioOf(said: { out: string; err: string }, stdin = ''): CliIo {
  const sink = (to: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        said[to] += chunk.toString();
        done();
      },
    });
  return {
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    stdout: sink('out'),
    stderr: sink('err'),
    readFile: () => Promise.reject(new Error('no file is read here')),
    writeFile: () => Promise.reject(new Error('no file is written here')),
    checkWritable: () => Promise.reject(new Error('no file is written here')),
    isSameFile: () => Promise.reject(new Error('no file is read here')),
    fail: (message, fix, code) => {
      throw new CliFailure(message, fix, code);
    },
  };
}

let folder: string | undefined;

/** Writes keyguard.json of this world as it is now, and answers where. */
export function configurationFile(world: Pick<World, 'configuration'>): string {
  folder ??= mkdtempSync(join(tmpdir(), 'keyguard-world-'));
  const file = join(folder, 'keyguard.json');
  writeFileSync(file, JSON.stringify(world.configuration()));
  return file;
}

function clockOf(world: World): NonNullable<CliIo['clock']> {
  return {
    now: () => world.clock.now(),
    pause: async (ms) => {
      world.clock.advance(ms);
      await world.aws.settle({ coalesce: true });
    },
  };
}
