import type { ProfileName } from '../../local/traffic/profiles.ts';
import { bySlot, mean, measure } from './measure.ts';
import type { Series } from './measure.ts';

/** Shapes over the 48 hours of hourSlot. */
export interface Shape {
  /** Requests over the long-run mean: a week's mean is 1. */
  readonly requests: readonly number[];
  /** Share of ten-minute buckets with traffic. */
  readonly active: readonly number[];
  readonly heldOutError: number;
  readonly heldOutFlatError: number;
}

/** Customers live in several time zones: kinds that follow the clock are turned to agree before they are averaged. */
export const FOLLOWS_THE_CLOCK: Readonly<Partial<Record<ProfileName, 'quiet' | 'busy'>>> = {
  'busy-seasonal': 'quiet',
  'office-hours': 'quiet',
  'nightly-batch': 'busy',
};
const WEEK_BUCKETS = 1008;
/** No job is worth more than this quantile of its key's buckets: one outlier would else be an hour's shape. */
const CAP_QUANTILE = 0.98;
const SHRINKAGES = [0, 0.25, 0.5, 0.75, 1];

/**
 * The shape that a kind's keys share: their normalised means, turned to agree where the kind follows the clock, smoothed,
 * drawn towards flat by the share that predicts the other week best, and placed with the quiet (for batches: the busy)
 * six hours of the day from 00:00 to 06:00.
 */
export function fitShape(kind: ProfileName, members: readonly Series[]): Shape {
  const capped = members.map(cappedSeries);
  const place = FOLLOWS_THE_CLOCK[kind];
  const turns = (series: readonly Series[]) => (place === undefined ? series.map(() => 0) : agreeingTurns(members, series));

  const [first, second] = [capped.map((series) => week(series, 0)), capped.map((series) => week(series, 1))];
  const turned = turns(first);
  const [before, after] = [pooled(first, turned), pooled(second, turned)];
  const errorAt = (shrinkage: number) => error(shrunk(before.requests, 1, shrinkage), normalised(after.raw));
  const shrinkage = SHRINKAGES.reduce((best, next) => (errorAt(next) < errorAt(best) ? next : best), 0);

  const whole = pooled(capped, turns(capped));
  const placed = place === undefined ? 0 : turnToNight(whole.requests, place);
  const activeMean = weekMean(whole.active);
  return {
    requests: turn(shrunk(whole.requests, 1, shrinkage), placed),
    active: turn(shrunk(whole.active, activeMean, shrinkage), placed).map(possible),
    heldOutError: errorAt(shrinkage),
    heldOutFlatError: errorAt(0),
  };
}

/**
 * Shapes whose hours differ more by this power: for the odds of being active as for the requests. Of a batch only the odds:
 * its hours differ by whether it runs, not by how hard.
 */
export function sharpened(kind: string, shape: Pick<Shape, 'requests' | 'active'>, power: number): Pick<Shape, 'requests' | 'active'> {
  const middle = odds(weekMean(shape.active));
  const active = shape.active.map((share) => middle * (odds(share) / middle) ** power).map((each) => possible(each / (1 + each)));
  const asHard = shape.requests.map((value, slot) => (value / (shape.active[slot] ?? 1)) * (active[slot] ?? 1));
  return { requests: normalised(kind === 'nightly-batch' ? asHard : shape.requests.map((value) => value ** power)), active };
}

function odds(share: number): number {
  return share / (1 - share);
}

/** No hour is always or never active: two weeks cannot show that. */
function possible(share: number): number {
  return Math.min(0.9995, Math.max(0.002, share));
}

interface Pooled {
  readonly raw: number[];
  readonly requests: number[];
  readonly active: number[];
}

function pooled(series: readonly Series[], turns: readonly number[]): Pooled {
  const slots = series.map((each, index) => {
    const { means, active } = bySlot(each);
    return { requests: turn(normalised(means), turns[index] ?? 0), active: turn(active, turns[index] ?? 0) };
  });
  // A sparse key may be silent for a whole week: it then says nothing of that week's shape.
  const heard = slots.filter(({ requests }) => weekMean(requests) > 0);
  const raw = across(heard.map(({ requests }) => requests));
  return { raw, requests: normalised(smoothed(raw)), active: smoothed(across(slots.map(({ active }) => active))) };
}

/** For each series, by how many hours it turns to agree best with the others; the most regular member leads. */
function agreeingTurns(members: readonly Series[], series: readonly Series[]): number[] {
  const days = series.map((each) => hoursOfDay(normalised(bySlot(each).means)));
  const regularity = members.map((each) => measure(each).dailyR2);
  let reference = days[regularity.indexOf(Math.max(...regularity))] ?? [];
  let turns: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    turns = days.map((day) => bestTurn(day, reference));
    reference = across(days.map((day, index) => rotated(day, turns[index] ?? 0)));
  }
  return turns;
}

function bestTurn(day: readonly number[], reference: readonly number[]): number {
  const agreement = (by: number) => mean(rotated(day, by).map((value, hour) => value * (reference[hour] ?? 0)));
  return HOURS.reduce((best, by) => (agreement(by) > agreement(best) ? by : best), 0);
}

function turnToNight(requests: readonly number[], place: 'quiet' | 'busy'): number {
  const day = hoursOfDay(requests);
  const sign = place === 'quiet' ? -1 : 1;
  const atNight = (by: number) => sign * mean(rotated(day, by).slice(0, 6));
  return HOURS.reduce((best, by) => (atNight(by) > atNight(best) ? by : best), 0);
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

function cappedSeries({ start, requests }: Series): Series {
  const active = requests.filter((count) => count > 0).sort();
  const cap = active[Math.floor(active.length * CAP_QUANTILE)] ?? 0;
  return { start, requests: requests.map((count) => Math.min(count, cap)) };
}

function week({ start, requests }: Series, which: number): Series {
  return { start: start + which * 7 * 86_400_000, requests: requests.slice(which * WEEK_BUCKETS, (which + 1) * WEEK_BUCKETS) };
}

/** Weekday and weekend hours each turn within their own day. */
function turn(slots: readonly number[], by: number): number[] {
  return [...rotated(slots.slice(0, 24), by), ...rotated(slots.slice(24), by)];
}

function rotated(day: readonly number[], by: number): number[] {
  return HOURS.map((hour) => day[(hour - by + 24) % 24] ?? 0);
}

function smoothed(slots: readonly number[]): number[] {
  const day = (values: readonly number[]) =>
    HOURS.map((hour) => ((values[(hour + 23) % 24] ?? 0) + 2 * (values[hour] ?? 0) + (values[(hour + 1) % 24] ?? 0)) / 4);
  return [...day(slots.slice(0, 24)), ...day(slots.slice(24))];
}

function shrunk(slots: readonly number[], towards: number, keep: number): number[] {
  return slots.map((value) => towards + keep * (value - towards));
}

function hoursOfDay(slots: readonly number[]): number[] {
  return HOURS.map((hour) => (5 * (slots[hour] ?? 0) + 2 * (slots[hour + 24] ?? 0)) / 7);
}

function weekMean(slots: readonly number[]): number {
  return mean(hoursOfDay(slots));
}

function normalised(slots: readonly number[]): number[] {
  const level = weekMean(slots);
  return slots.map((value) => (level > 0 ? value / level : 0));
}

function across(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, column) => mean(rows.map((row) => row[column] ?? 0)));
}

function error(predicted: readonly number[], real: readonly number[]): number {
  return weekMean(predicted.map((value, slot) => Math.abs(value - (real[slot] ?? 0))));
}
