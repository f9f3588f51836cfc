import { Readable, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { CliFailure } from '../../cli/command.ts';
import { runProgram } from '../../cli/program.ts';
import { startBacktest } from '../../lambda/detection/backtest.ts';
import { orderedRows } from '../../cli/usage-files/row-order.ts';
import { reportMark } from '../../report/page.ts';
import { ioOf } from './shell.ts';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly written: ReadonlyMap<string, string>;
}

async function run(
  args: readonly string[],
  { stdin = '', files = {} }: { stdin?: string | Buffer | Readable; files?: Record<string, string | Buffer> } = {},
): Promise<Ran> {
  const written = new Map<string, string>();
  const texts = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') =>
    new Writable({
      // Smaller than any output: every write must wait for the reader.
      highWaterMark: 1,
      write: (chunk: Buffer, _encoding, done) => {
        texts[name] += chunk.toString();
        if (name === 'stderr') done();
        else setImmediate(done);
      },
    });
  const code = await runProgram(['node', 'keyguard', 'backtest', ...args], {
    stdin: stdin instanceof Readable ? stdin : Readable.from([stdin].filter((each) => each.length > 0)),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    readFile: async (path) => {
      if (path === 'locked.html') throw Object.assign(new Error('locked'), { code: 'EACCES' });
      const file = files[path];
      if (file === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return Buffer.from(file);
    },
    writeFile: async (path, text) => void written.set(path, text),
    checkWritable: async (path) => {
      if (path.startsWith('/nowhere/')) throw Object.assign(new Error('no such folder'), { code: 'ENOENT' });
    },
    isSameFile: async (path, other) => path.replace('./', '') === other.replace('./', ''),
    fail: (message, fix, exit) => {
      throw new CliFailure(message, fix, exit);
    },
  });
  return { code, ...texts, written };
}

const instant = (minute: number) => new Date(Date.UTC(2026, 5, 1, 0, minute)).toISOString().replace('.000Z', 'Z');
const usage = (rows: number, value: (index: number) => string | number = (index) => 1000 + ((index * 7919) % 400)) =>
  ['timestamp,value', ...Array.from({ length: rows }, (_, index) => `${instant(10 * index)},${value(index)}`)].join('\n') + '\n';

test('every row gets its line, in the order of the file', async () => {
  const csv = `timestamp,value\n${instant(20)},5\n${instant(0)},\n${instant(10)},7\n${instant(20)},6\n`;
  const { code, stdout } = await run(['--format', 'csv', '-'], { stdin: csv });
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toBe('timestamp,score,alert');
  expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual([instant(20), instant(0), instant(10), instant(20)]);
  for (const line of lines.slice(1)) expect(line).toMatch(/^[^,]+,(0|1|0\.\d+),[01]$/);
});

test('what it prints is what the detector answers, a burst as an alert', async () => {
  const value = (index: number) => (index >= 400 ? 90_000 : 1000 + ((index * 7919) % 400));
  const { stdout } = await run(['--interval', '600'], { stdin: usage(406, value) });
  const detector = startBacktest({ metrics: 1, falseAlarmsPerMonth: 1, intervalMs: 600_000 });
  const expected = Array.from({ length: 406 }, (_, index) => {
    const { score, alert } = detector.next({ at: Date.UTC(2026, 5, 1, 0, 10 * index), values: [value(index)] });
    return `${instant(10 * index)},${Number(score.toFixed(6))},${alert ? 1 : 0}`;
  });
  expect(stdout.trimEnd().split('\n').slice(1)).toEqual(expected);
  expect(expected.slice(399, 401).map((line) => line.at(-1))).toEqual(['0', '1']);
});

test('a prefix of the file gives a prefix of the output', async () => {
  const csv = usage(60);
  const whole = await run([], { stdin: csv });
  const half = await run([], { stdin: csv.split('\n').slice(0, 31).join('\n') });
  expect(whole.stdout.startsWith(half.stdout)).toBe(true);
  expect(half.stdout.trimEnd().split('\n')).toHaveLength(31);
});

test('gzip, a byte-order mark, CRLF, blank lines, spaces for T and other zones are read alike', async () => {
  const plain = await run([], { stdin: usage(20) });
  for (const stdin of [gzipSync(usage(20)), `\uFEFF${usage(20)}`, usage(20).replaceAll('\n', '\r\n'), usage(20).replaceAll('\n', '\n\n')]) {
    expect((await run([], { stdin })).stdout).toBe(plain.stdout);
  }
  expect((await run(['a.csv.gz'], { files: { 'a.csv.gz': gzipSync(usage(20)) } })).stdout).toBe(plain.stdout);
  const scores = (text: string) => text.split('\n').map((line) => line.split(',').slice(1).join());
  const spaced = usage(20).replaceAll(/T(.*?)Z/g, ' $1');
  const zoned = usage(20).replaceAll(/T00:(\d\d):00Z/g, 'T02:$1:00+02:00');
  for (const stdin of [spaced, zoned]) expect(scores((await run([], { stdin })).stdout)).toEqual(scores(plain.stdout));
});

test('more columns are further metrics of the same key', async () => {
  const second = (index: number) => `${1000 + ((index * 7919) % 400)},${index >= 400 ? 9000 : 100}`;
  const csv = usage(406, second).replace('value', 'value,output');
  expect((await run([], { stdin: csv })).stdout.trimEnd().split('\n').at(-1)).toMatch(/,1$/);
});

test('several files are several keys, and a column says which', async () => {
  const files = { 'a.csv': usage(3), 'b.csv': usage(2) };
  const { stdout } = await run(['a.csv', 'b.csv'], { files });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'file,timestamp,score,alert',
    ...[0, 1, 2].map((index) => `a.csv,${instant(10 * index)},0,0`),
    ...[0, 1].map((index) => `b.csv,${instant(10 * index)},0,0`),
  ]);
});

