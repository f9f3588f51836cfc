import { seeded } from '../random.ts';
import type { Random } from '../random.ts';
import type { Profile } from './profiles.ts';

/** One model's usage within one minute. A minute without traffic has no entry. */
export interface MinuteUsage {
  /** Start of the minute, epoch milliseconds, UTC. */
  readonly at: number;
  readonly model: string;
  readonly requests: number;
  readonly uncachedInputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreationTokens: number;
  readonly outputTokens: number;
}

export interface DrawOptions {
  readonly seed: number;
  /** Epoch milliseconds, at the start of a minute. */
  readonly from: number;
  readonly minutes: number;
  /** Multiplies the profile's level. @default 1 */
  readonly level?: number;
}

export const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The traces see ten-minute buckets: nothing is known of pauses within one, so none are drawn. */
const SPELL_MS = 600_000;

/**
 * Usage as a key of this kind might have it, minute by minute in order. The same profile, seed and start give the same
 * minutes, and a shorter draw is the beginning of a longer one. The expected rate of an hour is the profile's
 * level × its shape: what wanders around it has mean 1. Throws RangeError for a start between minutes or a level below 0.
 */
export function* drawUsage(profile: Profile, options: DrawOptions): Generator<MinuteUsage, void> {
  const { seed, from, minutes, level = 1 } = options;
  if (!Number.isInteger(from / MINUTE_MS)) throw new RangeError(`a draw starts at the start of a minute, not at ${from}`);
  if (!(level >= 0)) throw new RangeError(`a level multiplies the profile's rate and is at least 0, not ${level}`);
  const rateAt = drawRates(profile, seeded(seed, `${profile.name}/rate`), from);
  const requestsAt = drawRequests(profile, seeded(seed, `${profile.name}/requests`), from);
  for (let minute = 0; minute < minutes; minute += 1) {
    const at = from + minute * MINUTE_MS;
    const rate = rateAt(at) * level;
    if (rate > 0) yield* requestsAt(at, rate);
  }
}

/** Which of the 48 hours of the shapes an instant belongs to: 0–23 on weekdays, 24–47 on weekends. */
export function hourSlot(at: number): number {
  // The epoch was a Thursday.
  const day = (Math.floor(at / DAY_MS) + 4) % 7;
  return Math.floor((at % DAY_MS) / HOUR_MS) + (day === 0 || day === 6 ? 24 : 0);
}

/** Requests per minute, to be asked minute by minute in order: level × shape × gate × wandering × bursts. */
function drawRates(profile: Profile, random: Random, from: number): (at: number) => number {
  const { hourOfWeek, activity, wandering, bursts } = profile;
  const open = [...activity.weekday, ...activity.weekend];
  const whenOpen = [...hourOfWeek.weekday, ...hourOfWeek.weekend].map((shape, slot) => {
    const share = open[slot] ?? 0;
    return share > 0 ? (profile.requestsPerMinute * shape) / share : 0;
  });
  const threshold = open.map(normalQuantile);
  const gate = autoregression(random, { logSd: 1, minutes: activity.memoryMinutes }, SPELL_MS / MINUTE_MS);
  const slow = autoregression(random, { logSd: Math.sqrt(wandering.slowShare), minutes: wandering.slowMinutes }, 1);
  const fast = autoregression(random, { logSd: Math.sqrt(1 - wandering.slowShare), minutes: wandering.fastMinutes }, 1);
  const wanderedMean = meanOverNormal((z) => wandered(wandering, z));
  const burstShare = (bursts.perDay * bursts.minutes) / (1440 + bursts.perDay * bursts.minutes);
  const burst = (z: number) => bursts.factor * Math.exp(bursts.factorLogSd * within(z, 1.5));
  const withoutBursts = 1 / (1 + burstShare * (meanOverNormal(burst) - 1));

  let latent = gate();
  let burstFactor = 1;
  let inBurst = false;
  return (at) => {
    // A gate that a normal variate opens is open exactly as often as the hour's share says, whatever its memory.
    if (at % SPELL_MS === 0 && at !== from) latent = gate();
    const factor = wandered(wandering, slow() + fast()) / wanderedMean;
    if (random.uniform() < (inBurst ? 1 / bursts.minutes : bursts.perDay / 1440)) {
      inBurst = !inBurst;
      burstFactor = inBurst ? burst(random.normal()) : 1;
    }
    const slot = hourSlot(at);
    if (latent >= (threshold[slot] ?? 0)) return 0;
    return (whenOpen[slot] ?? 0) * factor * burstFactor * withoutBursts;
  };
}

