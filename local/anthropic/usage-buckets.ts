import type { MutableCounts, UsageCell, UsageDimensions } from './usage-ledger.ts';
import { addTo } from './usage-ledger.ts';

/** Sums by bucket start, and within a bucket by what the usage is about. */
export type UsageBuckets = ReadonlyMap<number, ReadonlyMap<UsageDimensions, MutableCounts>>;

/**
 * Adds minutes up into buckets. All reports start here, so that pricing and grouping work on few sums, not on every minute.
 * @param bucketOf the bucket that a minute belongs to
 */
export function sumBuckets(
  cells: Iterable<UsageCell>,
  bucketOf: (minuteAt: number) => number,
  matches: (dimensions: UsageDimensions) => boolean,
): UsageBuckets {
  const buckets = new Map<number, Map<UsageDimensions, MutableCounts>>();
  const wanted = new Map<UsageDimensions, boolean>();
  for (const { minuteAt, dimensions, counts } of cells) {
    let match = wanted.get(dimensions);
    if (match === undefined) wanted.set(dimensions, (match = matches(dimensions)));
    if (!match) continue;
    const start = bucketOf(minuteAt);
    let sums = buckets.get(start);
    if (sums === undefined) buckets.set(start, (sums = new Map<UsageDimensions, MutableCounts>()));
    const sum = sums.get(dimensions);
    if (sum === undefined) sums.set(dimensions, { ...counts });
    else addTo(sum, counts);
  }
  return buckets;
}
