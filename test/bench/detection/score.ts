import { seeded } from '../../../local/random.ts';
import { dayMs, hourMs, minuteMs } from './series.ts';
import type { Kind, Robbed } from './thefts.ts';

/** What a detector did with one series. */
export interface Outcome {
  readonly set: string;
  readonly source: string;
  readonly weeks: number;
  readonly falseAlarms: number;
  readonly thefts: readonly { readonly kind: Kind; readonly minutes: number | undefined; readonly stolenBefore: number }[];
}

/** An alert that begins during a theft, or within half an hour of its end, finds it; one that begins within an hour of it is neither. */
export function outcomeOf(series: Robbed, alerts: readonly boolean[]): Outcome {
  const { set, source, from, intervalMs, values, labelled = [], thefts } = series;
  const starts = alerts.flatMap((alert, index) => (alert && alerts[index - 1] !== true ? [index] : []));
  const grace = Math.ceil((30 * minuteMs) / intervalMs);
  const echo = Math.ceil(hourMs / intervalMs);
  const isCounted = (index: number): boolean => {
    const at = from + index * intervalMs;
    return (
      !labelled.some(([start, end]) => at >= start && at <= end) &&
      !thefts.some((theft) => index >= theft.from && index < theft.until + Math.max(grace, echo))
    );
  };
  return {
    set,
    source,
    weeks: (values.length * intervalMs) / (7 * dayMs),
    falseAlarms: starts.filter(isCounted).length,
    thefts: thefts.map(({ kind, from: first, until, added }) => {
      const found = starts.find((index) => index >= first && index < until + grace);
      const total = added.reduce((sum, value) => sum + value, 0);
      const lost = found === undefined ? total : added.slice(0, found - first + 1).reduce((sum, value) => sum + value, 0);
      return {
        kind,
        minutes: found === undefined ? undefined : ((found - first + 1) * intervalMs) / minuteMs,
        stolenBefore: total > 0 ? lost / total : 1,
      };
    }),
  };
}

export interface Figures {
  readonly thefts: number;
  readonly recall: number;
  readonly precision: number;
  readonly f1: number;
  readonly falseAlarmsPerWeek: number;
  /** Median of those that were found; undefined where none was. */
  readonly delayMinutes: number | undefined;
  /** Mean share of what was stolen before the alert; all of it where there was none. */
  readonly stolenBefore: number;
}

export function figuresOf(outcomes: readonly Outcome[], kind?: Kind): Figures {
  const thefts = outcomes.flatMap((outcome) => outcome.thefts).filter((theft) => kind === undefined || theft.kind === kind);
  const found = thefts.flatMap(({ minutes }) => (minutes === undefined ? [] : [minutes])).sort((a, b) => a - b);
  const falseAlarms = outcomes.reduce((sum, outcome) => sum + outcome.falseAlarms, 0);
  const weeks = outcomes.reduce((sum, outcome) => sum + outcome.weeks, 0);
  const recall = thefts.length === 0 ? 0 : found.length / thefts.length;
  const precision = found.length === 0 ? 0 : found.length / (found.length + falseAlarms);
  return {
    thefts: thefts.length,
    recall,
    precision,
    f1: recall + precision === 0 ? 0 : (2 * recall * precision) / (recall + precision),
    falseAlarmsPerWeek: weeks === 0 ? 0 : falseAlarms / weeks,
    delayMinutes: found[Math.floor(found.length / 2)],
    stolenBefore: thefts.length === 0 ? 0 : thefts.reduce((sum, theft) => sum + theft.stolenBefore, 0) / thefts.length,
  };
}

export type Interval = readonly [low: number, high: number];

/** Where nine of ten redraws of the sources lie: series of one source come and go together. */
export function intervals(
  outcomes: readonly Outcome[],
  draws = 200,
): Readonly<Record<'recall' | 'precision' | 'f1' | 'falseAlarmsPerWeek' | 'stolenBefore', Interval>> {
  const grouped = new Map<string, Outcome[]>();
  for (const outcome of outcomes) grouped.set(outcome.source, [...(grouped.get(outcome.source) ?? []), outcome]);
  const bySource = [...grouped.values()];
  const random = seeded(1, 'bench/bootstrap');
  const drawn = Array.from({ length: draws }, () =>
    figuresOf(bySource.flatMap(() => bySource[Math.floor(random.uniform() * bySource.length)] ?? [])),
  );
  const between = (pick: (figures: Figures) => number): Interval => {
    const sorted = drawn.map(pick).sort((a, b) => a - b);
    return [sorted[Math.floor(0.05 * draws)] ?? 0, sorted[Math.floor(0.95 * draws)] ?? 0];
  };
  return {
    recall: between(({ recall }) => recall),
    precision: between(({ precision }) => precision),
    f1: between(({ f1 }) => f1),
    falseAlarmsPerWeek: between(({ falseAlarmsPerWeek }) => falseAlarmsPerWeek),
    stolenBefore: between(({ stolenBefore }) => stolenBefore),
  };
}
