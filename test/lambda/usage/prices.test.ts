import { expect, test } from 'vitest';
import { modelPrices } from '../../../lambda/usage/price-table.ts';
import { estimateNanoUsd, withoutPrice, type PricedTokens } from '../../../lambda/usage/prices.ts';
import { catalogue } from '../../../local/anthropic/catalogue.ts';
import { costOf } from '../../../local/anthropic/prices.ts';
import { aUsageRow } from './rows.ts';

const million = 1_000_000;
const nothing = {
  uncachedInputTokens: 0,
  cacheReadTokens: 0,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  outputTokens: 0,
  webSearches: 0,
};
const usd = (changes: Partial<PricedTokens>): number => estimateNanoUsd(aUsageRow({ ...nothing, ...changes })) / 1e9;
const input = { uncachedInputTokens: million };

test.each([
  ['sonnet input and output', { ...input, outputTokens: million }, 12],
  ['sonnet cache read', { cacheReadTokens: million }, 0.1],
  ['cache write, 5 minutes', { cacheCreation5mTokens: million }, 2.5],
  ['cache write, 1 hour', { cacheCreation1hTokens: million }, 4],
  ['batch is half', { ...input, serviceTier: 'batch' }, 1],
  ['priority counts at list price', { ...input, serviceTier: 'priority' }, 2],
  ['work that stays in the US costs a tenth more', { ...input, inferenceGeo: 'us' }, 2.2],
  ['a batch in the US', { ...input, inferenceGeo: 'us', serviceTier: 'batch' }, 1.1],
  ['fast mode costs twice as much', { ...input, model: 'claude-opus-5-5', speed: 'fast' }, 8],
  ['opus 5.5 is not opus 5', { ...input, model: 'claude-opus-5-5' }, 4],
  ['fable 5.2 is not fable 5.1', { ...input, model: 'claude-fable-5-2' }, 8],
  ['an alias and its dated id: the alias', { ...input, model: 'claude-opus-4-0' }, 15],
  ['an alias and its dated id: the date', { ...input, model: 'claude-opus-4-20250514' }, 15],
  ['a dated id', { ...input, model: 'claude-haiku-4-5-20251001' }, 1],
  ['haiku 5.5 in the usual window', { ...input, model: 'claude-haiku-5-5' }, 0.1],
  ['haiku 5.5 in the long window', { ...input, model: 'claude-haiku-5-5', contextWindow: '200k-1M' }, 0.5],
  ['sonnet 5.5 in the long window', { ...input, contextWindow: '200k-1M' }, 2],
  ['web searches', { webSearches: 1000 }, 10],
  ['web searches of an unknown model', { ...input, model: 'claude-x', webSearches: 1000 }, 10],
])('estimate: %s', (_name, changes, expected) => {
  expect(usd(changes)).toBe(expected);
});

test.each([
  'claude-fable-5.2',
  'claude-fable-5-3',
  'claude-opus',
  'claude-opus-5-5-fast',
  'claude-opus-5-latest',
  'claude-haiku-4-5-1',
  'x',
])('%s merely begins like a known model: it is priced as nothing, and named', (model) => {
  expect(usd({ ...input, model })).toBe(0);
  expect(withoutPrice(aUsageRow({ model }))).toEqual([`model ${model}`]);
});

test('a word that the table does not know is named, and the list price holds', () => {
  expect(withoutPrice(aUsageRow({ serviceTier: 'flex', inferenceGeo: 'eu', speed: 'slow', contextWindow: '1M-2M', model: null }))).toEqual([
    'a model without a name',
    'service tier flex',
    'context window 1M-2M',
    'inference geography eu',
    'speed slow',
  ]);
  expect(usd({ ...input, serviceTier: 'flex' })).toBe(2);
  expect(withoutPrice(aUsageRow({ serviceTier: null, inferenceGeo: null, speed: null, contextWindow: null }))).toEqual([]);
});

test('every row names its source and the day on which it was read there, and no id stands twice', () => {
  for (const { source, read } of modelPrices) {
    expect(source).toMatch(/^platform\.claude\.com\//);
    expect(read).toMatch(/^2026-\d\d-\d\d$/);
  }
  expect(new Set(modelPrices.map(({ id }) => id)).size).toBe(modelPrices.length);
});

test('the table and the local platform, which share no code, agree on each model, tier, residency, speed and window', () => {
  const used = {
    ...nothing,
    uncachedInputTokens: 3000,
    cacheReadTokens: 7000,
    cacheCreation1hTokens: 400,
    outputTokens: 900,
    webSearches: 1,
  };
  const differing = catalogue.flatMap(({ id: model }) =>
    ['standard', 'batch'].flatMap((serviceTier) =>
      ['global', 'us'].flatMap((inferenceGeo) =>
        ['standard', 'fast'].flatMap((speed) =>
          ['0-200k', '200k-1M'].flatMap((contextWindow) => {
            const dimensions = { model, serviceTier, inferenceGeo, speed, contextWindow };
            const about = { organizationId: 'o', apiKeyId: null, workspaceId: 'w', accountId: null, serviceAccountId: null };
            const parts = costOf({ ...about, ...dimensions }, { requests: 1, ...used });
            const theirs = Number(parts.reduce((sum, { amount }) => sum + amount, 0n)) / 1000;
            return Math.abs(theirs - estimateNanoUsd(aUsageRow({ ...used, ...dimensions }))) < 1 ? [] : [model];
          }),
        ),
      ),
    ),
  );
  // Its price was found nowhere: it is named, not guessed.
  expect([...new Set(differing)]).toEqual(['claude-mythos-preview']);
});
