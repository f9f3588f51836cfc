import { dayMs, hourMs } from '../../foundation/clock.ts';
import type { Answer, Band, Detector, DetectorSettings, Memory, Observation } from '../detectors.ts';
import { scoreOf } from '../score.ts';
import type { ZoneOffset } from '../time-zone.ts';
import { moveAlert } from './envelope/alert.ts';
import { accept, adopt, closeBlocks, closeHour, peaksOf, readColumn, takeIn, teach, type Reading } from './envelope/column.ts';
import * as p from './envelope/parameters.ts';
import { pastHours, setReferences } from './envelope/references.ts';
import {
  asUsual,
  copyEnvelope,
  startAlert,
  startEnvelope,
  type ColumnState,
  type EnvelopeState,
  type Explanation,
} from './envelope/state.ts';
import { envelopeText, recallEnvelope } from './envelope/stored.ts';
import { widthsOf, type Widths } from './envelope/widths.ts';

export { startEnvelope };
export type { EnvelopeState };

/**
 * Holds what a key used in the last minutes and the last hour, and how steadily it was used for three hours and a day, against the most of
 * this time of day in the last weeks, and adds up how rare each excess is for this very key.
 */
export const envelope: Detector = {
  start: (metrics) => memoryOf(startEnvelope(metrics)),
  recall: (stored, metrics, foldedUntil) => memoryOf(recallEnvelope(stored, metrics, foldedUntil)),
};

function memoryOf(state: EnvelopeState): Memory {
  return {
    lastAt: state.lastAt,
    ...(state.adoptedAt === undefined ? {} : { adoptedAt: state.adoptedAt }),
    folder: (settings) => {
      const folder = envelopeFolder(state, settings);
      return { fold: folder.fold, memory: () => memoryOf(folder.state()) };
    },
    asUsual: () => memoryOf(asUsual(state)),
    text: () => envelopeText(state),
  };
}

export interface EnvelopeFolder {
  /** Folds the next bucket. Throws RangeError when it is not newer than the last one, or has another number of values. */
  readonly fold: (observation: Observation) => Answer;
  /** The state after the buckets folded so far; a copy. */
  readonly state: () => EnvelopeState;
}

/** Longer silences are not walked bucket by bucket: nothing before them is remembered. */
const forgetAfterMs = 40 * dayMs;
const leastRate = 1e-30;
const greatestRate = 1e15;
const utc: ZoneOffset = () => 0;

/**
 * Folds buckets in time order onto a private copy of `start`; any cut into batches gives the same answers. Missing buckets between two
 * folded ones count as silence. Throws RangeError when the state was folded with another interval.
 */
