import { CommanderError, type Command as Program } from 'commander';
import { wholeProgram } from '../../cli/program.ts';
import { ioOf } from './shell.ts';

/** Each `npx --no-install keyguard …` that a text names in backticks, as the words behind `npx --no-install keyguard`. */
export function commandsIn(text: string): readonly string[] {
  return [...text.matchAll(/`npx --no-install keyguard ([^`]+)`/g)].map(([, words = '']) => words.replaceAll(/\s+/g, ' ').trim());
}

/** What the real command line answers to these words before anything is run; undefined where it understands them. */
export async function misunderstood(words: string): Promise<string | undefined> {
  const said = { out: '', err: '' };
  const program = await wholeProgram(ioOf(said));
  const values: unknown[] = [];
  for (const command of commandsOf(program)) {
    command.action(() => {
      const args: readonly unknown[] = command.args;
      values.push(...args, ...Object.values<unknown>(command.opts()));
    });
  }
  try {
    await program.parseAsync(['node', 'keyguard', ...words.split(' ')]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return said.err;
  }
  const wrong = values.filter((value) => typeof value === 'string' && value.includes('apikey') && !/^apikey_[A-Za-z0-9]+$/.test(value));
  return wrong.length === 0 ? undefined : `${wrong.join(', ')} is no id of a key`;
}

/** The commands that do something: a group only holds them. */
function commandsOf(program: Program): readonly Program[] {
  return program.commands.flatMap((command) => (command.commands.length > 0 ? commandsOf(command) : [command]));
}
