import { Option, type Command as Program } from 'commander';
import { defaultFalseAlarmsPerMonth, startBacktest } from '../../lambda/detection/backtest.ts';
import { backtestReport, type BacktestSeries } from '../../report/backtest.ts';
import { lasting } from '../../report/instants.ts';
import { reportMark } from '../../report/page.ts';
import { sayPromises, type Judged } from '../backtest-summary.ts';
import type { CliIo, Command } from '../command.ts';
import { counted, plainText, progress, streamed } from '../output.ts';
import { readUsageFile, usageFormats, type UsageFile, type UsageFormat } from '../usage-files/formats.ts';
import { orderedRows, passingRows, type RowMeaning } from '../usage-files/row-order.ts';
import { UsageFileError, type UsageRow } from '../usage-files/series.ts';

interface BacktestFlags {
  readonly format?: UsageFormat;
  readonly sum?: boolean;
  readonly interval?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** `keyguard backtest`: the deployed detector, with its defaults, over usage in files. */
export const backtest: Command = {
  name: 'backtest',
  summary: 'Run the detector over past usage: one line per row, score and alert',
  register: (program, io) => {
    describe(program.command(backtest.name).summary(backtest.summary)).action((files: string[], flags: BacktestFlags) =>
      runBacktest(files, flags, io),
    );
  },
};

function describe(command: Program): Program {
  return command
    .description(
      'Reads usage, and prints timestamp,score,alert: one line per row, told from that and earlier rows alone; score 0.5 is where an alert begins. ' +
        'At the end it says on stderr how many alarms were raised, and how many false ones the dial promises for that time. ' +
        'docs/backtest.md says how to get such files.\n\n' +
        'Plain CSV has a header timestamp,value[,more columns]: ISO 8601 UTC, and one or more metrics of one key. Rows may be missing (no traffic) or late, ' +
        'values empty (no datum). A file is read whole: rows newest first are sorted, and one instant with two values is refused. ' +
        'Standard input is answered row by row. With --format csv a row twice is a correction, as in order of arrival.',
    )
    .argument('[FILE...]', 'files, also .gz; - or none reads stdin. Several files are several keys: a column says which')
    .addOption(
      new Option(
        '--format <format>',
        `format of the input; without it, it is told from the content. ${formatsText}. Other formats are named, with the way to convert them`,
      ).choices(Object.keys(usageFormats)),
    )
    .option('--sum', 'add up rows of one instant, instead of refusing them')
    .option('--interval <seconds>', "width of the rows' buckets; without it, it is told from the file, or from the rows as they arrive")
    .option('--report <file.html>', 'draw values, expected band, score and alerts into one HTML file')
    .option('--json', 'print one JSON object per row instead of CSV');
}

const formatsText = Object.entries(usageFormats)
  .map(([format, what]) => `${format}: ${what}`)
  .join('; ');

async function runBacktest(files: readonly string[], flags: BacktestFlags, io: CliIo): Promise<void> {
  const intervalMs = intervalOf(flags.interval, io);
  const names = files.length === 0 ? ['-'] : files;
  if (names.filter((name) => name === '-').length > 1) {
    io.fail('stdin is named more than once', 'name - once', 2);
  }
  if (flags.report !== undefined) await checkReport(flags.report, names, io);
  try {
    await answer(names, { ...flags, intervalMs }, io);
  } catch (error) {
    if (error instanceof UsageFileError) io.fail(error.message, error.fix, 1);
    throw error;
  }
}

type Settings = BacktestFlags & { readonly intervalMs: number | undefined };

async function answer(names: readonly string[], settings: Settings, io: CliIo): Promise<void> {
  const opened: { readonly name: string; readonly file: UsageFile }[] = [];
  for (const name of names) {
    const source = name === '-' ? io.stdin : [await contentOf(name, io)];
    opened.push({ name, file: await readUsageFile(shownName(name), source, { format: settings.format, sum: settings.sum === true }) });
  }
  const columns: Columns = {
    file: names.length > 1,
    key: opened.some(({ file }) => file.format !== 'csv' && file.series.some(({ key }) => key !== undefined)),
  };
  const header = settings.json === true ? '' : `${[...columnNames(columns), 'timestamp', 'score', 'alert'].join()}\n`;
  const judged: Judged[] = [];
  const drawn: BacktestSeries[] = [];
  for (const [index, { name, file }] of opened.entries()) {
    const subjects = await subjectsOf(name, file, settings, io);
    // Not before the first file is known to hold usage: who is refused gets no half of an answer.
    if (index === 0) await streamed(header, io);
    for (const subject of subjects) {
      const rows = await judge(subject, columns, settings, io);
      judged.push({ file: plainText(subject.file), ...(subject.key === undefined ? {} : { key: plainText(subject.key) }), ...rows });
      if (settings.report !== undefined) {
        drawn.push({
          name: [subject.file, subject.key].filter((part) => part !== undefined).join(': '),
          metrics: subject.metrics,
          rows: rows.rows,
        });
      }
      for (const remark of subject.remarks()) progress(remark, io);
    }
    const widths = subjects.map(
      ({ intervalMs }, each) => intervalMs ?? dailyWidth(judged[judged.length - subjects.length + each]?.rows ?? []),
    );
    const widest = Math.max(0, ...widths);
    if (widest > coarseMs) progress(tooCoarse(shownName(name), widest), io);
  }
  sayPromises(judged, defaultFalseAlarmsPerMonth, io);
  if (settings.report !== undefined) await writeReport(settings.report, drawn, io);
}

interface Columns {
  readonly file: boolean;
  readonly key: boolean;
}

function columnNames(columns: Columns): readonly string[] {
  return [...(columns.file ? ['file'] : []), ...(columns.key ? ['key'] : [])];
}

/** One key, whose rows are judged together. */
interface Subject {
  readonly file: string;
  readonly key?: string;
  readonly metrics: readonly string[];
  readonly rows: AsyncIterable<UsageRow> | Iterable<UsageRow>;
  readonly intervalMs?: number | undefined;
  /** What is to be said when the rows are judged. */
  readonly remarks: () => readonly string[];
}

/** Wider buckets hide the hours. */
const coarseMs = 2 * 3_600_000;
const dayMs = 86_400_000;

/** A day, where all rows stand at one time of day; 0 where they do not, or are too few to tell. Rare use is no coarse data. */
function dailyWidth(rows: Judged['rows']): number {
  return rows.length > 2 && new Set(rows.map(({ at }) => at % dayMs)).size === 1 ? dayMs : 0;
}

function tooCoarse(file: string, widthMs: number): string {
  return (
    `warning: a row of ${file} is ${lasting(widthMs)} wide. That is too coarse to find a theft in: a row shows only when its time is over, and what tells a theft from work is not in it. ` +
    'Each row is answered all the same. docs/backtest.md says how to get usage by the minute'
  );
}

async function subjectsOf(name: string, file: UsageFile, { format, sum, intervalMs }: Settings, io: CliIo): Promise<readonly Subject[]> {
  const shown = shownName(name);
  if (file.format === 'csv') {
    const meaning: RowMeaning = sum === true ? 'sum' : format === 'csv' ? 'arrival' : 'record';
    const { metrics } = file;
    const alone = { file: name, metrics, intervalMs };
    if (name === '-' && meaning !== 'sum') return [{ ...alone, ...passing(shown, file.rows, meaning) }];
    const ordered = orderedRows(shown, await everyOf(file.rows), meaning);
    for (const remark of ordered.remarks) progress(remark, io);
    return [{ ...alone, rows: ordered.rows, remarks: () => [] }];
  }
  for (const remark of file.remarks) progress(remark, io);
  if (file.repeated > 0) progress(`${counted(file.repeated, 'entry', 'entries')} of ${shown} stood there twice: they count once`, io);
  if (file.series.length === 0) progress(`warning: there is no usage in ${shown}`, io);
  return file.series.map(({ key, metrics, rows, ...series }) => ({
    file: name,
    ...(key === undefined ? {} : { key }),
    metrics,
    rows,
    intervalMs: intervalMs ?? series.intervalMs,
    remarks: () => [],
  }));
}

/** Rows that are answered one by one, and looked at on their way. */
function passing(file: string, rows: AsyncIterable<UsageRow>, meaning: 'arrival' | 'record'): Pick<Subject, 'rows' | 'remarks'> {
  const order = passingRows(meaning);
  async function* looked(): AsyncGenerator<UsageRow, void> {
    for await (const row of rows) {
      order.next(row);
      yield row;
    }
  }
  return { rows: looked(), remarks: () => order.remarks(file) };
}

async function everyOf(rows: AsyncIterable<UsageRow>): Promise<readonly UsageRow[]> {
  const all: UsageRow[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

async function judge(
  subject: Subject,
  columns: Columns,
  settings: Settings,
  io: CliIo,
): Promise<Pick<Judged, 'rows'> & Pick<BacktestSeries, 'rows'>> {
  const interval = subject.intervalMs === undefined ? {} : { intervalMs: subject.intervalMs };
  const detector = startBacktest({ metrics: subject.metrics.length, falseAlarmsPerMonth: defaultFalseAlarmsPerMonth, ...interval });
  const file = plainText(subject.file);
  const key = plainText(subject.key ?? '');
  const names = { ...(columns.file ? { file } : {}), ...(columns.key ? { key } : {}) };
  const prefix = Object.values(names)
    .map((name) => `${quoted(name)},`)
    .join('');
  const rows: BacktestSeries['rows'][number][] = [];
  for await (const { timestamp, at, values } of subject.rows) {
    const { score, alert, expected } = detector.next({ at, values });
    const rounded = Number(score.toFixed(6));
    await streamed(
      settings.json === true
        ? `${JSON.stringify({ ...names, timestamp, score: rounded, alert: alert ? 1 : 0 })}\n`
        : `${prefix}${quoted(timestamp)},${rounded},${alert ? 1 : 0}\n`,
      io,
    );
    // Without a report only the alarms are counted.
    rows.push(settings.report === undefined ? { at, values: [], expected: [], score, alert } : { at, values, expected, score, alert });
  }
  return { rows };
}

function shownName(name: string): string {
  return name === '-' ? 'stdin' : name;
}

async function contentOf(name: string, io: CliIo): Promise<Buffer> {
  try {
    return await io.readFile(name);
  } catch (error) {
    return io.fail(`${name} cannot be read (${codeOf(error)})`, 'name a file with usage, or - for stdin', 1);
  }
}

/** Before any row is read: nobody's file is overwritten, and nobody waits for a report that cannot be written. */
async function checkReport(path: string, inputs: readonly string[], io: CliIo): Promise<void> {
  for (const input of inputs) {
    if (input !== '-' && (path === input || (await io.isSameFile(path, input)))) {
      io.fail(`the report ${path} would overwrite the input ${input}`, 'give --report another name', 2);
    }
  }
  const stands = await io.readFile(path).then(
    (content) => content.toString('utf8'),
    (error: unknown) => (codeOf(error) === 'ENOENT' ? '' : reportFailure(path, error, io)),
  );
  if (stands !== '' && !stands.includes(reportMark)) {
    io.fail(`${path} exists and is no report of Key Guard: it is not overwritten`, 'give --report another name', 2);
  }
  try {
    await io.checkWritable(path);
  } catch (error) {
    reportFailure(path, error, io);
  }
}

async function writeReport(path: string, series: readonly BacktestSeries[], io: CliIo): Promise<void> {
  try {
    await io.writeFile(path, backtestReport(series, defaultFalseAlarmsPerMonth));
  } catch (error) {
    reportFailure(path, error, io);
  }
  progress(`report: ${path}`, io);
}

function reportFailure(path: string, error: unknown, io: CliIo): never {
  return io.fail(`the report cannot be written to ${path} (${codeOf(error)})`, 'give --report a file in a folder that you may write to', 1);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function intervalOf(text: string | undefined, io: CliIo): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() === '' || !Number.isFinite(seconds) || seconds < 1 || seconds > 86_400) {
    io.fail(`--interval is "${text}"`, 'give seconds from 1 to 86400, for instance --interval 60', 2);
  }
  return Math.round(seconds * 1000);
}

function quoted(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
