import Table from 'cli-table3';
import type { CliIo } from './command.ts';

export function json(value: unknown, io: CliIo): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

export function line(text: string, io: CliIo): void {
  io.stdout.write(`${text}\n`);
}

/** Progress goes to stderr, so that what is piped on stays clean. */
export function progress(text: string, io: CliIo): void {
  io.stderr.write(`${text}\n`);
}

/** A plain table without frames: it pipes and pastes well. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], io: CliIo): void {
  const drawn = new Table({
    head: [...head],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(
      [
        'top',
        'top-mid',
        'top-left',
        'top-right',
        'bottom',
        'bottom-mid',
        'bottom-left',
        'bottom-right',
        'left',
        'left-mid',
        'mid',
        'mid-mid',
        'right',
        'right-mid',
        'middle',
      ].map((name) => [name, '']),
    ),
  });
  drawn.push(...rows.map((row) => [...row]));
  io.stdout.write(`${drawn.toString().replace(/ +$/gm, '')}\n`);
}

/** `2026-06-10 14:03 UTC`, or a dash. */
export function instant(at: number | null | undefined): string {
  return at === null || at === undefined ? '-' : `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
