import type { WatermarkRecord } from '../../contract/records.ts';
import { dayMs, floorTo, hourMs, instantUpTo, minuteMs } from '../foundation/clock.ts';

/** A minute counts as settled this long after it ended: the feed is typically five minutes late, sometimes more (facts-anthropic 4.2). */
export const settleMs = 30 * minuteMs;
/** CloudWatch refuses data older than two weeks; a day is left as margin. */
const oldestMs = 13 * dayMs;
/** The longest stretch that one run reads after an outage: one page of the report. */
const longestMs = dayMs;

export interface Span {
  readonly from: number;
  readonly to: number;
  /** What usage is known until, once this span has been read. */
  readonly knownUntil: number;
  /** Minutes that were never read and cannot be published any more. */
  readonly lostMs: number;
}

/**
 * Which closed minutes this run reads: from the oldest unsettled minute to now, in steps of a day after an outage. Once an
 * hour it looks back six hours and once a day two days, for usage that Anthropic reports very late or restates.
 */
export function collectionSpan(watermark: WatermarkRecord | undefined, now: number): Span {
  const end = floorTo(now, minuteMs);
  const known = watermark?.knownUntil ?? end - settleMs;
  const from = Math.max(known, end - oldestMs);
  const to = Math.min(end, from + longestMs);
  const knownUntil = Math.max(known, Math.min(to, end - settleMs));
  return {
    from: floorTo(Math.min(from, Math.max(end - oldestMs, to - lookBackMs(watermark, now))), minuteMs),
    to,
    knownUntil,
    lostMs: Math.max(0, from - known),
  };
}

/** Clocks of two functions differ by less. */
const skewMs = minuteMs;
/** Where what is known cannot be believed, so much is read again: nothing is published twice. */
const againMs = 2 * dayMs;

/**
 * A stored watermark as far as it is believed at `now`. Others may be able to write it: an instant that has not come would keep the
 * collector from reading, or let a report that stands still pass for silence.
 */
export function watermarkThatHasCome(stored: WatermarkRecord, now: number): WatermarkRecord {
  const knownUntil = instantUpTo(stored.knownUntil, now + skewMs) ?? floorTo(now, minuteMs) - againMs;
  const readAt = instantUpTo(stored.readAt, now + skewMs) ?? knownUntil;
  return { ...stored, knownUntil, readAt, tokensUntil: instantUpTo(stored.tokensUntil, now + skewMs) ?? 0 };
}

/**
 * Until when the silence of a key is known. The report says nothing of its freshness, and one that stands still answers as one
 * that has nothing to tell: only tokens, of whomever, show how far it reaches.
 */
export function silenceKnownUntil(watermark: WatermarkRecord | undefined): number {
  return watermark === undefined ? 0 : Math.min(watermark.knownUntil, watermark.tokensUntil);
}

/**
 * The span once tokens are visible again after a pause: what the pause has hidden may have come with them, so it is read again
 * from the last tokens before it.
 * @param tokensUntil end of the newest minute with tokens in the span
 */
export function sinceLastTokens(span: Span, watermark: WatermarkRecord | undefined, tokensUntil: number, now: number): Span {
  const before = watermark?.tokensUntil ?? 0;
  if (before === 0 || before >= span.from || tokensUntil <= before) return span;
  return { ...span, from: Math.max(floorTo(before, minuteMs), floorTo(now, minuteMs) - oldestMs) };
}

function lookBackMs(watermark: WatermarkRecord | undefined, now: number): number {
  const crossed = (stepMs: number): boolean => watermark !== undefined && floorTo(watermark.readAt, stepMs) < floorTo(now, stepMs);
  if (crossed(dayMs)) return 2 * dayMs - hourMs;
  if (crossed(hourMs)) return 6 * hourMs;
  return settleMs;
}