test('with --json each row is one object', async () => {
  const { stdout } = await run(['--json'], { stdin: usage(2) });
  const objects: unknown[] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(objects).toEqual([0, 10].map((minute) => ({ timestamp: instant(minute), score: 0, alert: 0 })));
});

test('--report writes one page that loads nothing, with a plot per metric and one of the score', async () => {
  const { written, stdout } = await run(['--report', 'out.html', 'a<b>.csv'], {
    files: { 'a<b>.csv': usage(30).replace('value', 'value') },
  });
  const page = written.get('out.html') ?? '';
  expect(stdout.startsWith('timestamp,score,alert\n')).toBe(true);
  expect(page).toContain('a&lt;b&gt;.csv');
  expect(page).not.toMatch(/(src|href)="?https?:/);
  expect(page.match(/class="backtest"/g)).toHaveLength(2);
  expect(page).toContain('0 alarms raised, 0.0067 false ones promised');
});

interface Wrong {
  readonly what: string;
  readonly csv: string | Buffer;
  readonly says: RegExp;
}
const wrong: readonly Wrong[] = [
  { what: 'nothing', csv: '', says: /stdin is empty/ },
  { what: 'no header', csv: '2026-06-01T00:00:00Z,5\n', says: /stdin:1: the header is "2026-06-01T00:00:00Z,5"/ },
  { what: 'a header of other columns', csv: 'key,timestamp,value\n', says: /stdin:1: the header is "key,timestamp,value"/ },
  { what: 'no value column', csv: 'timestamp\n', says: /stdin:1: the header/ },
  {
    what: 'a word for a number',
    csv: 'timestamp,value\n2026-06-01T00:00:00Z,1\n2026-06-01T00:01:00Z,many\n',
    says: /stdin:3: column value is "many"/,
  },
  { what: 'NaN', csv: 'timestamp,value\n2026-06-01T00:00:00Z,NaN\n', says: /stdin:2: column value is "NaN"/ },
  { what: 'infinity', csv: 'timestamp,value\n2026-06-01T00:00:00Z,1e999\n', says: /stdin:2: column value is "1e999"/ },
  { what: 'less than nothing', csv: 'timestamp,value,output\n2026-06-01T00:00:00Z,1,-3\n', says: /stdin:2: column output is -3/ },
  {
    what: 'a day that is not',
    csv: 'timestamp,value\n2026-02-30T00:00:00Z,1\n',
    says: /stdin:2: column timestamp is "2026-02-30T00:00:00Z"/,
  },
  { what: 'seconds since 1970', csv: 'timestamp,value\n1780272000,1\n', says: /column timestamp is "1780272000"/ },
  {
    what: 'a row with a column less',
    csv: 'timestamp,value,output\n2026-06-01T00:00:00Z,1\n',
    says: /stdin:2: 2 columns, the header has 3/,
  },
  { what: 'a quote that stays open', csv: 'timestamp,value\n"2026-06-01T00:00:00Z,1\n', says: /stdin:2: a quote stays open/ },
  { what: 'half a gzip file', csv: gzipSync(usage(500)).subarray(0, 200), says: /stdin is broken gzip/ },
];

test.each(wrong)('$what ends with exit code 1, place and fix, after the rows before it', async ({ csv, says }) => {
  const { code, stderr } = await run([], { stdin: csv });
  expect(code).toBe(1);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/\nfix: {3}\S/);
});

