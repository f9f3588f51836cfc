import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { rateFolder, startRate } from './rate/rate.ts';
import { startAll } from '../../lambda/detection/detectors.ts';
import { drawUsage, type MinuteUsage } from '../../local/traffic/draw.ts';
import { profileNames, profiles } from '../../local/traffic/profiles.ts';
import { readTrace } from '../../local/traffic/trace.ts';
import { drawTheft, theftPatterns, type TheftPattern } from '../../local/traffic/theft.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const monday = Date.UTC(2026, 7, 3);

/** One key's buckets, without gaps: input and output tokens of each, or a single value. */
interface Series {
  readonly name: string;
  readonly from: number;
  readonly intervalMs: number;
  readonly values: readonly (readonly number[])[];
}

/** Per bucket, whether an alert is on. */
type Detector = (series: Series) => readonly boolean[];

/** Half an hour of calm ends an alert in all of them, so that runs can be compared. */
function held(intervalMs: number, hot: readonly boolean[]): readonly boolean[] {
  let last = -Infinity;
  return hot.map((each, index) => {
    if (each) last = index;
    return (index - last) * intervalMs < 30 * minuteMs;
  });
}

const detectors: Readonly<Record<string, Detector>> = {
  'envelope (budget: 1 a month)': ({ from, intervalMs, values }) => {
    const folder = startAll(values[0]?.length ?? 1).folder({ intervalMs, falseAlarmsPerMonth: 1 });
    return values.map((each, index) => folder.fold({ at: from + index * intervalMs, values: each }).alert);
  },
  'the detector before (rate)': ({ from, intervalMs, values }) => {
    const folder = rateFolder(startRate(values[0]?.length ?? 1), { intervalMs, falseAlarmsPerMonth: 1 });
    return values.map((each, index) => folder.fold({ at: from + index * intervalMs, values: each }).alert);
  },
  "3 x the first week's maximum": ({ intervalMs, values }) => {
    const week = Math.round((7 * dayMs) / intervalMs);
    const most = (values[0] ?? []).map((_, metric) => Math.max(...values.slice(0, week).map((each) => each[metric] ?? 0)));
    return held(
      intervalMs,
      values.map((each, index) => index >= week && each.some((value, metric) => value > 3 * (most[metric] ?? 0))),
    );
  },
  '3 sigma over the last day': ({ intervalMs, values }) => {
    const day = Math.round(dayMs / intervalMs);
    const sums = (values[0] ?? []).map(() => ({ sum: 0, squares: 0 }));
    const hot = values.map((each, index) => {
      const high = each.map((value, metric) => {
        const { sum = 0, squares = 0 } = sums[metric] ?? {};
        const mean = sum / day;
        return index >= day && value > mean + 3 * Math.sqrt(Math.max(0, squares / day - mean * mean));
      });
      sums.forEach((kept, metric) => {
        const added = each[metric] ?? 0;
        const gone = values[index - day]?.[metric] ?? 0;
        kept.sum += added - gone;
        kept.squares += added * added - gone * gone;
      });
      return high.some(Boolean);
    });
    return held(intervalMs, hot);
  },
};

function runStarts(alerts: readonly boolean[]): readonly number[] {
  return alerts.flatMap((alert, index) => (alert && alerts[index - 1] !== true ? [index] : []));
}

interface Theft {
  readonly pattern: TheftPattern;
  /** The thief's appetite over the pattern's own. */
  readonly size: number;
  readonly minutes: number;
}
const thefts: readonly Theft[] = theftPatterns.flatMap((pattern) =>
  (pattern === 'low-and-slow' ? [1, 5, 10] : [0.3, 1, 3]).map((size) => ({
    pattern,
    size,
    minutes: pattern === 'low-and-slow' || pattern === 'off-hours' ? 1440 : 360,
  })),
);

interface Robbed {
  readonly series: Series;
  readonly from: number;
  readonly until: number;
}