export function envelopeFolder(start: EnvelopeState, settings: DetectorSettings): EnvelopeFolder {
  const { intervalMs, falseAlarmsPerMonth: dial } = settings;
  if (!(intervalMs > 0)) throw new RangeError(`a bucket's width is above 0 ms, not ${intervalMs}`);
  if (!(dial > 0)) throw new RangeError(`the budget is above 0 a month, not ${dial}`);
  if (start.intervalMs !== 0 && start.intervalMs !== intervalMs)
    throw new RangeError(`state was folded with buckets of ${start.intervalMs} ms, not ${intervalMs} ms: start the key afresh`);
  const metrics = start.columns.length;
  const widths = widthsOf(intervalMs, metrics);
  const offset = settings.zoneOffset ?? utc;
  const silence = start.columns.map(() => 0);
  const state = copyEnvelope(start);
  state.intervalMs = intervalMs;

  const foldNext = (at: number, values: readonly (number | null)[], isAccepted = false): Answer => {
    // A key begins with its first use: silence before it says nothing of how much is usual.
    if (state.firstAt === null && !values.some((value) => value !== null && value > 0)) {
      state.lastAt = at;
      return { score: 0, alert: false, expected: silence.map(() => ({ low: 0, typical: 0, high: 0 })) };
    }
    turnOver(state, widths, at, offset);
    state.lastAt = at;
    const ageMs = at + intervalMs - (state.firstAt ?? at);
    const peaks = isAccepted ? state.columns.map(peaksOf) : [];
    const readings = state.columns.map((column, index) => fold(column, widths, at, values[index] ?? null, ageMs));
    const found = strongestOf(readings);
    const expected = bandsOf(state, widths);
    if (found === undefined) return answerOf(state, -Infinity, expected);
    const { margin } = found.reading;
    if (isAccepted) {
      readings.forEach((reading, index) => {
        const column = state.columns[index];
        if (column !== undefined && reading !== undefined) accept(column, widths, reading, ageMs, peaks[index]);
      });
      Object.assign(state.alert, startAlert());
      state.hot = 0;
      return answerOf(state, -Infinity, expected);
    }
    // Before this bucket changes what is usual.
    const usual = usualOf(state, found);
    settleAdoption(state, at, intervalMs, margin);
    readings.forEach((reading, index) => {
      const column = state.columns[index];
      if (column !== undefined && reading !== undefined) teach(column, widths, reading, ageMs, state.isAdopting);
    });
    const dialled = margin + Math.log10(dial) + p.promiseMargin;
    moveAlert(state.alert, at, intervalMs, dialled, dial);
    if (state.alert.phase !== 'calm' && dialled > (state.alert.strongest?.margin ?? -Infinity))
      state.alert.strongest = explain(state, widths, found, usual, dialled);
    return answerOf(state, dialled, expected);
  };

  return {
    fold: ({ at, values, isAccepted }) => {
      if (values.length !== metrics) throw new RangeError(`a bucket of this key has ${metrics} values, not ${values.length}`);
      const { lastAt } = state;
      if (lastAt !== null && at <= lastAt) throw new RangeError(`buckets are folded in time order: ${at} is not after ${lastAt}`);
      const from = lastAt === null ? at : Math.max(lastAt + intervalMs, at - Math.floor(forgetAfterMs / intervalMs) * intervalMs);
      for (let quiet = from; quiet < at; quiet += intervalMs) foldNext(quiet, silence);
      return foldNext(
        at,
        values.map((value) => (value === null ? null : rateWithin(value))),
        isAccepted,
      );
    },
    state: () => copyEnvelope(state),
  };
}

/** Whatever a key does, its memory stays a set of ordinary numbers. Throws RangeError for what is no number. */
function rateWithin(value: number): number {
  if (Number.isNaN(value)) throw new RangeError('a value is a number or null, not NaN');
  return value < leastRate ? 0 : Math.min(value, greatestRate);
}

/** Ends the hours and blocks that are over, each by itself, and looks up what the hour that begins is held against. */
function turnOver(state: EnvelopeState, widths: Widths, at: number, offset: ZoneOffset): void {
  const hour = Math.floor(at / hourMs);
  state.firstAt ??= at;
  const isFirst = state.firstAt === at;
  const lastHour = isFirst || state.lastAt === null ? hour : Math.floor(state.lastAt / hourMs);
  if (lastHour === hour && !isFirst) return;
  for (let ended = lastHour; ended < hour; ended++) {
    for (const column of state.columns) closeHour(column, ended, widths.intervalMs);
    const end = (ended + 1) * hourMs;
    if (end % p.blockMs === 0) closeBlock(state, end);
  }
  const past = pastHours(hour, offset);
  for (const column of state.columns) setReferences(column, hour, past, widths);
}

function closeBlock(state: EnvelopeState, end: number): void {
  const { beganAt } = state.alert;
  // The block in which an alert begins tells the tails that such heights exist; the day after it tells them nothing.
  const sinceMs = beganAt === null ? Infinity : end - beganAt;
  const teaches = sinceMs <= p.blockMs || sinceMs > 5 * p.blockMs;
  for (const column of state.columns) closeBlocks(column, teaches);
}

