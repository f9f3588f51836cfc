import { seeded } from '../../local/traffic/random.ts';

/** The same things in an order that the seed draws. */
export function shuffled<T>(things: readonly T[], seed: number): readonly T[] {
  const { uniform } = seeded(seed, 'sample');
  return things
    .map((thing) => ({ thing, rank: uniform() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ thing }) => thing);
}
