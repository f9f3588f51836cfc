import { counted } from '../lambda/foundation/counted.ts';
/** Instants and lengths as reports show them: UTC always, said once in each heading. */
const minuteMs = 60_000;

const dayAndMinute = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const dayOnly = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short' });
const dayAndYear = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' });

/** `Wed 10 Jun, 14:03`. */
export function moment(at: number): string {
  return dayAndMinute.format(at).replace(/^(\w+),? (\d+ \w+),?( at)? (.*)$/, '$1 $2, $4');
}

/** `Wed 10 Jun`. */
export function day(at: number): string {
  return dayOnly.format(at).replace(',', '');
}

/** `10 June 2026`. */
export function date(at: number): string {
  return dayAndYear.format(at);
}

/** `7 minutes`, `2 h 5 min`, `3 d 4 h`, `7 days`. */
export function lasting(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / minuteMs));
  if (minutes < 60) return counted(minutes, 'minute');
  if (minutes % 1440 === 0) return counted(minutes / 1440, 'day');
  if (minutes < 1440) return minutes % 60 === 0 ? counted(minutes / 60, 'hour') : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `4 d 09:36`: how far into the run. */
export function elapsed(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / minuteMs));
  const clock = [Math.floor(minutes / 60) % 24, minutes % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${Math.floor(minutes / 1440)} d ${clock}`;
}

export const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
