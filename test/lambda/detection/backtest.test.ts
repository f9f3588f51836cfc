import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startBacktest, type BacktestRow } from '../../../lambda/detection/backtest.ts';
import { seeded } from '../../../local/random.ts';
import { daily, dayMs, drawn, hourMs, judged, minuteMs, monday, withTheft } from './series.ts';
import { long } from '../../support/long.ts';

const tenMinutes = 10 * minuteMs;

function answers(rows: readonly BacktestRow[], intervalMs?: number) {
  const backtest = startBacktest({
    metrics: rows[0]?.values.length ?? 1,
    falseAlarmsPerMonth: 1,
    ...(intervalMs === undefined ? {} : { intervalMs }),
  });
  return rows.map((row) => backtest.next(row));
}

const short = (rows: readonly BacktestRow[], intervalMs?: number) => answers(rows, intervalMs).map(({ score, alert }) => [score, alert]);

/** Rows at any time, in any order, some of them twice, some empty. */
const anyRows = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 500 }), fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 1e6 }))).map(([bucket, value]) => ({
    at: monday + bucket * tenMinutes,
    values: [value],
  })),
  { minLength: 1, maxLength: 60 },
);

test('a prefix of the rows gives the same answers, whatever arrives later', long, () => {
  fc.assert(
    fc.property(anyRows, fc.nat(60), (rows, length) => {
      expect(short(rows.slice(0, length))).toEqual(short(rows).slice(0, length));
    }),
    { numRuns: 25 },
  );
});

test('every row gets an answer, with a score from 0 to 1', () => {
  fc.assert(
    fc.property(anyRows, (rows) => {
      for (const { score } of answers(rows)) expect(score >= 0 && score <= 1).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test('rows in order are answered by the deployed detector', () => {
  const series = withTheft(
    drawn(daily(5000), { days: 6, intervalMs: tenMinutes }),
    monday + 5 * dayMs,
    monday + 5 * dayMs + hourMs,
    400_000,
  );
  expect(short(series, tenMinutes)).toEqual(judged(series, { intervalMs: tenMinutes }).map(({ answer }) => [answer.score, answer.alert]));
});

test('an interval that is told from the rows gives the same answers as one that is given', () => {
  const series = drawn(daily(5000), { days: 3, intervalMs: tenMinutes });
  expect(short(series).slice(1)).toEqual(short(series, tenMinutes).slice(1));
});

test('once the rows have shown their interval, an early wrong guess is forgotten', () => {
  const series = drawn(daily(5000), { days: 3, intervalMs: tenMinutes }).filter((_, index) => index !== 1 && index !== 2);
  expect(short(series).slice(3)).toEqual(short(series, tenMinutes).slice(3));
});

/** Rows that arrive up to `most` places late. */
function shuffled(rows: readonly BacktestRow[], most: number): BacktestRow[] {
  const random = seeded(3, 'arrival');
  return rows
    .map((row, index) => ({ row, arrives: index + most * random.uniform() }))
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ row }) => row);
}

test('late rows leave no trace: the rows after them are answered as if all had come in order', () => {
  const series = drawn(daily(5000), { days: 4, intervalMs: tenMinutes });
  const mixed = [...shuffled(series.slice(0, 500), 12), ...series.slice(500)];
  expect(short(mixed, tenMinutes).slice(500)).toEqual(short(series, tenMinutes).slice(500));
});

test('a restated bucket counts once, with its last value; an empty one keeps the value', () => {
  const series = drawn(daily(5000), { days: 4, intervalMs: tenMinutes });
  const twice = series.flatMap((row, index) =>
    index % 3 === 0 ? [{ at: row.at, values: [7] }, row, { at: row.at, values: [null] }] : [row],
  );
  const last = short(series, tenMinutes).at(-1);
  expect(short(twice, tenMinutes).at(-1)).toEqual(last);
});

test('a theft that is only seen in a late row is answered in that row', () => {
  const from = monday + 9 * dayMs + 13 * hourMs;
  const series = withTheft(drawn(daily(5000), { days: 10, intervalMs: tenMinutes }), from, from + tenMinutes, 2_000_000);
  const stolen = series.findIndex(({ at }) => at === from);
  const late = series.filter((_, index) => index !== stolen);
  late.splice(stolen + 3, 0, ...series.slice(stolen, stolen + 1));
  const found = answers(late, tenMinutes);
  expect(found.slice(0, stolen + 3).some(({ alert }) => alert)).toBe(false);
  expect(found[stolen + 3]?.alert).toBe(true);
});

test('a row that is two days late is answered with 0 and changes nothing', () => {
  const series = drawn(daily(5000), { days: 5, intervalMs: tenMinutes });
  const backtest = startBacktest({ metrics: 1, falseAlarmsPerMonth: 1, intervalMs: tenMinutes });
  const expected = short(series, tenMinutes);
  const found = series.map((row, index) => {
    if (index === 600) expect(backtest.next({ at: row.at - 2 * dayMs, values: [9e9] })).toMatchObject({ score: 0, alert: false });
    const { score, alert } = backtest.next(row);
    return [score, alert];
  });
  expect(found).toEqual(expected);
});

test('an empty value is no datum: it is answered, and it is not taken for silence', () => {
  const series = drawn(daily(5000), { days: 4, intervalMs: tenMinutes });
  const empty = series.map((row, index) => (index % 2 === 1 ? { at: row.at, values: [null] } : row));
  expect(answers(empty, tenMinutes).at(-1)?.expected[0]?.typical).toBeGreaterThan(20_000);
  const absent = series.filter((_, index) => index % 2 === 0);
  expect(answers(absent, tenMinutes).at(-1)?.expected[0]?.typical).toBeLessThan(40_000);
});
