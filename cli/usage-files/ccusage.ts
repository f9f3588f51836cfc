import { dayOrInstantOf } from './instants.ts';
import { fieldOf, listOf, numberOf, textOf, type Listed } from './json.ts';
import { UsageFileError, gathered, type Part } from './series.ts';
import type { ReadOptions, UsageRecords } from './formats.ts';

const dayMs = 86_400_000;
/** A session of Claude Code, as ccusage cuts them. */
const blockMs = 5 * 3_600_000;

export function isCcusage(document: unknown): boolean {
  return (
    ['daily', 'blocks', 'weekly', 'monthly', 'sessions'].some((name) => holdsTokens(fieldOf(document, name))) ||
    projectsOf(document) !== undefined
  );
}

function holdsTokens(list: unknown): boolean {
  return (
    Array.isArray(list) && list.every((each) => numberOf(each, 'outputTokens') !== undefined || fieldOf(each, 'tokenCounts') !== undefined)
  );
}

/** `ccusage daily --instances`: days by project. */
function projectsOf(document: unknown): readonly (readonly [string, unknown])[] | undefined {
  const projects = fieldOf(document, 'projects');
  if (!(projects instanceof Object)) return undefined;
  const found = Object.entries(projects);
  return found.length > 0 && found.every(([, days]) => holdsTokens(days)) ? found : undefined;
}

/** What `ccusage daily --json` or `ccusage blocks --json` prints. Each project is a key; without projects the file is one. */
export function ccusage(documents: readonly unknown[], { name, sum }: ReadOptions): UsageRecords {
  const [document] = documents;
  const projects = projectsOf(document);
  const blocks = fieldOf(document, 'blocks');
  if (documents.length > 1 || (projects === undefined && blocks === undefined && fieldOf(document, 'daily') === undefined)) {
    throw new UsageFileError(
      `${name}: ccusage by weeks, months or sessions shows no course in time`,
      'npx ccusage daily --json > ccusage.json',
    );
  }
  const days = (entries: readonly Listed[], key?: string): readonly Part[] =>
    entries.map(({ place, value }) => partOf(value, value, textOf(value, 'date') ?? '', place, key));
  const parts =
    projects !== undefined
      ? projects.flatMap(([key]) => days(listOf(fieldOf(document, 'projects'), key, `${name} projects`), key))
      : blocks !== undefined
        ? listOf(document, 'blocks', name)
            .filter(({ value }) => fieldOf(value, 'isGap') !== true)
            .map(({ place, value }) => partOf(fieldOf(value, 'tokenCounts'), value, textOf(value, 'startTime') ?? '', place, undefined))
        : days(listOf(document, 'daily', name));
  const metrics = ['input_tokens', 'cache_read_tokens', 'output_tokens', 'cost_usd'];
  return { ...gathered(parts, { metrics, intervalMs: blocks === undefined ? dayMs : blockMs, sum }), remarks: [] };
}

function partOf(tokens: unknown, entry: unknown, timestamp: string, place: string, key: string | undefined): Part {
  const at = dayOrInstantOf(timestamp);
  if (at === undefined)
    throw new UsageFileError(`${place}: has no date`, 'let ccusage write it again: npx ccusage daily --json > ccusage.json');
  const amount = (from: unknown, ...fields: readonly string[]): number =>
    fields.reduce((sum, field) => {
      const value = numberOf(from, field) ?? 0;
      if (value < 0) throw new UsageFileError(`${place}: ${field} is ${value}`, 'usage cannot be negative: let ccusage write it again');
      return sum + value;
    }, 0);
  return {
    ...(key === undefined ? {} : { key }),
    timestamp,
    at,
    place,
    identity: '',
    amounts: {
      input_tokens: amount(tokens, 'inputTokens', 'cacheCreationTokens', 'cacheCreationInputTokens'),
      cache_read_tokens: amount(tokens, 'cacheReadTokens', 'cacheReadInputTokens'),
      output_tokens: amount(tokens, 'outputTokens'),
      cost_usd: amount(entry, 'totalCost', 'costUSD'),
    },
  };
}
