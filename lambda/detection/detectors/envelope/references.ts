import { hourMs } from '../../../foundation/clock.ts';
import { levelOf, quantumOf } from './noise.ts';
import * as p from './parameters.ts';
import type { ZoneOffset } from '../../time-zone.ts';
import { unknown, type ColumnState, type Reference } from './state.ts';
import type { Widths } from './widths.ts';

/** What an hour is compared with. */
export interface PastHours {
  /** The same hour of the day, by the key's own clocks, one to seven days back, then two and three weeks, then the day of the month. */
  readonly hours: readonly { readonly hour: number; readonly daysBack: number }[];
}

/** The past hours that hour `hour` (since the epoch, UTC) is held against. */
export function pastHours(hour: number, offset: ZoneOffset): PastHours {
  const here = offset(hour * hourMs);
  const back = (daysBack: number): { hour: number; daysBack: number } => {
    const there = hour - 24 * daysBack;
    return { hour: there + Math.round((here - offset(there * hourMs)) / 60), daysBack };
  };
  const lags: readonly number[] = [...p.dayLags, sameDayOfMonth(hour * hourMs + here * 60_000)];
  return { hours: [...new Set(lags)].map(back) };
}

/** Days back to the same day of the month before; to its last day, where that month is shorter. */
function sameDayOfMonth(local: number): number {
  const day = new Date(local);
  const monthBefore = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 0);
  const length = new Date(monthBefore).getUTCDate();
  return Math.max(length, day.getUTCDate());
}

function ringAt(ring: readonly number[], hour: number): number {
  return ring[ringIndex(hour)] ?? unknown;
}

export function ringIndex(hour: number): number {
  return ((hour % p.rememberedSlots) + p.rememberedSlots) % p.rememberedSlots;
}

/** What a column's windows are held against in `hour`: only hours that are over count. */
export function setReferences(column: ColumnState, hour: number, past: PastHours, widths: Widths): void {
  const seldom = seldomUsed(column, hour);
  for (const [index, window] of column.windows.entries()) {
    const { measure = 'use', toleranceHours = 0 } = p.windows[index] ?? {};
    const length = widths.windowMs[index] ?? widths.intervalMs;
    const noise = measure === 'steadiness' ? column.steadiness : column.use;
    const values = length / (measure === 'steadiness' ? widths.fineMs : widths.intervalMs);
    const small = p.smallShare * levelOf(noise) * values + p.smallQuanta * quantumOf(noise) + 1e-9;
    const reference = referenceOf(window.taught, window.raw, hour, past, { small, toleranceHours });
    const young = Math.min(1, Math.max(0, (p.familiarDays - reference.days) / (p.familiarDays - 1)));
    const floor = Math.max(young, seldom) * Math.max(0, window.level);
    const raised = reference.envelope === null || floor <= 0 ? reference.envelope : Math.max(reference.envelope, Math.log(floor + small));
    window.reference = { ...reference, raised };
  }
}

/** 0 for a key that is used on five of seven days or more, 1 for one that is used on three or less, of the days of which anything is known. */
function seldomUsed(column: ColumnState, hour: number): number {
  const ring = column.windows[p.hourWindow]?.taught ?? [];
  let known = 0;
  let used = 0;
  for (let day = 0; day < 7; day++) {
    let best = unknown;
    for (let back = 1; back <= 24; back++) best = Math.max(best, ringAt(ring, hour - 24 * day - back));
    if (best !== unknown) known += 1;
    if (best > 0) used += 1;
  }
  return known === 0 ? 0 : Math.min(1, Math.max(0, (p.regularDays - (used * 7) / known) / 2));
}

function referenceOf(
  taught: readonly number[],
  raw: readonly number[],
  hour: number,
  past: PastHours,
  { small, toleranceHours }: { readonly small: number; readonly toleranceHours: number },
): Omit<Reference, 'raised'> {
  let greatest = unknown;
  let least = Infinity;
  let seenBefore = unknown;
  let days = 0;
  let sum = 0;
  let weights = 0;
  for (const each of past.hours) {
    for (let near = each.hour - toleranceHours; near <= each.hour + toleranceHours; near++) {
      if (near >= hour || near <= hour - p.rememberedSlots) continue;
      greatest = Math.max(greatest, ringAt(taught, near));
      if (each.daysBack <= p.averagedDays || each.daysBack >= 28) seenBefore = Math.max(seenBefore, ringAt(raw, near));
    }
    const exact = ringAt(taught, each.hour);
    if (exact === unknown) continue;
    days += 1;
    if (each.daysBack > p.averagedDays) continue;
    least = Math.min(least, exact);
    const weight = 2 ** (-(each.daysBack - 1) / p.averageHalfLifeDays);
    sum += weight * Math.log(exact + small);
    weights += weight;
  }
  return {
    small,
    envelope: greatest === unknown ? null : Math.log(greatest + small),
    days,
    average: weights > 0 ? sum / weights : null,
    least: Number.isFinite(least) ? least : 0,
    seenBefore,
  };
}
