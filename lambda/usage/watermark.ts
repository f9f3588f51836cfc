import type { WatermarkRecord } from '../../contract/records.ts';
import { dayMs, floorTo, hourMs, instantUpTo, minuteMs } from '../foundation/clock.ts';

/**
 * A minute counts as settled this long after it ended: the feed is typically five minutes late, sometimes more
 * (platform.claude.com/docs/en/manage-claude/usage-cost-api).
 */
export const settleMs = 30 * minuteMs;
/** CloudWatch refuses data older than two weeks; a day is left as margin. */
const oldestMs = 13 * dayMs;
/** The longest stretch that one run reads after an outage: one page of the report. */
const longestMs = dayMs;
/**
 * After an unusual pause the report may show some keys' rows before others'. So long after the first ones everything since the pause
 * began is read once more; until then nobody's silence counts in it.
 */
export const catchUpMs = 2 * hourMs;

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
 * hour it looks back six hours and once a day two days, for usage that Anthropic reports very late or restates; and once, two hours
 * after an unusual pause, over all of it.
 */
export function collectionSpan(watermark: WatermarkRecord | undefined, now: number): Span {
  const end = floorTo(now, minuteMs);
  const known = watermark?.knownUntil ?? end - settleMs;
  const from = Math.max(known, end - oldestMs);
  const to = Math.min(end, from + longestMs);
  const knownUntil = Math.max(known, Math.min(to, end - settleMs));
  const pause = watermark?.resumed;
  const back = Math.min(to - lookBackMs(watermark, now), pause !== undefined && isCaughtUp(pause, now) ? pause.from : to);
  return {
    from: floorTo(Math.min(from, Math.max(end - oldestMs, back)), minuteMs),
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
  const { resumed, ...rest } = stored;
  return {
    ...rest,
    knownUntil,
    readAt,
    tokensUntil: instantUpTo(stored.tokensUntil, now + skewMs) ?? 0,
    ...(resumed === undefined
      ? {}
      : { resumed: { at: instantUpTo(resumed.at, now + skewMs) ?? now, from: instantUpTo(resumed.from, now + skewMs) ?? 0 } }),
  };
}

/**
 * Until when the silence of a key is known. The report says nothing of its freshness, and one that stands still answers as one
 * that has nothing to tell: only tokens, of whomever, show how far it reaches.
 */
export function silenceKnownUntil(watermark: WatermarkRecord | undefined): number {
  return watermark === undefined ? 0 : Math.min(watermark.knownUntil, visibleUntil(watermark));
}

/** Until when what somebody used would be visible: what is silent after it may not be reported yet. */
export function visibleUntil({ tokensUntil, resumed }: Pick<WatermarkRecord, 'tokensUntil' | 'resumed'>): number {
  return Math.min(tokensUntil, resumed?.from ?? tokensUntil);
}

/**
 * What the watermark notes of a pause, once the report was read up to now.
 * @param wasBlind whether the pause until now was unusual
 * @param tokensUntil end of the newest minute with tokens that is visible now
 */
export function resumptionAfter(
  before: WatermarkRecord | undefined,
  wasBlind: boolean,
  tokensUntil: number,
  now: number,
): WatermarkRecord['resumed'] {
  if (before === undefined || before.tokensUntil === 0) return undefined;
  const { resumed } = before;
  const isBack = tokensUntil > before.tokensUntil;
  const pending = isBack && wasBlind ? { at: now, from: Math.min(before.tokensUntil, resumed?.from ?? before.tokensUntil) } : resumed;
  if (pending === undefined) return undefined;
  // A report that is hours behind is still catching up.
  if (now - tokensUntil > hourMs) return { ...pending, at: now };
  return isCaughtUp(pending, now) ? undefined : pending;
}

function isCaughtUp({ at }: NonNullable<WatermarkRecord['resumed']>, now: number): boolean {
  return now - at >= catchUpMs;
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
