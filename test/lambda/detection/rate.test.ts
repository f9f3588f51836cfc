import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asUsual, foldRate, rateFolder, startRate } from '../../../lambda/detection/detectors/rate.ts';
import { readRateState } from '../../../lambda/detection/detectors/stored-rate-state.ts';
import {
  alertStarts,
  daily,
  dayMs,
  drawn,
  flat,
  hourMs,
  judged,
  minutesToAlert,
  minuteMs,
  monday,
  office,
  withTheft,
  type Rate,
} from './series.ts';
import { long, shortAndLong } from '../../support/long.ts';

const settings = { intervalMs: 10 * minuteMs, falseAlarmsPerMonth: 1 };
const deployed = { intervalMs: minuteMs, falseAlarmsPerMonth: 1 };

const value = fc.oneof(fc.constant(null), fc.constant(0), fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 1e9, noNaN: true }));
const buckets = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 90 }), fc.tuple(value, value)), { minLength: 1, maxLength: 60 })
  .map((steps) => {
    let at = monday;
    return steps.map(([step, values]) => {
      at += step * settings.intervalMs;
      return { at, values };
    });
  });

test('where a series is cut into batches changes no answer and no memory, stored and read back in between', () => {
  fc.assert(
    fc.property(buckets, fc.array(fc.nat(59), { maxLength: 4 }), (series, cuts) => {
      const whole = rateFolder(startRate(2), settings);
      const expected = series.map((bucket) => whole.fold(bucket));
      let folder = rateFolder(startRate(2), settings);
      const answers = series.map((bucket, index) => {
        if (cuts.includes(index)) folder = rateFolder(readRateState(JSON.parse(JSON.stringify(folder.state()))), settings);
        return folder.fold(bucket);
      });
      expect(answers).toEqual(expected);
      expect(folder.state()).toEqual(whole.state());
    }),
    { numRuns: 10 },
  );
});

test('a bucket that never came is a bucket without traffic', () => {
  fc.assert(
    fc.property(buckets, (series) => {
      const sparse = rateFolder(startRate(2), settings);
      const full = rateFolder(startRate(2), settings);
      let next = series[0]?.at ?? monday;
      for (const bucket of series) {
        for (; next < bucket.at; next += settings.intervalMs) full.fold({ at: next, values: [0, 0] });
        next = bucket.at + settings.intervalMs;
        expect(sparse.fold(bucket)).toEqual(full.fold(bucket));
      }
      expect(sparse.state()).toEqual(full.state());
    }),
    { numRuns: 10 },
  );
});

test('foldRate leaves the state that it was given as it was', () => {
  const folder = rateFolder(startRate(1), deployed);
  for (const bucket of drawn(daily(5000), { days: 0.3 })) folder.fold(bucket);
  const state = folder.state();
  const before = JSON.stringify(state);
  const next = { at: (state.lastAt ?? 0) + minuteMs, values: [9e9] };
  const { verdict } = foldRate(state, next, deployed);
  expect(JSON.stringify(state)).toBe(before);
  expect(verdict).toEqual(folder.fold(next));
});

test('scores stay between 0 and 1 and bands in order, whatever is folded', () => {
  fc.assert(
    fc.property(buckets, (series) => {
      const folder = rateFolder(startRate(2), settings);
      for (const bucket of series) {
        const { score, expected } = folder.fold(bucket);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        for (const { low, typical, high } of expected)
          expect([low, typical, high].every(Number.isFinite) && low <= typical && typical <= high).toBe(true);
      }
    }),
    { numRuns: 10 },
  );
});

test('buckets out of order, of another width or with another number of metrics are refused', () => {
  const folder = rateFolder(startRate(1), deployed);
  folder.fold({ at: monday, values: [1] });
  expect(() => folder.fold({ at: monday, values: [1] })).toThrow(/time order/);
  expect(() => folder.fold({ at: monday + minuteMs, values: [1, 2] })).toThrow(/has 1 values, not 2/);
  expect(() => rateFolder(folder.state(), settings)).toThrow(/60000 ms, not 600000 ms/);
  expect(() => rateFolder(startRate(1), { intervalMs: 0, falseAlarmsPerMonth: 1 })).toThrow(RangeError);
  expect(() => rateFolder(startRate(1), { intervalMs: minuteMs, falseAlarmsPerMonth: 0 })).toThrow(RangeError);
});

test('the memory of four metrics after five weeks is below 60 KB', long, () => {
  const folder = rateFolder(startRate(4), settings);
  for (const { at, values } of drawn(daily(1e6), { days: 35, intervalMs: settings.intervalMs })) {
    const [tokens = 0] = values;
    folder.fold({ at, values: [tokens, (tokens ?? 0) / 3, (tokens ?? 0) / 7, (tokens ?? 0) * 1.1] });
  }
  expect(JSON.stringify(folder.state()).length).toBeLessThan(60_000);
});

