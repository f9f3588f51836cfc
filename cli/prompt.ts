import { text } from 'node:stream/consumers';
import { Secret } from '../lambda/foundation/secret.ts';
import type { CliIo } from './command.ts';

/** A value that burns: from stdin when something is piped in, else from a hidden prompt. Never from an argument. */
export async function secretFrom(question: string, io: CliIo): Promise<Secret> {
  const typed = isTerminal(io.stdin) ? await hidden(question, io) : (await text(io.stdin)).replace(/\r?\n$/, '');
  if (typed === '') io.fail('nothing was given', `pipe the value in, or type it when asked: ${question}`, 2);
  return new Secret(typed);
}

/** A yes or no question; without a terminal nobody can answer, so `--yes` is asked for. */
export async function confirmed(question: string, io: CliIo): Promise<boolean> {
  if (!isTerminal(io.stdin)) io.fail('this needs a yes, and there is no terminal to ask on', 'give --yes if you mean it', 2);
  const { confirm, isCancel } = await import('@clack/prompts');
  const answer = await confirm({ message: question, initialValue: false });
  return !isCancel(answer) && answer;
}

async function hidden(question: string, io: CliIo): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: question });
  if (isCancel(answer)) return io.fail('stopped', 'nothing was changed', 1);
  return answer;
}

function isTerminal(stream: NodeJS.ReadableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}
