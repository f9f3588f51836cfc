import type { UsageQuarterRecord } from '../../../contract/records.ts';

/** Of a minute with so many output tokens. */
export const totals = (outputTokens: number) => ({ inputTokens: 7, cacheReadTokens: 7, outputTokens, costNanoUsd: outputTokens * 15_000 });

/** The watched metrics of these totals. */
export const valuesOf = (outputTokens: number): readonly number[] => [outputTokens, (outputTokens * 15_000) / 1e9];

/** The ledger's record of a quarter: output tokens by its minutes. */
export const quarter = (
  start: number,
  minutes: Readonly<Record<string, number>>,
  changes: Partial<UsageQuarterRecord> = {},
): UsageQuarterRecord => ({
  ...({ schema: 1, subject: 'production', start, revision: 1 } as const),
  minutes: Object.fromEntries(Object.entries(minutes).map(([offset, tokens]) => [offset, { totals: totals(tokens), samples: 1 }])),
  ...changes,
});
