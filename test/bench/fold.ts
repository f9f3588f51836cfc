import { parse } from 'csv-parse/sync';
import { packedText } from '../../lambda/adapters/aws/packed-text.ts';
import { detectors } from '../../lambda/detection/detectors.ts';
import { seeded } from '../../local/random.ts';
import { costLines } from '../docs/costs.ts';

const minuteMs = 60_000;
const monday = Date.UTC(2026, 7, 3);
const rows = 100_000;
const keys = 1_000;
const settings = { intervalMs: minuteMs, falseAlarmsPerMonth: 1 };

/** Rows a second beside the time to read them, what a key's memory weighs, and what a look at very many keys takes. Prints a few lines. */
export function benchFold(print: (line: string) => void): void {
  const random = seeded(1, 'bench/fold');
  const csv = Array.from({ length: rows }, (_, minute) => {
    const tokens = random.poisson(300 * (1.5 + Math.sin((minute / 1440) * 2 * Math.PI)));
    return `${new Date(monday + minute * minuteMs).toISOString()},${tokens},${(tokens * 15) / 1e6}`;
  }).join('\n');
  const parseMs = timed(() => void (parse(csv) as unknown));
  const observations = csv.split('\n').map((line, minute) => {
    const [, tokens, cost] = line.split(',');
    return { at: monday + minute * minuteMs, values: [Number(tokens), Number(cost)] };
  });
  const folder = detectors.envelope.start(2).folder(settings);
  const foldMs = timed(() => {
    for (const observation of observations) folder.fold(observation);
  });
  print(
    `${Math.round(rows / foldMs)}k rows a second with two metrics: ${(foldMs / parseMs).toFixed(2)} of the time to parse the same ${rows / 1000}k lines of CSV`,
  );

  const text = folder.memory().text();
  print(`memory of a key after ten weeks: ${kb(text.length)} kB of JSON, ${kb(packedText(text).byteLength)} kB as stored`);

  const next = observations.slice(0, 90).map(({ values }, minute) => ({ at: monday + (rows + minute) * minuteMs, values }));
  const before = process.memoryUsage().rss;
  const lookMs = timed(() => {
    for (let key = 0; key < keys; key += 1) {
      const own = detectors.envelope.recall(JSON.parse(text), 2, monday + rows * minuteMs).folder(settings);
      for (const observation of next) own.fold(observation);
      if (key % 60 === 0) own.memory().text();
    }
  });
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  print(
    `${keys} keys: a look at each (90 minutes folded again, one in sixty stored) takes ${(lookMs / 1000).toFixed(1)} s of one core, one after the other, and ${Math.max(0, grown).toFixed(0)} MB; 10,000 by calculation ${(lookMs / 100).toFixed(0)} s. Reading from AWS comes on top.`,
  );

  const usd = (count: number): number => costLines.reduce((sum, line) => sum + line.usd(count), 0);
  print(
    `USD a key and month at AWS, busy each minute: ${[1, 3, 20, 50].map((count) => `${(usd(count) / count).toFixed(2)} of ${count}`).join(', ')}`,
  );
}

function timed(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

function kb(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
