import type { UsageCounts, UsageDimensions } from './usage-ledger.ts';
import { modelNamed } from './catalogue.ts';

type TokenType =
  | 'uncached_input_tokens'
  | 'cache_read_input_tokens'
  | 'cache_creation.ephemeral_5m_input_tokens'
  | 'cache_creation.ephemeral_1h_input_tokens'
  | 'output_tokens';

/** One component of what usage costs. */
export interface CostPart {
  readonly costType: 'tokens' | 'web_search';
  readonly tokenType: TokenType | null;
  /** In 10^-10 US cents, so that every price is whole and sums are exact. */
  readonly amount: bigint;
}

/** Prices are kept in 1/10,000 cent per million tokens. */
const PRICE_STEPS = 10_000;
const UNITS_PER_CENT = 10_000_000_000n;
/** $10 per 1,000 searches. */
const WEB_SEARCH_CENTS = 1n;
/** Batch work is half the price, work kept in the US costs a tenth more, and fast mode twice as much. */
const BATCH_SHARE = 0.5;
const US_SHARE = 1.1;
const FAST_SHARE = 2;

/** What usage costs at list price, by component; unknown models cost nothing. */
export function costOf(dimensions: UsageDimensions, counts: UsageCounts): CostPart[] {
  const model = modelNamed(dimensions.model);
  const price = model?.price;
  const share =
    (dimensions.serviceTier === 'batch' ? BATCH_SHARE : 1) *
    (dimensions.inferenceGeo === 'us' ? US_SHARE : 1) *
    (dimensions.speed === 'fast' ? FAST_SHARE : 1) *
    (dimensions.contextWindow === '200k-1M' ? (model?.longPromptShare ?? 1) : 1);
  const tokens = (tokenType: TokenType, count: number, centsPerMillion: number): CostPart => ({
    costType: 'tokens',
    tokenType,
    amount: BigInt(count) * BigInt(Math.round(centsPerMillion * share * PRICE_STEPS)),
  });
  const parts: CostPart[] =
    price === undefined
      ? []
      : [
          tokens('uncached_input_tokens', counts.uncachedInputTokens, price.input),
          tokens('cache_read_input_tokens', counts.cacheReadTokens, price.cacheRead),
          tokens('cache_creation.ephemeral_5m_input_tokens', counts.cacheCreation5mTokens, price.cacheWrite5m),
          tokens('cache_creation.ephemeral_1h_input_tokens', counts.cacheCreation1hTokens, price.cacheWrite1h),
          tokens('output_tokens', counts.outputTokens, price.output),
        ];
  parts.push({ costType: 'web_search', tokenType: null, amount: BigInt(counts.webSearches) * WEB_SEARCH_CENTS * UNITS_PER_CENT });
  return parts.filter((part) => part.amount > 0n);
}

/** Cents as the decimal string that the API writes: "123.45" is $1.23. */
export function decimalCents(amount: bigint): string {
  const fraction = (amount % UNITS_PER_CENT).toString().padStart(10, '0').replace(/0+$/, '');
  const whole = (amount / UNITS_PER_CENT).toString();
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
