/** What one usage row is about. Reports decide which of it they show. */
export interface UsageDimensions {
  readonly organizationId: string;
  readonly apiKeyId: string | null;
  readonly workspaceId: string;
  readonly accountId: string | null;
  readonly serviceAccountId: string | null;
  readonly model: string;
  readonly serviceTier: string;
  readonly contextWindow: string;
  readonly inferenceGeo: string;
  readonly speed: string;
}

export interface UsageCounts {
  readonly requests: number;
  readonly uncachedInputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreation5mTokens: number;
  readonly cacheCreation1hTokens: number;
  readonly outputTokens: number;
  readonly webSearches: number;
}

export type MutableCounts = { -readonly [field in keyof UsageCounts]: number };

export interface UsageCell {
  /** Start of the minute, milliseconds since the epoch. */
  readonly minuteAt: number;
  readonly dimensions: UsageDimensions;
  readonly counts: UsageCounts;
}

/** A range of usage; without a field, all of it. `from` is inclusive, `until` exclusive, both milliseconds since the epoch. */
interface UsageRange {
  readonly from: number;
  readonly until: number;
  readonly apiKeyId?: string;
  readonly model?: string;
}

/** Usage by minute, and the ways in which the feed misbehaves. */
export interface UsageLedger {
  /** Adds usage at `at`; reports show it from `at` plus the feed's delay on. */
  add(dimensions: UsageDimensions, counts: UsageCounts, at: number): void;
  /** What a report asked at `asOf` shows of [`from`, `until`), minute by minute in order. */
  read(organizationId: string, from: number, until: number, asOf: number): Iterable<UsageCell>;
  /** What really happened, whatever the feed shows: for tests that compare. */
  truth(organizationId: string, from: number, until: number): Iterable<UsageCell>;
  /** Usage of the range that is added from now on shows up `extraMs` later than usual. */
  delay(range: UsageRange, extraMs: number): void;
  /** The range shows nothing until the instant `visibleAt`. */
  hide(range: UsageRange, visibleAt: number): void;
  /** From the instant `at` on, the range's counts are multiplied by `factor` (rounded): buckets that were read before change afterwards. */
  restate(range: UsageRange, factor: number, at: number): void;
}

export const MINUTE_MS = 60_000;
/** Parts older than this are merged: no stale read looks back further. */
const SETTLED_MS = 60 * MINUTE_MS;

interface Cell {
  readonly dimensions: UsageDimensions;
  readonly parts: Part[];
}
interface Part {
  readonly visibleAt: number;
  readonly counts: MutableCounts;
}

/** @param delayMs how long after a request its usage appears; typically five minutes on the real platform. */
export function usageLedger(delayMs: number): UsageLedger {
  const organizations = new Map<string, Map<number, Map<UsageDimensions, Cell>>>();
  const known = new Map<string, UsageDimensions>();
  const delays: { range: UsageRange; extraMs: number }[] = [];
  const hidden: { range: UsageRange; visibleAt: number }[] = [];
  const restatements: { range: UsageRange; factor: number; at: number }[] = [];

  /** One object per combination, so that reports group by identity instead of building strings for every cell. */
  const interned = (dimensions: UsageDimensions): UsageDimensions => {
    const { organizationId, apiKeyId, workspaceId, accountId, serviceAccountId, model, serviceTier, contextWindow, inferenceGeo, speed } =
      dimensions;
    const name = [
      organizationId,
      apiKeyId,
      workspaceId,
      accountId,
      serviceAccountId,
      model,
      serviceTier,
      contextWindow,
      inferenceGeo,
      speed,
    ].join(' ');
    const existing = known.get(name);
    if (existing !== undefined) return existing;
    known.set(name, dimensions);
    return dimensions;
  };

  const shown = (cell: Cell, minuteAt: number, asOf: number): UsageCounts | undefined => {
    if (hidden.some(({ range, visibleAt }) => asOf < visibleAt && covers(range, cell.dimensions, minuteAt))) return undefined;
    settle(cell.parts, asOf);
    const counts = sumOf(cell.parts, asOf);
    if (counts === undefined || restatements.length === 0) return counts;
    const factors = restatements.filter(({ range, at }) => at <= asOf && covers(range, cell.dimensions, minuteAt));
    return factors.reduce((restated, { factor }) => scaled(restated, factor), counts);
  };

  function* cellsOf(
    organizationId: string,
    from: number,
    until: number,
    pick: (cell: Cell, minuteAt: number) => UsageCounts | undefined,
  ): Iterable<UsageCell> {
    const minutes = organizations.get(organizationId);
    if (minutes === undefined) return;
    for (const minuteAt of minutesBetween(minutes, from, until)) {
      for (const cell of minutes.get(minuteAt)?.values() ?? []) {
        const counts = pick(cell, minuteAt);
        if (counts !== undefined && !isEmpty(counts)) yield { minuteAt, dimensions: cell.dimensions, counts };
      }
    }
  }

  return {
    add(given, counts, at) {
      const dimensions = interned(given);
      const minuteAt = at - (at % MINUTE_MS);
      const extraMs = delays.filter(({ range }) => covers(range, dimensions, minuteAt)).reduce((sum, delay) => sum + delay.extraMs, 0);
      const minutes = getOrSet(organizations, dimensions.organizationId, () => new Map<number, Map<UsageDimensions, Cell>>());
      const cells = getOrSet(minutes, minuteAt, () => new Map<UsageDimensions, Cell>());
      const cell = getOrSet(cells, dimensions, () => ({ dimensions, parts: [] }));
      const visibleAt = at + delayMs + extraMs;
      const last = cell.parts.at(-1);
      if (last?.visibleAt === visibleAt) addTo(last.counts, counts);
      else cell.parts.push({ visibleAt, counts: { ...counts } });
    },
    read: (organizationId, from, until, asOf) => cellsOf(organizationId, from, until, (cell, minuteAt) => shown(cell, minuteAt, asOf)),
    truth: (organizationId, from, until) => cellsOf(organizationId, from, until, (cell) => sumOf(cell.parts, Infinity)),
    delay: (range, extraMs) => void delays.push({ range, extraMs }),
    hide: (range, visibleAt) => void hidden.push({ range, visibleAt }),
    restate: (range, factor, at) => void restatements.push({ range, factor, at }),
  };
}