test('after months of silence a key starts afresh, and its next use is news', () => {
  const folder = rateFolder(startRate(1), settings);
  for (const bucket of drawn(daily(5000), { days: 3, intervalMs: settings.intervalMs })) folder.fold(bucket);
  const verdict = folder.fold({ at: monday + 400 * dayMs, values: [500_000] });
  expect(verdict.alert).toBe(true);
  expect(verdict.explanation?.kind).toBe('wake');
  expect(folder.state().buckets).toBe((28 * dayMs) / settings.intervalMs + 1);
});

test('a young key that is robbed twenty-fold an hour and a half after its first use is reported within ten minutes', () => {
  const from = monday + 1.5 * hourMs;
  const series = withTheft(drawn(flat(5000), { days: 0.15 }), from, from + hourMs, 20 * 5000);
  const answers = judged(series);
  expect(alertStarts(answers).filter((at) => at < from)).toEqual([]);
  expect(minutesToAlert(answers, from)).toBeLessThanOrEqual(10);
});

test('a key of which nothing is known may begin as it likes', () => {
  expect(alertStarts(judged(drawn(flat(1e6), { days: 0.5 })))).toEqual([]);
  const afterADay = drawn((at) => (at < monday + 9 * hourMs ? 0 : 5000), { days: 1 });
  expect(alertStarts(judged(afterADay))).toEqual([]);
});

test('a key that has been idle for a week and wakes is reported at once, and for its silence', () => {
  const woken = monday + 7 * dayMs + 2 * hourMs;
  const answers = judged(drawn((at) => (at < woken ? 0 : 3000), { days: 7.2 }));
  expect(alertStarts(answers)[0]).toBeLessThan(woken + 3 * minuteMs);
  expect(answers.find(({ verdict }) => verdict.alert)?.verdict.explanation?.kind).toBe('wake');
});

const resting =
  (usual: Rate, from: number, until: number, then = 1): Rate =>
  (at) =>
    at < monday + from * dayMs ? usual(at) : at < monday + until * dayMs ? 0 : then * usual(at);

for (const [cases, options] of shortAndLong(1, [
  ['five days', resting(daily(5000), 10, 15), 20],
  ['five days, after less than a week of use', resting(daily(5000), 4, 9), 14],
  ['ten days, when nothing is expected any more', resting(flat(5000), 10, 20), 25],
  ['a weekend and a day', resting(daily(5000), 10, 13.2), 18],
  ['a week of holidays and both its weekends', resting(office(8000), 18, 28), 33],
  ['five days, at half its level', resting(daily(5000), 10, 15, 0.5), 17],
]))
  test.each(cases)('a key that goes on as before after a silence of %s is no theft', options, (_name, rate, days) => {
    expect(alertStarts(judged(drawn(rate, { days })))).toEqual([]);
  });

test('a key that wakes to more than it ever did is reported within minutes', () => {
  const answers = judged(drawn(resting(daily(5000), 10, 15, 8), { days: 15.2 }));
  expect(minutesToAlert(answers, monday + 15 * dayMs)).toBeLessThanOrEqual(15);
});

test('whatever is found is more than was expected', () => {
  const rates = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom(0, 0, 50, 800, 5000, 90_000)), { maxLength: 12 });
  fc.assert(
    fc.property(rates, fc.nat(99), (spans, seed) => {
      const ends = spans.map(([hours], index) => spans.slice(0, index).reduce((sum, [before]) => sum + before, hours) * hourMs);
      const rate: Rate = (at) => spans[ends.findIndex((end) => at - monday < end)]?.[1] ?? 5000;
      const series = drawn(rate, { days: 1 + (ends.at(-1) ?? 0) / dayMs, seed, intervalMs: settings.intervalMs });
      for (const { verdict } of judged(series, 1, settings.intervalMs)) {
        if (verdict.explanation !== undefined) expect(verdict.explanation.seen).toBeGreaterThan(verdict.explanation.expected);
      }
    }),
    { numRuns: 10 },
  );
});

test('mornings, weekends and Mondays of an office key raise nothing in four weeks', () => {
  expect(alertStarts(judged(drawn(office(8000), { days: 28 })))).toEqual([]);
});

test('a weekly job that is ten times the rest raises nothing once it was seen three times', long, () => {
  const weekly = (at: number) =>
    daily(4000)(at) * (Math.floor((at - monday) / dayMs) % 7 === 6 && Math.floor((at % dayMs) / hourMs) === 4 ? 10 : 1);
  const starts = alertStarts(judged(drawn(weekly, { days: 35 })));
  expect(starts.filter((at) => at > monday + 21 * dayMs)).toEqual([]);
});

