import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readUsageFile, type UsageFile, type UsageFormat } from '../../cli/usage-files/formats.ts';
import { UsageFileError } from '../../cli/usage-files/series.ts';

async function read(content: string | Buffer, options: { format?: UsageFormat; sum?: boolean } = {}): Promise<UsageFile> {
  return readUsageFile('usage', [content], { sum: false, ...options });
}

/** Format, then for each key its metrics and rows, in short. */
async function short(content: string | Buffer, options: { format?: UsageFormat; sum?: boolean } = {}) {
  const file = await read(content, options);
  if (file.format === 'csv') throw new Error('plain CSV is tested with the command');
  return {
    format: file.format,
    keys: Object.fromEntries(
      file.series.map(({ key = '', metrics, rows }) => [
        key,
        {
          metrics: metrics.join(),
          rows: rows.map(({ at, values }) => `${new Date(at).toISOString().slice(0, 16)} ${values.map((value) => value ?? '').join()}`),
        },
      ]),
    ),
    intervals: [...new Set(file.series.map(({ intervalMs }) => intervalMs))],
    remarks: file.remarks,
    repeated: file.repeated,
  };
}

async function refusal(content: string | Buffer, name = 'usage', options: { format?: UsageFormat } = {}): Promise<UsageFileError> {
  try {
    await readUsageFile(name, [content], { sum: false, ...options });
  } catch (error) {
    if (error instanceof UsageFileError) return error;
    throw error;
  }
  throw new Error('it was read');
}

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

const tokenHeader =
  'usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,' +
  'usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed';
const tokens = (at: string, key: string, model: string, numbers: string, workspace = 'Default') =>
  `${at},${model},${key},${workspace},standard,≤ 200k,${numbers},0,not_available,`;

test('the Console’s export of tokens: per key, models added up, cache writes are input', async () => {
  const csv = [
    tokenHeader,
    tokens('2026-03-31 01:00', 'shop', 'opus', '10,1,2,3,40'),
    tokens('2026-03-31 00:00', 'shop', 'opus', '1,0,0,0,4'),
    tokens('2026-03-31 01:00', 'shop', 'haiku', '100,0,0,0,1'),
    tokens('2026-03-31 01:00', '', 'haiku', '7,0,0,0,7'),
    tokens('2026-03-31 02:00', 'shop', 'haiku', '0,0,0,0,0'),
  ].join('\n');
  const metrics = 'input_tokens,cache_read_tokens,output_tokens';
  expect(await short(csv)).toEqual({
    format: 'console',
    keys: {
      shop: { metrics, rows: ['2026-03-31T00:00 1,0,4', '2026-03-31T01:00 113,3,41'] },
      '(no API key)': { metrics, rows: ['2026-03-31T01:00 7,0,7'] },
    },
    intervals: [60 * minuteMs],
    remarks: [],
    repeated: 0,
  });
});

test('keys of one name in two workspaces are two keys', async () => {
  const csv = [tokenHeader, tokens('2026-03-31', 'shop', 'a', '1,0,0,0,1'), tokens('2026-03-31', 'shop', 'a', '2,0,0,0,2', 'Other')].join(
    '\n',
  );
  const { keys, intervals } = await short(csv);
  expect([Object.keys(keys), intervals]).toEqual([['Default/shop', 'Other/shop'], [dayMs]]);
});

const costHeader = 'usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type,inference_geo,speed';
const cost = (day: string, kind: string, usd: string) => `${day},Opus,Default,shop,message,≤ 200k,${kind},${usd},token,not_available,`;

test('the Console’s export of cost: kinds of token added up, a line twice counts once', async () => {
  const csv = [
    costHeader,
    cost('2026-02-08', 'output', '0.5'),
    cost('2026-02-08', 'input', '0.25'),
    cost('2026-02-08', 'input', '0.25'),
  ].join('\n');
  const { keys, repeated, intervals } = await short(csv);
  expect(keys).toEqual({ shop: { metrics: 'cost_usd', rows: ['2026-02-08T00:00 0.75'] } });
  expect([repeated, intervals]).toEqual([1, [dayMs]]);
});

test('one line twice with two amounts is refused with both lines, and added by --sum', async () => {
  const csv = [costHeader, cost('2026-02-08', 'output', '0.5'), cost('2026-02-08', 'output', '0.25')].join('\n');
  expect((await refusal(csv)).message).toBe('usage:3: 2026-02-08 stands at usage:2 already, with another value');
  expect((await short(csv, { sum: true })).keys).toEqual({ shop: { metrics: 'cost_usd', rows: ['2026-02-08T00:00 0.75'] } });
});

