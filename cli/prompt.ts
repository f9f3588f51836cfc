import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Secret } from '../lambda/foundation/secret.ts';
import type { CliIo } from './command.ts';
import { pastedValue } from './pasted.ts';

/** A value that burns: from stdin when something is piped in, else from a hidden prompt. Never from an argument. */
export async function secretFrom(question: string, io: CliIo): Promise<Secret> {
  const given = isTerminal(io.stdin) ? await hidden(question, io) : await text(io.stdin);
  const value = pastedValue(given);
  if (value === '') io.fail('nothing was given', `pipe it in, or run this in a terminal and paste it when asked for: ${question}`, 2);
  return new Secret(value);
}

/** A yes or no question; without a terminal nobody can answer, so `--yes` is asked for. */
export async function confirmed(question: string, io: CliIo): Promise<boolean> {
  if (!canAsk(io)) io.fail('this needs a yes, and there is no terminal to ask on', 'give --yes if you mean it', 2);
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: question, initialValue: false, ...streams(io) });
  return !isCancel(answer) && answer;
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
  const answer: unknown = await password({ message: `${question}. It is not shown`, ...streams(io) });
  if (isCancel(answer)) return io.fail('stopped', 'nothing was changed', 1);
  return typeof answer === 'string' ? answer : '';
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
