import { watchedMetrics, type UsageMetric } from '../../contract/metrics.ts';
import { startAll, type Observation } from '../../lambda/detection/detectors.ts';
import { dayMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { estimateNanoUsd } from '../../lambda/usage/prices.ts';
import type { MinuteUsage } from '../traffic/draw.ts';
import { drawnCast } from './cast.ts';
import { storyStart, theftAt, theftOf } from './story.ts';

/** What the detector found in one seed's week. */
export interface SeedOutcome {
  readonly seed: number;
  /** From the theft to the alert, with the feed's delay; null = never within the thief's four hours. */
  readonly minutes: number | null;
  /** Alerts on the victim before the theft, and on the other keys at all. */
  readonly falseAlarms: number;
}

/** The feed is five minutes late; then collector and detector each run once a minute. */
const feedMinutes = 7;
const theftMinutes = 4 * 60;
const watchedKeys = 3;

/**
 * The demo's week of one seed, as the detector alone sees it: the same traffic, thief and share of the dial, without the functions around
 * it. So twenty weeks take less time than one demo.
 */
export function outcomeOf(seed: number): SeedOutcome {
  const from = Date.parse(storyStart);
  const cast = drawnCast(seed, from);
  // The usage that no managed key explains is watched, too.
  const settings = { intervalMs: minuteMs, falseAlarmsPerMonth: 1 / (cast.length + 1) };
  let minutes: number | null = null;
  let falseAlarms = 0;
  for (const [index, { usage }] of cast.entries()) {
    const isVictim = index === 0;
    const folder = startAll(watchedMetrics.length).folder(settings);
    let wasOn = false;
    for (const observation of minutesOf(isVictim ? [...usage, ...theftOf(usage, seed)] : usage, from)) {
      const isTheft = isVictim && observation.at >= theftAt;
      if (isTheft && (minutes !== null || observation.at >= theftAt + theftMinutes * minuteMs)) break;
      const { alert } = folder.fold(observation);
      if (alert && !wasOn) {
        if (isTheft) minutes = (observation.at - theftAt) / minuteMs + 1 + feedMinutes;
        else falseAlarms += 1;
      }
      wasOn = alert;
    }
  }
  return { seed, minutes, falseAlarms };
}

export interface SeedsSummary {
  readonly found: number;
  readonly medianMinutes: number | null;
  readonly worstMinutes: number | null;
  readonly falseAlarms: number;
  readonly promisedFalseAlarms: number;
}

/** Median and worst are of the thefts that were found. */
export function summaryOfSeeds(outcomes: readonly SeedOutcome[]): SeedsSummary {
  const minutes = outcomes.flatMap((outcome) => outcome.minutes ?? []).sort((a, b) => a - b);
  return {
    found: minutes.length,
    medianMinutes: minutes[Math.floor((minutes.length - 1) / 2)] ?? null,
    worstMinutes: minutes.at(-1) ?? null,
    falseAlarms: outcomes.reduce((sum, { falseAlarms }) => sum + falseAlarms, 0),
    promisedFalseAlarms: (outcomes.length * watchedKeys * 7) / 30 / (watchedKeys + 1),
  };
}

/** A week of minutes, also those without traffic. */
function* minutesOf(usage: readonly MinuteUsage[], from: number): Generator<Observation> {
  const sums = new Map<number, Partial<Record<UsageMetric, number>>>();
  for (const row of usage) {
    const { outputTokens = 0, estimatedCostUsd = 0 } = sums.get(row.at) ?? {};
    sums.set(row.at, { outputTokens: outputTokens + row.outputTokens, estimatedCostUsd: estimatedCostUsd + costUsd(row) });
  }
  for (let at = from; at < from + 7 * dayMs; at += minuteMs)
    yield { at, values: watchedMetrics.map((metric) => sums.get(at)?.[metric] ?? 0) };
}

function costUsd({ model, uncachedInputTokens, cacheReadTokens, cacheCreationTokens, outputTokens }: MinuteUsage): number {
  const listPrice = { serviceTier: null, contextWindow: null, inferenceGeo: null, speed: null, webSearches: 0 };
  const tokens = { model, uncachedInputTokens, cacheReadTokens, cacheCreation5mTokens: cacheCreationTokens, outputTokens };
  return estimateNanoUsd({ ...listPrice, ...tokens, cacheCreation1hTokens: 0 }) / 1e9;
}