test('a nightly job stays quiet after several nights without it', () => {
  const nightly = (at: number) => {
    const day = Math.floor((at - monday) / dayMs);
    return Math.floor((at % dayMs) / hourMs) === 2 && (day < 10 || day > 12) ? 20_000 : 0;
  };
  const starts = alertStarts(judged(drawn(nightly, { days: 20 })));
  expect(starts.filter((at) => at > monday + 4 * dayMs && at < monday + 13 * dayMs)).toEqual([]);
  expect(starts.filter((at) => at > monday + 14 * dayMs)).toEqual([]);
});

test('growth of a tenth a week raises nothing', long, () => {
  const growing = (at: number) => daily(5000)(at) * 1.1 ** ((at - monday) / (7 * dayMs));
  expect(alertStarts(judged(drawn(growing, { days: 42 })))).toEqual([]);
});

test('a drop to nothing is no theft, and neither is the return a day later', () => {
  const outage = (at: number) => (at >= monday + 9 * dayMs && at < monday + 10 * dayMs ? 0 : daily(5000)(at));
  expect(alertStarts(judged(drawn(outage, { days: 14 })))).toEqual([]);
});

test('a known gap is no sign of calm and teaches nothing', () => {
  const from = monday + 8 * dayMs + 10 * hourMs;
  const gap = { from: from + 15 * minuteMs, until: from + 3 * hourMs };
  const series = withTheft(drawn(flat(5000), { days: 9 }), from, from + 6 * hourMs, 50_000);
  const answers = judged(series.map((bucket) => (bucket.at >= gap.from && bucket.at < gap.until ? { ...bucket, values: [null] } : bucket)));
  expect(answers.filter(({ at }) => at >= gap.from && at < gap.until).every(({ verdict }) => verdict.alert)).toBe(true);
  expect(alertStarts(answers).filter((at) => at >= from)).toHaveLength(1);
});

test('a level that stays ten times higher is one alert, over within two days and a half, and then normal', () => {
  const shift = monday + 10 * dayMs;
  const answers = judged(drawn((at) => daily(at < shift ? 5000 : 50_000)(at), { days: 20 }));
  const after = answers.filter(({ at }) => at >= shift);
  expect(after.slice(0, 10).some(({ verdict }) => verdict.alert)).toBe(true);
  expect(after.filter(({ at }) => at > shift + 3 * dayMs).some(({ verdict }) => verdict.alert)).toBe(false);
});

test('an hour of theft does not hide the next one a day later', () => {
  const first = monday + 10 * dayMs + 14 * hourMs;
  const second = first + dayMs;
  const series = withTheft(withTheft(drawn(daily(5000), { days: 12 }), first, first + hourMs, 40_000), second, second + hourMs, 40_000);
  const starts = alertStarts(judged(series)).filter((at) => at >= first);
  expect(starts).toHaveLength(2);
  expect(starts[1]).toBeLessThan(second + 10 * minuteMs);
});

interface Theft {
  readonly pattern: string;
  readonly victim: (at: number) => number;
  /** Days of history before the day of the theft; its hour and length; tokens per minute on top. */
  readonly days: number;
  readonly hour: number;
  readonly hours: number;
  readonly tokens: number;
  readonly within: number;
}
const thefts: readonly Theft[] = [
  { pattern: 'a burst of ten times the usual', victim: daily(5000), days: 8, hour: 14, hours: 2, tokens: 50_000, within: 3 },
  { pattern: 'a burst of three times the usual', victim: daily(5000), days: 8, hour: 14, hours: 2, tokens: 15_000, within: 12 },
  { pattern: 'twice the usual for a day', victim: daily(5000), days: 8, hour: 6, hours: 24, tokens: 5000, within: 60 },
  { pattern: 'half as much again for a day', victim: daily(5000), days: 21, hour: 6, hours: 24, tokens: 2500, within: 120 },
  { pattern: 'a quarter of the office hours at night', victim: office(5000), days: 8, hour: 25, hours: 3, tokens: 1250, within: 60 },
  { pattern: 'as much as in office hours at night', victim: office(5000), days: 8, hour: 25, hours: 3, tokens: 5000, within: 5 },
];

for (const [cases, options] of shortAndLong(2, thefts))
  test.each(cases)('$pattern: one alert within $within minutes', options, ({ victim, days, hour, hours, tokens, within }) => {
    const from = monday + days * dayMs + hour * hourMs;
    const answers = judged(withTheft(drawn(victim, { days: days + 3 }), from, from + hours * hourMs, tokens));
    const starts = alertStarts(answers);
    expect(starts.filter((at) => at < from)).toEqual([]);
    expect(minutesToAlert(answers, from)).toBeLessThanOrEqual(within);
    expect(starts).toHaveLength(1);
  });

