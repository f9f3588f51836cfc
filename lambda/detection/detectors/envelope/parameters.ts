/**
 * What the envelope detector believes, and where each number comes from. Logs are natural where nothing else is said; evidence is in
 * decimal orders of magnitude.
 */
import { dayMs as day, hourMs as hour, minuteMs as minute } from '../../../foundation/clock.ts';
import type { TailBelief } from './tail.ts';

/** Peaks are taken over six hours, so that one busy afternoon counts once. */
export const blockMs = 6 * hour;

/** One look-back: what is measured in it is held against the same look-back around this time of day. */
export interface WindowParameters {
  readonly lengthMs: number;
  /**
   * `newest`: the use of the last buckets; only where they are narrower than five minutes. `use`: the use of the last five-minute buckets.
   * `steadiness`: the sum of their square roots, in which a natural burst counts for little, and hours of moderate use for much.
   */
  readonly measure: 'newest' | 'use' | 'steadiness';
  /** What was usual an hour or two earlier or later on a past day is usual now: jobs move, clocks change, evenings end later. */
  readonly toleranceHours: number;
  readonly season: TailBelief;
}

const seasonPrior = { shape: 1.2, scale: 0.14, weight: 10 };
export const windows: readonly WindowParameters[] = [
  { lengthMs: 2 * minute, measure: 'newest', toleranceHours: 0, season: { ...seasonPrior, share: 0.2 } },
  { lengthMs: 5 * minute, measure: 'use', toleranceHours: 0, season: { ...seasonPrior, share: 0.2 } },
  { lengthMs: hour, measure: 'use', toleranceHours: 1, season: { ...seasonPrior, share: 0.05 } },
  { lengthMs: 3 * hour, measure: 'steadiness', toleranceHours: 1, season: { ...seasonPrior, share: 0.05 } },
  { lengthMs: day, measure: 'steadiness', toleranceHours: 2, season: { ...seasonPrior, share: 0.05 } },
];
export const newestWindow = 0;
/** Where the windows of five minutes and of an hour stand among them: they are also asked whether the key was ever as busy, whatever the hour. */
export const hourWindow = 2;
export const levelWindows = [1, 2] as const;
export const levelBelief: TailBelief = { shape: 1.5, scale: 0.1, share: 0.05, weight: 30 };
/** A window beyond an hour is heard only while the last hour still holds half of its excess; else each alarm would echo for a day. */
export const gateShare = 0.5;
/** While few blocks are known the tails are wider: three times at first, twice after fourteen blocks. */
export const youngWidening = 2;
export const youngHalfLifeBlocks = 14;

/** 13 % more than usual is no news for anybody. */
export const leastExcess = 0.12;
/** Days back that are asked: a week, and the weekday of two weeks more. */
export const dayLags = [1, 2, 3, 4, 5, 6, 7, 14, 21] as const;
/** Days that tell what is usual on average; a past day weighs half as much five days earlier. */
export const averagedDays = 7;
export const averageHalfLifeDays = 5;
/** Hours remembered of each window: up to the same day of the month before. */
export const rememberedSlots = 32 * 24;
/** A slot of which less than this share of the buckets is known is unknown. */
export const leastKnown = 0.25;

/** Half-life of the level and of the noise. */
export const levelHalfLifeMs = 7 * day;
/** Beside this share of the key's own level, and so many quanta of its noise, differences are small. */
export const smallShare = 0.1;
export const smallQuanta = 3;

/** From the sum of evidences to decades of the budget: measured, ten times fewer false alarms cost 4.5 of the sum. */
export const sumOffset = 2.4;
/** With one window more in the sum, so much more is asked. */
export const sumOffsetOfNewest = 0.4;
export const sumScale = 4.5;
/** One alarm a month, in alarms a week. */
export const perWeekAtOne = 7 / 30;
/** The measured rate of false alarms lies below what is promised by so much. */
export const promiseMargin = 0.15;

/** In margins at one alarm a month, whatever the dial: from here on usage is suspicious, and does not simply teach. */
export const suspicious = -0.6;
/** From here on it is hot: what stays so for ten hours after an alert is how the key is used now. */
export const hot = -0.7;
export const adoptionHours = 10;
export const adoptionEnds = 0.6;

/** A key that is known for less than a week, or used on few days, is also held against its highest at any hour. */
export const familiarDays = 7;
export const regularDays = 5;

/** First days: while nothing is known of this time of day, and for three days. */
export const coldMs = 3 * day;
export const coldLeastMs = 2 * hour;
/** Two and a half times the most so far is no news of a key that was steady: a second program may have begun to use it. */
export const coldSteadyExcess = Math.log(2.5);
export const coldBase = 0.42;
export const coldSlope = 7;
export const coldScale = 1.5;
/** The same of a key whose hours were all alike so far. */
export const coldLeastScale = 0.4;

/** Silence of three days and more may end in a theft. */
export const wakeLeastMs = 3 * day;
export const wakeRatio = 1.5;

export const calmMs = 30 * minute;
export const muteAfterMs = 8 * hour;
export const coolDownMs = 4 * hour;
export const longCoolDownMs = 72 * hour;
export const moreThanBefore = 0.35;
