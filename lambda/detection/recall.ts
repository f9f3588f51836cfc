import { watchedMetrics } from '../../contract/metrics.ts';
import {
  comparedShape,
  notablesShape,
  type ComparedRecord,
  type LookRecord,
  type Notable,
  type WatermarkRecord,
} from '../../contract/records.ts';
import { fits } from '../../contract/shape.ts';
import { dayMs, floorTo, instantUpTo, minuteMs } from '../foundation/clock.ts';
import { parsedJson } from '../foundation/json.ts';
import { longestExpectedMs } from '../usage/expected-usage.ts';
import { settleMs, visibleUntil } from '../usage/watermark.ts';
import type { Detector, Memory } from './detectors.ts';
import { readSpans } from './spans.ts';

/** Clocks of two functions differ by less. */
const skewMs = minuteMs;
/** What lasts longer is no longer an incident, but how the key is used. */
const longestSpanMs = 7 * dayMs;

export interface Baseline {
  readonly foldedUntil: number;
  readonly memory: Memory;
}

/**
 * Which minutes there are: those before `settled` change rarely, those before `open` still do. Tokens of somebody are visible up to
 * `visible`: what is silent after that may not be reported yet. Epoch ms.
 */
export interface Until {
  readonly settled: number;
  readonly open: number;
  readonly visible: number;
}

/**
 * How far usage is known at `now`. Both instants of the watermark have come; one that has not is none, since a watermark in the
 * future would have minutes folded that nobody has seen.
 */
export function untilOf(watermark: WatermarkRecord, now: number): Until {
  const readAt = instantUpTo(watermark.readAt, now + skewMs) ?? now;
  const knownUntil = instantUpTo(watermark.knownUntil, readAt) ?? Math.max(0, readAt - settleMs);
  const open = floorTo(readAt, minuteMs);
  const visible = Math.min(open, instantUpTo(visibleUntil(watermark), now + skewMs) ?? 0);
  return { settled: floorTo(knownUntil, minuteMs), open, visible };
}

/** A baseline as it was stored, or in plain words why it is none. Its instants have come by `now`. */
export function recall(stored: unknown, now: number, detector: Detector): Baseline | string {
  if (!(stored instanceof Object)) return 'it is missing';
  const foldedUntil = instantUpTo(Reflect.get(stored, 'foldedUntil'), now + skewMs);
  if (foldedUntil === undefined || foldedUntil % minuteMs !== 0) return 'it names no minute up to which it was folded';
  const text: unknown = Reflect.get(stored, 'state');
  try {
    const parsed = typeof text === 'string' ? parsedJson(text) : undefined;
    return { foldedUntil, memory: detector.recall(parsed, watchedMetrics.length, foldedUntil) };
  } catch (error) {
    return error instanceof TypeError ? error.message : 'it cannot be read';
  }
}

/** What is known of a subject beside its baseline. What cannot be is left out: the worst that follows is a finding told again. */
export function readLook(subject: string, stored: unknown, now: number): LookRecord {
  const get = (name: string): unknown => (stored instanceof Object ? Reflect.get(stored, name) : undefined);
  const within = (value: unknown, name: string): unknown => (value instanceof Object ? Reflect.get(value, name) : undefined);
  const latest = now + skewMs;
  const failingSince = instantUpTo(within(get('failing'), 'since'), latest);
  const runs = within(get('failing'), 'runs');
  const afreshAt = instantUpTo(within(get('afresh'), 'at'), latest);
  const because = within(get('afresh'), 'because');
  // Of these the end may not have come.
  const waiting = readSpans(get('waiting'), latest + longestExpectedMs, longestExpectedMs);
  return {
    schema: 1,
    subject,
    lookedAt: instantUpTo(get('lookedAt'), latest) ?? 0,
    found: readSpans(get('found'), latest, longestSpanMs),
    unlearnt: readSpans(get('unlearnt'), latest, longestSpanMs),
    ...(waiting.length === 0 ? {} : { waiting }),
    ...readNotable(get('notable'), latest),
    ...(failingSince === undefined || typeof runs !== 'number' ? {} : { failing: { since: failingSince, runs } }),
    ...(afreshAt === undefined || typeof because !== 'string' ? {} : { afresh: { at: afreshAt, because } }),
    ...readCompared(get('compared'), latest),
  };
}

function readNotable(stored: unknown, latest: number): { readonly notable?: readonly Notable[] } {
  return notablesShape(stored) && stored.every(({ at }) => instantUpTo(at, latest) !== undefined) ? { notable: stored } : {};
}

/** Of an instant that has not come, CloudWatch would not be compared before it has. */
function readCompared(stored: unknown, latest: number): { readonly compared?: ComparedRecord } {
  if (!fits(stored, comparedShape)) return {};
  const { at, difference } = stored;
  const instants = difference === undefined ? [at] : [at, difference.at, difference.since];
  return instants.every((instant) => instantUpTo(instant, latest) !== undefined) ? { compared: stored } : {};
}
