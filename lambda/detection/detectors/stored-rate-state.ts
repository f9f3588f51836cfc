import { minuteMs } from '../../foundation/clock.ts';
import { counted } from '../../foundation/counted.ts';
import { rememberedDays } from '../baseline.ts';
import { rememberedBlocks } from '../budget.ts';
import { evidenceKinds, windowMinutes } from './rate-state.ts';
import type { MetricState, RateExplanation, RateState, TailState } from './rate-state.ts';

/** Rates reach 1e15, instants 1e13; ratios and sums of rates stay below this. */
const greatestNumber = 1e60;
/** An item of the table holds 400 KB; two metrics need some 25. */
const greatestText = 200_000;

/**
 * The state as text for the table: a number attribute could not hold each number that folding makes (DynamoDB refuses more than
 * 38 digits and magnitudes outside 1e-130 to 1e126, its document client whole numbers above 2^53). Throws TypeError for a
 * state that could not be read back.
 */
export function rateStateText(state: RateState): string {
  const text = JSON.stringify(state);
  if (text.length > greatestText) throw new TypeError(`state is ${counted(text.length, 'character')} long, more than ${greatestText}`);
  readRateState(JSON.parse(text));
  return text;
}

/**
 * The state as it was stored, of so many metrics and folded up to the minute that it names and not further; else it would keep the
 * detector from minutes that it has never seen. Throws TypeError in plain words.
 */
export function recallRate(stored: unknown, metrics: number, foldedUntil: number): RateState {
  const state = readRateState(stored);
  if (state.metrics.length !== metrics) throw new TypeError(`it has ${counted(state.metrics.length, 'metric')}, not ${metrics}`);
  if (state.intervalMs !== minuteMs && state.lastAt !== null) throw new TypeError(`it was folded in steps of ${state.intervalMs} ms`);
  const instants = [state.lastAt, state.alertSince, state.calmSince, ...state.metrics.map(({ wokeAt }) => wokeAt)];
  if (instants.some((at) => at !== null && (at < 0 || at >= foldedUntil)))
    throw new TypeError('it holds an instant after the minute up to which it was folded');
  return state;
}

/**
 * The state as it was stored. Throws TypeError, naming the place, for anything that `startRate` and folding cannot have made.
 */
export function readRateState(stored: unknown): RateState {
  const from = record(stored, 'state');
  if (from['version'] !== 1) throw new TypeError(`state.version is ${JSON.stringify(from['version'])}, not 1: start the key afresh`);
  const metrics = list(from['metrics'], 'metrics').map((metric, index) => readMetric(metric, `metrics[${index}]`));
  if (metrics.length === 0) throw new TypeError('state.metrics is empty');
  const relations = list(from['relations'], 'relations').map((relation, index) => {
    const at = `relations[${index}]`;
    const each = record(relation, at);
    return { ...numbers(each, at, ['centre', 'spread', 'weight']), tail: readTail(each['tail'], `${at}.tail`) };
  });
  if (relations.length !== metrics.length - 1)
    throw new TypeError(`state.relations has ${counted(relations.length, 'entry', 'entries')}, not ${metrics.length - 1}`);
  return {
    version: 1,
    ...numbers(from, 'state', ['intervalMs', 'buckets']),
    ...nullables(from, 'state', ['lastAt', 'alertSince', 'calmSince']),
    metrics,
    relations,
    strongest: from['strongest'] === null ? null : readExplanation(from['strongest']),
  };
}

function readExplanation(stored: unknown): RateExplanation {
  const from = record(stored, 'strongest');
  const kind = evidenceKinds.find((known) => known === from['kind']);
  if (kind === undefined)
    throw new TypeError(`state: strongest.kind is ${JSON.stringify(from['kind'])}, not one of ${evidenceKinds.join(', ')}`);
  return {
    kind,
    ...numbers(from, 'strongest', ['metric', 'windowMs', 'seen', 'expected', 'since', 'evidence']),
    ...nullables(from, 'strongest', ['ratio']),
  };
}

function readMetric(stored: unknown, at: string): MetricState {
  const from = record(stored, at);
  return {
    slots: sized(list(from['slots'], `${at}.slots`), rememberedDays * 24, `${at}.slots`).map((value) =>
      value === null ? null : number(value, `${at}.slots`),
    ),
    ...numbers(from, at, [
      'sum',
      'count',
      'floor',
      'levelBase',
      'dispersion',
      'dispersionCount',
      'lived',
      'quiet',
      'longestQuiet',
      'wakeEvidence',
    ]),
    ...nullables(from, at, ['previous', 'current', 'next', 'wokeAt']),
    dispersions: sized(list(from['dispersions'], `${at}.dispersions`), 24, at).map((value) => number(value, `${at}.dispersions`)),
    dispersionCounts: sized(list(from['dispersionCounts'], `${at}.dispersionCounts`), 24, at).map((value) =>
      number(value, `${at}.dispersionCounts`),
    ),
    windows: sized(list(from['windows'], `${at}.windows`), windowMinutes.length, `${at}.windows`).map((window, index) => {
      const place = `${at}.windows[${index}]`;
      const each = record(window, place);
      return {
        ...numbers(each, place, ['seen', 'expected', 'unevenness']),
        season: readTail(each['season'], `${place}.season`),
        level: readTail(each['level'], `${place}.level`),
      };
    }),
  };
}

function readTail(stored: unknown, at: string): TailState {
  const from = record(stored, at);
  const peaks = list(from['peaks'], `${at}.peaks`).map((peak) => number(peak, `${at}.peaks`));
  if (peaks.length > rememberedBlocks)
    throw new TypeError(`state.${at}.peaks has ${counted(peaks.length, 'entry', 'entries')}, more than ${rememberedBlocks}`);
  return { ...numbers(from, at, ['from', 'scale']), ...nullables(from, at, ['peak']), peaks };
}

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`state: ${at} is not an object`);
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`state: ${at} is not a list`);
  return value;
}

function sized(values: readonly unknown[], length: number, at: string): readonly unknown[] {
  if (values.length !== length) throw new TypeError(`state: ${at} has ${counted(values.length, 'entry', 'entries')}, not ${length}`);
  return values;
}

function number(value: unknown, at: string): number {
  if (typeof value !== 'number' || !(Math.abs(value) <= greatestNumber))
    throw new TypeError(`state: ${at} is not a number up to ${greatestNumber}`);
  return value;
}

function numbers<Name extends string>(from: Record<string, unknown>, at: string, names: readonly Name[]): Record<Name, number> {
  return fill(names, (name) => number(from[name], `${at}.${name}`));
}

function nullables<Name extends string>(from: Record<string, unknown>, at: string, names: readonly Name[]): Record<Name, number | null> {
  return fill(names, (name) => (from[name] === null ? null : number(from[name], `${at}.${name}`)));
}

function fill<Name extends string, Value>(names: readonly Name[], read: (name: Name) => Value): Record<Name, Value> {
  const entries: Partial<Record<Name, Value>> = {};
  for (const name of names) entries[name] = read(name);
  return entries as Record<Name, Value>;
}
