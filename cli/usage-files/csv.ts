import { CsvError, parse } from 'csv-parse/sync';
import { counted } from '../output.ts';
import { instantOf } from './instants.ts';
import { UsageFileError, type UsageRow } from './series.ts';

/** A line of CSV. */
export interface CsvRecord {
  readonly fields: readonly string[];
  readonly line: number;
}

/** Longer is no record, but a quote that stays open. */
const longestRecord = 1_000_000;

/**
 * The records of a CSV file, the header among them, each as soon as its line has ended: a parser that looks ahead would hold back the row
 * that somebody waits for. Throws UsageFileError.
 */
export async function* csvRecords(name: string, text: AsyncIterable<string>): AsyncGenerator<CsvRecord, void> {
  let rest = '';
  let line = 1;
  let ending: string | undefined;
  for await (const chunk of text) {
    rest += chunk;
    ending ??= endingIn(rest);
    if (ending === undefined) continue;
    let start = 0;
    for (let end = rest.indexOf(ending); end !== -1; end = rest.indexOf(ending, end + 1)) {
      const record = rest.slice(start, end);
      const quotes = record.includes('"') ? record.split('"').length - 1 : 0;
      // A line end within quotes belongs to the field.
      if (quotes % 2 === 1) continue;
      start = end + 1;
      if (record.trim() !== '') yield { fields: fieldsOf(record, `${name}:${line}`), line };
      line += quotes === 0 ? 1 : record.split(ending).length;
    }
    rest = rest.slice(start);
    if (rest.length > longestRecord) throw brokenQuotes(`${name}:${line}`);
  }
  if (rest.trim() !== '') yield { fields: fieldsOf(rest, `${name}:${line}`), line };
}

/** LF, behind a CR or not; CR alone where an old Mac wrote the file. */
function endingIn(text: string): string | undefined {
  const found = /\r(?!\n)|\n/.exec(text);
  // A CR at the end may be half of CRLF.
  return found === null || (found[0] === '\r' && found.index === text.length - 1) ? undefined : found[0];
}

function fieldsOf(record: string, where: string): readonly string[] {
  if (!record.includes('"')) return record.split(',').map((field) => field.trim());
  try {
    const [fields = []] = parse(record, { relax_column_count: true, trim: true });
    return fields;
  } catch (error) {
    if (error instanceof CsvError) throw brokenQuotes(where);
    throw error;
  }
}

function brokenQuotes(where: string): UsageFileError {
  return new UsageFileError(`${where}: a quote stays open, or stands within a field`, 'write plain CSV: quotes only around whole fields');
}

export const headerFix = 'the first line must be timestamp,value (more columns are further metrics of the same key)';
const timestampFix = 'write ISO 8601 in UTC, for instance 2026-09-07T00:10:00Z';
const epochFix =
  'these are seconds or milliseconds since 1970. Convert them: ' +
  `node -e 'for(const l of require("fs").readFileSync(0,"utf8").split("\\n"))console.log(l.replace(/^\\d{10,13}/,n=>new Date(n*(n.length>10?1:1e3)).toISOString()))' < FILE > usage.csv`;

/** The rows of plain CSV behind its header, in the file's order. Throws UsageFileError at the first one that cannot be read. */
export async function* plainRows(
  name: string,
  metrics: readonly string[],
  records: AsyncIterable<CsvRecord>,
): AsyncGenerator<UsageRow, void> {
  for await (const { fields, line } of records) {
    const place = `${name}:${line}`;
    const [timestamp = '', ...texts] = fields;
    if (texts.length !== metrics.length) {
      const columns = metrics.length + 1;
      throw new UsageFileError(
        `${place}: ${counted(fields.length, 'column')}, the header has ${columns}`,
        `give each row ${counted(columns, 'column')}`,
      );
    }
    const at = instantOf(timestamp);
    if (at === undefined) {
      throw new UsageFileError(`${place}: column timestamp is "${timestamp}"`, /^\d{10,13}$/.test(timestamp) ? epochFix : timestampFix);
    }
    yield { timestamp, at, place, values: texts.map((text, index) => amountOf(text, `${place}: column ${metrics[index] ?? ''}`)) };
  }
}

/** A number of usage; null where there is none. Throws UsageFileError, which begins with `where`. */
export function amountOf(text: string, where: string): number | null {
  if (text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value) || !/\d/.test(text))
    throw new UsageFileError(`${where} is "${text}"`, 'write a number, or nothing for no datum');
  if (value < 0) throw new UsageFileError(`${where} is ${text}`, 'usage cannot be negative: correct it, or leave it empty for no datum');
  return value;
}
