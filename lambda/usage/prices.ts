import {
  cacheWrites,
  contextWindows,
  inferenceGeos,
  modelPrices,
  serviceTiers,
  speeds,
  webSearchNanoUsd,
  type ModelPrice,
} from './price-table.ts';

/** Tokens and what their price depends on. Null: the report does not say; then the list price holds. */
export interface PricedTokens {
  readonly model: string | null;
  readonly serviceTier: string | null;
  readonly contextWindow: string | null;
  readonly inferenceGeo: string | null;
  readonly speed: string | null;
  readonly uncachedInputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheCreation5mTokens: number;
  readonly cacheCreation1hTokens: number;
  readonly outputTokens: number;
  readonly webSearches: number;
}

/**
 * Estimated cost in nano-USD, a whole number: tokens times list price, as tier, residency, speed and context window change it.
 * Tokens of a model that the table does not know cost nothing here, and `withoutPrice` names it: a guess would look like a fact.
 */
export function estimateNanoUsd(tokens: PricedTokens): number {
  const searches = tokens.webSearches * webSearchNanoUsd;
  const price = priceOf(tokens.model);
  if (price === undefined) return searches;
  const list =
    tokens.uncachedInputTokens * price.input +
    tokens.cacheReadTokens * price.cacheRead +
    shareOf(tokens.cacheCreation5mTokens * price.input, cacheWrites.fiveMinutes) +
    shareOf(tokens.cacheCreation1hTokens * price.input, cacheWrites.oneHour) +
    tokens.outputTokens * price.output;
  const isLong = contextWindows[tokens.contextWindow ?? ''] === 'long';
  const shares = [serviceTiers[tokens.serviceTier ?? ''], inferenceGeos[tokens.inferenceGeo ?? ''], speeds[tokens.speed ?? '']];
  const whole = shares.reduce((sum, share) => shareOf(sum, share?.times ?? [1, 1]), isLong ? list * (price.longPrompt ?? 1) : list);
  return Math.round(whole) + searches;
}

/** What of these tokens no row of the table explains, in words: a model is priced as nothing, another word as if it were not there. */
export function withoutPrice({ model, serviceTier, contextWindow, inferenceGeo, speed }: PricedTokens): readonly string[] {
  return [
    ...(priceOf(model) === undefined ? [model === null ? 'a model without a name' : `model ${model}`] : []),
    ...unknown('service tier', serviceTier, serviceTiers),
    ...unknown('context window', contextWindow, contextWindows),
    ...unknown('inference geography', inferenceGeo, inferenceGeos),
    ...unknown('speed', speed, speeds),
  ];
}

const byId = new Map(modelPrices.map((price) => [price.id, price]));

/** By the exact id, or the exact id with a date behind it. What merely begins like a known model is another model. */
function priceOf(model: string | null): ModelPrice | undefined {
  return model === null ? undefined : byId.get(model.replace(/-20\d{6}$/, ''));
}

function shareOf(amount: number, [numerator, denominator]: readonly [number, number]): number {
  return (amount * numerator) / denominator;
}

function unknown(what: string, word: string | null, known: object): readonly string[] {
  return word === null || Object.hasOwn(known, word) ? [] : [`${what} ${word}`];
}