function fold(column: ColumnState, widths: Widths, at: number, value: number | null, ageMs: number): Reading | undefined {
  takeIn(column, widths, at, value);
  if (value === null) return undefined;
  column.knownInSlot += 1;
  column.knownBuckets += 1;
  return readColumn(column, widths, at, value, ageMs);
}

interface Found {
  readonly metric: number;
  readonly reading: Reading;
}

function strongestOf(readings: readonly (Reading | undefined)[]): Found | undefined {
  let found: Found | undefined;
  readings.forEach((reading, metric) => {
    if (reading !== undefined && (found === undefined || reading.margin > found.reading.margin)) found = { metric, reading };
  });
  return found;
}

/** What stays hot for hours after an alert is how the key is used now: the last day as it really was becomes usual. */
function settleAdoption(state: EnvelopeState, at: number, intervalMs: number, margin: number): void {
  state.hot += ((margin >= p.hot ? 1 : 0) - state.hot) * (1 - Math.exp(-intervalMs / dayMs));
  const limit = 1 - Math.exp(-p.adoptionHours / 24);
  if (state.isAdopting) {
    state.isAdopting = state.hot >= p.adoptionEnds * limit;
    return;
  }
  const { beganAt } = state.alert;
  if (state.hot < limit || beganAt === null || at - beganAt > dayMs) return;
  state.isAdopting = true;
  state.adoptedAt = at;
  for (const column of state.columns) adopt(column, Math.floor(at / hourMs));
}

function answerOf(state: EnvelopeState, margin: number, expected: readonly Band[]): Answer {
  const { phase, strongest } = state.alert;
  return {
    score: scoreOf(margin),
    alert: phase === 'on',
    expected,
    ...(state.adoptedAt === undefined ? {} : { adoptedAt: state.adoptedAt }),
    ...(phase !== 'calm' && strongest !== null ? { finding: { ...strongest, knownSince: state.firstAt ?? strongest.since } } : {}),
  };
}

function bandsOf(state: EnvelopeState, widths: Widths): readonly Band[] {
  const buckets = (widths.windowMs[p.hourWindow] ?? widths.intervalMs) / widths.intervalMs;
  return state.columns.map(({ windows }) => {
    const reference = windows[p.hourWindow]?.reference;
    if (reference === undefined || reference.envelope === null) return { low: 0, typical: 0, high: 0 };
    const rate = (log: number): number => Math.max(0, Math.exp(log) - reference.small) / buckets;
    const high = rate(reference.envelope);
    const typical = Math.min(high, reference.average === null ? high : rate(reference.average));
    return { low: Math.min(typical, reference.least / buckets), typical, high };
  });
}

/** What the strongest window was held against, as its sum. */
function usualOf(state: EnvelopeState, { metric, reading }: Found): number {
  const { kind, window } = reading.strongest;
  const known = state.columns[metric]?.windows[window];
  const raised = known?.reference.raised ?? null;
  return kind === 'season' && known !== undefined && raised !== null ? Math.exp(raised) - known.reference.small : (known?.level ?? 0);
}

function explain(state: EnvelopeState, widths: Widths, { metric, reading }: Found, usual: number, margin: number): Explanation {
  const { kind, window } = reading.strongest;
  const rate = (sum: number): number => {
    const windowMs = widths.windowMs[window] ?? widths.intervalMs;
    if (p.windows[window]?.measure !== 'steadiness') return sum / (windowMs / widths.intervalMs);
    // Of roots, that of an even use with the same sum.
    return (sum / (windowMs / widths.fineMs)) ** 2 / (widths.fineMs / widths.intervalMs);
  };
  return {
    kind,
    metric,
    windowMs: widths.windowMs[window] ?? widths.intervalMs,
    seen: rate(reading.sums[window] ?? 0),
    expected: rate(Math.max(0, usual)),
    since: state.alert.beganAt ?? state.lastAt ?? 0,
    margin,
  };
}
