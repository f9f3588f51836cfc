import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { counted } from './output.ts';

/** One row of usage: when, and what each metric was in that bucket. */
interface UsageRow {
  /** As it stands in the file. */
  readonly timestamp: string;
  /** Epoch ms, UTC. */
  readonly at: number;
  /** One per metric; null = an empty field. */
  readonly values: readonly (number | null)[];
}

export interface UsageCsv {
  /** The names of the columns after the timestamp. */
  readonly metrics: readonly string[];
  /** In the file's order. Throws UsageCsvError at the first row that cannot be read. */
  readonly rows: AsyncIterable<UsageRow>;
}

/** A file that is no usage CSV. The message names file, line, column and value. */
export class UsageCsvError extends Error {
  override readonly name = 'UsageCsvError';
  readonly code = 'usage-csv-unreadable';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

const headerFix = 'the first line must be timestamp,value (more columns are further metrics of the same key)';
const timestampFix = 'write ISO 8601 in UTC, for instance 2026-09-07T00:10:00Z';
/** Date, T or a space, time; a zone other than UTC is converted, none is UTC. */
const isoInstant = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?$/;
const gzipMagic = [0x1f, 0x8b];

type Bytes = AsyncIterable<unknown> | Iterable<unknown>;

/** Reads the header, then rows as they are asked for; gzip is told from the first bytes. Throws UsageCsvError. */
export async function readUsageCsv(name: string, source: Bytes): Promise<UsageCsv> {
  const records = recordsOf(name, source);
  const header = await records.next();
  if (header.done === true) throw new UsageCsvError(`${name} is empty`, headerFix);
  const [first, ...metrics] = header.value.fields.map((field) => field.trim());
  if (first !== 'timestamp' || metrics.length === 0) {
    throw new UsageCsvError(`${name}:${header.value.line}: the header is "${header.value.fields.join(',')}"`, headerFix);
  }
  return { metrics, rows: rowsOf(name, metrics, records) };
}

interface Fields {
  readonly fields: readonly string[];
  readonly line: number;
}

async function* rowsOf(name: string, metrics: readonly string[], records: AsyncIterable<Fields>): AsyncGenerator<UsageRow, void> {
  for await (const { fields, line } of records) {
    const [timestamp = '', ...texts] = fields.map((field) => field.trim());
    if (texts.length !== metrics.length) {
      const columns = metrics.length + 1;
      throw new UsageCsvError(
        `${name}:${line}: ${counted(fields.length, 'column')}, the header has ${columns}`,
        `give each row ${counted(columns, 'column')}`,
      );
    }
    const at = instantOf(timestamp);
    if (at === undefined) throw new UsageCsvError(`${name}:${line}: column timestamp is "${timestamp}"`, timestampFix);
    yield { timestamp, at, values: texts.map((text, index) => valueOf(text, `${name}:${line}: column ${metrics[index] ?? ''}`)) };
  }
}

async function* recordsOf(name: string, source: Bytes): AsyncGenerator<Fields, void> {
  const parser = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true, max_record_size: 1_000_000 });
  const bytes = Readable.from(unpacked(name, source));
  // A pipe does not carry errors.
  bytes.on('error', (error) => parser.destroy(error));
  bytes.pipe(parser);
  try {
    for await (const item of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      yield { fields: item.record, line: item.info.lines };
    }
  } catch (error) {
    if (error instanceof CsvError) throw new UsageCsvError(`${name}: ${error.message}`, 'write plain CSV: quotes only around whole fields');
    throw error;
  }
}

/** The bytes, gunzipped where they begin as gzip does. */
async function* unpacked(name: string, source: Bytes): AsyncGenerator<Buffer, void> {
  const chunks = bytesOf(source);
  const first = await chunks.next();
  if (first.done === true) return;
  const whole = joined(first.value, chunks);
  if (!gzipMagic.every((byte, index) => first.value[index] === byte)) {
    yield* whole;
    return;
  }
  try {
    const unzip = createGunzip();
    const from = Readable.from(whole);
    from.on('error', (error) => unzip.destroy(error));
    for await (const chunk of bytesOf(from.pipe(unzip))) yield chunk;
  } catch (error) {
    throw new UsageCsvError(`${name} is broken gzip (${error instanceof Error ? error.message : 'unreadable'})`, 'give the whole .gz file');
  }
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  yield first;
  yield* rest;
}

async function* bytesOf(source: Bytes): AsyncGenerator<Buffer, void> {
  for await (const chunk of source) {
    if (typeof chunk === 'string') yield Buffer.from(chunk);
    else if (chunk instanceof Uint8Array) yield Buffer.from(chunk);
  }
}

function instantOf(text: string): number | undefined {
  const match = isoInstant.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '', zone = 'Z'] = match;
  const at = Date.parse(`${date}T${time}${zone}`);
  // Date.parse takes 31 February for 3 March.
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(at) || Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return undefined;
  return at;
}

function valueOf(text: string, where: string): number | null {
  if (text === '') return null;
  const value = Number(text);
  if (!Number.isFinite(value) || !/\d/.test(text))
    throw new UsageCsvError(`${where} is "${text}"`, 'write a number, or nothing for no datum');
  if (value < 0) throw new UsageCsvError(`${where} is ${text}`, 'usage cannot be negative: correct it, or leave it empty for no datum');
  return value;
}