const stamps = (...minutes: readonly number[]) => minutes.map((minute) => `2026-09-01T00:${String(minute).padStart(2, '0')}:00+00:00`);

test('GetMetricData: a label names key and metric, and an absent datum is unknown', async () => {
  const results = [
    { Id: 'a', Label: 'production OutputTokens', Timestamps: stamps(5, 0), Values: [7, 5], StatusCode: 'Complete' },
    { Id: 'b', Label: 'production EstimatedCost', Timestamps: stamps(5), Values: [0.5], StatusCode: 'PartialData' },
    { Id: 'c', Label: 'staging OutputTokens', Timestamps: stamps(0), Values: [1], StatusCode: 'Complete' },
  ];
  expect(await short(JSON.stringify({ MetricDataResults: results, Messages: [] }))).toEqual({
    format: 'metric-data',
    keys: {
      production: { metrics: 'OutputTokens,EstimatedCost', rows: ['2026-09-01T00:00 5,', '2026-09-01T00:05 7,0.5'] },
      staging: { metrics: 'OutputTokens,EstimatedCost', rows: ['2026-09-01T00:00 1,'] },
    },
    intervals: [5 * minuteMs],
    remarks: [
      'warning: CloudWatch calls production EstimatedCost PartialData: some of its points are not in usage',
      'the rows of usage stood newest first, as GetMetricData gives them: sorted, oldest first',
    ],
    repeated: 0,
  });
});

test('GetMetricData: labels, instants in seconds and pages are read', async () => {
  const own = { MetricDataResults: [{ Id: 'a', Label: 'OutputTokens', Timestamps: stamps(0), Values: [5] }] };
  expect((await short(JSON.stringify(own))).keys).toEqual({ '': { metrics: 'OutputTokens', rows: ['2026-09-01T00:00 5'] } });
  const other = [0, 300].map((late) => ({ Id: 'a', Label: 'shop', Timestamps: [Date.UTC(2026, 8, 1) / 1000 + late], Values: [late] }));
  const { keys, remarks } = await short(JSON.stringify({ MetricDataResults: other, NextToken: 'more' }));
  expect(keys).toEqual({ shop: { metrics: 'value', rows: ['2026-09-01T00:05 300'] } });
  expect(remarks).toEqual(['warning: usage is one page of several (NextToken): ask without --no-paginate']);
});

test('GetMetricData: where several queries have one label, their ids are the keys', async () => {
  const results = ['first', 'second'].map((Id) => ({ Id, Label: 'OutputTokens', Timestamps: stamps(0), Values: [Id.length] }));
  expect(Object.keys((await short(JSON.stringify({ MetricDataResults: results }))).keys)).toEqual(['first', 'second']);
});

test('JSON with a semicolon in its first line is JSON', async () => {
  const report = JSON.stringify({ note: 'a;b', data: [bucket(0, used('apikey_1', 'a', 5))] });
  expect((await short(report)).format).toBe('usage-report');
});

test.each([
  ['a timestamp without a value', { Timestamps: stamps(0, 5), Values: [1] }, 'usage MetricDataResults[0]: 2 timestamps and 1 values'],
  ['a negative value', { Timestamps: stamps(0), Values: [-1] }, 'usage MetricDataResults[0].Values[0]: is no number of usage'],
  ['no instant', { Timestamps: ['soon'], Values: [1] }, 'usage MetricDataResults[0].Timestamps[0]: is no instant'],
  ['an instant with two values', { Timestamps: stamps(0, 0), Values: [1, 2] }, 'with another value'],
])('GetMetricData with %s is refused with the place', async (_what, result, words) => {
  expect((await refusal(JSON.stringify({ MetricDataResults: [{ Id: 'a', Label: 'OutputTokens', ...result }] }))).message).toContain(words);
});

const bucket = (minute: number, ...results: readonly object[]) => {
  const [from, to] = stamps(minute, minute + 1);
  return { starting_at: from, ending_at: to, results };
};
const used = (api_key_id: string | null, model: string | null, output_tokens: number) => ({
  api_key_id,
  model,
  uncached_input_tokens: 1,
  cache_read_input_tokens: 2,
  cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
  output_tokens,
});

