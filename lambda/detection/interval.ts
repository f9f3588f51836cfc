/**
 * The width of a series' buckets, told from its timestamps as they arrive. Causal: a guess rests on what has arrived.
 */
export interface IntervalGuess {
  /** Takes the next arrival, epoch ms; the guess afterwards in ms, undefined before two different instants. */
  readonly next: (at: number) => number | undefined;
}

/** Widths that people choose, in seconds; a distance within a tenth of one is meant to be it. */
const usualSeconds = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400];
const tolerance = 0.1;
/** A distance is the width when at least this share of all distances is no longer; one odd pair proves nothing. */
const leastShare = 0.1;

/** A guess that starts from nothing. */
export function guessInterval(): IntervalGuess {
  const counts = new Map<number, number>();
  let total = 0;
  let last: number | undefined;
  let guess: number | undefined;
  return {
    next: (at) => {
      const distance = last === undefined ? 0 : snapped(Math.abs(at - last));
      last = at;
      if (distance === 0) return guess;
      counts.set(distance, (counts.get(distance) ?? 0) + 1);
      total += 1;
      guess = shortestCommon(counts, total);
      return guess;
    },
  };
}

function shortestCommon(counts: ReadonlyMap<number, number>, total: number): number | undefined {
  let below = 0;
  for (const [distance, count] of [...counts].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= leastShare * total) return distance;
  }
  return undefined;
}

function snapped(distanceMs: number): number {
  const seconds = distanceMs / 1000;
  const usual = usualSeconds.find((width) => Math.abs(seconds - width) <= tolerance * width);
  return usual === undefined ? Math.round(seconds) * 1000 : usual * 1000;
}
