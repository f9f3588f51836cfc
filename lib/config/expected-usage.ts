import { Cron } from 'croner';
import type { z } from 'zod';
import { durationMs, isDuration } from './duration.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** A year with 29 February. */
const lookedAtFrom = new Date(Date.UTC(2028, 0, 1));
const beginningsLookedAt = 60;
const daysLookedAt = 60;
const leaveAnHour = 'Leave at least an hour between the end of one window and the beginning of the next.';

/** A window whose beginning never comes, or that hardly ends before it begins again, would do nothing, or blind for ever. */
export function checkExpectedUsage(window: unknown, context: z.RefinementCtx): void {
  const field = (name: string): unknown => (window instanceof Object ? Reflect.get(window, name) : undefined);
  const [cron, length] = [field('cron'), field('length')];
  const refuse = (path: string, problem: string, fix: string): void => {
    context.addIssue({ code: 'custom', path: [path], message: `${problem}\n${fix}` });
  };
  const lengthMs = typeof length === 'string' && isDuration(length) ? durationMs(length) : undefined;
  if (lengthMs !== undefined && (lengthMs < 15 * minuteMs || lengthMs > 3 * dayMs))
    refuse('length', 'is no length of such a window', 'Give 15m to 3d. What lasts longer is learnt as usual by itself.');
  if (typeof cron !== 'string') return;
  const beginnings = beginningsOf(cron);
  if (beginnings === undefined) {
    refuse('cron', 'is not a time in cron', 'Give five fields: "0 2 * * 1-5" is 02:00 from Monday to Friday.');
    return;
  }
  const [first] = beginnings;
  if (first === undefined) {
    refuse('cron', 'is a time that never comes', 'Give a day that the month has.');
    return;
  }
  const gaps = beginnings.slice(1).map((next, index) => next - (beginnings[index] ?? next));
  if (lengthMs !== undefined && Math.min(Infinity, ...gaps) < lengthMs + hourMs)
    refuse('length', 'is too long for how often it begins', leaveAnHour);
}

/** The same of several windows of one key, as far as sixty days show it. */
export function checkExpectedUsages(windows: unknown, context: z.RefinementCtx): void {
  if (!Array.isArray(windows)) return;
  const spans = windows
    .flatMap((window: unknown, index) => {
      const field = (name: string): unknown => (window instanceof Object ? Reflect.get(window, name) : undefined);
      const [cron, length] = [field('cron'), field('length')];
      if (typeof cron !== 'string' || typeof length !== 'string' || !isDuration(length)) return [];
      const until = lookedAtFrom.getTime() + daysLookedAt * dayMs;
      return (beginningsOf(cron) ?? []).filter((from) => from < until).map((from) => ({ index, from, to: from + durationMs(length) }));
    })
    .sort((a, b) => a.from - b.from);
  for (const [place, { index, from }] of spans.entries()) {
    const before = spans[place - 1];
    // One that follows itself too soon was told already.
    if (before === undefined || before.index === index || from >= before.to + hourMs) continue;
    const message = `begins less than an hour after the end of window ${before.index + 1}, or before it\n${leaveAnHour}`;
    context.addIssue({ code: 'custom', path: [index, 'cron'], message });
    return;
  }
}

function beginningsOf(cron: string): readonly number[] | undefined {
  try {
    return new Cron(cron, { timezone: 'UTC', mode: '5-part', paused: true })
      .nextRuns(beginningsLookedAt, lookedAtFrom)
      .map((at) => at.getTime());
  } catch {
    return undefined;
  }
}