test('the usage report: per API key, models and tiers added up; several pages are one report', async () => {
  const pages = [
    { data: [bucket(0, used('apikey_1', 'a', 5), used('apikey_1', 'b', 6)), bucket(1)], has_more: true, next_page: 'page_2' },
    { data: [bucket(2, used('apikey_1', 'a', 7), used(null, 'a', 1))], has_more: false, next_page: null },
  ];
  const metrics = 'input_tokens,cache_read_tokens,output_tokens';
  const report = {
    format: 'usage-report',
    keys: {
      apikey_1: { metrics, rows: ['2026-09-01T00:00 16,4,11', '2026-09-01T00:02 8,2,7'] },
      '(no API key)': { metrics, rows: ['2026-09-01T00:02 8,2,1'] },
    },
    intervals: [minuteMs],
    remarks: [],
    repeated: 0,
  };
  expect(await short(JSON.stringify(pages))).toEqual(report);
  expect(await short(pages.map((page) => JSON.stringify(page, null, 2)).join('\n'))).toEqual(report);
  const twice = await short(JSON.stringify([...pages, pages[1]]));
  expect([twice.keys, twice.repeated]).toEqual([report.keys, 2]);
  expect((await short(JSON.stringify(pages[0]))).remarks).toEqual([expect.stringContaining('ends before the report does (has_more)')]);
});

test('the width of a bucket is what the report says, however rarely a key is used', async () => {
  const page = { data: [bucket(0, used('apikey_1', 'a', 5)), bucket(30, used('apikey_1', 'a', 5))] };
  expect((await short(JSON.stringify(page))).intervals).toEqual([minuteMs]);
});

test('a usage report that does not tell keys apart is one key', async () => {
  const page = {
    data: [0, 5].map((minute) => ({ ...bucket(minute, { api_key_id: null, output_tokens: 5 }), ending_at: stamps(minute)[0] })),
  };
  const { keys, intervals } = await short(JSON.stringify(page));
  expect([keys, intervals]).toEqual([
    { '': { metrics: 'output_tokens', rows: ['2026-09-01T00:00 5', '2026-09-01T00:05 5'] } },
    [5 * minuteMs],
  ]);
});

test('one minute of the usage report with two totals is refused with both places', async () => {
  const page = { data: [bucket(0, used('apikey_1', 'a', 5)), bucket(0, used('apikey_1', 'a', 6))] };
  expect((await refusal(JSON.stringify(page))).message).toBe(
    'usage data[1].results[0]: 2026-09-01T00:00:00+00:00 stands at usage data[0].results[0] already, with another value',
  );
});

const day = (date: string, outputTokens: number) => ({
  date,
  inputTokens: 1,
  outputTokens,
  cacheCreationTokens: 10,
  cacheReadTokens: 100,
  totalCost: 0.5,
});

test('ccusage: days, days by project, and blocks', async () => {
  const metrics = 'input_tokens,cache_read_tokens,output_tokens,cost_usd';
  const daily = await short(JSON.stringify({ daily: [day('2026-03-02', 6), day('2026-03-01', 5)], totals: {} }));
  expect([daily.keys, daily.intervals]).toEqual([
    { '': { metrics, rows: ['2026-03-01T00:00 11,100,5,0.5', '2026-03-02T00:00 11,100,6,0.5'] } },
    [dayMs],
  ]);
  const projects = await short(JSON.stringify({ projects: { web: [day('2026-03-01', 5)], api: [day('2026-03-01', 6)] } }));
  expect(Object.keys(projects.keys)).toEqual(['web', 'api']);
  const tokenCounts = { inputTokens: 1, outputTokens: 2, cacheCreationInputTokens: 3, cacheReadInputTokens: 4 };
  const blocks = await short(
    JSON.stringify({
      blocks: [
        { startTime: '2026-03-01T05:00:00.000Z', tokenCounts, costUSD: 1 },
        { startTime: '2026-03-01T10:00:00.000Z', isGap: true, tokenCounts, costUSD: 9 },
      ],
    }),
  );
  expect(blocks.keys).toEqual({ '': { metrics, rows: ['2026-03-01T05:00 4,4,2,1'] } });
});

test('ccusage by months is refused with the command for days', async () => {
  const { fix } = await refusal(JSON.stringify({ monthly: [{ ...day('', 5), month: '2026-03' }] }));
  expect(fix).toBe('npx ccusage daily --json > ccusage.json');
});

test('gzip and UTF-16 are read in every format', async () => {
  const report = JSON.stringify({ data: [bucket(0, used('apikey_1', 'a', 5))] });
  const plain = await short(report);
  for (const content of [gzipSync(report), Buffer.from(`\uFEFF${report}`, 'utf16le'), `\n \n${report}`])
    expect(await short(content)).toEqual(plain);
});

