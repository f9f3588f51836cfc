import { Option } from 'commander';
import { defaultFalseAlarmsPerMonth, startBacktest } from '../../lambda/detection/backtest.ts';
import { backtestReport } from '../../report/backtest.ts';
import type { BacktestSeries } from '../../report/backtest.ts';
import { reportMark } from '../../report/page.ts';
import type { CliIo, Command } from '../command.ts';
import { plainText, progress, streamed } from '../output.ts';
import { startOrder, type RowOrder } from '../row-order.ts';
import { UsageCsvError, readUsageCsv } from '../usage-csv.ts';

interface BacktestFlags {
  readonly format: string;
  readonly interval?: string;
  readonly report?: string;
  readonly json?: boolean;
}

/** `keyguard backtest`: the deployed detector, with its defaults, over usage in CSV. */
export const backtest: Command = {
  name: 'backtest',
  summary: 'Run the detector over usage in CSV: one line per row, score and alert',
  register: (program, io) => {
    program
      .command(backtest.name)
      .summary(backtest.summary)
      .description(
        'Reads CSV with a header timestamp,value[,more columns]: ISO 8601 UTC, and one or more metrics of one key. ' +
          'File order is arrival order: rows may be missing (no traffic), late or twice (restated), values empty (no datum). ' +
          'Prints timestamp,score,alert: one line per row, told from that and earlier rows alone; score 0.5 is where an alert begins.',
      )
      .argument('[FILE...]', 'CSV files, also .gz; - or none reads stdin. Several files are several keys: a column says which')
      .addOption(new Option('--format <format>', 'format of the input').choices(['csv']).default('csv'))
      .option('--interval <seconds>', "width of the rows' buckets; without it, it is told from the rows as they arrive")
      .option('--report <file.html>', 'draw values, expected band, score and alerts into one HTML file')
      .option('--json', 'print one JSON object per row instead of CSV')
      .action((files: string[], flags: BacktestFlags) => runBacktest(files, flags, io));
  },
};

async function runBacktest(files: readonly string[], flags: BacktestFlags, io: CliIo): Promise<void> {
  const intervalMs = intervalOf(flags.interval, io);
  const names = files.length === 0 ? ['-'] : files;
  if (names.filter((name) => name === '-').length > 1) {
    io.fail('stdin is named more than once', 'name - once', 2);
  }
  if (flags.report !== undefined) await checkReport(flags.report, io);
  const many = names.length > 1;
  const drawn: BacktestSeries[] = [];
  if (flags.json !== true) await streamed(many ? 'file,timestamp,score,alert\n' : 'timestamp,score,alert\n', io);
  for (const name of names) {
    const series = flags.report === undefined ? undefined : { name, metrics: [] as string[], rows: [] as BacktestSeries['rows'][number][] };
    if (series !== undefined) drawn.push(series);
    const order = startOrder();
    try {
      await answerFile(name, { intervalMs, many, json: flags.json === true, series, order }, io);
    } catch (error) {
      if (error instanceof UsageCsvError) io.fail(error.message, error.fix, 1);
      throw error;
    }
    for (const remark of order.remarks(name === '-' ? 'stdin' : name)) progress(remark, io);
  }
  if (flags.report !== undefined) await writeReport(flags.report, drawn, io);
}

interface FileTask {
  readonly intervalMs: number | undefined;
  readonly many: boolean;
  readonly json: boolean;
  readonly order: RowOrder;
  readonly series: { metrics: string[]; rows: BacktestSeries['rows'][number][] } | undefined;
}

async function answerFile(name: string, task: FileTask, io: CliIo): Promise<void> {
  const source = name === '-' ? io.stdin : [await contentOf(name, io)];
  const { metrics, rows } = await readUsageCsv(name === '-' ? 'stdin' : name, source);
  task.series?.metrics.push(...metrics);
  const interval = task.intervalMs === undefined ? {} : { intervalMs: task.intervalMs };
  const detector = startBacktest({ metrics: metrics.length, falseAlarmsPerMonth: defaultFalseAlarmsPerMonth, ...interval });
  const file = plainText(name);
  for await (const { timestamp, at, values } of rows) {
    task.order.next(at, values);
    const { score, alert, expected } = detector.next({ at, values });
    const rounded = Number(score.toFixed(6));
    if (task.json) {
      await streamed(`${JSON.stringify({ ...(task.many ? { file } : {}), timestamp, score: rounded, alert: alert ? 1 : 0 })}\n`, io);
    } else {
      await streamed(`${task.many ? `${quoted(file)},` : ''}${quoted(timestamp)},${rounded},${alert ? 1 : 0}\n`, io);
    }
    task.series?.rows.push({ at, values, expected, score, alert });
  }
}

async function contentOf(name: string, io: CliIo): Promise<Buffer> {
  try {
    return await io.readFile(name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return io.fail(`${name} cannot be read (${code})`, 'name a CSV file, or - for stdin', 1);
  }
}

/** Before any row is read: nobody's file is overwritten, and nobody waits for a report that cannot be written. */
async function checkReport(path: string, io: CliIo): Promise<void> {
  const stands = await io.readFile(path).then(
    (content) => content.toString('utf8'),
    () => '',
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
    await io.writeFile(path, backtestReport(series));
  } catch (error) {
    reportFailure(path, error, io);
  }
  progress(`report: ${path}`, io);
}

function reportFailure(path: string, error: unknown, io: CliIo): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return io.fail(`the report cannot be written to ${path} (${code})`, 'give --report a file in a folder that you may write to', 1);
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