/** The key with a theft that starts in bucket `start`; a retired key has been silent for five days before. */
function robbed(key: Series, { pattern, size, minutes }: Theft, start: number, seed: number): Robbed {
  const perMinute = key.intervalMs / minuteMs;
  const used = key.values.map((each) => each.reduce((sum, value) => sum + value, 0)).filter((value) => value > 0);
  const busy = used.sort((a, b) => a - b)[Math.floor(used.length * 0.75)] ?? 1;
  const silentFrom = pattern === 'retired-key-wakes' ? start - Math.round((5 * dayMs) / key.intervalMs) : Infinity;
  const values = key.values.map((each, index) => (index >= silentFrom ? each.map(() => 0) : [...each]));
  const at = key.from + start * key.intervalMs;
  const usage = drawTheft(pattern, { seed, from: at, minutes, victimTokensPerMinute: (busy / perMinute) * size });
  let first: number | undefined;
  for (const minute of usage) {
    const index = Math.floor((minute.at - key.from) / key.intervalMs);
    const bucket = values[index];
    if (bucket === undefined) continue;
    // Detection counts from the first bucket that holds anything to detect; a probe holds next to nothing.
    if (pattern !== 'probe-then-burst' || minute.requests > 1) first ??= index;
    tokensOf(minute).forEach((tokens, metric) => (bucket[metric] = (bucket[metric] ?? 0) + tokens));
  }
  return { series: { ...key, values }, from: first ?? start, until: start + minutes / perMinute + 30 / perMinute };
}

function tokensOf({ uncachedInputTokens, cacheReadTokens, cacheCreationTokens, outputTokens }: MinuteUsage): readonly number[] {
  return [uncachedInputTokens + cacheReadTokens + cacheCreationTokens, outputTokens];
}

/** Thefts begin after `historyDays`, at an hour that differs from key to key. */
function bench(title: string, keys: readonly Series[], historyDays: number, print: (line: string) => void): void {
  const months = keys.reduce((sum, { values, intervalMs }) => sum + (values.length * intervalMs) / (30 * dayMs), 0);
  print(`\n${title}: ${keys.length} keys, ${months.toFixed(1)} key-months`);
  const cases = thefts.map((theft) => ({
    theft,
    robberies: keys.flatMap((key, index) => {
      const start = Math.round(((historyDays + 0.13 * ((index * 5) % 8)) * dayMs) / key.intervalMs);
      return start < key.values.length - 1440 * (minuteMs / key.intervalMs) ? [robbed(key, theft, start, index)] : [];
    }),
  }));
  const columns = Object.entries(detectors).map(([name, detector]) => {
    const alarms = keys.reduce((sum, key) => sum + runStarts(detector(key)).length, 0);
    return { name, alarms: (alarms / months).toFixed(2), cells: cases.map(({ robberies }) => caught(detector, robberies)) };
  });
  print(['false alarms a key-month'.padEnd(30), ...columns.map(({ alarms }) => alarms.padStart(31))].join(''));
  print(['recall, median minutes'.padEnd(30), ...columns.map(({ name }) => name.padStart(31))].join(''));
  cases.forEach(({ theft }, index) => {
    print([`${theft.pattern} x ${theft.size}`.padEnd(30), ...columns.map(({ cells }) => (cells[index] ?? '').padStart(31))].join(''));
  });
}

/** Thefts under which an alert began, and the median of how long that took. An alert that was on already counts as missed. */
function caught(detector: Detector, robberies: readonly Robbed[]): string {
  const minutes = robberies.flatMap(({ series, from, until }) => {
    const found = runStarts(detector(series)).find((index) => index >= from && index < until);
    return found === undefined ? [] : [((found - from + 1) * series.intervalMs) / minuteMs];
  });
  const median = minutes.sort((a, b) => a - b)[Math.floor(minutes.length / 2)];
  return `${Math.round((100 * minutes.length) / Math.max(1, robberies.length))} %, ${median === undefined ? '-' : Math.round(median)}`;
}

function drawnKeys(days: number, seeds: readonly number[]): readonly Series[] {
  const known = profiles();
  return profileNames.flatMap((name) =>
    seeds.map((seed) => {
      const values = Array.from({ length: days * 1440 }, () => [0, 0]);
      for (const minute of drawUsage(known[name], { seed, from: monday, minutes: days * 1440 })) {
        const bucket = values[(minute.at - monday) / minuteMs];
        if (bucket !== undefined) tokensOf(minute).forEach((tokens, metric) => (bucket[metric] = (bucket[metric] ?? 0) + tokens));
      }
      return { name: `${name} ${seed}`, from: monday, intervalMs: minuteMs, values };
    }),
  );
}

