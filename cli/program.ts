import { readFileSync } from 'node:fs';
import { Command as Program, CommanderError, InvalidArgumentError } from 'commander';
import { secretIn } from '../contract/secret-shapes.ts';
import { checkProxies } from '../lambda/adapters/proxy.ts';
import type { CliIo } from './command.ts';
import { commands } from './commands.ts';
import { failureOf, type Failure } from './failure.ts';
import { AnswerLost, failure, json, parserText, usageWidth, watchAnswer } from './output.ts';

/**
 * Runs the command line and answers the exit code: 0 done, 1 failed, 2 wrong usage. Never prints a stack, never a value. Whatever the
 * command, an answer that nobody could take is a failure.
 */
export async function runProgram(argv: readonly string[], outside: CliIo): Promise<0 | 1 | 2> {
  const io = { ...outside, json: argv.includes('--json', 2) };
  const answered = watchAnswer(io.stdout);
  const code = await runCommand(argv, io);
  const lost = await answered();
  if (lost !== undefined) return failure(unanswered(lost, code), io);
  return code === 'stopped' ? 1 : code;
}

function unanswered(lost: string, code: 0 | 1 | 2 | 'stopped'): Failure {
  const command = code === 'stopped' ? 'and the command stopped' : `the command itself ended with exit code ${code}`;
  const fix =
    lost === 'EPIPE'
      ? 'the program behind the pipe reads no further; let it read to the end, or write the answer into a file first'
      : 'look at the disk or file that its output goes to, then ask again: npx --no-install keyguard status, npx --no-install keyguard history';
  return { code: 'answer-not-written', message: `the answer could not be written (${lost}); ${command}`, fix, exitCode: 1 };
}

async function runCommand(argv: readonly string[], io: CliIo): Promise<0 | 1 | 2 | 'stopped'> {
  const words = argv.slice(2);
  try {
    refuseSecrets(words, io);
    refuseEarlyOptions(words, io);
    if (io.json && (words[0] === '--version' || words[0] === '-v')) {
      json({ version: version() }, io);
      return 0;
    }
    const program = await programFor(words, io);
    // Not before: help and version ask nobody.
    await program.hook('preAction', () => checkProxies()).parseAsync([...argv.slice(0, 2), ...unhelped(words)]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return misunderstood(error, io);
    if (error instanceof AnswerLost) return 'stopped';
    return failure(failureOf(error), io);
  }
}

/** Commander has said it already, unless nothing but JSON is to be said. */
function misunderstood({ exitCode, message }: CommanderError, io: CliIo): 0 | 1 | 2 {
  if (exitCode === 0) return 0;
  if (io.json !== true) return 2;
  const what = message.replace(/^error: /, '').replaceAll('\n', ' ');
  return failure({ code: 'wrong-usage', message: what, fix: 'npx --no-install keyguard --help shows how', exitCode: 2 }, io);
}

/** Help about a command that there is not is that command, so that it is refused as every other unknown one. */
function unhelped(words: readonly string[]): readonly string[] {
  const [first, second = '-'] = words;
  const isKnown = second.startsWith('-') || second === 'help' || commands.some(({ name }) => name === second);
  return first === 'help' && !isKnown ? words.slice(1) : words;
}

/** Every command, registered and never run: what the reference is drawn from. */
export async function wholeProgram(io: CliIo): Promise<Program> {
  const program = emptyProgram();
  for (const entry of commands) (await entry.load()).register(program, io);
  prepare(program, io);
  return program;
}

/** Only the command that is called is loaded; of the others the help needs no more than name and summary. */
async function programFor(words: readonly string[], io: CliIo): Promise<Program> {
  const program = emptyProgram();
  const [first, second] = words.filter((word) => !word.startsWith('-'));
  const wanted = first === 'help' ? second : first;
  for (const entry of commands) {
    if (entry.name === wanted) (await entry.load()).register(program, io);
    else program.command(entry.name).summary(entry.summary);
  }
  prepare(program, io);
  return program;
}

function emptyProgram(): Program {
  return new Program('keyguard')
    .description('Anthropic Key Guard: rotates, watches and cuts off Anthropic API keys in your AWS account')
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', '\nEach command explains itself with --help; docs/faq.md has the messages, each with its cure.');
}

function prepare(command: Program, io: CliIo): void {
  command
    .exitOverride()
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError(`fix:   npx --no-install ${fullName(command)} --help shows how`)
    .configureOutput({
      writeOut: (text) => parserText(text, io.stdout),
      writeErr: (text) => {
        if (io.json !== true) parserText(text, io.stderr);
      },
      getOutHelpWidth: () => usageWidth(io.stdout),
      getErrHelpWidth: () => usageWidth(io.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  // One that has choices refuses an option by itself.
  for (const option of command.options) if (option.required && option.parseArg === undefined) option.argParser(notAnOption);
  for (const child of command.commands) prepare(child, io);
}

/** Commander takes whatever follows for the value. */
function notAnOption(value: string): string {
  if (value.startsWith('--')) throw new InvalidArgumentError('It is another option, and the value before it is missing.');
  return value;
}

function fullName(command: Program): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

/** Before anything is parsed: commander quotes what it does not understand. */
function refuseSecrets(words: readonly string[], io: CliIo): void {
  if (!words.some((word) => secretIn(word) !== undefined)) return;
  io.fail(
    'an argument looks like a secret, and other processes and your shell’s history can read arguments',
    'leave it out: the command asks for it, or reads it from standard input. Treat this value as leaked, and make a new one',
    2,
  );
}

function refuseEarlyOptions([first = '']: readonly string[], io: CliIo): void {
  if (!first.startsWith('-') || ['-h', '--help', '-v', '--version'].includes(first)) return;
  const option = first.split('=')[0] ?? first;
  io.fail(`${option} stands before the command`, `options go behind it, for example: npx --no-install keyguard status --json`, 2);
}

function version(): string {
  const read: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const found: unknown = read instanceof Object ? Reflect.get(read, 'version') : undefined;
  return typeof found === 'string' ? found : 'unknown';
}
