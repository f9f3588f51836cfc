import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { seeded } from '../../../local/random.ts';
import { drawUsage } from '../../../local/traffic/draw.ts';
import { profileNames, profiles } from '../../../local/traffic/profiles.ts';
import { readTrace } from '../../../local/traffic/trace.ts';

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export type Part = 'tuned' | 'held out';

/** Usage of one key without a theft: one value a bucket, without gaps. */
export interface Background {
  readonly set: string;
  /** What several series share: they count as one when intervals are drawn. */
  readonly source: string;
  /** Whether thresholds may be chosen on it. */
  readonly part: Part;
  readonly from: number;
  readonly intervalMs: number;
  readonly values: readonly number[];
  /** Where something is labelled that is no theft: [from, until) in ms; nothing is counted there. */
  readonly labelled?: readonly (readonly [number, number])[];
}

const monday = Date.UTC(2026, 7, 3);

/** Every second source is held out. */
const partOf = (index: number): Part => (index % 2 === 0 ? 'tuned' : 'held out');

export function drawnBackgrounds(days: number, seeds: readonly number[]): readonly Background[] {
  const known = profiles();
  return profileNames.flatMap((name) =>
    seeds.map((seed, index): Background => {
      const values = Array.from({ length: days * 1440 }, () => 0);
      for (const { at, outputTokens } of drawUsage(known[name], { seed, from: monday, minutes: days * 1440 }))
        values[(at - monday) / minuteMs] = (values[(at - monday) / minuteMs] ?? 0) + outputTokens;
      return { set: 'drawn, 1 min', source: `${name} ${seed}`, part: partOf(index), from: monday, intervalMs: minuteMs, values };
    }),
  );
}

/** A key that is used some three times a week for some minutes, at odd times. */
export function rareBackgrounds(days: number, seeds: readonly number[]): readonly Background[] {
  return seeds.map((seed, index) => {
    const random = seeded(seed, 'bench/rare');
    const values = Array.from({ length: days * 1440 }, () => 0);
    for (let minute = 0; minute < values.length; minute += 1) {
      if (random.uniform() > 3 / 10_080) continue;
      for (let last = 1 + random.poisson(4); last > 0; last -= 1) values[minute + last] = Math.round(400 * random.gamma(1.5));
    }
    return {
      set: 'rarely used, 1 min',
      source: `rare ${seed}`,
      part: partOf(index),
      from: monday,
      intervalMs: minuteMs,
      values: values.slice(0, days * 1440),
    };
  });
}

/** The traces of a folder such as shared data: as they are, by the hour, and some thinned to minutes. */
export function tracedBackgrounds(folder: string): readonly Background[] {
  const trace = join(folder, 'llm-usage-10min.csv.gz');
  const nab = join(folder, 'nab-realAWSCloudwatch');
  return [...(existsSync(trace) ? llm(trace) : []), ...(existsSync(nab) ? cloudWatch(nab) : [])];
}

function llm(file: string): readonly Background[] {
  const { keys, end, bucketMs } = readTrace(file);
  return [...keys].flatMap(([source, buckets], index): readonly Background[] => {
    const from = Math.ceil((buckets[0]?.at ?? 0) / hourMs) * hourMs;
    const values = Array.from({ length: Math.floor((end - from) / bucketMs) }, () => 0);
    for (const { at, outputTokens } of buckets) if (at >= from) values[Math.round((at - from) / bucketMs)] = outputTokens;
    const common = { source, part: partOf(Math.floor(index / 2)), from } as const;
    const whole: Background = { ...common, set: 'ServeGen, 10 min', intervalMs: bucketMs, values };
    const byHour: Background = { ...common, set: 'ServeGen, 1 h', intervalMs: hourMs, values: summed(values, hourMs / bucketMs) };
    const thin: Background = {
      ...common,
      set: 'ServeGen, thinned to 1 min',
      intervalMs: minuteMs,
      values: thinned(values, bucketMs / minuteMs, index),
    };
    return index % 3 === 0 ? [whole, thin] : [index % 3 === 1 ? byHour : whole];
  });
}

export function summed(values: readonly number[], by: number): readonly number[] {
  return Array.from({ length: Math.floor(values.length / by) }, (_, index) =>
    values.slice(index * by, (index + 1) * by).reduce((sum, value) => sum + value, 0),
  );
}

/** Requests of some hundred tokens, spread over the minutes of each bucket by chance. */
function thinned(values: readonly number[], minutes: number, seed: number): readonly number[] {
  const random = seeded(seed, 'bench/thinned');
  const tokensPerRequest = 300;
  return values.flatMap((value) =>
    Array.from({ length: minutes }, () => Math.round(random.poisson(value / minutes / tokensPerRequest) * tokensPerRequest)),
  );
}

const labelFile = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));

function cloudWatch(folder: string): readonly Background[] {
  const windows = labelFile.parse(JSON.parse(readFileSync(join(folder, 'windows.json'), 'utf8')));
  const utc = (text: string): number => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.csv.gz'))
    .map((name, index): Background => {
      const rows = gunzipSync(readFileSync(join(folder, name)))
        .toString()
        .trim()
        .split('\n')
        .slice(1);
      const points = rows.map((row) => row.split(',')).map(([at = '', value = '']) => ({ at: utc(at), value: Number(value) }));
      const from = points[0]?.at ?? 0;
      const intervalMs = 5 * minuteMs;
      const values = Array.from({ length: Math.round(((points.at(-1)?.at ?? 0) - from) / intervalMs) + 1 }, () => 0);
      for (const { at, value } of points) values[Math.round((at - from) / intervalMs)] = value;
      const labels = Object.entries(windows).find(([label]) => label.endsWith(name.replace(/\.gz$/, '')))?.[1] ?? [];
      const labelled = labels.map(([start, stop]) => [utc(start), utc(stop)] as const);
      return { set: 'CloudWatch (NAB), 5 min', source: name, part: partOf(index), from, intervalMs, values, labelled };
    });
}