/** The keys of a trace, from each key's first traffic on. */
function tracedKeys(file: string): readonly Series[] {
  const { keys, end, bucketMs } = readTrace(file);
  return [...keys].flatMap(([name, buckets]) => {
    const from = buckets[0]?.at;
    if (from === undefined) return [];
    const values = Array.from({ length: Math.round((end - from) / bucketMs) }, () => [0, 0]);
    for (const { at, inputTokens, outputTokens } of buckets) values[Math.round((at - from) / bucketMs)] = [inputTokens, outputTokens];
    return [{ name, from, intervalMs: bucketMs, values }];
  });
}

const labelFile = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));

/** Labelled series that are no usage: anomalies of any kind, drops too, which are no thefts. */
function benchLabelled(folder: string, print: (line: string) => void): void {
  const windows = labelFile.parse(JSON.parse(readFileSync(join(folder, 'windows.json'), 'utf8')));
  const utc = (text: string): number => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.csv.gz'))
    .map((name) => {
      const rows = gunzipSync(readFileSync(join(folder, name)))
        .toString()
        .trim()
        .split('\n')
        .slice(1);
      const points = rows.map((row) => row.split(',')).map(([at = '', value = '']) => ({ at: utc(at), value: Number(value) }));
      const from = points[0]?.at ?? 0;
      const intervalMs = 5 * minuteMs;
      const values = Array.from({ length: Math.round(((points.at(-1)?.at ?? 0) - from) / intervalMs) + 1 }, () => [0]);
      for (const { at, value } of points) values[Math.round((at - from) / intervalMs)] = [value];
      const labels = Object.entries(windows).find(([label]) => label.endsWith(name.replace(/\.gz$/, '')))?.[1] ?? [];
      return { series: { name, from, intervalMs, values }, labels: labels.map(([start, end]) => [utc(start), utc(end)] as const) };
    });
  const months = all.reduce((sum, { series }) => sum + (series.values.length * series.intervalMs) / (30 * dayMs), 0);
  print(`\nLabelled CloudWatch series: ${all.length}, ${months.toFixed(1)} months (labels include drops and changes that are no excess)`);
  for (const [name, detector] of Object.entries(detectors)) {
    let hits = 0;
    let outside = 0;
    for (const { series, labels } of all) {
      const starts = runStarts(detector(series)).map((index) => series.from + index * series.intervalMs);
      const inside = (at: number): boolean => labels.some(([from, to]) => at >= from && at <= to);
      hits += labels.filter(([from, to]) => starts.some((at) => at >= from && at <= to)).length;
      outside += starts.filter((at) => !inside(at)).length;
    }
    const labelled = all.reduce((sum, { labels }) => sum + labels.length, 0);
    print(`${name.padEnd(30)} ${hits} of ${labelled} windows, ${(outside / months).toFixed(2)} alarms a month outside`);
  }
}

function benchSpeed(key: Series, print: (line: string) => void): void {
  const perSecond = (detector: Detector): number => {
    detector(key);
    const began = performance.now();
    detector(key);
    return key.values.length / ((performance.now() - began) / 1000);
  };
  const [envelope = 0, rate = 0, , sigma = 0] = Object.values(detectors).map(perSecond);
  print(
    `\nSpeed, two metrics: ${Math.round(envelope / 1000)}k minutes a second; ${(sigma / envelope).toFixed(1)} times the time of 3 sigma, ${(rate / envelope).toFixed(1)} times that of the detector before`,
  );
}

/** Prints false alarms, recall and time to detection beside two plain detectors; with a folder of traces, on these too. */
export function benchDetection(folder: string | undefined, print: (line: string) => void): void {
  const drawn = drawnKeys(21, [1, 2]);
  bench('Drawn usage by the minute', drawn, 15, print);
  const trace = folder === undefined ? undefined : join(folder, 'llm-usage-10min.csv.gz');
  if (trace !== undefined && existsSync(trace)) {
    const keys = tracedKeys(trace);
    // Every third key was never looked at while the detector was made.
    bench(
      'Traced usage, keys kept aside',
      keys.filter((_, index) => index % 3 === 2),
      9,
      print,
    );
    bench(
      'Traced usage, keys that the detector was tuned on',
      keys.filter((_, index) => index % 3 !== 2),
      9,
      print,
    );
  }
  const labelled = folder === undefined ? undefined : join(folder, 'nab-realAWSCloudwatch');
  if (labelled !== undefined && existsSync(labelled)) benchLabelled(labelled, print);
  const [first] = drawn;
  if (first !== undefined) benchSpeed(first, print);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  benchDetection(process.argv[2], (line) => void process.stdout.write(`${line}\n`));