const noCounts = (): MutableCounts => ({
  requests: 0,
  uncachedInputTokens: 0,
  cacheReadTokens: 0,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  outputTokens: 0,
  webSearches: 0,
});

export function addTo(total: MutableCounts, counts: UsageCounts): void {
  total.requests += counts.requests;
  total.uncachedInputTokens += counts.uncachedInputTokens;
  total.cacheReadTokens += counts.cacheReadTokens;
  total.cacheCreation5mTokens += counts.cacheCreation5mTokens;
  total.cacheCreation1hTokens += counts.cacheCreation1hTokens;
  total.outputTokens += counts.outputTokens;
  total.webSearches += counts.webSearches;
}

const scaled = (counts: UsageCounts, factor: number): UsageCounts => ({
  requests: Math.round(counts.requests * factor),
  uncachedInputTokens: Math.round(counts.uncachedInputTokens * factor),
  cacheReadTokens: Math.round(counts.cacheReadTokens * factor),
  cacheCreation5mTokens: Math.round(counts.cacheCreation5mTokens * factor),
  cacheCreation1hTokens: Math.round(counts.cacheCreation1hTokens * factor),
  outputTokens: Math.round(counts.outputTokens * factor),
  webSearches: Math.round(counts.webSearches * factor),
});

/** Rows exist only where usage exists. */
const isEmpty = (counts: UsageCounts): boolean =>
  counts.requests + counts.uncachedInputTokens + counts.cacheReadTokens + counts.cacheCreation5mTokens === 0 &&
  counts.cacheCreation1hTokens + counts.outputTokens + counts.webSearches === 0;

/** The sum of the parts that are visible at `asOf`. */
function sumOf(parts: readonly Part[], asOf: number): UsageCounts | undefined {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first.visibleAt <= asOf ? first.counts : undefined;
  const total = noCounts();
  for (const part of parts) if (part.visibleAt <= asOf) addTo(total, part.counts);
  return total;
}

/** Merges what every later read will show as one. */
function settle(parts: Part[], asOf: number): void {
  if (parts.length < 2 || parts.some((part) => part.visibleAt > asOf - SETTLED_MS)) return;
  const counts = noCounts();
  for (const part of parts) addTo(counts, part.counts);
  const visibleAt = Math.max(...parts.map((part) => part.visibleAt));
  parts.splice(0, parts.length, { visibleAt, counts });
}

/** Walks the shorter of the two: the range's minutes, or the minutes that have usage. */
function minutesBetween(minutes: ReadonlyMap<number, unknown>, from: number, until: number): number[] {
  const start = from - (from % MINUTE_MS);
  const wanted = Math.ceil((until - start) / MINUTE_MS);
  if (wanted <= minutes.size) {
    return Array.from({ length: Math.max(0, wanted) }, (_, index) => start + index * MINUTE_MS).filter((minuteAt) => minutes.has(minuteAt));
  }
  return [...minutes.keys()].filter((minuteAt) => minuteAt >= start && minuteAt < until).sort((a, b) => a - b);
}

function covers(range: UsageRange, dimensions: UsageDimensions, minuteAt: number): boolean {
  return (
    minuteAt >= range.from &&
    minuteAt < range.until &&
    (range.apiKeyId === undefined || range.apiKeyId === dimensions.apiKeyId) &&
    (range.model === undefined || range.model === dimensions.model)
  );
}

function getOrSet<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  map.set(key, made);
  return made;
}
