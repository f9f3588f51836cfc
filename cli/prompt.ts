import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Secret } from '../lambda/foundation/secret.ts';
import { Declined, type CliIo } from './command.ts';
import { isCutKey, pastedValue } from './pasted.ts';
import { visible } from './visible.ts';

/** A value that burns: from stdin when something is piped in, else from a hidden prompt. Never from an argument. */
export async function secretFrom(question: string, io: CliIo): Promise<Secret> {
  const given = isTerminal(io.stdin) ? await hidden(question, io) : await text(io.stdin);
  const value = pastedValue(given);
  if (value === '') io.fail('nothing was given', `pipe it in, or run this in a terminal and paste it when asked for: ${question}`, 2);
  // Documents and chats make a long dash of two short ones, and look the same.
  const foreign = /[^\t\n\x20-\x7e]/u.exec(value);
  if (foreign !== null) {
    const name = `U+${(foreign[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    io.fail(
      `the value holds a character that none has (${name}, at place ${foreign.index + 1})`,
      'copy it anew, from the page that shows it. Nothing was stored',
      1,
    );
  }
  return new Secret(value);
}

/** Asks yes or no, and ends the command at a no; without a terminal nobody can answer, so `--yes` is asked for. */
export async function agreed(question: string, io: CliIo): Promise<void> {
  if (!canAsk(io)) io.fail('this needs a yes, and there is no terminal to ask on', 'give --yes if you mean it', 2);
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: visible(question), initialValue: false, ...streams(io) });
  if (isCancel(answer) || !answer) throw new Declined();
}

/** A question whose answer is typed in full, so that nobody gives it without reading. Somebody must be there to answer. */
export async function typed(question: string, expected: string, io: CliIo): Promise<boolean> {
  const { isCancel, text: ask } = await import('@clack/prompts');
  const answer: unknown = await ask({ message: `${question} Type ${expected} to go on:`, ...streams(io) });
  return !isCancel(answer) && typeof answer === 'string' && answer.trim() === expected;
}

/** Whether somebody is there to answer. */
export function canAsk({ stdin }: CliIo): boolean {
  return isTerminal(stdin);
}

async function hidden(question: string, io: CliIo): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer: unknown = await password({ message: `${question}. It is not shown`, validate: whole(), ...streams(io) });
  if (isCancel(answer)) throw new Declined();
  return typeof answer === 'string' ? answer : '';
}

/**
 * Whether a hidden line is all that was pasted: a line break within a paste ends the line, and the rest is still to come. Who presses
 * Enter once more means it.
 */
function whole(): (given: string | undefined) => string | undefined {
  let doubted: string | undefined;
  return (given = '') => {
    const value = pastedValue(given);
    if (value === '') return 'Nothing was given yet. Paste the value and press Enter; Ctrl-C ends the command';
    if (!isCutKey(value) || doubted === given) return undefined;
    doubted = given;
    return 'It ends earlier than a key does. Paste the rest, or press Enter once more';
  };
}

/** Questions go to stderr: stdout may be piped on. */
function streams(io: CliIo): { readonly input?: Readable; readonly output?: Writable } {
  return {
    ...(io.stdin instanceof Readable ? { input: io.stdin } : {}),
    ...(io.stderr instanceof Writable ? { output: io.stderr } : {}),
  };
}

function isTerminal(stream: NodeJS.ReadableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}
