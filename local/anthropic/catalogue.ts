/** One model of the platform. Prices are US cents per million tokens. */
export interface CatalogueModel {
  readonly id: string;
  readonly displayName: string;
  readonly line: 'haiku' | 'sonnet' | 'opus' | 'fable' | 'mythos';
  readonly lifecycle: 'active' | 'deprecated';
  readonly retiresAt: string | null;
  readonly maxInputTokens: number;
  readonly maxTokens: number;
  readonly price: ModelPrice;
  /** How many times as much a long prompt costs. @default 1 */
  readonly longPromptShare?: number;
}

interface ModelPrice {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
}

/** Cache writes cost 1.25 and 2 times the input price; `cacheReadShare` varies by model. */
const price = (input: number, output: number, cacheReadShare = 0.1): ModelPrice => ({
  input,
  output,
  cacheRead: input * cacheReadShare,
  cacheWrite5m: input * 1.25,
  cacheWrite1h: input * 2,
});

const million = { maxInputTokens: 1_000_000, maxTokens: 128_000 };
const twoHundredThousand = { maxInputTokens: 200_000, maxTokens: 64_000 };
const active = { lifecycle: 'active', retiresAt: null } as const;
const retiring = { lifecycle: 'deprecated', retiresAt: '2026-11-30T00:00:00Z' } as const;

/**
 * The ids of the `Model` type of @anthropic-ai/sdk 1.12.0, newest first, as the type has them. List prices as of
 * November 2026 (platform.claude.com, about-claude/pricing). Haiku 5.5 costs five times as
 * much for prompts over 100,000 tokens, which usage shows only by the context window, from 200,000 on.
 */
export const catalogue: readonly CatalogueModel[] = [
  { id: 'claude-fable-5-2', displayName: 'Claude Fable 5.2', line: 'fable', ...active, ...million, price: price(800, 4000, 0.025) },
  { id: 'claude-mythos-5-2', displayName: 'Claude Mythos 5.2', line: 'mythos', ...active, ...million, price: price(800, 4000, 0.025) },
  {
    id: 'claude-haiku-5-5',
    displayName: 'Claude Haiku 5.5',
    line: 'haiku',
    ...active,
    ...million,
    price: price(10, 50),
    longPromptShare: 5,
  },
  { id: 'claude-sonnet-5-5', displayName: 'Claude Sonnet 5.5', line: 'sonnet', ...active, ...million, price: price(200, 1000, 0.05) },
  { id: 'claude-fable-5-1', displayName: 'Claude Fable 5.1', line: 'fable', ...active, ...million, price: price(1000, 5000, 0.025) },
  { id: 'claude-opus-5-5', displayName: 'Claude Opus 5.5', line: 'opus', ...active, ...million, price: price(400, 2000, 0.05) },
  { id: 'claude-mythos-5-1', displayName: 'Claude Mythos 5.1', line: 'mythos', ...active, ...million, price: price(1000, 5000, 0.025) },
  { id: 'claude-sonnet-5', displayName: 'Claude Sonnet 5', line: 'sonnet', ...active, ...million, price: price(200, 1000) },
  { id: 'claude-fable-5', displayName: 'Claude Fable 5', line: 'fable', ...active, ...million, price: price(1000, 5000) },
  { id: 'claude-mythos-5', displayName: 'Claude Mythos 5', line: 'mythos', ...active, ...million, price: price(1000, 5000) },
  { id: 'claude-opus-5', displayName: 'Claude Opus 5', line: 'opus', ...active, ...million, price: price(500, 2500) },
  { id: 'claude-opus-4-8', displayName: 'Claude Opus 4.8', line: 'opus', ...active, ...million, price: price(500, 2500) },
  { id: 'claude-opus-4-7', displayName: 'Claude Opus 4.7', line: 'opus', ...active, ...million, price: price(500, 2500) },
  { id: 'claude-mythos-preview', displayName: 'Claude Mythos Preview', line: 'mythos', ...active, ...million, price: price(1000, 5000) },
  { id: 'claude-opus-4-6', displayName: 'Claude Opus 4.6', line: 'opus', ...active, ...million, price: price(500, 2500) },
  { id: 'claude-sonnet-4-6', displayName: 'Claude Sonnet 4.6', line: 'sonnet', ...active, ...million, price: price(300, 1500) },
  { id: 'claude-haiku-4-5', displayName: 'Claude Haiku 4.5', line: 'haiku', ...active, ...twoHundredThousand, price: price(100, 500) },
  {
    id: 'claude-haiku-4-5-20251001',
    displayName: 'Claude Haiku 4.5',
    line: 'haiku',
    ...active,
    ...twoHundredThousand,
    price: price(100, 500),
  },
  { id: 'claude-opus-4-5', displayName: 'Claude Opus 4.5', line: 'opus', ...active, ...twoHundredThousand, price: price(500, 2500) },
  {
    id: 'claude-opus-4-5-20251101',
    displayName: 'Claude Opus 4.5',
    line: 'opus',
    ...active,
    ...twoHundredThousand,
    price: price(500, 2500),
  },
  {
    id: 'claude-sonnet-4-5',
    displayName: 'Claude Sonnet 4.5',
    line: 'sonnet',
    ...retiring,
    ...twoHundredThousand,
    price: price(300, 1500),
  },
  {
    id: 'claude-sonnet-4-5-20250929',
    displayName: 'Claude Sonnet 4.5',
    line: 'sonnet',
    ...retiring,
    ...twoHundredThousand,
    price: price(300, 1500),
  },
];

const byId = new Map(catalogue.map((model) => [model.id, model]));

export const modelNamed = (id: string): CatalogueModel | undefined => byId.get(id);
