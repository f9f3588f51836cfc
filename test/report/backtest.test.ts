import { expect, test } from 'vitest';
import { alarmInWords } from '../../report/alarm-words.ts';
import { alertRuns, inTime } from '../../report/alert-runs.ts';
import { backtestReport, type BacktestPoint, type BacktestSeries } from '../../report/backtest.ts';
import { promiseOf, rateText } from '../../report/promise.ts';

const start = Date.UTC(2026, 5, 1);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Seen {
  readonly value?: number | null;
  readonly score?: number;
  readonly high?: number;
}

/** A row of the given hour, expected to be 10 to 100, 50 by habit. */
function row(hour: number, { value = 50, score = 0.1, high = 100 }: Seen = {}): BacktestPoint {
  return { at: start + hour * hourMs, values: [value], expected: [{ low: 10, typical: 50, high }], score, alert: false };
}
const alarm = (hour: number, seen: Seen = {}): BacktestPoint => ({ ...row(hour, { score: 0.8, ...seen }), alert: true });
const hours = (count: number): readonly BacktestPoint[] => Array.from({ length: count }, (_, hour) => row(hour));
const key = (name: string, rows: readonly BacktestPoint[]): BacktestSeries => ({ name, metrics: ['output_tokens'], rows });

const words = (page: string): string =>
  page
    .replace(/<(script|style)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');

/** What the page's scripts draw from. */
function drawn(
  page: string,
): readonly { readonly warmUp: readonly number[]; readonly at: readonly number[]; readonly value: readonly number[] }[] {
  return [...page.matchAll(/<script type="application\/json">([\s\S]*?)<\/script>/g)].map(
    ([, text = '']) => JSON.parse(text) as ReturnType<typeof drawn>[number],
  );
}

test('a table shows each key, and all, with rows, span, alarms and what was promised', () => {
  const page = backtestReport([key('a.csv', [...hours(1440), alarm(1440)]), key('b.csv', hours(721))], 1);
  expect(words(page)).toContain('1 alarm raised, 3 false ones promised');
  expect(words(page)).toContain('Key Rows From Span Alarms Promised Highest score');
  expect(words(page)).toContain('a.csv 1,441 Mon 1 Jun 60 days 1 2 0.80');
  expect(words(page)).toContain('b.csv 721 Mon 1 Jun 30 days 0 1 0.10');
  expect(words(page)).toContain('All 2,162 1 3');
});

test('up to four keys stand open; more are closed, and the table leads to each', () => {
  const opened = (count: number) => {
    const page = backtestReport(
      Array.from({ length: count }, (_, index) => key(`k${index}`, hours(3))),
      1,
    );
    const anchors = [...page.matchAll(/<details class="key" id="([^"]+)"/g)].map(([, anchor]) => anchor);
    for (const anchor of anchors) expect(page).toContain(`<a href="#${anchor}">`);
    return [anchors.length, page.match(/<details class="key" id="[^"]+" open/g)?.length ?? 0];
  };
  expect([opened(4), opened(48)]).toEqual([
    [4, 4],
    [48, 0],
  ]);
});

test('the first four days are shaded, and the legend has what the plot shows and no more', () => {
  const calm = backtestReport([key('a', hours(200))], 1);
  expect(drawn(calm).map(({ warmUp }) => warmUp)).toEqual([0, 1].map(() => [start / 1000, (start + 4 * dayMs) / 1000]));
  expect(words(calm)).toContain('the first 4 days, in which little is known of the key');
  expect(calm).not.toContain('var(--theft)"></i>');
  expect(backtestReport([key('a', [...hours(200), alarm(200)])], 1)).toContain('var(--theft)"></i>alarm');
  expect(calm).toContain('legend: { show: false }');
});

test('a page of many rows keeps its peaks and a size that loads', () => {
  const month = Array.from({ length: 43_200 }, (_, minute) => ({
    ...row(0, { value: minute === 30_001 ? 9e6 : 50 }),
    at: start + minute * 60_000,
  }));
  const page = backtestReport(
    Array.from({ length: 5 }, (_, index) => key(`k${index}`, month)),
    1,
  );
  expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
  for (const { value, at } of drawn(page).filter((_, index) => index % 2 === 0))
    expect([Math.max(...value), at.length <= 6001]).toEqual([9e6, true]);
});

test('nothing of a name becomes markup', () => {
  const hostile = `"><script>alert(1)</script>`;
  const page = backtestReport([{ name: hostile, metrics: [hostile], rows: [...hours(3), alarm(3, { value: 900 })] }], 1);
  expect(page).not.toContain('<script>alert(1)');
});

test.each<[string, readonly BacktestPoint[], boolean, string]>([
  [
    'a row above its range',
    [alarm(0, { value: 110 }), alarm(1, { value: 5000 })],
    false,
    'output_tokens was 5,000 on Mon 1 Jun, 01:00, where 10 to 100 was expected, 50 times the top of that range.',
  ],
  [
    'rows within their range',
    [alarm(0, { value: 90 }), alarm(1, { value: 90 })],
    false,
    'output_tokens came to 180 in 1 hour, where about 100 was expected: 1.8 times as much.',
  ],
  ['nothing that stands out', [alarm(0, { value: 40 })], false, 'No row of it stands out: what counted is the sum of the hours before.'],
  ['no datum', [alarm(0, { value: null })], false, 'No row of it stands out: what counted is the sum of the hours before.'],
  [
    'a low score at its end',
    [alarm(0, { value: 200 }), alarm(1, { value: 20, score: 0.15 })],
    false,
    'output_tokens was 200 on Mon 1 Jun, 00:00, where 10 to 100 was expected, 2 times the top of that range. ' +
      'An alarm ends after half an hour of calm: so rows with a score down to 0.15 belong to it.',
  ],
  [
    'the first days, and nothing expected',
    [alarm(0, { value: 200, high: 0 })],
    true,
    'output_tokens was 200 on Mon 1 Jun, 00:00, where nothing was expected. Little was known of the key by then.',
  ],
])('an alarm is explained in words: %s', (_what, points, isEarly, text) => {
  expect(alarmInWords(['output_tokens'], points, isEarly)).toBe(text);
});

test('an alarm is one run of rows in time, whatever the order in which they arrived', () => {
  const rows = [alarm(2), row(0), alarm(1), row(3), alarm(4), { ...row(2), alert: true }];
  expect(alertRuns(inTime(rows)).map(({ from, to }) => [from, to])).toEqual([
    [start + hourMs, start + 2 * hourMs],
    [start + 4 * hourMs, start + 4 * hourMs],
  ]);
});

test('the promise is the dial times the span of the rows, a month being 30 days', () => {
  expect(promiseOf([row(360), row(0), alarm(100)], 2)).toEqual({ rows: 3, from: start, to: start + 15 * dayMs, alarms: 1, promised: 1 });
  expect(promiseOf([], 1)).toEqual({ rows: 0, alarms: 0, promised: 0 });
  expect([0.0466, 0.93333, 22.44, 1234.5].map(rateText)).toEqual(['0.047', '0.93', '22.4', '1,235']);
});
