import type { Command as Program } from 'commander';
import type { Clock } from '../lambda/foundation/clock.ts';

/** What a command may touch of the outside: handed in, so that tests can watch it. */
export interface CliIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** @default the machine's own time */
  readonly clock?: Clock;
  /** Whether --json was given: then stderr too holds nothing but JSON, a line each. @default false */
  readonly json?: boolean;
  /** What AWS_REGION says, for checks that ask no AWS. */
  readonly region?: string | undefined;
  readFile(path: string): Promise<Buffer>;
  writeFile(path: string, text: string): Promise<void>;
  /** Throws what the file system says where the file cannot be written; leaves it as it is, or absent. */
  checkWritable(path: string): Promise<void>;
  /** Whether two paths lead to one file that exists. */
  isSameFile(path: string, other: string): Promise<boolean>;
  /** Calls `say` when somebody presses Ctrl-C, and ends the command then; answers what takes that back. @default it just ends */
  readonly onInterrupt?: (say: () => void) => () => void;
  /** Ends the command with one line that says what happened and one that says the fix. 1: failed, 2: wrong usage. */
  fail(message: string, fix: string, code: 1 | 2): never;
}

/** One verb of the command line: a file in commands/ and a line in commands.ts. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly register: (program: Program, io: CliIo) => void;
}

/** How a command ends that could not do its work: what happened, the next step, and the exit code. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly fix: string;
  readonly code: 1 | 2;

  constructor(message: string, fix: string, code: 1 | 2) {
    super(message);
    this.fix = fix;
    this.code = code;
  }
}

const nothingChanged = 'nothing was changed';

/** Somebody was asked, and said no: nothing failed, and nothing was changed. */
export class Declined extends CliFailure {
  constructor() {
    super(nothingChanged, 'answer yes, or give --yes, if it is meant', 1);
  }
}
