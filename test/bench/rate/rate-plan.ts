import { windowMinutes } from './rate-state.ts';
import type { EvidenceKind } from './rate-state.ts';

/** What follows from the settings alone. */
export interface RatePlan {
  readonly intervalMs: number;
  /** The profile's step: an hour, or a bucket where that is longer. */
  readonly slotMs: number;
  readonly slotsPerDay: number;
  /** Look-back windows: length, weight of one bucket, and whether a shorter window is not the same already. */
  readonly windows: readonly { readonly lengthMs: number; readonly gain: number; readonly active: boolean; readonly level: boolean }[];
  /** Position of the shortest active window. */
  readonly shortest: number;
  /** False alarms per month that one test may raise. */
  readonly perTest: number;
  /** The floor of a key that was never busy. */
  readonly leastFloor: number;
}

/** The strongest evidence of one bucket. */
export interface Found {
  evidence: number;
  kind: EvidenceKind;
  metric: number;
  window: number;
}

/** The window of an hour: it says what is going on now, and metrics are compared with each other in it. */
export const hourWindow = 2;
/** Tests look at the same traffic and mostly agree: five of them are as three. */
const independentShare = 0.6;
/** The plan of `settings` for a key of `metrics` metrics. */
export function planOf(intervalMs: number, falseAlarmsPerMonth: number, metrics: number): RatePlan {
  const slotMs = Math.max(3_600_000, intervalMs);
  const lengths = windowMinutes.map((minutes) => Math.max(minutes * 60_000, intervalMs));
  const windows = lengths.map((lengthMs, index) => ({
    lengthMs,
    gain: intervalMs / lengthMs,
    // Of windows that one bucket makes the same, the longest stays.
    active: lengthMs !== lengths[index + 1],
    level: lengthMs < 86_400_000 || intervalMs >= 86_400_000,
  }));
  const used = windows.filter((window) => window.active);
  const tests = metrics * (used.length + used.filter((window) => window.level).length) + metrics - 1;
  return {
    intervalMs,
    slotMs,
    slotsPerDay: Math.max(1, Math.min(24, Math.round(86_400_000 / slotMs))),
    windows,
    shortest: windows.findIndex((window) => window.active),
    perTest: falseAlarmsPerMonth / (tests * independentShare),
    leastFloor: (20 * intervalMs) / 60_000,
  };
}

/** Keeps the stronger evidence. */
export function raise(found: Found, kind: Found['kind'], evidence: number, metric: number, window: number): void {
  if (evidence <= found.evidence) return;
  found.evidence = evidence;
  found.kind = kind;
  found.metric = metric;
  found.window = window;
}
