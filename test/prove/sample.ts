import { createHash } from 'node:crypto';
import { seeded } from '../../local/random.ts';
import { caseName, type Case } from './crash.ts';

/** About so many cases take a minute. */
export const shortLength = 90;

/** One of `shares` equal shares of the short form: the things that the seed draws. */
export function sampleOf<T>(things: readonly T[], shares: number, seed: number): readonly T[] {
  const { uniform } = seeded(seed, 'sample');
  return ranked(things, () => uniform()).slice(0, Math.ceil(shortLength / shares));
}

/**
 * The cases in an order of their own, the same for every seed: each shard of them, and each run that is stopped by the clock, then has
 * of every operation, call and kind of fault about as much as it has of the others.
 */
export function mixed(cases: readonly Case[]): readonly Case[] {
  return ranked(cases, (each) => createHash('sha256').update(caseName(each)).digest().readUIntBE(0, 6));
}

function ranked<T>(things: readonly T[], rankOf: (thing: T) => number): readonly T[] {
  return things
    .map((thing) => ({ thing, rank: rankOf(thing) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ thing }) => thing);
}
