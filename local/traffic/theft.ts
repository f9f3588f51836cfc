import { MINUTE_MS } from './draw.ts';
import type { MinuteUsage } from './draw.ts';
import { seeded } from '../random.ts';
import type { Random } from '../random.ts';

/** How a thief uses a stolen key. There is no public record of real thefts to fit: these are patterns that reports of them describe. */
export const theftPatterns = [
  'burst',
  'low-and-slow',
  'off-hours',
  'probe-then-burst',
  'new-model',
  'changed-ratio',
  'retired-key-wakes',
] as const;
export type TheftPattern = (typeof theftPatterns)[number];

export interface TheftOptions {
  readonly seed: number;
  /** Epoch milliseconds, at the start of a minute: the thief has the key from here on. */
  readonly from: number;
  readonly minutes: number;
  /** Tokens of a typical busy minute of the victim: the thief is sized by it. */
  readonly victimTokensPerMinute: number;
}

/** A model that no profile and no replay uses: the dearest of a family that the victim never asked for. */
export const NEW_MODEL = 'claude-mythos-5-2';
const USUAL_MODEL = 'claude-sonnet-5-5';
/** A resold key answers chats: long prompts without caching, answers of a few hundred tokens. */
const CHAT = { inputPerRequest: 3000, outputPerRequest: 350, model: USUAL_MODEL };
/** A prober asks for next to nothing. */
const PROBE = { inputPerRequest: 12, outputPerRequest: 4, model: USUAL_MODEL };
/** Generating text by the page: little in, much out. */
const WRITING = { inputPerRequest: 250, outputPerRequest: 2500, model: USUAL_MODEL };
const NIGHT = { fromHour: 0, untilHour: 5 };

interface Ask {
  readonly inputPerRequest: number;
  readonly outputPerRequest: number;
  readonly model: string;
}

/** What a thief wants of one minute: tokens on average, and the kind of request. */
interface Appetite {
  readonly tokens: number;
  readonly ask: Ask;
}

/**
 * The thief's own usage, to be added to the victim's. The same options give the same minutes; what happens when is told
 * by `minutes`, so a longer theft is a stretched one for probe-then-burst and retired-key-wakes, elsewhere a continued one:
 *
 * - `burst`: 8 to 12 times the victim within three minutes, and so on to the end
 * - `low-and-slow`: a tenth of the victim, in two minutes of three
 * - `off-hours`: as much as the victim, but only from 00:00 to 05:00 UTC; nothing where the window has no night
 * - `probe-then-burst`: a few tiny requests in the first tenth, silence to the third, then the burst
 * - `new-model`: half the victim, all of it on NEW_MODEL
 * - `changed-ratio`: as much as the victim in all, ten tokens out for one in
 * - `retired-key-wakes`: silence for a fifth, then sessions of 10 to 40 minutes at half the victim's rate
 *
 * Throws RangeError for a start between minutes and for a victim without tokens.
 */
export function drawTheft(pattern: TheftPattern, options: TheftOptions): Iterable<MinuteUsage> {
  const { from, victimTokensPerMinute } = options;
  if (!Number.isInteger(from / MINUTE_MS)) throw new RangeError(`a theft starts at the start of a minute, not at ${from}`);
  if (!(victimTokensPerMinute > 0))
    throw new RangeError(`a thief is sized by the victim's tokens per minute, not by ${victimTokensPerMinute}`);
  return drawn(pattern, options);
}

function* drawn(pattern: TheftPattern, { seed, from, minutes, victimTokensPerMinute }: TheftOptions): Generator<MinuteUsage, void> {
  const random = seeded(seed, `theft/${pattern}`);
  const appetite = appetiteOf(pattern, random, minutes);
  for (let minute = 0; minute < minutes; minute += 1) {
    const at = from + minute * MINUTE_MS;
    const wanted = appetite(minute, at);
    const usage = wanted === undefined ? undefined : asked(random, at, wanted.tokens * victimTokensPerMinute, wanted.ask);
    if (usage !== undefined) yield usage;
  }
}

/** Asked minute by minute in order; `tokens` are shares of the victim's. */
function appetiteOf(pattern: TheftPattern, random: Random, minutes: number): (minute: number, at: number) => Appetite | undefined {
  switch (pattern) {
    case 'burst':
      return burst(random, 0);
    case 'low-and-slow':
      return () => (random.uniform() < 2 / 3 ? { tokens: 0.1, ask: CHAT } : undefined);
    case 'off-hours':
      return (_, at) => {
        const hour = Math.floor(at / 3_600_000) % 24;
        return hour >= NIGHT.fromHour && hour < NIGHT.untilHour ? { tokens: 1, ask: CHAT } : undefined;
      };
    case 'probe-then-burst': {
      const attack = burst(random, Math.ceil(minutes / 3));
      const probing = Math.max(1, Math.floor(minutes / 10));
      return (minute) => {
        if (minute >= probing) return attack(minute);
        // The first minute always probes, so that there is something to notice before the burst.
        return minute === 0 || random.uniform() < 3 / probing ? { tokens: 0, ask: PROBE } : undefined;
      };
    }
    case 'new-model':
      return () => ({ tokens: 0.5, ask: { ...CHAT, model: NEW_MODEL } });
    case 'changed-ratio':
      return () => ({ tokens: 1, ask: WRITING });
    case 'retired-key-wakes':
      return sessions(random, Math.ceil(minutes / 5));
    default:
      return pattern satisfies never;
  }
}

function burst(random: Random, start: number): (minute: number) => Appetite | undefined {
  const height = 8 + 4 * random.uniform();
  return (minute) => (minute < start ? undefined : { tokens: height * Math.min(1, (minute - start + 1) / 3), ask: CHAT });
}

function sessions(random: Random, start: number): (minute: number) => Appetite | undefined {
  let until = start;
  let active = false;
  return (minute) => {
    if (minute < start) return undefined;
    if (minute >= until) {
      active = !active;
      until = minute + Math.round(10 + 30 * random.uniform());
    }
    return active ? { tokens: 0.5, ask: CHAT } : undefined;
  };
}

/** One minute of requests that come to about so many tokens; for none wanted, a single request. */
function asked(random: Random, at: number, tokens: number, { inputPerRequest, outputPerRequest, model }: Ask): MinuteUsage | undefined {
  // A thief's minute varies by a fifth on top of chance, as parallel users come and go.
  const requests = tokens === 0 ? 1 : random.poisson((tokens / (inputPerRequest + outputPerRequest)) * random.gamma(25) * 0.04);
  if (requests === 0) return undefined;
  const many = (perRequest: number) => Math.max(requests, Math.round(random.gamma(requests * 2) * 0.5 * perRequest));
  const uncachedInputTokens = many(inputPerRequest);
  return { at, model, requests, uncachedInputTokens, cacheReadTokens: 0, cacheCreationTokens: 0, outputTokens: many(outputPerRequest) };
}