test('a format that is named must be the file’s', async () => {
  const report = JSON.stringify({ data: [bucket(0, used('apikey_1', 'a', 5))] });
  expect((await short(report, { format: 'usage-report' })).format).toBe('usage-report');
  expect((await refusal(report, 'usage', { format: 'ccusage' })).message).toContain('no ccusage');
  expect((await refusal('timestamp,value\n', 'usage', { format: 'ccusage' })).message).toBe('usage is no JSON');
  expect((await refusal('timestamp,value\n', 'usage', { format: 'console' })).message).toContain('the header is');
  expect((await refusal(tokenHeader, 'usage', { format: 'csv' })).message).toContain('the header is');
});

interface Foreign {
  readonly what: string;
  readonly file: string;
  readonly content: string;
  readonly says: string;
  /** What its command makes of it. */
  readonly csv: string;
}
const at = (hour: number) => `2026-09-01T0${hour}:00:00.000Z`;
const foreign: readonly Foreign[] = [
  {
    what: 'Grafana, local time and rounded numbers',
    file: 'grafana.csv',
    content: '"Time","output tokens","USD"\n2026-09-01 02:00:00,0.06 K,\n2026-09-01 03:00:00,12,0.5\n',
    says: 'a CSV export of Grafana',
    csv: `timestamp,"output tokens","USD"\n${at(0)},60,\n${at(1)},12,0.5\n`,
  },
  {
    what: 'Grafana for Excel, milliseconds',
    file: 'grafana ms.csv',
    content: `sep=,\n"Time","v"\n${Date.UTC(2026, 8, 1)},5\n`,
    says: 'a CSV export of Grafana',
    csv: `timestamp,"v"\n${at(0)},5\n`,
  },
  {
    what: 'AWS CUR',
    file: "it's a bill.csv",
    content:
      'identity/LineItemId,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/UsageType,lineItem/UsageAmount,lineItem/LineItemDescription,lineItem/UnblendedCost\n' +
      `,2026-09-01T01:00:00Z,x,USE1-Claude-output,60,"$1, a token",0.5\nb,2026-09-01T00:00:00Z,x,USE1-Claude-input,60,,0.25\nc,2026-09-01T01:00:00Z,x,USE1-Claude-input,60,,0.5\nd,2026-09-01T01:00:00Z,x,EC2,1,,9\n`,
    says: 'an AWS bill',
    csv: 'timestamp,cost_usd\n2026-09-01T00:00:00Z,0.25\n2026-09-01T01:00:00Z,1\n',
  },
  {
    what: 'AWS CUR 2.0',
    file: 'cur2.csv',
    content: 'line_item_usage_type,line_item_usage_start_date,line_item_unblended_cost\nClaude,2026-09-01T00:00:00.000Z,2\n',
    says: 'an AWS bill',
    csv: `timestamp,cost_usd\n${at(0)},2\n`,
  },
  {
    what: 'OpenRouter',
    file: 'openrouter.csv',
    content:
      'Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,Reasoning Tokens\n' +
      '"2026-05-12 00:00:00","anthropic/a","1","0","4","70","30","0"\n"2026-05-12 00:00:00","anthropic/b","1","0","4","7","3","0"\n',
    says: 'an activity export of OpenRouter',
    csv: 'timestamp,input_tokens,output_tokens\n2026-05-12 00:00:00,77,33\n',
  },
  {
    what: 'Prometheus',
    file: 'prometheus.json',
    content: JSON.stringify({
      status: 'success',
      data: {
        resultType: 'matrix',
        result: [60, 40].map((value) => ({ metric: {}, values: [[Date.UTC(2026, 8, 1) / 1000, String(value)]] })),
      },
    }),
    says: 'an answer of Prometheus',
    csv: `timestamp,value\n${at(0)},100\n`,
  },
  {
    what: 'Prometheus, one instant',
    file: 'instant.json',
    content: JSON.stringify({
      status: 'success',
      data: { resultType: 'vector', result: [{ metric: {}, value: [Date.UTC(2026, 8, 1) / 1000, '60'] }] },
    }),
    says: 'an answer of Prometheus',
    csv: `timestamp,value\n${at(0)},60\n`,
  },
  {
    what: 'Excel in German',
    file: 'excel.csv',
    content: 'Zeit;Ausgabe;"Kosten"\n01.09.2026 02:00;1.234,5;0.5\n1.9.2026 03:00;1.988;\n',
    says: 'CSV with semicolons',
    csv: `timestamp,"Ausgabe","Kosten"\n${at(0)},1234.5,0.5\n${at(1)},1988,\n`,
  },
  {
    what: 'tabs',
    file: 'tabs.tsv',
    content: 'timestamp\tvalue\n2026-09-01 02:00\t5\n',
    says: 'a text with tabs',
    csv: `timestamp,"value"\n${at(0)},5\n`,
  },
  {
    what: 'get-metric-statistics',
    file: 'statistics.json',
    content: JSON.stringify({ Label: 'x', Datapoints: [1, 0].map((hour) => ({ Timestamp: at(hour), Sum: hour + 1, Unit: 'None' })) }),
    says: 'get-metric-statistics',
    csv: `timestamp,value\n${at(0)},1\n${at(1)},2\n`,
  },
  {
    what: 'OpenAI',
    file: 'openai.json',
    content: JSON.stringify({
      object: 'page',
      data: [{ object: 'bucket', start_time: Date.UTC(2026, 8, 1) / 1000, results: [{ input_tokens: 5, output_tokens: 6 }] }],
    }),
    says: 'a usage page of OpenAI',
    csv: `timestamp,input_tokens,output_tokens\n${at(0)},5,6\n`,
  },
];

