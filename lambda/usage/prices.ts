interface ModelPrice {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
}

/**
 * List prices of the Claude API in nano-USD per token (USD per million tokens × 1,000), so that money stays in whole numbers.
 * Read on 2026-11-24 from stored copies of platform.claude.com/docs/en/about-claude/pricing (October 2026). An estimate by
 * nature: discounts, priority tier, fast mode, data residency and Haiku 5.5's higher band for prompts above 100,000 tokens
 * are not in the usage feed's rows. The daily cost report is the truth.
 */
const table: readonly (readonly [prefix: string, price: ModelPrice])[] = [
  ['claude-fable-5-1', { input: 10_000, output: 50_000, cacheRead: 250 }],
  ['claude-mythos-5-1', { input: 10_000, output: 50_000, cacheRead: 250 }],
  ['claude-fable-5', { input: 10_000, output: 50_000, cacheRead: 1_000 }],
  ['claude-mythos-5', { input: 10_000, output: 50_000, cacheRead: 1_000 }],
  ['claude-opus-5-5', { input: 4_000, output: 20_000, cacheRead: 200 }],
  ['claude-opus-5', { input: 5_000, output: 25_000, cacheRead: 500 }],
  ['claude-opus-4-1', { input: 15_000, output: 75_000, cacheRead: 1_500 }],
  ['claude-opus-4-2', { input: 15_000, output: 75_000, cacheRead: 1_500 }],
  ['claude-opus-4', { input: 5_000, output: 25_000, cacheRead: 500 }],
  ['claude-sonnet-5-5', { input: 2_000, output: 10_000, cacheRead: 100 }],
  ['claude-sonnet-5', { input: 2_000, output: 10_000, cacheRead: 200 }],
  ['claude-sonnet-4', { input: 3_000, output: 15_000, cacheRead: 300 }],
  ['claude-haiku-5-5', { input: 100, output: 500, cacheRead: 10 }],
  ['claude-haiku-4-5', { input: 1_000, output: 5_000, cacheRead: 100 }],
];

/** A model that the table does not know is priced like the dearest one: an alarm too many is better than a theft unseen. */
const dearest: ModelPrice = { input: 15_000, output: 75_000, cacheRead: 1_500 };
const webSearchNanoUsd = 10_000_000;

export interface PricedTokens {
  readonly model: string | null;
  readonly serviceTier: string | null;
  readonly uncachedInputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreation5mTokens: number;
  readonly cacheCreation1hTokens: number;
  readonly outputTokens: number;
  readonly webSearches: number;
}

export function isPriced(model: string): boolean {
  return priceOf(model) !== undefined;
}

/** Estimated cost in nano-USD, a whole number. Cache writes cost 1.25 (5 minutes) and 2 times (1 hour) the input price; batch half. */
export function estimateNanoUsd(tokens: PricedTokens): number {
  const price = (tokens.model === null ? undefined : priceOf(tokens.model)) ?? dearest;
  const full =
    tokens.uncachedInputTokens * price.input +
    tokens.cacheReadTokens * price.cacheRead +
    (tokens.cacheCreation5mTokens * price.input * 5) / 4 +
    tokens.cacheCreation1hTokens * price.input * 2 +
    tokens.outputTokens * price.output;
  return Math.round(tokens.serviceTier === 'batch' ? full / 2 : full) + tokens.webSearches * webSearchNanoUsd;
}

function priceOf(model: string): ModelPrice | undefined {
  // The longest prefix wins, so that claude-opus-5-5 is not taken for claude-opus-5.
  let best: readonly [string, ModelPrice] | undefined;
  for (const row of table) if (model.startsWith(row[0]) && (best === undefined || row[0].length > best[0].length)) best = row;
  return best?.[1];
}
