import { durationMs, isDuration } from '../lib/config/duration.ts';
import type { CliIo } from './command.ts';
import { floorTo, minuteMs } from '../lambda/foundation/clock.ts';
import { visible } from './visible.ts';

/** Checks of what is typed behind a command; each ends the command with exit code 2. */

export function checkedApiKeyId(text: string, what: string, io: CliIo): string {
  if (/^apikey_[A-Za-z0-9]+$/.test(text)) return text;
  return io.fail(`${what} is no id of a key`, 'copy it from the Console: it begins with apikey_', 2);
}

/** A length of time such as `30d`, in milliseconds. */
export function checkedLength(text: string, what: string, io: CliIo): number {
  if (isDuration(text)) return durationMs(text);
  return io.fail(`${what} is no length of time`, 'write it like 90m, 24h or 30d: a whole number from 1 to 999999, and s, m, h or d', 2);
}

/** What an operator's act is recorded with; `undefined` where no reason was given. */
export function checkedReason(because: string | undefined, io: CliIo): string {
  if (because === undefined) return 'an operator asked for it';
  const text = because.trim();
  if (visible(text) !== text || /\s/.test(text.replaceAll(' ', '')))
    io.fail('--because holds a line break or another character that cannot be seen', 'say it in one line', 2);
  if (text === '' || text.length > 200) io.fail('--because wants a reason of 1 to 200 characters', 'say it in a few words', 2);
  return text;
}

/** An instant with its zone, or, where `now` is given, a length of time from then on; epoch ms, a whole minute. */
export function checkedInstant(text: string, what: string, now: number | undefined, io: CliIo): number {
  if (now !== undefined && isDuration(text)) return floorTo(now + durationMs(text) + minuteMs - 1, minuteMs);
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(at)) return floorTo(at, minuteMs);
  const length = now === undefined ? '' : ', or a length from now on like 8h';
  return io.fail(`${what} is no instant`, `write it like 2026-12-24T18:00:00Z or 2026-12-24T19:00+01:00${length}`, 2);
}
