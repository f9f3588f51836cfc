import { ccusage, isCcusage } from './ccusage.ts';
import { consoleExport, isConsoleExport } from './console.ts';
import { csvRecords, headerFix, plainRows, type CsvRecord } from './csv.ts';
import { foreignDocument, foreignHeader, foreignText, type Foreign } from './foreign.ts';
import { documentsIn } from './json.ts';
import { isMetricData, metricData } from './metric-data.ts';
import { UsageFileError, type UsageRow, type UsageSeries } from './series.ts';
import { decodedText, type Bytes } from './text.ts';
import { isUsageReport, usageReport } from './usage-report.ts';

export interface ReadOptions {
  /** What messages call the file. */
  readonly name: string;
  /** The first line of a CSV file; empty for JSON. */
  readonly header: readonly string[];
  /** Whether one part twice is added up; else other amounts are refused, and the same count once. */
  readonly sum: boolean;
}

/** A file that holds usage by itself: its order says nothing. */
export interface UsageRecords {
  readonly series: readonly UsageSeries[];
  /** Parts that stood twice with the same amounts, and count once. */
  readonly repeated: number;
  /** What people should know, a sentence each. */
  readonly remarks: readonly string[];
}

/** Plain CSV: its rows come one by one. */
interface PlainRows {
  readonly metrics: readonly string[];
  /** In the file's order. Throws UsageFileError at the first row that cannot be read. */
  readonly rows: AsyncIterable<UsageRow>;
}

export type UsageFile = ({ readonly format: 'csv' } & PlainRows) | ({ readonly format: RecordFormat } & UsageRecords);

interface JsonReader {
  readonly is: (document: unknown) => boolean;
  readonly read: (documents: readonly unknown[], options: ReadOptions) => UsageRecords;
}

const jsonFormats = {
  'metric-data': { is: isMetricData, read: metricData },
  'usage-report': { is: isUsageReport, read: usageReport },
  ccusage: { is: isCcusage, read: ccusage },
} as const satisfies Record<string, JsonReader>;

type JsonFormat = keyof typeof jsonFormats;
type RecordFormat = JsonFormat | 'console';
export type UsageFormat = 'csv' | RecordFormat;

/** What can be read, in the words of the help. */
export const usageFormats = {
  csv: 'timestamp,value[,more columns]',
  console: "the Claude Console's exports of tokens and cost (CSV)",
  'metric-data': "CloudWatch's answer to GetMetricData (JSON)",
  'usage-report': "Anthropic's usage report (JSON)",
  ccusage: 'ccusage daily or blocks (JSON)',
} as const satisfies Record<UsageFormat, string>;

const jsonNames = Object.keys(jsonFormats).filter((name): name is JsonFormat => name in jsonFormats);

/**
 * Reads as much of the source as its format needs: of plain CSV the header, of everything else all. Without a format it is told from the
 * content. Throws UsageFileError, which names formats that are known and not read, with the way to convert them.
 */
export async function readUsageFile(
  name: string,
  source: Bytes,
  { format, sum }: { readonly format?: UsageFormat | undefined; readonly sum: boolean },
): Promise<UsageFile> {
  const { text, head, isGzip } = await decodedText(name, source);
  const { first, all } = await begun(text);
  if (first === '') throw new UsageFileError(`${name} is empty`, headerFix);
  const refuse = (foreign: Foreign): never => refused(name, foreign, isGzip);
  const foreign = foreignText(head, first);
  if (foreign !== undefined) return refuse(foreign);
  if (/^[{[]/.test(first)) return readJson(name, await whole(all), { format, sum, refuse });
  if (format !== undefined && format in jsonFormats)
    throw new UsageFileError(`${name} is no JSON`, `leave out --format: the format is told from the file`);
  const records = csvRecords(name, all);
  const header = await records.next();
  if (header.done === true) throw new UsageFileError(`${name} is empty`, headerFix);
  return readCsv(name, header.value, records, { format, sum, refuse });
}

interface Wanted {
  readonly format: UsageFormat | undefined;
  readonly sum: boolean;
  readonly refuse: (foreign: Foreign) => never;
}

async function readCsv(
  name: string,
  { fields, line }: CsvRecord,
  records: AsyncIterable<CsvRecord>,
  { format, sum, refuse }: Wanted,
): Promise<UsageFile> {
  if (format !== 'csv' && isConsoleExport(fields)) {
    return { format: 'console', ...(await consoleExport(records, { name, header: fields, sum })) };
  }
  const [first, ...metrics] = fields;
  if (format !== 'console' && first === 'timestamp' && metrics.length > 0)
    return { format: 'csv', metrics, rows: plainRows(name, metrics, records) };
  const foreign = foreignHeader(fields);
  if (foreign !== undefined) return refuse(foreign);
  const shown = fields.join(',');
  const fix =
    format === 'console'
      ? 'leave out --format: the format is told from the file'
      : `${headerFix}. Other formats that are read: npx --no-install keyguard backtest --help`;
  throw new UsageFileError(`${name}:${line}: the header is "${shown}"`, fix);
}

function readJson(name: string, text: string, { format, sum, refuse }: Wanted): UsageFile {
  const documents = documentsIn(name, text);
  const found = jsonNames.find((each) => documents.length > 0 && documents.every(jsonFormats[each].is));
  if (found !== undefined && (format === undefined || format === found)) {
    return { format: found, ...jsonFormats[found].read(documents, { name, header: [], sum }) };
  }
  for (const document of documents) {
    const foreign = foreignDocument(document);
    if (foreign !== undefined) return refuse(foreign);
  }
  const fields = documents[0] instanceof Object ? Object.keys(documents[0]).slice(0, 8).join(', ') : '';
  throw new UsageFileError(
    `${name} is JSON ${fields === '' ? 'without fields' : `with the fields ${fields}`}: ${format === undefined ? 'no format that is known' : `no ${format}`}`,
    `JSON that is read: ${jsonNames.map((each) => usageFormats[each]).join(', ')}. Else convert it to CSV: ${headerFix}`,
  );
}

function refused(name: string, { what, note, convert }: Foreign, isGzip: boolean): never {
  const file = name === 'stdin' ? 'EXPORT' : /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
  const command =
    convert === undefined ? [] : isGzip ? [`gunzip -c ${file} | ${convert} > usage.csv`] : [`${convert} < ${file} > usage.csv`];
  const fix = [...(note === undefined ? [] : [note]), ...command].join('. To convert it: ');
  throw new UsageFileError(`${name} is ${what}: it is not read as it is`, fix);
}

/** A first line that is longer is no header. */
const enough = 100_000;

/** Waits for the first line, or for enough of it, and gives everything from there; blanks before it stay, for the numbers of lines. */
async function begun(text: AsyncGenerator<string, void>): Promise<{ readonly first: string; readonly all: AsyncGenerator<string, void> }> {
  let start = '';
  while (!/\S.*[\r\n]/.test(start) && start.length < enough) {
    const next = await text.next();
    if (next.done === true) break;
    start += next.value;
  }
  return { first: start.trimStart(), all: following(start, text) };
}

async function* following(first: string, rest: AsyncIterable<string>): AsyncGenerator<string, void> {
  yield first;
  yield* rest;
}

async function whole(text: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const part of text) all += part;
  return all;
}
