import { seeded } from '../../../local/random.ts';
import { drawTheft } from '../../../local/traffic/theft.ts';
import { dayMs, minuteMs, type Background } from './series.ts';

export const kinds = [
  'burst',
  'second burst',
  'probe, then burst',
  'steady',
  'slow drain',
  'off hours',
  'mimicry',
  'first days',
  'key at rest',
] as const;
export type Kind = (typeof kinds)[number];

/** What a thief used, in buckets [from, until): `added` tokens in each. */
interface Theft {
  readonly kind: Kind;
  readonly from: number;
  readonly until: number;
  readonly added: readonly number[];
}

/** A key with its thefts; `values` hold both. */
export interface Robbed extends Background {
  readonly thefts: readonly Theft[];
}

const bursts = { pattern: 'burst', minutes: 180, sizes: [0.3, 3] } as const;
/** How a pattern is drawn: how long, and by what it is multiplied at least and at most. */
const drawn = {
  burst: bursts,
  'second burst': bursts,
  'probe, then burst': { pattern: 'probe-then-burst', minutes: 360, sizes: [0.3, 3] },
  steady: { pattern: 'changed-ratio', minutes: 360, sizes: [0.5, 4] },
  'slow drain': { pattern: 'low-and-slow', minutes: 2880, sizes: [3, 15] },
  'off hours': { pattern: 'off-hours', minutes: 2880, sizes: [0.5, 2] },
  'first days': { pattern: 'burst', minutes: 180, sizes: [0.5, 5] },
  'key at rest': { pattern: 'retired-key-wakes', minutes: 720, sizes: [0.5, 4] },
} as const;

/** The background with one theft of this kind (of `second burst`: with two), at a time and of a size that the seed decides. */
export function robbed(background: Background, kind: Kind, seed: number): Robbed {
  const random = seeded(seed, `bench/${kind}/${background.source}/${background.set}`);
  const { intervalMs, values } = background;
  const perDay = dayMs / intervalMs;
  const days = values.length / perDay;
  const startDay = kind === 'first days' ? 0.5 + 2 * random.uniform() : 8 + Math.max(0, days - 11) * random.uniform();
  const start = Math.floor(startDay * perDay);
  const size = (least: number, most: number): number => least * (most / least) ** random.uniform();
  const mixed = [...values];
  const thefts: Theft[] = [];
  const steal = (at: number, added: readonly number[]): void => {
    const first = added.findIndex((each) => each > 0);
    const last = added.findLastIndex((each) => each > 0);
    if (first === -1) return;
    for (let index = first; index <= last; index += 1) mixed[at + index] = (mixed[at + index] ?? 0) + (added[index] ?? 0);
    thefts.push({ kind, from: at + first, until: at + last + 1, added: added.slice(first, last + 1) });
  };
  if (kind === 'mimicry') {
    const length = Math.min(Math.round(perDay / 2), values.length - start);
    const factor = size(0.7, 2);
    steal(
      start,
      Array.from({ length }, (_, index) => Math.round(factor * (values[start + index - Math.round(perDay)] ?? 0))),
    );
    return { ...background, values: mixed, thefts };
  }
  const { pattern, minutes, sizes } = drawn[kind];
  const busy = busyOf(values.slice(0, kind === 'first days' ? start : undefined)) / (intervalMs / minuteMs);
  const draw = (at: number, salt: number): readonly number[] => {
    const from = background.from + at * intervalMs;
    const length = Math.min(Math.ceil((minutes * minuteMs) / intervalMs), values.length - at);
    const added = Array.from({ length }, () => 0);
    const aligned = Math.floor(from / minuteMs) * minuteMs;
    for (const usage of drawTheft(pattern, {
      seed: seed + salt,
      from: aligned,
      minutes,
      victimTokensPerMinute: busy * size(sizes[0], sizes[1]),
    })) {
      const index = Math.floor((usage.at - from) / intervalMs);
      // A single value: all that was used, as a share of what the victim uses.
      const tokens = usage.uncachedInputTokens + usage.cacheReadTokens + usage.cacheCreationTokens + usage.outputTokens;
      if (index >= 0 && index < length) added[index] = (added[index] ?? 0) + tokens;
    }
    return added;
  };
  if (kind === 'key at rest')
    for (let index = Math.max(0, start - Math.round(5 * perDay)); index < values.length; index += 1) mixed[index] = 0;
  if (kind === 'second burst') {
    const again = start + Math.floor((0.3 + 2 * random.uniform()) * perDay);
    steal(start, draw(start, 1000));
    if (again < values.length) steal(again, draw(again, 2000));
    // The first is there for the second's sake.
    return { ...background, values: mixed, thefts: thefts.map((each, index) => (index === 0 ? { ...each, kind: 'burst' } : each)) };
  }
  steal(start, draw(start, 0));
  return { ...background, values: mixed, thefts };
}

/** The third quartile of the buckets in use; 1 where none is. */
function busyOf(values: readonly number[]): number {
  const used = values.filter((value) => value > 0).sort((a, b) => a - b);
  return used[Math.floor(used.length * 0.75)] ?? 1;
}