test('quotes, line ends and cuts of the input change no row', async () => {
  const plain = usage(20);
  const quotedRows = plain.replaceAll(/^(2026[^,]*),(.*)$/gm, '"$1","$2"');
  const titled = plain.replace('value', '"a ""value""\nin two lines"');
  async function* bytewise(text: string): AsyncGenerator<string> {
    for (const letter of text) yield letter;
  }
  const expected = (await run([], { stdin: plain })).stdout;
  for (const text of [quotedRows, titled, plain.replaceAll('\n', '\r'), plain.replaceAll('\n', '\r\n')]) {
    expect((await run([], { stdin: text })).stdout).toBe(expected);
    const cut = await run([], { stdin: Readable.from(bytewise(text)) });
    expect(cut.stdout).toBe(expected);
  }
});

test('UTF-16, as PowerShell and Excel write it, is read', async () => {
  const expected = (await run([], { stdin: usage(20) })).stdout;
  const little = Buffer.from(`\uFEFF${usage(20)}`, 'utf16le');
  for (const stdin of [little, Buffer.from(little).swap16(), little.subarray(2)]) expect((await run([], { stdin })).stdout).toBe(expected);
});

test('rows before a bad one are answered', async () => {
  const { stdout } = await run([], { stdin: `${usage(3)}soon,1\n` });
  expect(stdout.trimEnd().split('\n')).toHaveLength(4);
});

test.each([
  { args: ['--format', 'xml'], says: /Allowed choices are csv, console, metric-data, usage-report, ccusage/ },
  { args: ['--interval', '0'], says: /--interval is "0"/ },
  { args: ['--interval', 'ten'], says: /--interval is "ten"/ },
  { args: ['--interval', ''], says: /--interval is ""/ },
  { args: ['--tune', '1'], says: /unknown option/ },
  { args: ['-', '-'], says: /stdin is named more than once/ },
])('$args is wrong usage', async ({ args, says }) => {
  const { code, stdout, stderr } = await run(args, { stdin: usage(2) });
  expect(code).toBe(2);
  expect(stderr).toMatch(says);
  expect(stdout).toBe('');
});

test('a file that is not there is named', async () => {
  const { code, stderr } = await run(['gone.csv']);
  expect(code).toBe(1);
  expect(stderr).toContain('gone.csv cannot be read (ENOENT)');
});

test('a report does not overwrite a file that is none', async () => {
  const files = { 'k.csv': usage(3), 'notes.txt': 'mine' };
  const { code, stdout, stderr, written } = await run(['k.csv', '--report', 'notes.txt'], { files });
  expect([code, stdout, written.size]).toEqual([2, '', 0]);
  expect(stderr).toContain('notes.txt exists and is no report of Key Guard');
});

/** What an input may be that no look at its content protects. */
const unguarded = { empty: '', 'an earlier report': reportMark };

