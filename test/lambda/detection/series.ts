import { seeded } from '../../../local/random.ts';
import { startAll, type Answer, type DetectorSettings, type Observation } from '../../../lambda/detection/detectors.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
/** A Monday, 00:00 UTC. */
export const monday = Date.UTC(2026, 5, 1);

/** Expected tokens per minute at an instant. */
export type Rate = (at: number) => number;

export const flat =
  (rate: number): Rate =>
  () =>
    rate;
/** Three times as much at 15:00 as at 03:00. */
export const daily =
  (rate: number): Rate =>
  (at) =>
    rate * (1 + 0.5 * Math.sin(2 * Math.PI * ((at % dayMs) / dayMs - 0.375)));
/** Monday to Friday, 08:00 to 18:00 UTC, nothing else. */
export const office =
  (rate: number): Rate =>
  (at) => {
    const day = Math.floor((at - monday) / dayMs) % 7;
    const hour = Math.floor((at % dayMs) / hourMs);
    return day < 5 && hour >= 8 && hour < 18 ? rate : 0;
  };

interface Made {
  readonly seed?: number;
  readonly from?: number;
  readonly days: number;
  readonly intervalMs?: number;
}

/** Buckets whose value is negative binomial around the rate: requests of a gamma-distributed minute, 500 tokens each. */
export function drawn(rate: Rate, { seed = 1, from = monday, days, intervalMs = minuteMs }: Made): Observation[] {
  const random = seeded(seed, 'series');
  return Array.from({ length: Math.round((days * dayMs) / intervalMs) }, (_, index) => {
    const at = from + index * intervalMs;
    const requests = ((rate(at) * intervalMs) / minuteMs / 500) * random.gamma(4) * 0.25;
    return { at, values: [requests > 0 ? random.poisson(requests) * 500 : 0] };
  });
}

/** The same buckets with `extra` tokens a bucket more from `from` to `until`. */
export function withTheft(series: readonly Observation[], from: number, until: number, extra: number): Observation[] {
  return series.map(({ at, values }) =>
    at < from || at >= until ? { at, values } : { at, values: values.map((value) => (value ?? 0) + extra) },
  );
}

export interface Judged extends Observation {
  readonly answer: Answer;
}

/** What the deployed detectors say of each bucket; where nothing else is said, of minutes at one alarm a month. */
export function judged(series: readonly Observation[], settings: Partial<DetectorSettings> = {}): Judged[] {
  const folder = startAll(series[0]?.values.length ?? 1).folder({ intervalMs: minuteMs, falseAlarmsPerMonth: 1, ...settings });
  return series.map((observation) => ({ ...observation, answer: folder.fold(observation) }));
}

/** Where alerts begin. */
export function alertStarts(answers: readonly Judged[]): number[] {
  return answers.filter(({ answer }, index) => answer.alert && answers[index - 1]?.answer.alert !== true).map(({ at }) => at);
}

/** Minutes from `from` to the first alert that begins then or later. */
export function minutesToAlert(answers: readonly Judged[], from: number): number {
  const start = alertStarts(answers).find((at) => at >= from);
  return start === undefined ? Infinity : (start - from) / minuteMs + 1;
}
