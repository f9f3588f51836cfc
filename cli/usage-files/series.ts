/** One row of usage: when, and what each metric was in that bucket. */
export interface UsageRow {
  /** As it stands in the file. */
  readonly timestamp: string;
  /** Epoch ms, UTC. */
  readonly at: number;
  /** One per metric; null = no datum. */
  readonly values: readonly (number | null)[];
  /** Where in the file: `usage.csv:3`, `usage.json data[2]`. */
  readonly place: string;
}

/** The usage of one key. */
export interface UsageSeries {
  /** The key's name in the file; absent where the file is one key. */
  readonly key?: string;
  readonly metrics: readonly string[];
  /** Oldest first, each instant once. */
  readonly rows: readonly UsageRow[];
  /** Width of the buckets in ms, where the file tells it. */
  readonly intervalMs?: number;
}

/** A file that cannot be read as usage. The message names the place and what stands there; the fix is a next step. */
export class UsageFileError extends Error {
  override readonly name = 'UsageFileError';
  readonly code = 'usage-file-unreadable';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** An instant that stands twice in a file with two values: which is right nobody can tell from the file. */
export function twoValues(
  first: { readonly place: string; readonly timestamp: string },
  second: { readonly place: string },
): UsageFileError {
  return new UsageFileError(
    `${second.place}: ${first.timestamp} stands at ${first.place} already, with another value`,
    'if both are parts of the usage, add them up with --sum; if the second corrects the first, say --format csv, which takes rows in their order of arrival; ' +
      'if it is the hour that a clock change doubles, export again with times in UTC',
  );
}

/** A piece of a key's usage in one bucket: of one model, of one metric, of one line. */
export interface Part {
  /** Absent where the file does not tell keys apart. */
  readonly key?: string;
  readonly timestamp: string;
  readonly at: number;
  readonly place: string;
  /** All that tells it from the other parts of its key and bucket, such as model and tier. */
  readonly identity: string;
  /** By metric. */
  readonly amounts: Readonly<Record<string, number>>;
}

interface Gathered {
  readonly series: readonly UsageSeries[];
  /** Parts that stood twice with the same amounts, and count once. */
  readonly repeated: number;
}

/**
 * The parts of each key, added up per bucket. A bucket without any use is left out: it is as quiet as one that is not there. The same part
 * twice with other amounts throws UsageFileError, unless `sum` adds them.
 */
export function gathered(
  parts: readonly Part[],
  { metrics, intervalMs, sum }: { readonly metrics: readonly string[]; readonly intervalMs?: number | undefined; readonly sum: boolean },
): Gathered {
  const known = new Map<string, Part>();
  const kept: Part[] = [];
  for (const part of parts) {
    const identity = JSON.stringify([part.key ?? null, part.at, part.identity]);
    const earlier = known.get(identity);
    if (earlier !== undefined && !sum) {
      if (JSON.stringify(earlier.amounts) !== JSON.stringify(part.amounts)) throw twoValues(earlier, part);
      continue;
    }
    known.set(identity, part);
    kept.push(part);
  }
  const named = metrics.filter((metric) => kept.some(({ amounts }) => amounts[metric] !== undefined));
  const keys = new Map<string | undefined, Part[]>();
  for (const part of kept) {
    const own = keys.get(part.key);
    if (own === undefined) keys.set(part.key, [part]);
    else own.push(part);
  }
  const series = [...keys].map(([key, own]) => ({
    ...(key === undefined ? {} : { key }),
    metrics: named,
    rows: rowsOf(own, named),
    ...(intervalMs === undefined ? {} : { intervalMs }),
  }));
  return { series, repeated: parts.length - kept.length };
}

function rowsOf(parts: readonly Part[], metrics: readonly string[]): readonly UsageRow[] {
  const buckets = new Map<number, Part[]>();
  for (const part of parts) {
    const bucket = buckets.get(part.at);
    if (bucket === undefined) buckets.set(part.at, [part]);
    else bucket.push(part);
  }
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .flatMap(([at, own]) => {
      const values = metrics.map((metric) => total(own.flatMap(({ amounts }) => amounts[metric] ?? [])));
      const [first] = own;
      return first === undefined || values.every((value) => value === null || value === 0)
        ? []
        : [{ timestamp: first.timestamp, at, values, place: first.place }];
    });
}

function total(amounts: readonly number[]): number | null {
  return amounts.length === 0 ? null : amounts.reduce((sum, amount) => sum + amount, 0);
}

/** The shortest distance between two of the instants; undefined where there are not two. */
export function shortestDistance(instants: Iterable<number>): number | undefined {
  const sorted = [...new Set(instants)].sort((a, b) => a - b);
  let shortest: number | undefined;
  for (const [index, at] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined) shortest = Math.min(shortest ?? Infinity, at - before);
  }
  return shortest;
}
