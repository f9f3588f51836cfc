import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import { AwsError } from '../service.ts';
import type { RotationSetting } from './store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When a rotation may run; milliseconds since the epoch. */
export interface RotationWindow {
  readonly opensAt: number;
  readonly closesAt: number;
}

type Schedule =
  | { readonly kind: 'rate'; readonly everyMs: number; readonly unitMs: number }
  | { readonly kind: 'cron'; readonly matches: (hour: Date) => boolean };

/**
 * Checks the rules as RotateSecret does. Throws InvalidParameterException.
 * Rules: docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 */
export function checkRules(rules: RotationRulesType): void {
  const { AutomaticallyAfterDays: days, ScheduleExpression: expression, Duration: duration } = rules;
  if (days !== undefined && expression !== undefined) {
    throw invalid("You can't specify both AutomaticallyAfterDays and ScheduleExpression in the same request.");
  }
  if (days !== undefined && (days < 1 || days > 1000)) throw invalid('RotationRules.AutomaticallyAfterDays must be within 1-1000.');
  if (duration !== undefined && !/^[0-9]{1,2}h$/.test(duration)) throw invalid('Duration must be a number of hours, for example 3h.');
  scheduleOf(rules);
}

/** A setting is never changed in place, and its next window is asked for at every settle. */
const known = new WeakMap<RotationSetting, { readonly window: RotationWindow | undefined }>();

/** The window after `setting.countedFrom`, or undefined where no schedule is set. */
export function nextWindow(setting: RotationSetting): RotationWindow | undefined {
  const found = known.get(setting) ?? { window: plannedWindow(setting) ?? windowAfter(setting, setting.countedFrom) };
  known.set(setting, found);
  return found.window;
}

/** The first window that opens at or after `instant`. */
export function laterWindow(setting: RotationSetting, instant: number): RotationWindow | undefined {
  const first = nextWindow(setting);
  if (first === undefined || first.opensAt >= instant) return first;
  const schedule = scheduleOf(setting.rules ?? {});
  if (schedule?.kind !== 'rate') return windowAfter(setting, instant - 1);
  const missed = Math.ceil((instant - first.opensAt) / schedule.everyMs);
  const shift = missed * schedule.everyMs;
  return { opensAt: first.opensAt + shift, closesAt: first.closesAt + shift };
}

/** How long a window stays open: `Duration`, else one hour for a rate in hours, else to the end of the UTC day. */
export function windowLengthMs(rules: RotationRulesType | undefined, opensAt: number): number {
  if (rules?.Duration !== undefined) return Number.parseInt(rules.Duration, 10) * HOUR_MS;
  const schedule = scheduleOf(rules ?? {});
  if (schedule?.kind === 'rate' && schedule.unitMs === HOUR_MS) return HOUR_MS;
  return floor(opensAt, DAY_MS) + DAY_MS - opensAt;
}

function plannedWindow({ plannedAt, rules }: RotationSetting): RotationWindow | undefined {
  return plannedAt === undefined ? undefined : { opensAt: plannedAt, closesAt: plannedAt + windowLengthMs(rules, plannedAt) };
}

function windowAfter(setting: RotationSetting, instant: number): RotationWindow | undefined {
  const schedule = scheduleOf(setting.rules ?? {});
  if (schedule === undefined) return undefined;
  const opensAt = schedule.kind === 'rate' ? floor(instant, schedule.unitMs) + schedule.everyMs : nextCronHour(schedule.matches, instant);
  return { opensAt, closesAt: opensAt + windowLengthMs(setting.rules, opensAt) };
}

function scheduleOf(rules: RotationRulesType): Schedule | undefined {
  if (rules.AutomaticallyAfterDays !== undefined) {
    return { kind: 'rate', everyMs: rules.AutomaticallyAfterDays * DAY_MS, unitMs: DAY_MS };
  }
  const expression = rules.ScheduleExpression;
  if (expression === undefined) return undefined;
  const rate = /^rate\((\d+) (hour|day)s?\)$/.exec(expression);
  if (rate !== null) return rateOf(Number(rate[1]), rate[2] === 'hour' ? HOUR_MS : DAY_MS);
  const cron = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/.exec(expression);
  if (cron !== null) return { kind: 'cron', matches: cronOf(cron.slice(1)) };
  throw invalid(`Invalid ScheduleExpression: ${expression}`);
}

function rateOf(count: number, unitMs: number): Schedule {
  const everyMs = count * unitMs;
  if (everyMs < 4 * HOUR_MS || everyMs > 1000 * DAY_MS) {
    throw invalid('The rotation rate must be between 4 hours and 1000 days.');
  }
  return { kind: 'rate', everyMs, unitMs };
}

const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Minutes must be 0 and the year `*`; `L`, `W` and `#` are refused by name rather than misread. */
function cronOf(fields: readonly string[]): (hour: Date) => boolean {
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  if (minute !== '0' || year !== '*') throw invalid('A rotation cron() has minutes 0 and year *.');
  const [inHour, onDay, inMonth, onWeekday] = [
    fieldOf(hour, 0, 23),
    fieldOf(dayOfMonth, 1, 31),
    fieldOf(month, 1, 12),
    fieldOf(
      WEEKDAYS.reduce((text, name, index) => text.replaceAll(name, String(index + 1)), (dayOfWeek ?? '').toUpperCase()),
      1,
      7,
    ),
  ];
  return (at) => inHour(at.getUTCHours()) && onDay(at.getUTCDate()) && inMonth(at.getUTCMonth() + 1) && onWeekday(at.getUTCDay() + 1);
}

function fieldOf(text: string | undefined, low: number, high: number): (value: number) => boolean {
  if (text === undefined || text === '*' || text === '?') return () => true;
  const allowed = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(?:(\d+)(?:-(\d+))?|\*)(?:\/(\d+))?$/.exec(part);
    if (match === null) throw invalid(`The local AWS does not read ${part} in a rotation cron()`);
    const from = match[1] === undefined ? low : Number(match[1]);
    const single = match[1] !== undefined && match[3] === undefined;
    const to = match[2] !== undefined ? Number(match[2]) : single ? from : high;
    if (from < low || to > high || from > to) throw invalid(`Invalid ScheduleExpression: ${part} is out of range`);
    for (let value = from; value <= to; value += Number(match[3] ?? 1)) allowed.add(value);
  }
  return (value) => allowed.has(value);
}

function nextCronHour(matches: (hour: Date) => boolean, instant: number): number {
  const first = floor(instant, HOUR_MS) + HOUR_MS;
  // Four years reach every date that exists, 29 February too.
  for (let at = first; at < first + 4 * 366 * DAY_MS; at += HOUR_MS) if (matches(new Date(at))) return at;
  throw invalid('The ScheduleExpression never matches.');
}

function floor(instant: number, unitMs: number): number {
  return Math.floor(instant / unitMs) * unitMs;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}
