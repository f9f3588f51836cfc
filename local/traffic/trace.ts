import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CsvError, parse } from 'csv-parse/sync';

/** What one key used in one bucket. */
export interface TraceBucket {
  /** Epoch milliseconds; counted from 0 where the file numbers its minutes instead of dating them. */
  readonly at: number;
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A usage trace: every key's buckets in order of time. Buckets without traffic are absent. */
export interface Trace {
  readonly keys: ReadonlyMap<string, readonly TraceBucket[]>;
  /** Start of the first and end of the last bucket of any key. */
  readonly start: number;
  readonly end: number;
  readonly bucketMs: number;
  /** Whether `at` is a date: then weekday and time of day mean something. */
  readonly dated: boolean;
}

/** A trace that cannot be read. The message names file, line, column and what to do. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
  readonly code = 'trace-unreadable';
  readonly fix: string;

  constructor(where: string, what: string, fix: string) {
    super(`${where}: ${what}. ${fix}`);
    this.fix = fix;
  }
}

/** One of two layouts: dated buckets of keys, or numbered minutes of services. */
const LAYOUTS = [
  { key: 'key', time: 'timestamp' },
  { key: 'service', time: 'minute' },
] as const;
const HEADERS = LAYOUTS.map(({ key, time }) => `${key},${time},requests,input_tokens,output_tokens`).join('" or "');
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The width of a bucket where the file has but one instant and so cannot tell. */
const LONE_BUCKET_MS = 600_000;

/** Reads a .csv or .csv.gz trace. Throws TraceError for the first thing that is wrong with it. */
export function readTrace(file: string): Trace {
  const { header, rows } = parseRows(file, readText(file));
  const layout = LAYOUTS.find(({ key, time }) => header.includes(key) && header.includes(time));
  const absent = [layout?.key ?? 'key', layout?.time ?? 'timestamp', 'requests', 'input_tokens', 'output_tokens'].filter(
    (column) => !header.includes(column),
  );
  if (layout === undefined || absent.length > 0) {
    const found = `its header is "${header.join(',')}" and lacks ${absent.join(', ')}`;
    throw new TraceError(`${file}:1`, found, `The first line must be "${HEADERS}", in any order`);
  }
  if (rows.length === 0) throw new TraceError(`${file}:1`, 'a header and no row under it', 'Give a file with at least one bucket');

  const keys = new Map<string, Map<number, TraceBucket>>();
  for (const { record, line } of rows) {
    const cell = cellReader(file, line, record);
    const key = cell.text(layout.key);
    const at = layout.time === 'minute' ? cell.count('minute') * MINUTE_MS : cell.instant('timestamp');
    const bucket = {
      at,
      requests: cell.count('requests'),
      inputTokens: cell.count('input_tokens'),
      outputTokens: cell.count('output_tokens'),
    };
    const buckets = keys.get(key) ?? new Map<number, TraceBucket>();
    if (buckets.has(at)) {
      const fix = `Keep one line for each ${layout.key} and ${layout.time}`;
      throw new TraceError(`${file}:${line}, column ${layout.time}`, `${key} has "${record[layout.time] ?? ''}" twice`, fix);
    }
    keys.set(key, buckets.set(at, bucket));
  }
  return laidOut(file, keys, layout.time === 'timestamp');
}

function laidOut(file: string, keys: ReadonlyMap<string, ReadonlyMap<number, TraceBucket>>, dated: boolean): Trace {
  const instants = [...new Set([...keys.values()].flatMap((buckets) => [...buckets.keys()]))].sort((a, b) => a - b);
  const start = instants[0] ?? 0;
  // Buckets are as wide as the step that all instants share; quiet stretches are whole numbers of it.
  const bucketMs = instants.reduce((step, at) => greatestCommonDivisor(step, at - start), 0) || (dated ? LONE_BUCKET_MS : MINUTE_MS);
  if (bucketMs % MINUTE_MS !== 0 || bucketMs > DAY_MS) {
    const what = `its instants are whole steps of ${bucketMs / 1000} s apart`;
    throw new TraceError(`${file}, column timestamp`, what, 'Buckets last a whole number of minutes, a day at most: aggregate to that');
  }
  const sorted = [...keys].map(([key, buckets]) => [key, [...buckets.values()].sort((a, b) => a.at - b.at)] as const);
  return { keys: new Map(sorted), start, end: (instants.at(-1) ?? start) + bucketMs, bucketMs, dated };
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new TraceError(file, `the file cannot be read (${code})`, 'Check the path and that you may read it');
  }
  if (!file.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch {
    throw new TraceError(
      file,
      'the name ends in .gz, the content is not whole gzip',
      'Name it .csv if it is plain text, else make it again with gzip',
    );
  }
}

interface Row {
  readonly record: Readonly<Record<string, string | undefined>>;
  readonly line: number;
}

function parseRows(file: string, text: string): { header: readonly string[]; rows: readonly Row[] } {
  const lines: { values: readonly string[]; line: number }[] = [];
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      on_record: (values: string[], { lines: line }) => {
        lines.push({ values, line });
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const fix = 'Give each line as many values as the header has columns, quotes closed';
    throw new TraceError(`${file}:${String(error.lines)}`, `not CSV (${error.code})`, fix);
  }
  const [first, ...rest] = lines;
  if (first === undefined) throw new TraceError(file, 'the file is empty', `Its first line must be "${HEADERS}"`);
  const header = first.values;
  const named = (values: readonly string[]) => Object.fromEntries(header.map((column, index) => [column, values[index]]));
  return { header, rows: rest.map(({ values, line }) => ({ record: named(values), line })) };
}

function cellReader(file: string, line: number, record: Row['record']) {
  const refuse = (column: string, wanted: string): never => {
    throw new TraceError(`${file}:${line}, column ${column}`, `"${record[column] ?? ''}" is not ${wanted}`, `Write ${wanted}`);
  };
  const text = (column: string): string => {
    const value = record[column] ?? '';
    return value === '' ? refuse(column, 'a name') : value;
  };
  const count = (column: string): number => {
    const value = record[column] ?? '';
    // Digits only: Number() would take "", "1e3" and "0x10" too.
    return /^\d{1,15}$/.test(value) ? Number(value) : refuse(column, 'a whole number, 0 or more');
  };
  const instant = (column: string): number => {
    const value = record[column] ?? '';
    const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)$/.test(value) ? Date.parse(value) : NaN;
    return Number.isNaN(at) ? refuse(column, 'an instant in UTC such as 2026-09-07T00:10:00Z') : at;
  };
  return { text, count, instant };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
