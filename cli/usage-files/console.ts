import { amountOf, type CsvRecord } from './csv.ts';
import { dayOrInstantOf } from './instants.ts';
import { UsageFileError, gathered, shortestDistance, type Part } from './series.ts';
import type { ReadOptions, UsageRecords } from './formats.ts';

const timeColumn = 'usage_date_utc';
const inputColumns = ['usage_input_tokens_no_cache', 'usage_input_tokens_cache_write_5m', 'usage_input_tokens_cache_write_1h'];
const cacheReadColumn = 'usage_input_tokens_cache_read';
const outputColumn = 'usage_output_tokens';
const costColumn = 'cost_usd';
const counts = [...inputColumns, cacheReadColumn, outputColumn, 'web_search_count'];

export function isConsoleExport(header: readonly string[]): boolean {
  return header.includes(timeColumn) && (header.includes(outputColumn) || header.includes(costColumn));
}

/** The Console's exports: of tokens (a line per hour or day, key, model, tier …) and of cost (per day, key, model, kind of token …). */
export async function consoleExport(records: AsyncIterable<CsvRecord>, options: ReadOptions): Promise<UsageRecords> {
  if (!options.header.includes(outputColumn)) return read(records, options, [costColumn], (amount) => ({ cost_usd: amount(costColumn) }));
  return read(records, options, counts, (amount) => ({
    input_tokens: inputColumns.reduce((sum, column) => sum + amount(column), 0),
    cache_read_tokens: amount(cacheReadColumn),
    output_tokens: amount(outputColumn),
  }));
}

async function read(
  records: AsyncIterable<CsvRecord>,
  { name, header, sum }: ReadOptions,
  numbers: readonly string[],
  amountsOf: (amount: (column: string) => number) => Record<string, number>,
): Promise<UsageRecords> {
  const workspaces = new Map<string, Set<string>>();
  const lines: { readonly part: Part; readonly apiKey: string; readonly workspace: string }[] = [];
  for await (const { fields, line } of records) {
    const place = `${name}:${line}`;
    const field = (column: string): string => fields[header.indexOf(column)] ?? '';
    const timestamp = field(timeColumn);
    const at = dayOrInstantOf(timestamp);
    if (fields.length !== header.length || at === undefined) {
      throw new UsageFileError(`${place}: is no line of the Console's export`, 'export it again, and change nothing in the file');
    }
    const apiKey = field('api_key') || noKey;
    const workspace = field('workspace');
    workspaces.set(apiKey, (workspaces.get(apiKey) ?? new Set()).add(workspace));
    const amounts = amountsOf((column) => amountOf(field(column), `${place}: column ${column}`) ?? 0);
    const identity = JSON.stringify(fields.filter((_, index) => !numbers.includes(header[index] ?? '')));
    lines.push({ apiKey, workspace, part: { timestamp, at, place, identity, amounts } });
  }
  // Keys of two workspaces may have one name.
  const parts = lines.map(({ part, apiKey, workspace }) => ({
    ...part,
    key: (workspaces.get(apiKey)?.size ?? 1) > 1 && workspace !== '' ? `${workspace}/${apiKey}` : apiKey,
  }));
  const metrics = [...new Set(parts.flatMap(({ amounts }) => Object.keys(amounts)))];
  const isDaily = parts.every(({ timestamp }) => timestamp.length === 'YYYY-MM-DD'.length);
  const intervalMs = isDaily ? dayMs : shortestDistance(parts.map(({ at }) => at));
  return { ...gathered(parts, { metrics, intervalMs, sum }), remarks: [] };
}

const dayMs = 86_400_000;
/** The Workbench, the playground, and what federated identities use. */
export const noKey = '(no API key)';