test.each(
  Object.entries(unguarded).flatMap(
    ([what, content]) =>
      [
        [what, 'k.csv', content],
        [what, './k.csv', content],
      ] as const,
  ),
)('an input is not overwritten, whatever it holds: %s, named %s', async (_what, report, content) => {
  const files = { 'a.csv': usage(3), 'k.csv': content, './k.csv': content };
  const { code, stdout, stderr, written } = await run(['a.csv', 'k.csv', '--report', report], { files });
  expect([code, stdout, written.size]).toEqual([2, '', 0]);
  expect(stderr).toContain(`the report ${report} would overwrite the input k.csv`);
});

test('a report is not written over a file that cannot be looked at', async () => {
  const { code, stderr, written } = await run(['k.csv', '--report', 'locked.html'], { files: { 'k.csv': usage(3) } });
  expect([code, written.size]).toEqual([1, 0]);
  expect(stderr).toContain('the report cannot be written to locked.html (EACCES)');
});

test('an earlier report is written anew', async () => {
  const first = await run(['k.csv', '--report', 'out.html'], { files: { 'k.csv': usage(30) } });
  const report = first.written.get('out.html') ?? '';
  const again = await run(['k.csv', '--report', 'out.html'], { files: { 'k.csv': usage(30), 'out.html': report } });
  expect([again.code, again.written.has('out.html')]).toEqual([0, true]);
});

test('that a report cannot be written is said before any row is read, with its path', async () => {
  const { code, stdout, stderr } = await run(['missing.csv', '--report', '/nowhere/out.html']);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('the report cannot be written to /nowhere/out.html (ENOENT)');
});

const lines = (...minutes: (readonly [number, number])[]) =>
  ['timestamp,value', ...minutes.map(([minute, value]) => `${instant(minute)},${value}`)].join('\n') + '\n';
const shuffled = Array.from({ length: 30 }, (_, index) => [((index * 7) % 30) * 10, index] as const);
const answered = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]);

test.each<[string, string, string]>([
  ['newest first', lines([50, 1], [40, 2], [30, 3], [20, 4]), 'stand newest first'],
  ['newest first, with one row late', lines([50, 1], [40, 2], [30, 3], [60, 4], [20, 5], [10, 6]), 'stand newest first'],
  ['shuffled', lines(...shuffled), 'are earlier than the row above them'],
  ['an instant twice with other values', lines([10, 1], [20, 2], [20, 3], [30, 4]), '1 row of stdin repeat an instant with another value'],
])(
  'in a pipe of arrivals each row is answered as it comes, and what makes the answers doubtful is told: %s',
  async (_what, stdin, words) => {
    const { code, stdout, stderr } = await run(['--format', 'csv', '-'], { stdin });
    expect([code, answered(stdout)]).toEqual([0, answered(stdin)]);
    expect(stderr).toContain('warning:');
    expect(stderr).toContain(words);
  },
);

test.each<[string, string]>([
  ['a late row', lines([10, 1], [20, 2], [40, 4], [30, 3], [50, 5], [60, 6], [70, 7], [80, 8], [90, 9], [100, 1], [110, 2], [120, 3])],
  ['a row that comes twice', lines([10, 1], [20, 2], [20, 2], [30, 3])],
  ['one row', lines([10, 1])],
])('no doubt is told of %s', async (_what, stdin) => {
  expect((await run(['--format', 'csv', '-'], { stdin })).stderr).toMatch(
    /^stdin: \d+ rows? in [^:]+: 0 alarms raised, [\d.]+ false ones promised\n$/,
  );
});

const reversed = (csv: string) => {
  const [header = '', ...rows] = csv.trimEnd().split('\n');
  return [header, ...rows.reverse()].join('\n') + '\n';
};

test.each([[[]], [['--format', 'csv']]])('a file whose rows stand newest first is sorted, with a word: %j', async (flags) => {
  const value = (index: number) => (index >= 400 ? 90_000 : 1000 + ((index * 7919) % 400));
  const files = { 'old.csv': usage(406, value), 'new.csv': reversed(usage(406, value)) };
  const [oldest, newest] = [await run([...flags, 'old.csv'], { files }), await run([...flags, 'new.csv'], { files })];
  expect(newest.stdout).toBe(oldest.stdout);
  expect(newest.stdout).toMatch(/,1$/m);
  expect(newest.stderr).toContain('the rows of new.csv stood newest first: sorted');
  expect(oldest.stderr).not.toContain('sorted');
});