/** Whole requests and their tokens for a rate, to be asked minute by minute in order. */
function drawRequests(profile: Profile, random: Random, from: number): (at: number, rate: number) => Generator<MinuteUsage, void> {
  const { minute, tokens, assumed } = profile;
  const inputDrift = autoregression(random, tokens.inputDrift, 60);
  const outputDrift = autoregression(random, tokens.outputDrift, 60);
  let driftedUntil = from;
  let inputMean = tokens.inputPerRequest;
  let outputMean = tokens.outputPerRequest;
  const drift = (): void => {
    inputMean = tokens.inputPerRequest * Math.exp(inputDrift() - tokens.inputDrift.logSd ** 2 / 2);
    outputMean = tokens.outputPerRequest * Math.exp(outputDrift() - tokens.outputDrift.logSd ** 2 / 2);
  };
  const tokensOf = (requests: number, mean: number, cv: number): number => {
    const shape = requests / cv ** 2;
    // A request has at least one token of either kind.
    return Math.max(requests, Math.round((random.gamma(shape) / shape) * requests * mean));
  };

  return function* (at, rate) {
    for (; driftedUntil <= at; driftedUntil += HOUR_MS) drift();
    const noise = minute.overDispersion > 0 ? random.gamma(1 / minute.overDispersion) * minute.overDispersion : 1;
    let left = random.poisson(rate * noise);
    let shareLeft = 1;
    for (const { model, share } of assumed.models) {
      const requests = share >= shareLeft ? left : random.binomial(left, share / shareLeft);
      left -= requests;
      shareLeft -= share;
      if (requests === 0) continue;
      const input = tokensOf(requests, inputMean, minute.inputCvPerRequest);
      const outputTokens = tokensOf(requests, outputMean, minute.outputCvPerRequest);
      const cacheReadTokens = Math.round(input * assumed.cacheReadShare);
      const cacheCreationTokens = Math.round(input * assumed.cacheCreationShare);
      const uncachedInputTokens = input - cacheReadTokens - cacheCreationTokens;
      yield { at, model, requests, uncachedInputTokens, cacheReadTokens, cacheCreationTokens, outputTokens };
    }
  };
}

/** Busy hours have a ceiling and quiet ones none, so traces fall further below their median than they rise above it. */
function wandered({ logSdUp, logSdDown }: Profile['wandering'], z: number): number {
  return Math.exp(within(z, 2.5) * (z > 0 ? logSdUp : logSdDown));
}

/** Real services have limits: no trace goes as far as a normal's far tails would, exponentiated. */
function within(z: number, most: number): number {
  return Math.min(most, Math.max(-most, z));
}

/** The mean of a function of a standard normal variate. */
function meanOverNormal(value: (z: number) => number): number {
  const step = 0.01;
  let [sum, weight] = [0, 0];
  for (let z = -8; z <= 8; z += step) {
    const density = Math.exp((-z * z) / 2);
    sum += density * value(z);
    weight += density;
  }
  return sum / weight;
}

/** A stationary first-order autoregression with this standard deviation and memory; each call is one step later. */
function autoregression(random: Random, { logSd, minutes }: { logSd: number; minutes: number }, stepMinutes: number): () => number {
  const keep = Math.exp(-stepMinutes / minutes);
  const fresh = logSd * Math.sqrt(1 - keep * keep);
  let state = random.normal() * logSd;
  return () => {
    const now = state;
    state = state * keep + fresh * random.normal();
    return now;
  };
}

/** The value below which a standard normal falls with this probability: Winitzki's form of the error function, to within 0.002. */
function normalQuantile(probability: number): number {
  if (probability <= 0) return -Infinity;
  if (probability >= 1) return Infinity;
  const x = 2 * probability - 1;
  const a = 0.147;
  const log = Math.log(1 - x * x);
  const term = 2 / (Math.PI * a) + log / 2;
  return Math.sign(x) * Math.SQRT2 * Math.sqrt(Math.sqrt(term * term - log / a) - term);
}
