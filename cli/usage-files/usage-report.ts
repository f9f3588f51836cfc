import { noKey } from './console.ts';
import { dayOrInstantOf } from './instants.ts';
import { fieldOf, listOf, numberOf, textOf } from './json.ts';
import { UsageFileError, gathered, shortestDistance, type Part } from './series.ts';
import type { ReadOptions, UsageRecords } from './formats.ts';

/** A page, or several pages in a list or one after the other. */
export function isUsageReport(document: unknown): boolean {
  const data = fieldOf(document, 'data');
  if (!Array.isArray(data)) return false;
  return (
    data.every((bucket) => Array.isArray(fieldOf(bucket, 'results')) && textOf(bucket, 'starting_at') !== undefined) && !isCostReport(data)
  );
}

function isCostReport(data: readonly unknown[]): boolean {
  return data.some((bucket) => listOf(bucket, 'results', '').some(({ value }) => fieldOf(value, 'amount') !== undefined));
}

/** Anthropic's usage report (`usage_report/messages`): the results of each bucket, added up per API key where it tells keys apart. */
export function usageReport(documents: readonly unknown[], { name, sum }: ReadOptions): UsageRecords {
  const parts: Part[] = [];
  const starts: number[] = [];
  const widths: number[] = [];
  documents.forEach((document, page) => {
    const pageName = documents.length === 1 ? name : `${name} page ${page + 1}`;
    for (const { place, value: bucket } of listOf(document, 'data', pageName)) {
      const timestamp = textOf(bucket, 'starting_at') ?? '';
      const at = dayOrInstantOf(timestamp);
      if (at === undefined) throw new UsageFileError(`${place}: starting_at is no instant`, askAgain);
      starts.push(at);
      const end = dayOrInstantOf(textOf(bucket, 'ending_at') ?? '');
      if (end !== undefined && end > at) widths.push(end - at);
      for (const { place: at_, value: result } of listOf(bucket, 'results', place))
        parts.push(partOf(result, { timestamp, at, place: at_ }));
    }
  });
  const tellsKeys = parts.some(({ key }) => key !== noKey);
  const metrics = ['input_tokens', 'cache_read_tokens', 'output_tokens'];
  const intervalMs = widths.length > 0 ? Math.min(...widths) : shortestDistance(starts);
  const last = documents.at(-1);
  const isCut = fieldOf(last, 'has_more') === true;
  return {
    ...gathered(tellsKeys ? parts : parts.map(({ key: _key, ...part }) => part), { metrics, intervalMs, sum }),
    remarks: isCut ? [`warning: ${name} ends before the report does (has_more): ask for the page next_page too, and append it`] : [],
  };
}

function partOf(result: unknown, where: Pick<Part, 'timestamp' | 'at' | 'place'>): Part {
  const creation = fieldOf(result, 'cache_creation');
  const tokens = (from: unknown, field: string): number | undefined => {
    const value = numberOf(from, field);
    if (value !== undefined && !(value >= 0)) throw new UsageFileError(`${where.place}: ${field} is ${value}`, askAgain);
    return value;
  };
  const input = [
    tokens(result, 'uncached_input_tokens'),
    tokens(creation, 'ephemeral_5m_input_tokens'),
    tokens(creation, 'ephemeral_1h_input_tokens'),
  ].filter((value) => value !== undefined);
  const cacheRead = tokens(result, 'cache_read_input_tokens');
  const output = tokens(result, 'output_tokens');
  return {
    ...where,
    key: textOf(result, 'api_key_id') ?? noKey,
    identity: JSON.stringify(
      Object.entries(result instanceof Object ? result : {})
        .filter(([, value]) => typeof value === 'string')
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
    amounts: {
      ...(input.length === 0 ? {} : { input_tokens: input.reduce((sum, value) => sum + value, 0) }),
      ...(cacheRead === undefined ? {} : { cache_read_tokens: cacheRead }),
      ...(output === undefined ? {} : { output_tokens: output }),
    },
  };
}

const askAgain = 'ask Anthropic again, and save its answers as they are: docs/backtest.md has the command';
