import { redact } from './redact.ts';

type Field = string | number | boolean | null | undefined | readonly string[];

/** One JSON line an event: `capability.past-tense` with ids, counts and fixed words, never an object from outside. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, Field>>): void;
  warn(event: string, fields?: Readonly<Record<string, Field>>): void;
}

/** `write` takes the finished line without its newline. */
export function jsonLog(write: (line: string) => void): Log {
  const line = (level: string, event: string, fields: Readonly<Record<string, Field>> = {}): void =>
    write(redact(JSON.stringify({ level, event, ...fields })));
  return { info: (event, fields) => line('INFO', event, fields), warn: (event, fields) => line('WARN', event, fields) };
}

/** Lambda sends standard output to the function's log group. */
export const consoleLog = jsonLog((line) => process.stdout.write(`${line}\n`));
