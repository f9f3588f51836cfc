import { expect, test } from 'vitest';
import { ablated, ablationNames } from './detection/ablations.ts';
import { baselines, envelope, held } from './detection/detectors.ts';
import { figuresOf, intervals, outcomeOf } from './detection/score.ts';
import { dayMs, hourMs, minuteMs, type Background } from './detection/series.ts';
import { kinds, robbed, type Robbed } from './detection/thefts.ts';

const from = Date.UTC(2026, 7, 3);
const background: Background = {
  set: 'made up',
  source: 'a',
  part: 'tuned',
  from,
  intervalMs: hourMs,
  values: Array.from({ length: 14 * 24 }, (_, hour) => 1000 + 100 * (hour % 24)),
};
/** Two thefts of ten hours; the second takes twice as much in its second half. */
const twice: Robbed = {
  ...background,
  thefts: [
    { kind: 'burst', from: 100, until: 110, added: Array.from({ length: 10 }, () => 5) },
    { kind: 'steady', from: 200, until: 210, added: [1, 1, 1, 1, 1, 2, 2, 2, 2, 2] },
  ],
};
/** Alerts in these hours. */
const alerts = (...hours: readonly number[]): readonly boolean[] => background.values.map((_, hour) => hours.includes(hour));

test('an alert counts once, where it begins: in a theft, right after it, or false', () => {
  const outcome = outcomeOf(twice, alerts(50, 51, 52, 101, 102, 210, 300));
  expect(outcome).toEqual({
    set: 'made up',
    source: 'a',
    weeks: 2,
    falseAlarms: 2,
    thefts: [
      { kind: 'burst', minutes: 120, stolenBefore: 0.2 },
      { kind: 'steady', minutes: 660, stolenBefore: 1 },
    ],
  });
  expect(figuresOf([outcome])).toEqual({
    thefts: 2,
    recall: 1,
    precision: 0.5,
    f1: 2 / 3,
    falseAlarmsPerWeek: 1,
    delayMinutes: 660,
    stolenBefore: 0.6,
  });
  expect(figuresOf([outcome], 'steady')).toMatchObject({ thefts: 1, recall: 1, delayMinutes: 660 });
});

test('an alert that was on before finds nothing, and what is labelled counts nowhere', () => {
  expect(outcomeOf(twice, alerts(99, 100, 101)).thefts[0]).toMatchObject({ minutes: undefined, stolenBefore: 1 });
  const labelled = { ...twice, labelled: [[from + 50 * hourMs, from + 60 * hourMs]] as const };
  expect(outcomeOf(labelled, alerts(50, 61)).falseAlarms).toBe(1);
});

test('who never alarms finds nothing', () => {
  const silent = outcomeOf(twice, alerts());
  expect(figuresOf([silent])).toMatchObject({ recall: 0, precision: 0, f1: 0, falseAlarmsPerWeek: 0, stolenBefore: 1 });
  expect(intervals([silent]).recall).toEqual([0, 0]);
});

test('a theft is the same for the same seed, and all of it stands in the values', () => {
  for (const kind of kinds) {
    const one = robbed(background, kind, 7);
    expect(one).toEqual(robbed(background, kind, 7));
    const added = one.thefts.flatMap((theft) => theft.added).reduce((sum, value) => sum + value, 0);
    const [mixed, quiet] = [one.values, background.values].map((values) => values.reduce((sum, value) => sum + value, 0));
    if (kind === 'key at rest') expect(mixed).toBeLessThan((quiet ?? 0) + added);
    else expect(mixed).toBeCloseTo((quiet ?? 0) + added, 3);
  }
});

test('each baseline sees a burst of twenty times the usual, and none rests on what comes later', () => {
  const values = background.values.map((value, hour) => (hour >= 300 && hour < 303 ? 20 * value : value));
  for (const [name, scores] of Object.entries(baselines)) {
    const all = scores({ ...background, values });
    const hot = held(hourMs, all, 5);
    expect({ name, hot: hot.slice(295, 303).indexOf(true) }).toEqual({ name, hot: 5 });
    expect(scores({ ...background, values: values.slice(0, 301) })).toEqual(all.slice(0, 301));
  }
});

test('each ablation changes the detector that is deployed', async () => {
  const minutes: Background = {
    ...background,
    intervalMs: 10 * minuteMs,
    values: Array.from({ length: (14 * dayMs) / (10 * minuteMs) }, (_, index) => {
      const wave = 100 * (1.2 + Math.sin(index / 23)) * (1 + ((index * 7919) % 13) / 20);
      return Math.round(index % 611 > 600 ? 9 * wave : wave);
    }),
  };
  const whole = envelope(minutes);
  expect(whole.length).toBe(minutes.values.length);
  for (const name of ablationNames) expect((await ablated(name))(minutes)).toHaveLength(whole.length);
  await expect(ablated('nothing')).rejects.toThrow('there is no ablation');
});