test('in a file of corrections with the newest on top, the upper of two rows counts', () => {
  const rows = [50, 40, 30, 30, 20, 10].map((minute, index) => ({
    timestamp: '',
    at: minute * 60_000,
    values: [index],
    place: `k:${index}`,
  }));
  const ordered = orderedRows('k', rows, 'arrival');
  expect(ordered.rows.map(({ values }) => values[0])).toEqual([5, 4, 3, 2, 1, 0]);
});

test('shuffled rows of a file are said, and answered as they stand', async () => {
  const { code, stdout, stderr } = await run(['k.csv'], { files: { 'k.csv': lines(...shuffled) } });
  expect([code, answered(stdout)]).toEqual([0, answered(lines(...shuffled))]);
  expect(stderr).toContain('of 30 rows of k.csv are earlier than the row above them');
});

test.each([[['k.csv']], [['-']]])('one instant with two values is refused with both lines: %j', async (args) => {
  const csv = lines([10, 1], [20, 2], [20, 3], [30, 4]);
  const { code, stderr } = await run(args, { stdin: csv, files: { 'k.csv': csv } });
  const name = args[0] === '-' ? 'stdin' : 'k.csv';
  expect(code).toBe(1);
  expect(stderr).toContain(`${name}:4: ${instant(20)} stands at ${name}:3 already, with another value`);
  expect(stderr).toContain('--sum');
});

test('a file that is refused gets no half of an answer', async () => {
  expect((await run(['k.csv'], { files: { 'k.csv': lines([10, 1], [20, 2], [20, 3]) } })).stdout).toBe('');
});

test('the hour that a clock change doubles is refused', async () => {
  const local = (time: string, value: number) => `2026-10-25 ${time}:00,${value}`;
  const csv = ['timestamp,value', local('01:30', 1), local('02:00', 2), local('02:30', 3), local('02:00', 4), local('02:30', 5)].join('\n');
  const { code, stderr } = await run(['k.csv'], { files: { 'k.csv': csv } });
  expect([code, stderr.includes('k.csv:5: 2026-10-25 02:00:00 stands at k.csv:3 already')]).toEqual([1, true]);
  expect(stderr).toContain('the hour that a clock change doubles');
});

test.each([[['k.csv']], [['-']]])('--sum adds the rows of one instant: %j', async (args) => {
  const parts = lines([10, 1], [20, 2], [20, 3], [30, 4], [40, 5], [40, 5]);
  const whole = lines([10, 1], [20, 5], [30, 4], [40, 10]);
  const { code, stdout, stderr } = await run(['--sum', ...args], { stdin: parts, files: { 'k.csv': parts } });
  expect([code, stdout]).toEqual([0, (await run(['k.csv'], { files: { 'k.csv': whole } })).stdout]);
  expect(stderr).toContain('2 rows of');
});

test('a row twice with the same value counts once, and a known value joins an unknown one', async () => {
  const csv = `timestamp,value,output\n${instant(10)},1,2\n${instant(10)},1,2\n${instant(20)},1,\n${instant(20)},,2\n`;
  const { code, stderr } = await run(['k.csv'], { files: { 'k.csv': csv } });
  expect(code).toBe(0);
  expect(stderr).toContain('2 rows of k.csv repeat an instant with the same value: they count once');
});

test.each([[['-']], [['--format', 'csv', '-']]])('a pipe gets the answer to a row before the next row comes: %j', async (args) => {
  const answers: string[] = [];
  async function* slowly(): AsyncGenerator<string> {
    yield 'timestamp,value\n';
    for (const minute of [0, 10, 20]) {
      yield `${instant(minute)},5\n`;
      await vi.waitUntil(() => answers.join('').includes(instant(minute)), { timeout: 5000, interval: 1 });
    }
  }
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      answers.push(chunk.toString());
      done();
    },
  });
  const code = await runProgram(['node', 'keyguard', 'backtest', ...args], {
    ...ioOf({ out: '', err: '' }),
    stdin: Readable.from(slowly()),
    stdout,
  });
  expect([code, answers.join('').split('\n').length]).toEqual([0, 5]);
});

