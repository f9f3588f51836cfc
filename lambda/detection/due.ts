import { floorTo, hourMs, minuteMs } from '../foundation/clock.ts';

/** Keys whose usage did not move are looked at on this beat all the same: they may be recovering. */
const slowBeatMs = 15 * minuteMs;
/** A collector that said what it is about to publish has published it, or was killed, by then, and CloudWatch shows it. */
const visibleWithinMs = 3 * minuteMs;

/**
 * Whether to look at a subject: never if its usage never moved, as then there is no series to ask for. Times are epoch ms;
 * `movedAt` is when the collector was about to publish, `lookedAt` when the last look began (0: never).
 */
export function isDue(movedAt: number | undefined, lookedAt: number, now: number): boolean {
  if (movedAt === undefined) return false;
  return lookedAt < movedAt + visibleWithinMs || now - lookedAt >= slowBeatMs;
}

/** Whether usage that came late may have become visible since the last look: the collector looks for it once an hour. */
export function isLateUsageDue(lookedAt: number, now: number): boolean {
  return floorTo(lookedAt - visibleWithinMs, hourMs) < floorTo(now - visibleWithinMs, hourMs);
}

/**
 * Whether a look that found nothing new need not be stored: the next one is due whether it is or not, and is no different. So a key that is
 * busy each minute is written on the slow beat.
 */
export function isRedundant(movedAt: number | undefined, lookedAt: number, now: number): boolean {
  return isDue(movedAt, now, now) && !isLateUsageDue(lookedAt, now) && now - lookedAt < slowBeatMs;
}
