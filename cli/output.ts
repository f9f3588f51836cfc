import { once } from 'node:events';
import { createColors } from 'picocolors';
import { iso, utcMinute } from '../lambda/foundation/clock.ts';
import { counted } from '../lambda/foundation/counted.ts';
import { redact } from '../lambda/foundation/redact.ts';
import type { CliIo } from './command.ts';
import type { Failure } from './failure.ts';
import { visible, visibleInColour } from './visible.ts';
import { wrapped } from './wrap.ts';

/**
 * Everything that a command says goes through here. Redaction is the second lock, values are `Secret`s and never get here; what a
 * terminal would obey is written out.
 */
function shown(text: string, stream: NodeJS.WritableStream): string {
  const clean = coloured(stream) ? redact(visibleInColour(text)) : plainText(text);
  return isTerminal(stream) ? wrapped(clean, usageWidth(stream)) : clean;
}

export function json(value: unknown, io: CliIo): void {
  io.stdout.write(plainText(`${JSON.stringify(value, null, 2)}\n`));
}

export function line(text: string, io: CliIo): void {
  io.stdout.write(shown(`${text}\n`, io.stdout));
}

/** Nobody takes what the command prints, so it stops. Why, `watchAnswer` knows. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost';
}

/** Prints a part of a long answer as it is, and waits while its reader is slower than we are. Throws AnswerLost where nobody reads on. */
export async function streamed(text: string, { stdout }: CliIo): Promise<void> {
  if (stdout.write(text)) return;
  if ('destroyed' in stdout && stdout.destroyed === true) throw new AnswerLost();
  try {
    await once(stdout, 'drain');
  } catch {
    throw new AnswerLost();
  }
}

/** Listens to what becomes of the answer. To be asked at the end: the system's code of the first failure, undefined where all was taken. */
export function watchAnswer(stdout: NodeJS.WritableStream): () => Promise<string | undefined> {
  let lost: string | undefined;
  const remember = (error: NodeJS.ErrnoException): void => {
    lost ??= error.code ?? 'unknown error';
  };
  stdout.on('error', remember);
  return () =>
    new Promise((resolve) => {
      stdout.write('', (error) => {
        if (error) remember(error);
        resolve(lost);
      });
    });
}

/** A text that a command puts into lines of its own, such as a file's name in CSV. */
export function plainText(text: string): string {
  return redact(visible(text));
}

/** Progress and remarks go to stderr, so that what is piped on stays clean; with --json each is a line of JSON. */
export function progress(text: string, io: CliIo): void {
  if (io.json === true) io.stderr.write(plainText(`${JSON.stringify({ progress: text })}\n`));
  else io.stderr.write(shown(`${colours(io.stderr).dim(text)}\n`, io.stderr));
}

/** The figures that a long answer ends with, for machines: a line of JSON on stderr, since stdout holds the answer alone. */
export function summary(figures: unknown, io: CliIo): void {
  io.stderr.write(plainText(`${JSON.stringify({ summary: figures })}\n`));
}

/** What the parser of the command line says: help, and which word it did not understand. */
export function parserText(text: string, stream: NodeJS.WritableStream): void {
  stream.write(shown(text, stream));
}

/** Says what happened and the next step; answers the exit code. */
export function failure({ exitCode, declined, ...said }: Failure, io: CliIo): 1 | 2 {
  if (io.json === true) {
    io.stderr.write(plainText(`${JSON.stringify({ error: said })}\n`));
    return exitCode;
  }
  const { red, bold } = colours(io.stderr);
  const fix = said.fix === '' ? '' : `${bold('fix:')}   ${said.fix}\n`;
  // Who said no knows why.
  io.stderr.write(shown(declined === true ? `${said.message}\n` : `${red('error:')} ${said.message}\n${fix}`, io.stderr));
  return exitCode;
}

/** A plain table without frames: it pipes and pastes well. */
export async function table(head: readonly string[], cells: readonly (readonly string[])[], io: CliIo): Promise<void> {
  const { default: Table } = await import('cli-table3');
  const edges = ['top', 'bottom', 'left', 'right'].flatMap((edge) => [edge, `${edge}-mid`, `${edge}-left`, `${edge}-right`]);
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries([...edges, 'mid', 'mid-mid', 'middle'].map((name) => [name, ''])),
  });
  // A line break in a name would begin a row of its own.
  drawn.push(...cells.map((row) => row.map((cell) => cell.replaceAll('\n', '\\n'))));
  line(drawn.toString().replace(/ +$/gm, ''), io);
}

/** For what commands say. */
export { counted };

export type Colours = ReturnType<typeof createColors>;

/** Colours for people alone: none in a pipe, none where NO_COLOR is set (no-color.org). */
export function colours(stream: NodeJS.WritableStream): Colours {
  return createColors(coloured(stream));
}

function coloured(stream: NodeJS.WritableStream): boolean {
  return isTerminal(stream) && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
}

function isTerminal(stream: NodeJS.WritableStream): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}

/** Columns for help; 80 where nobody says. */
export function usageWidth(stream: NodeJS.WritableStream): number {
  return 'columns' in stream && typeof stream.columns === 'number' && stream.columns > 0 ? stream.columns : 80;
}

/** `2026-06-10 14:03 UTC`; `none` where there is no instant. */
export function instant(at: number | null): string {
  return at === null ? 'none' : utcMinute(at);
}

/** An instant for machines. */
export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

/** `24 hours`, `7 days`, `90 seconds`: the largest unit that divides it, in days from two days on. */
export function lengthText(ms: number): string {
  const units = [
    ['day', 86_400_000, 2],
    ['hour', 3_600_000, 1],
    ['minute', 60_000, 1],
  ] as const;
  for (const [unit, size, from] of units) {
    if (ms % size === 0 && ms / size >= from) return counted(ms / size, unit);
  }
  return counted(Math.round(ms / 1000), 'second');
}
