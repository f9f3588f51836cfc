import fc from 'fast-check';
import { expect, test } from 'vitest';
import { envelope, envelopeFolder, startEnvelope } from '../../../lambda/detection/detectors/envelope.ts';
import { envelopeText, readEnvelope } from '../../../lambda/detection/detectors/envelope/stored.ts';
import type { Observation } from '../../../lambda/detection/detectors.ts';
import { foldMinutes } from '../../../lambda/detection/fold.ts';
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
      const whole = envelopeFolder(startEnvelope(2), settings);
      const expected = series.map((bucket) => whole.fold(bucket));
      let folder = envelopeFolder(startEnvelope(2), settings);
      const answers = series.map((bucket, index) => {
        if (cuts.includes(index)) folder = envelopeFolder(readEnvelope(JSON.parse(envelopeText(folder.state()))), settings);
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
      const sparse = envelopeFolder(startEnvelope(2), settings);
      const full = envelopeFolder(startEnvelope(2), settings);
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

test('a memory stays as it was, whatever is folded onto it', () => {
  const folder = envelope.start(1).folder(deployed);
  for (const bucket of drawn(daily(5000), { days: 0.3 })) folder.fold(bucket);
  const memory = folder.memory();
  const before = memory.text();
  const next = { at: (memory.lastAt ?? 0) + minuteMs, values: [9e9] };
  const answer = memory.folder(deployed).fold(next);
  expect(memory.text()).toBe(before);
  expect(answer).toEqual(folder.fold(next));
});

test('scores stay between 0 and 1 and bands in order, whatever is folded', () => {
  fc.assert(
    fc.property(buckets, (series) => {
      const folder = envelopeFolder(startEnvelope(2), settings);
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
  const folder = envelopeFolder(startEnvelope(1), deployed);
  folder.fold({ at: monday, values: [1] });
  expect(() => folder.fold({ at: monday, values: [1] })).toThrow(/time order/);
  expect(() => folder.fold({ at: monday + minuteMs, values: [1, 2] })).toThrow(/has 1 values, not 2/);
  expect(() => envelopeFolder(folder.state(), settings)).toThrow(/60000 ms, not 600000 ms/);
  expect(() => envelopeFolder(startEnvelope(1), { intervalMs: 0, falseAlarmsPerMonth: 1 })).toThrow(RangeError);
  expect(() => envelopeFolder(startEnvelope(1), { intervalMs: minuteMs, falseAlarmsPerMonth: 0 })).toThrow(RangeError);
});

test('the memory of four metrics after five weeks is below 140 KB', long, () => {
  const folder = envelopeFolder(startEnvelope(4), settings);
  for (const { at, values } of drawn(daily(1e6), { days: 35, intervalMs: settings.intervalMs })) {
    const [tokens = 0] = values;
    folder.fold({ at, values: [tokens, (tokens ?? 0) / 3, (tokens ?? 0) / 7, (tokens ?? 0) * 1.1] });
  }
  expect(envelopeText(folder.state()).length).toBeLessThan(140_000);
});

test('after months of silence what was known is forgotten, and use as ever is no news', () => {
  const folder = envelopeFolder(startEnvelope(1), settings);
  for (const bucket of drawn(daily(5000), { days: 9, intervalMs: settings.intervalMs })) folder.fold(bucket);
  expect(folder.fold({ at: monday + 400 * dayMs, values: [50_000] }).alert).toBe(false);
});

test.each([
  ['sixty-fold', 'three hours', 3, 60],
  ['twenty-fold', 'twelve hours', 12, 20],
  ['twenty-fold', 'a day', 25, 20],
])('a key that is robbed %s %s after its first use is reported within ten minutes', (_times, _age, hours, times) => {
  const from = monday + hours * hourMs;
  const answers = judged(withTheft(drawn(flat(5000), { days: 2 }), from, from + hourMs, times * 5000));
  expect(alertStarts(answers).filter((at) => at < from)).toEqual([]);
  expect(minutesToAlert(answers, from)).toBeLessThanOrEqual(10);
});

test('a key of which nothing is known may begin as it likes', () => {
  expect(alertStarts(judged(drawn(flat(1e6), { days: 0.5 })))).toEqual([]);
  const afterADay = drawn((at) => (at < monday + 9 * hourMs ? 0 : 5000), { days: 1 });
  expect(alertStarts(judged(afterADay))).toEqual([]);
});

test('a key begins with its first use: the week of silence before it says nothing', () => {
  const woken = monday + 7 * dayMs + 2 * hourMs;
  expect(alertStarts(judged(drawn((at) => (at < woken ? 0 : 3000), { days: 9 })))).toEqual([]);
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
      for (const { answer } of judged(series, settings)) {
        if (answer.finding !== undefined) expect(answer.finding.seen).toBeGreaterThan(answer.finding.expected);
      }
    }),
    // In the second one usage is adopted in the bucket in which the alert is at its height.
    {
      numRuns: 10,
      examples: [
        [[], 0],
        [
          [
            [3, 800],
            [59, 0],
          ],
          0,
        ],
      ],
    },
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
  expect(answers.filter(({ at }) => at >= gap.from && at < gap.until).every(({ answer }) => answer.alert)).toBe(true);
  expect(alertStarts(answers).filter((at) => at >= from)).toHaveLength(1);
});

test('a level that stays ten times higher is one alert, over within two days and a half, and then normal', () => {
  const shift = monday + 10 * dayMs;
  const answers = judged(drawn((at) => daily(at < shift ? 5000 : 50_000)(at), { days: 20 }));
  const after = answers.filter(({ at }) => at >= shift);
  expect(after.slice(0, 10).some(({ answer }) => answer.alert)).toBe(true);
  expect(after.filter(({ at }) => at > shift + 3 * dayMs).some(({ answer }) => answer.alert)).toBe(false);
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
  { pattern: 'a burst of three times the usual', victim: daily(5000), days: 8, hour: 14, hours: 2, tokens: 15_000, within: 20 },
  { pattern: 'twice the usual for a day', victim: daily(5000), days: 8, hour: 6, hours: 24, tokens: 5000, within: 15 * 60 },
  { pattern: 'half as much again for a day', victim: daily(5000), days: 21, hour: 6, hours: 24, tokens: 2500, within: 24 * 60 },
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

test('a changed relation of output to input is reported within three hours, though neither is high', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const series = drawn(daily(20_000), { days: 9 }).map(({ at, values }) => {
    const input = values[0] ?? 0;
    return { at, values: at < from ? [input, input / 10] : [input / 2, input / 6] };
  });
  const answers = judged(series);
  expect(alertStarts(answers).filter((at) => at < from)).toEqual([]);
  expect(minutesToAlert(answers, from)).toBeLessThanOrEqual(180);
  expect(answers.find(({ answer }) => answer.alert)?.answer.finding).toMatchObject({ metric: 1 });
});

test('an explanation says which metric, how much, how much was expected and since when', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const series = withTheft(drawn(daily(5000), { days: 8.7 }), from, from + 2 * hourMs, 50_000);
  const answers = judged(series.map(({ at, values }) => ({ at, values: [1000, values[0] ?? 0] })));
  const last = answers.filter(({ answer }) => answer.alert).at(-1)?.answer.finding;
  expect(last).toMatchObject({ metric: 1, since: alertStarts(answers)[0] });
  expect(last?.seen).toBeGreaterThan(40_000);
  expect(last?.expected).toBeLessThan(15_000);
});

test('the budget of one false alarm a month is kept within a factor of two on seasonal usage of 12 keys', long, () => {
  const intervalMs = 10 * minuteMs;
  const days = 35;
  const keys = Array.from({ length: 12 }, (_, seed) =>
    drawn(seed % 3 === 0 ? office(3000) : daily(500 * (seed + 1)), { seed, days, intervalMs }),
  );
  const alarms = keys.reduce((sum, series) => sum + alertStarts(judged(series, { intervalMs })).length, 0);
  expect(alarms / ((12 * days) / 30)).toBeLessThanOrEqual(2);
});

test('a larger budget never alarms later', () => {
  const from = monday + 8 * dayMs + 14 * hourMs;
  const series = withTheft(drawn(daily(5000), { days: 9 }), from, from + 2 * hourMs, 9000);
  const minutes = [0.01, 0.1, 1, 10].map((budget) => minutesToAlert(judged(series, { falseAlarmsPerMonth: budget }), from));
  expect(minutes).toEqual([...minutes].sort((a, b) => b - a));
  expect(minutes.at(-1)).toBeLessThan(30);
});

const pauses = shortAndLong(1, [
  ['45 minutes', 45 * minuteMs],
  ['some hours', 225 * minuteMs],
  ['three days', 3 * dayMs],
]);
for (const [cases, options] of pauses)
  test.each(cases)('%s after a contained theft the next one is judged as though the first had not been', options, (_after, pause) => {
    const from = monday + 8 * dayMs + 14 * hourMs;
    const cutAt = from + 40 * minuteMs;
    const again = cutAt + pause;
    const quiet = drawn(daily(5000), { days: 12 });
    const twice = withTheft(withTheft(quiet, from, cutAt, 300_000), again, again + hourMs, 300_000);
    const unlearnt = [{ from, to: cutAt }];
    const scoresAfter = (series: readonly Observation[], spans: typeof unlearnt): number => {
      const { alerts } = foldMinutes(envelope.start(1), series, { unlearnt: spans, accepted: [] }, [], deployed);
      return (alerts.find(({ at }) => at >= again)?.at ?? Infinity) - again;
    };
    const alone = withTheft(quiet, again, again + hourMs, 300_000);
    expect(scoresAfter(twice, unlearnt)).toBeLessThanOrEqual(5 * minuteMs);
    expect(scoresAfter(twice, unlearnt)).toBeLessThanOrEqual(scoresAfter(alone, []) + 2 * minuteMs);
    expect(foldMinutes(envelope.start(1), withTheft(quiet, from, cutAt, 300_000), { unlearnt, accepted: [] }, [], deployed).alerts).toEqual(
      [],
    );
  });
