import { readFileSync } from 'node:fs';
import { Command as Program, CommanderError } from 'commander';
import { ConfigurationError } from '../lib/config/load.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { redact } from '../lambda/foundation/redact.ts';
import { CliFailure, type CliIo } from './command.ts';
import { commands } from './commands.ts';

const looksSecret = /sk-ant-|hooks\.slack\.com\/services/;

/** Runs the command line and answers the exit code: 0 done, 1 failed, 2 wrong usage. Never prints a stack, never a value. */
export async function runProgram(argv: readonly string[], io: CliIo): Promise<0 | 1 | 2> {
  try {
    if (argv.slice(2).some((argument) => looksSecret.test(argument))) {
      io.fail(
        'an argument looks like a secret, and arguments can be read by other processes',
        'leave it out: the command asks for it, or reads it from stdin',
        2,
      );
    }
    await (await programFor(argv, io)).parseAsync(argv);
    return 0;
  } catch (error) {
    return explained(error, io);
  }
}

/** Only the command that is called is loaded; of the others the help needs no more than name and summary. */
async function programFor(argv: readonly string[], io: CliIo): Promise<Program> {
  const program = new Program('keyguard')
    .description('Anthropic Key Guard: rotates, watches and cuts off Anthropic API keys in your AWS account')
    .version(version())
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true });
  const called = argv.slice(2).find((argument) => !argument.startsWith('-'));
  const wanted = called === 'help' ? argv[argv.indexOf('help') + 1] : called;
  for (const entry of commands) {
    if (entry.name === wanted) (await entry.load()).register(program, io);
    else program.command(entry.name).summary(entry.summary);
  }
  prepare(program, io);
  return program;
}

function prepare(command: Program, io: CliIo): void {
  command
    .exitOverride()
    .showHelpAfterError(`(npx ${fullName(command)} --help shows how)`)
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(redact(text)) });
  for (const child of command.commands) prepare(child, io);
}

function fullName(command: Program): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function explained(error: unknown, io: CliIo): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliFailure) return said(error.message, error.fix, error.code, io);
  if (error instanceof ConfigurationError) return said(error.message, 'npx keyguard config check', 1, io);
  if (error instanceof KeyguardError) return said(error.message, fixOf(error), 1, io);
  const name = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
  return said(name, 'if this lasts, report it with the command that you typed', 1, io);
}

/** Without credentials or Region the SDK fails before it asks anybody: that is for the person at the keyboard to mend. */
function fixOf(error: KeyguardError): string {
  if (/CredentialsProvider|Token.*expired/i.test(error.message))
    return 'sign in to AWS, for example: aws sso login, and export AWS_PROFILE';
  if (/AccessDenied/i.test(error.message)) return 'use a role that may do this; docs/security.md lists what an operator needs';
  return error.fix;
}

function said(message: string, fix: string, code: 1 | 2, io: CliIo): 1 | 2 {
  io.stderr.write(redact(`error: ${message}\nfix:   ${fix}\n`));
  return code;
}

function version(): string {
  const read: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const found: unknown = read instanceof Object ? Reflect.get(read, 'version') : undefined;
  return typeof found === 'string' ? found : 'unknown';
}
