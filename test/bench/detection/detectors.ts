import { startAll, type DetectorSettings, type Observation } from '../../../lambda/detection/detectors.ts';
import { closenessOf } from '../../../lambda/detection/digest.ts';
import { rateFolder, startRate } from '../rate/rate.ts';
import { dayMs, hourMs, minuteMs, summed, type Background } from './series.ts';

/** Per bucket, whether an alert is on. */
export type Alerts = (series: Background) => readonly boolean[];
/** Per bucket, how unusual it is; a threshold makes alerts of it. */
export type Scores = (series: Background) => readonly number[];

interface Folds {
  readonly folder: (settings: DetectorSettings) => { readonly fold: (observation: Observation) => { readonly alert: boolean } };
}

/** One series is one key at one alarm a month. */
export function alertsOf(start: Folds): Alerts {
  return ({ from, intervalMs, values }) => {
    const folder = start.folder({ intervalMs, falseAlarmsPerMonth: 1 });
    return values.map((value, index) => folder.fold({ at: from + index * intervalMs, values: [value] }).alert);
  };
}

export const envelope: Alerts = (series) => alertsOf(startAll(1))(series);
/** As one of so many keys that share one alarm a month: alarms, and beside them what the daily digest would tell. */
export function inFleet(keys: number): (series: Background) => { readonly alarms: readonly boolean[]; readonly found: readonly boolean[] } {
  const { falseAlarmsPerMonth, leastMargin } = closenessOf(1 / keys);
  return ({ from, intervalMs, values }) => {
    const folder = startAll(1).folder({ intervalMs, falseAlarmsPerMonth });
    const answers = values.map((value, index) => folder.fold({ at: from + index * intervalMs, values: [value] }));
    return {
      alarms: answers.map(({ alert, finding }) => alert && (finding?.margin ?? 0) >= leastMargin),
      found: answers.map(({ alert }) => alert),
    };
  };
}

export const before: Alerts = ({ from, intervalMs, values }) => {
  const folder = rateFolder(startRate(1), { intervalMs, falseAlarmsPerMonth: 1 });
  return values.map((value, index) => folder.fold({ at: from + index * intervalMs, values: [value] }).alert);
};

/** Half an hour of calm ends an alert in all of them, so that runs can be compared. */
export function held(intervalMs: number, scores: readonly number[], threshold: number): readonly boolean[] {
  let last = -Infinity;
  return scores.map((score, index) => {
    if (score > threshold) last = index;
    return (index - last) * intervalMs < 30 * minuteMs;
  });
}

/**
 * Well-known ways, each told from the past alone. Minutes are summed to five first, which all of them need. Their thresholds are chosen so
 * that they give as many false alarms on the tuned part as the detector does.
 */
export const baselines: Readonly<Record<string, Scores>> = {
  'mean + k sigma of a week': coarse(({ intervalMs, values }) => {
    const length = Math.round((7 * dayMs) / intervalMs);
    let sum = 0;
    let squares = 0;
    return values.map((value, index) => {
      const known = Math.min(index, length);
      const mean = known === 0 ? 0 : sum / known;
      const score =
        known * intervalMs < dayMs ? 0 : (value - mean) / (Math.sqrt(Math.max(0, squares / known - mean * mean)) + leastSpread(mean, 1));
      const gone = index >= length ? (values[index - length] ?? 0) : 0;
      sum += value - gone;
      squares += value * value - gone * gone;
      return score;
    });
  }),
  'EWMA and its variance': coarse(({ intervalMs, values }) => {
    const gain = 1 - Math.exp(-intervalMs / dayMs);
    let mean = 0;
    let variance = 0;
    return values.map((value, index) => {
      const off = value - mean;
      const score = index * intervalMs < dayMs ? 0 : off / (Math.sqrt(variance) + leastSpread(mean, 1));
      mean += gain * off;
      variance = (1 - gain) * (variance + gain * off * off);
      return score;
    });
  }),
  // What CloudWatch documents: a model of two weeks with hour, day and week in it, and a band of k deviations. Its model is not public.
  'band like that of CloudWatch': coarse((series) =>
    seasonal(series, 24, 14, (past) => {
      const mean = past.reduce((sum, value) => sum + value, 0) / past.length;
      return [mean, Math.sqrt(past.reduce((sum, value) => sum + (value - mean) ** 2, 0) / past.length)];
    }),
  ),
  'median and MAD by hour of the week': coarse((series) =>
    seasonal(series, 168, 28, (past) => {
      const middle = medianOf(past);
      return [middle, 1.4826 * medianOf(past.map((value) => Math.abs(value - middle)))];
    }),
  ),
};

/** A spread of nothing would make an alarm of every request: a quarter of what such a sum is on average. */
function leastSpread(mean: number, buckets: number): number {
  return 0.25 * mean * buckets + 1e-9;
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** How many deviations the last hour lies above the same hour of the day, or of the week, in so many days. */
function seasonal(
  { from, intervalMs, values }: Background,
  hours: number,
  days: number,
  usual: (past: readonly number[]) => readonly [centre: number, spread: number],
): readonly number[] {
  const perHour = Math.max(1, Math.round(hourMs / intervalMs));
  const kept = new Map<number, number[]>();
  const all: number[] = [];
  const most = Math.ceil((days * 24) / hours);
  let hourSum = 0;
  let total = 0;
  return values.map((value, index) => {
    total += value;
    hourSum += value - (index >= perHour ? (values[index - perHour] ?? 0) : 0);
    const slot = Math.floor((from + index * intervalMs) / hourMs);
    const past = kept.get(slot % hours) ?? [];
    const known = past.length >= 2 ? past : all.length >= 48 ? all.slice(-168) : [];
    const [centre, spread] = known.length === 0 ? [Infinity, 1] : usual(known);
    if ((index + 1) % perHour === 0) {
      kept.set(slot % hours, [...past, hourSum].slice(-most));
      all.push(hourSum);
    }
    return known.length === 0 ? 0 : (hourSum - centre) / (spread + leastSpread(total / (index + 1), perHour));
  });
}

/** On sums of five minutes; each of the minutes has the score of the sum that it ends, or that was there before. */
function coarse(scores: Scores): Scores {
  return (series) => {
    const by = Math.max(1, Math.round((5 * minuteMs) / series.intervalMs));
    if (by === 1) return scores(series);
    const coarser = scores({ ...series, intervalMs: by * series.intervalMs, values: summed(series.values, by) });
    return series.values.map((_, index) => coarser[Math.floor((index + 1) / by) - 1] ?? 0);
  };
}
