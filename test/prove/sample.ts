import { seeded } from '../../local/traffic/random.ts';

/** About so many cases take a minute. */
const shortLength = 90;

/** One of `shares` equal shares of the short form: the things that the seed draws. */
export function sampleOf<T>(things: readonly T[], shares: number, seed: number): readonly T[] {
  const { uniform } = seeded(seed, 'sample');
  return things
    .map((thing) => ({ thing, rank: uniform() }))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, Math.ceil(shortLength / shares))
    .map(({ thing }) => thing);
}
