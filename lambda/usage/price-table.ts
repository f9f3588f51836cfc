/** List prices of one model, in nano-USD per token: USD per million tokens × 1,000, so that money stays in whole numbers. */
export interface ModelPrice {
  /** As the API names it; the same id with a date behind it (`-20251001`) costs the same. No other id does. */
  readonly id: string;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  /** How many times as much a prompt costs that is longer than the model's usual ones. */
  readonly longPrompt?: number;
  readonly source: string;
  /** When it was read there. */
  readonly read: string;
}

const page = { source: 'platform.claude.com/docs/en/about-claude/pricing', read: '2026-11-24' } as const;
const notes = { source: 'platform.claude.com/docs/en/release-notes/overview', read: '2026-11-30' } as const;

export const modelPrices: readonly ModelPrice[] = [
  { id: 'claude-fable-5-2', input: 8_000, output: 40_000, cacheRead: 200, ...notes },
  { id: 'claude-mythos-5-2', input: 8_000, output: 40_000, cacheRead: 200, ...notes },
  { id: 'claude-fable-5-1', input: 10_000, output: 50_000, cacheRead: 250, ...page },
  { id: 'claude-mythos-5-1', input: 10_000, output: 50_000, cacheRead: 250, ...page },
  { id: 'claude-fable-5', input: 10_000, output: 50_000, cacheRead: 1_000, ...page },
  { id: 'claude-mythos-5', input: 10_000, output: 50_000, cacheRead: 1_000, ...page },
  { id: 'claude-opus-5-5', input: 4_000, output: 20_000, cacheRead: 200, ...notes },
  { id: 'claude-opus-5', input: 5_000, output: 25_000, cacheRead: 500, ...page },
  { id: 'claude-opus-4-8', input: 5_000, output: 25_000, cacheRead: 500, ...page },
  { id: 'claude-opus-4-7', input: 5_000, output: 25_000, cacheRead: 500, ...page },
  { id: 'claude-opus-4-6', input: 5_000, output: 25_000, cacheRead: 500, ...page },
  { id: 'claude-opus-4-5', input: 5_000, output: 25_000, cacheRead: 500, ...page },
  { id: 'claude-opus-4-1', input: 15_000, output: 75_000, cacheRead: 1_500, ...page },
  { id: 'claude-opus-4-0', input: 15_000, output: 75_000, cacheRead: 1_500, ...page },
  // With its date, claude-opus-4-20250514, it is what claude-opus-4-0 stands for.
  { id: 'claude-opus-4', input: 15_000, output: 75_000, cacheRead: 1_500, ...page },
  { id: 'claude-sonnet-5-5', input: 2_000, output: 10_000, cacheRead: 100, ...notes },
  { id: 'claude-sonnet-5', input: 2_000, output: 10_000, cacheRead: 200, ...page },
  { id: 'claude-sonnet-4-6', input: 3_000, output: 15_000, cacheRead: 300, ...page },
  { id: 'claude-sonnet-4-5', input: 3_000, output: 15_000, cacheRead: 300, ...page },
  { id: 'claude-sonnet-4-0', input: 3_000, output: 15_000, cacheRead: 300, ...page },
  { id: 'claude-sonnet-4', input: 3_000, output: 15_000, cacheRead: 300, ...page },
  // Five times as much for prompts over 100,000 tokens.
  { id: 'claude-haiku-5-5', input: 100, output: 500, cacheRead: 10, longPrompt: 5, ...notes },
  { id: 'claude-haiku-4-5', input: 1_000, output: 5_000, cacheRead: 100, ...page },
];

/** A word of the report that changes the price: how many times the list price, as a fraction of whole numbers. */
interface Share {
  readonly times: readonly [number, number];
  readonly source: string;
  readonly read: string;
}

const list = { times: [1, 1], ...page } as const;
const fastMode = { source: 'platform.claude.com/docs/en/build-with-claude/fast-mode', read: '2026-11-30' } as const;

/** Priority tokens are paid by commitment; at list price they show how much of it is used. */
export const serviceTiers: Readonly<Record<string, Share>> = {
  standard: list,
  batch: { times: [1, 2], ...page },
  priority: list,
  priority_on_demand: list,
};
export const inferenceGeos: Readonly<Record<string, Share>> = {
  global: list,
  not_available: list,
  us: { times: [11, 10], ...page },
};
export const speeds: Readonly<Record<string, Share>> = { standard: list, fast: { times: [2, 1], ...fastMode } };

/** Prompts longer than 200,000 tokens stand in a window of their own: between 100,000 and that the report does not tell them apart. */
export const contextWindows: Readonly<Record<string, 'usual' | 'long'>> = { '0-200k': 'usual', '200k-1M': 'long' };

/** Cache writes in shares of the input price. */
export const cacheWrites = { fiveMinutes: [5, 4], oneHour: [2, 1] } as const;
export const webSearchNanoUsd = 10_000_000;