test.each(foreign)('$what is named, and the command that the message gives converts it', async ({ file, content, says, csv }) => {
  const { message, fix } = await refusal(content, file);
  expect(message).toMatch(/ is (an?|CSV) /);
  expect(message).toContain(says);
  const folder = mkdtempSync(join(tmpdir(), 'keyguard-convert-'));
  writeFileSync(join(folder, file), content);
  const command = /(TZ=\S+ )?node -e .*/s.exec(fix)?.[0] ?? 'false';
  expect(execFileSync('sh', ['-c', command.replace(/ > usage\.csv$/, '')], { cwd: folder, encoding: 'utf8' })).toBe(csv);
  const converted = await read(csv);
  expect(converted.format).toBe('csv');
  if (converted.format === 'csv') for await (const row of converted.rows) expect(row.at).toBeGreaterThan(0);
});

test('the command for a compressed file unpacks it', async () => {
  const [{ content } = { content: '' }] = foreign;
  expect((await refusal(gzipSync(content), 'g.csv.gz')).fix).toMatch(
    /gunzip -c g\.csv\.gz \| TZ=Europe\/Berlin node -e '.*' > usage\.csv$/s,
  );
});

test.each([
  ['a workbook', Buffer.from('PK\u0003\u0004\u0000\u0000\u0000\u0000\u0000', 'latin1'), /workbook/, /CSV UTF-8/],
  ['Parquet', 'PAR1\u0015\u0004\u0015\u0010', /Parquet/, /timestamp,value/],
  ['a web page', '\n<!doctype html><html>', /web page/, /sign-in/],
  ['GetMetricData as a table', '-----------\n|  GetMetricData  |', /GetMetricData as text/, /--output json/],
  ['GetMetricData as YAML', 'MetricDataResults:\n- Id: a', /GetMetricData as text/, /--output json/],
  [
    'the cost report',
    JSON.stringify({ data: [{ starting_at: at(0), results: [{ amount: '12', currency: 'USD' }] }], has_more: false }),
    /cost report/,
    /usage report/,
  ],
  [
    'an error',
    JSON.stringify({ type: 'error', error: { type: 'permission_error', message: 'no' } }),
    /error answer \(permission_error\)/,
    /ask again/,
  ],
  ['other JSON', '{"rows":[]}', /JSON with the fields rows/, /GetMetricData/],
  ['broken JSON', '{"data":[', /broken JSON/, /save the whole answer/],
  ['seconds since 1970', 'timestamp,value\n1780272000,1', /column timestamp is "1780272000"/, /since 1970/],
])('%s is named, with what to do', async (_what, content, says, fix) => {
  const error = await refusal(content).catch(async () => {
    const file = await read(content);
    return file.format === 'csv'
      ? file.rows[Symbol.asyncIterator]()
          .next()
          .then(
            () => undefined,
            (reason: unknown) => reason,
          )
      : undefined;
  });
  expect(error).toBeInstanceOf(UsageFileError);
  expect(error instanceof UsageFileError ? error.message : '').toMatch(says);
  expect(error instanceof UsageFileError ? error.fix : '').toMatch(fix);
});