test('it ends with alarms raised against alarms promised', async () => {
  const value = (index: number) => (index >= 400 ? 90_000 : 1000 + ((index * 7919) % 400));
  const files = { 'burst.csv': usage(433, value), 'calm.csv': usage(433) };
  const { stderr } = await run(['burst.csv', 'calm.csv'], { files });
  expect(stderr.trimEnd().split('\n')).toEqual([
    'burst.csv: 433 rows in 3 days: 1 alarm raised, 0.1 false ones promised',
    'calm.csv: 433 rows in 3 days: 0 alarms raised, 0.1 false ones promised',
    'in all: 866 rows of 2 keys: 1 alarm raised, 0.2 false ones promised',
  ]);
  const json = await run(['burst.csv', 'calm.csv', '--json'], { files });
  expect(json.stdout.trimEnd().split('\n')).toHaveLength(866);
  const [last = ''] = json.stderr.trimEnd().split('\n').slice(-1);
  expect(JSON.parse(last)).toEqual({
    summary: {
      falseAlarmsPerMonth: 1,
      files: [
        { file: 'burst.csv', rows: 433, alarms: 1, from: '2026-06-01T00:00:00.000Z', to: '2026-06-04T00:00:00.000Z', promised: 0.1 },
        { file: 'calm.csv', rows: 433, alarms: 0, from: '2026-06-01T00:00:00.000Z', to: '2026-06-04T00:00:00.000Z', promised: 0.1 },
      ],
      all: { rows: 866, alarms: 1, promised: 0.2 },
    },
  });
});

const days = (count: number, hours = 24) =>
  ['timestamp,value', ...Array.from({ length: count }, (_, index) => `${instant(60 * hours * index)},${5 + index}`)].join('\n') + '\n';
const blocks = JSON.stringify({
  blocks: [0, 5].map((hour) => ({
    startTime: `2026-03-01T0${hour}:00:00.000Z`,
    tokenCounts: { inputTokens: 1, outputTokens: 2 },
    costUSD: 1,
  })),
});

test.each([
  ['days', days(5), 'warning: a row of k is 1 day wide. That is too coarse'],
  ['blocks of ccusage', blocks, 'warning: a row of k is 5 hours wide. That is too coarse'],
])('rows that are too coarse to find a theft in are said, and answered all the same: %s', async (_what, content, words) => {
  const { code, stdout, stderr } = await run(['k'], { files: { k: content } });
  expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, content === blocks ? 3 : 6]);
  expect(stderr).toContain(words);
});

test('a key that is rarely used is not taken for coarse data', async () => {
  expect((await run(['k'], { files: { k: days(5, 31) } })).stderr).not.toContain('coarse');
});

test('each key of a file is judged by itself, and a column says which', async () => {
  const results = ['production', 'staging'].map((key, index) => ({
    Id: 'a',
    Label: `${key} OutputTokens`,
    Timestamps: [instant(10), instant(0)],
    Values: [index + 1, index + 1],
  }));
  const files = { 'm.json': JSON.stringify({ MetricDataResults: results }), 'k.csv': usage(2) };
  const { stdout, stderr } = await run(['m.json', 'k.csv'], { files });
  expect(stdout.trimEnd().split('\n')).toEqual([
    'file,key,timestamp,score,alert',
    ...['production', 'staging'].flatMap((key) => [0, 10].map((minute) => `m.json,${key},${instant(minute)},0,0`)),
    ...[0, 10].map((minute) => `k.csv,,${instant(minute)},0,0`),
  ]);
  expect(stderr).toContain('the rows of m.json stood newest first');
  expect(stderr).toContain('in all: 6 rows of 3 keys: 0 alarms raised');
  const [first = ''] = (await run(['--json', 'm.json'], { files })).stdout.split('\n');
  expect(JSON.parse(first)).toEqual({ key: 'production', timestamp: instant(0), score: 0, alert: 0 });
});
