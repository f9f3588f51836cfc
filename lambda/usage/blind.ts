import type { AlarmCause } from '../../contract/causes.ts';
import { heartbeatEveryMs } from '../../contract/heartbeat.ts';
import type { WatermarkRecord } from '../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../foundation/clock.ts';
import { quarterMs } from './deltas.ts';
import { settleMs } from './watermark.ts';

/**
 * The report is read each minute, so half an hour without an answer that can be believed is no hiccup. Together with the half hour
 * in which usage settles, it is the hour after which silence of a key counts no longer.
 */
const unreadMs = 30 * minuteMs;
/** A pause of everybody that is shorter says nothing. */
export const shortestPauseMs = hourMs;
/** With a heartbeat tokens come at least every two hours, since one of its requests may fail; and the report may be late. */
export const heartbeatPauseMs = 2 * heartbeatEveryMs + settleMs;
/** How far back pauses are remembered. */
export const pauseHistoryMs = 14 * dayMs;
/** A history of fewer days has shown no whole weekend yet. */
const wholeWeekMs = 8 * dayMs;
/** A pause is unusual when it is longer than the longest one before it by half. */
const longerBy = 1.5;

/** Usage of the organization is not visible. */
export interface Blindness {
  /** Until when it was (epoch ms). */
  readonly since: number;
  readonly cause: AlarmCause;
}

/** The longest pause of everybody that is expected, and by what. */
export type ExpectedPause =
  | { readonly ms: number; readonly by: 'history' }
  /** `sentAt`: a request of it that Anthropic took, whose tokens must be visible. */
  | { readonly ms: number; readonly by: 'heartbeat'; readonly sentAt: number };

/**
 * Whether Key Guard sees at `now` what is used. Standing still alone is no blindness: an organization may sleep.
 * @param pause undefined: nothing is expected
 */
export function judgeBlindness(
  watermark: WatermarkRecord | undefined,
  pause: ExpectedPause | undefined,
  now: number,
): Blindness | undefined {
  if (watermark === undefined) return undefined;
  const { readAt, tokensUntil, failing } = watermark;
  if (now - readAt > unreadMs) {
    return { since: readAt, cause: failing === undefined ? { code: 'collector-stopped' } : { code: 'error', what: failing.reason } };
  }
  if (pause === undefined || now - tokensUntil <= pause.ms) return undefined;
  const since = tokensUntil;
  return {
    since,
    cause:
      pause.by === 'heartbeat'
        ? { code: 'no-tokens-of-heartbeat', since, sentAt: pause.sentAt }
        : { code: 'no-tokens', since, usualMs: pause.ms },
  };
}

/** Anthropic may count a request in a minute beside the one in which it was sent. */
const countedMs = 5 * minuteMs;

/** The first request of the heartbeat whose tokens must be visible at `now`, and are not. */
export function overdueBeat(sent: readonly number[], tokensUntil: number, now: number): number | undefined {
  return sent.find((at) => at > tokensUntil + countedMs && now - at > settleMs);
}

/**
 * Whether Key Guard was blind until this run, which reads the report again: the report failed for so long, or it stood still when it
 * was read last.
 */
export function wasBlind({ readAt, failing, ...watermark }: WatermarkRecord, pause: ExpectedPause | undefined, now: number): boolean {
  if (failing !== undefined && now - failing.since > unreadMs) return true;
  return judgeBlindness({ ...watermark, readAt }, pause, readAt) !== undefined;
}

/**
 * How long a pause of everybody is usual for this organization: one and a half times the longest of the last 14 days, an hour at the
 * least. A history that has shown no whole weekend expects traffic only where nobody ever paused for more than an hour, day and
 * night; one of less than a day expects nothing.
 * @param busy starts of the quarters with tokens of anybody (epoch ms), in any order, each as often as it comes
 */
export function usualPause(busy: readonly number[]): number | undefined {
  const quarters = [...new Set(busy)].sort((a, b) => a - b);
  const [first, last] = [quarters[0], quarters.at(-1)];
  if (first === undefined || last === undefined || last + quarterMs - first < dayMs) return undefined;
  const longest = quarters.reduce((most, start, index) => Math.max(most, start - (quarters[index - 1] ?? start)), 0);
  if (last - first < wholeWeekMs && longest > shortestPauseMs) return undefined;
  return Math.max(shortestPauseMs, longest * longerBy);
}
