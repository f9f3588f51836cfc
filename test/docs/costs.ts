import { metricPriceUsdPerMonth, usageMetricNames, watchedMetrics } from '../../contract/metrics.ts';

/** One line of the table in docs/costs.md: what AWS charges a month for one thing, in USD. */
export interface CostLine {
  readonly what: string;
  /** How the sum is made, for people. */
  readonly because: string;
  readonly usd: (managedKeys: number) => number;
}

/** List prices of us-east-1 in USD, without the free tier, as of November 2026. Other Regions differ, and so may next year. */
const prices = {
  secretMonth: 0.4,
  secretCall: 0.05 / 10_000,
  kmsKeyMonth: 1,
  metricMonth: metricPriceUsdPerMonth,
  metricAskedFor: 0.01 / 1_000,
  putMetricDataCall: 0.01 / 1_000,
  alarmMonth: 0.1,
  dashboardMonth: 3,
  lambdaRequest: 0.2 / 1_000_000,
  lambdaArmGbSecond: 0.000_013_333_4,
  dynamoWriteUnit: 0.625 / 1_000_000,
  dynamoReadUnit: 0.125 / 1_000_000,
  logGb: 0.5,
} as const;

const minutes = 30 * 24 * 60;
/** Retirement runs every five minutes, collection and detection each minute. */
const retirements = minutes / 5;
const runs = 2 * minutes + retirements;
/** Of lib/app-function.ts. */
const memoryGb = 0.5;

/** What an installation holds besides its managed keys. */
export const fixed = { secrets: 2, alarms: 13 } as const;
export const secretsPerKey = 2;

/**
 * What one run or minute takes. Calls were counted on the local world with one and with three keys that are busy each minute;
 * seconds are assumed, since only a real account can tell them.
 */
const measured = {
  secretCallsPerMinute: 0.27,
  secretCallsPerKeyMinute: 0.2,
  writeUnitsPerMinute: 1,
  writeUnitsPerKeyMinute: 6,
  /** The detector's two memories of a key are stored once an hour; from a month on each is about 32 KB. */
  writeUnitsPerKeyHour: 64,
  readUnitsPerMinute: 20,
  /** Of which 8 are the recent memory. */
  readUnitsPerKeyMinute: 16,
  logBytesPerRun: 1_000,
} as const;
const assumedSeconds = { run: 1, perKey: 0.2 } as const;

/** Every key is taken as busy each minute, day and night: no month costs more. */
export const costLines: readonly CostLine[] = [
  {
    what: 'Secrets',
    because: 'two per key, the admin key, the Slack webhook: $0.40 each',
    usd: (keys) => (secretsPerKey * keys + fixed.secrets) * prices.secretMonth,
  },
  { what: 'KMS key', because: 'one; each of its first two yearly rotations adds $1', usd: () => prices.kmsKeyMonth },
  {
    what: 'Metrics',
    because: `${usageMetricNames.length} per key, ${usageMetricNames.length} for unattributed usage, one for the age of the data: $0.30 each`,
    usd: (keys) => (usageMetricNames.length * (keys + 1) + 1) * prices.metricMonth,
  },
  {
    what: 'Asking for metrics',
    because: `${watchedMetrics.length} an hour for each key, to compare them with the state table: $0.01 per 1,000`,
    usd: (keys) => watchedMetrics.length * (keys + 1) * (minutes / 60) * prices.metricAskedFor,
  },
  { what: 'Sending metrics', because: 'six calls in five minutes: $0.01 per 1,000', usd: () => minutes * 1.2 * prices.putMetricDataCall },
  { what: 'Alarms', because: `${fixed.alarms}: $0.10 each`, usd: () => fixed.alarms * prices.alarmMonth },
  { what: 'Dashboard', because: 'one', usd: () => prices.dashboardMonth },
  {
    what: 'Lambda',
    because: 'three scheduled functions, 512 MB; a run taken as 1 s and 0.2 s per key',
    usd: (keys) =>
      runs * (prices.lambdaRequest + memoryGb * (assumedSeconds.run + assumedSeconds.perKey * keys) * prices.lambdaArmGbSecond),
  },
  {
    what: 'DynamoDB',
    because: 'on demand; about 6 writes and 16 reads per key and minute, 64 writes per key and hour',
    usd: (keys) =>
      minutes *
        ((measured.writeUnitsPerMinute + measured.writeUnitsPerKeyMinute * keys) * prices.dynamoWriteUnit +
          (measured.readUnitsPerMinute + measured.readUnitsPerKeyMinute * keys) * prices.dynamoReadUnit) +
      (minutes / 60) * measured.writeUnitsPerKeyHour * keys * prices.dynamoWriteUnit,
  },
  {
    what: 'Reading secrets',
    because: "our own reads; consumers' come on top: $0.05 per 10,000",
    usd: (keys) => minutes * (measured.secretCallsPerMinute + measured.secretCallsPerKeyMinute * keys) * prices.secretCall,
  },
  { what: 'Logs', because: 'about 1 kB a run: $0.50 per GB', usd: () => ((runs * measured.logBytesPerRun) / 1e9) * prices.logGb },
];

const tableKeys = [1, 3, 20] as const;

/** What a heartbeat adds: a managed key of its own, three alarms, and a run an hour; idle but for one minute of it. */
export const heartbeatUsd =
  secretsPerKey * prices.secretMonth +
  usageMetricNames.length * prices.metricMonth +
  3 * prices.alarmMonth +
  watchedMetrics.length * (minutes / 60) * prices.metricAskedFor +
  (minutes / 60) * (prices.lambdaRequest + memoryGb * assumedSeconds.run * prices.lambdaArmGbSecond + prices.secretCall);

/** What Anthropic takes for a month of heartbeats: requests of about ten tokens. */
export const heartbeatTokensUsd = ({ input, output }: { readonly input: number; readonly output: number }): number =>
  730 * (10 * input + output) * 1e-9;

/** The table of docs/costs.md, as it must stand there. */
export function costTable(): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const amounts = (usd: (keys: number) => number): readonly string[] => tableKeys.map((keys) => `$${usd(keys).toFixed(2)}`);
  const total = (keys: number): number => costLines.reduce((sum, line) => sum + line.usd(keys), 0);
  return [
    row(['a month, in USD', ...tableKeys.map((keys) => `${keys} ${keys === 1 ? 'key' : 'keys'}`), 'how']),
    row(['---', ...tableKeys.map(() => '---:'), '---']),
    ...costLines.map(({ what, because, usd }) => row([what, ...amounts(usd), because])),
    row(['**Sum**', ...amounts(total).map((amount) => `**${amount}**`), 'every key busy each minute; no free tier']),
  ].join('\n');
}