test('a probe raises nothing and the burst after it is reported within three minutes', () => {
  const probe = monday + 8 * dayMs + 3 * hourMs;
  const burst = probe + 2 * hourMs;
  const series = withTheft(withTheft(drawn(daily(5000), { days: 9 }), probe, probe + 5 * minuteMs, 30), burst, burst + hourMs, 40_000);
  const answers = judged(series);
  expect(alertStarts(answers).filter((at) => at < burst)).toEqual([]);
  expect(minutesToAlert(answers, burst)).toBeLessThanOrEqual(3);
});

test('a changed relation of output to input is reported within an hour and a half, though neither is high', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const series = drawn(daily(20_000), { days: 9 }).map(({ at, values }) => {
    const input = values[0] ?? 0;
    return { at, values: at < from ? [input, input / 10] : [input / 2, input / 6] };
  });
  const answers = judged(series);
  expect(alertStarts(answers).filter((at) => at < from)).toEqual([]);
  expect(minutesToAlert(answers, from)).toBeLessThanOrEqual(90);
  expect(answers.find(({ verdict }) => verdict.alert)?.verdict.explanation).toMatchObject({ kind: 'relation', metric: 1 });
});

test('an explanation says which metric, how much, how much was expected and since when', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const series = withTheft(drawn(daily(5000), { days: 8.7 }), from, from + 2 * hourMs, 50_000);
  const answers = judged(series.map(({ at, values }) => ({ at, values: [1000, values[0] ?? 0] })));
  const last = answers.filter(({ verdict }) => verdict.alert).at(-1)?.verdict.explanation;
  expect(last).toMatchObject({ metric: 1, since: alertStarts(answers)[0] });
  expect(last?.seen).toBeGreaterThan(40_000);
  expect(last?.expected).toBeLessThan(10_000);
  expect(last?.ratio).toBeCloseTo((last?.seen ?? 0) / (last?.expected ?? 1), 6);
});

test('the budget of one false alarm a month is kept within a factor of two on seasonal usage of 12 keys', long, () => {
  const intervalMs = 10 * minuteMs;
  const days = 35;
  const keys = Array.from({ length: 12 }, (_, seed) =>
    drawn(seed % 3 === 0 ? office(3000) : daily(500 * (seed + 1)), { seed, days, intervalMs }),
  );
  const alarms = keys.reduce((sum, series) => sum + alertStarts(judged(series, 1, intervalMs)).length, 0);
  expect(alarms / ((12 * days) / 30)).toBeLessThanOrEqual(2);
});

test('a larger budget never alarms later', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const series = withTheft(drawn(daily(5000), { days: 9 }), from, from + 2 * hourMs, 9000);
  const minutes = [0.01, 0.1, 1, 10].map((budget) => minutesToAlert(judged(series, budget), from));
  expect(minutes).toEqual([...minutes].sort((a, b) => b - a));
  expect(minutes.at(-1)).toBeLessThan(30);
});

/** What is told after a cut at the end of half an hour of theft: from a state that forgets it, and from one that does not. */
function afterCut(seed: number, extra: number): { readonly forgets: number; readonly remembers: boolean } {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const cutAt = from + 30 * minuteMs;
  const series = withTheft(withTheft(drawn(daily(5000), { seed, days: 8.7 }), from, cutAt, 50_000), cutAt, Infinity, extra);
  const folder = rateFolder(startRate(1), deployed);
  for (const observation of series.filter(({ at }) => at < cutAt)) folder.fold(observation);
  const since = rateFolder(asUsual(folder.state()), deployed);
  const later = series.filter(({ at }) => at >= cutAt && at < cutAt + 90 * minuteMs);
  const answers = later.map((each) => ({ ...each, verdict: since.fold(each) }));
  return { forgets: minutesToAlert(answers, cutAt), remembers: folder.fold(later[0] ?? { at: cutAt, values: [0] }).alert };
}

test('usage unusual until a cut says nothing of the time after it; usage that stays so is told within minutes', long, () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    expect(afterCut(seed, 0)).toEqual({ forgets: Infinity, remembers: true });
    expect(afterCut(seed, 50_000).forgets).toBeLessThanOrEqual(5);
  }
});

test('a state made usual keeps all that was learnt, and leaves the state that it was made of', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const folder = rateFolder(startRate(1), deployed);
  for (const observation of withTheft(drawn(daily(5000), { days: 8.6 }), from, Infinity, 50_000)) folder.fold(observation);
  const state = folder.state();
  const copy = asUsual(state);
  expect(state).toEqual(folder.state());
  expect(copy).toMatchObject({ alertSince: null, calmSince: null, strongest: null, buckets: state.buckets, lastAt: state.lastAt });
  expect(copy.metrics[0]?.slots).toEqual(state.metrics[0]?.slots);
  expect(copy.metrics[0]?.windows.map(({ season }) => season)).toEqual(state.metrics[0]?.windows.map(({ season }) => season));
});
