import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { dimensionNames, metricNamespace, usageMetrics } from '../../../contract/metrics.ts';
import type { UsageQuarterRecord } from '../../../contract/records.ts';
import type { Observation } from '../../../lambda/detection/detectors.ts';
import { withExactTotals } from '../../../lambda/detection/exact.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { quarterMs } from '../../../lambda/usage/deltas.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { monday } from './series.ts';
import { long } from '../../support/long.ts';

const totals = (outputTokens: number) => ({ inputTokens: 7, cacheReadTokens: 7, outputTokens, costNanoUsd: outputTokens * 15_000 });
const shownOf = (outputTokens: number): Observation['values'] => [outputTokens, (outputTokens * 15_000) / 1e9];
const quarter = (start: number, minutes: Readonly<Record<string, number>>, changes: Partial<UsageQuarterRecord> = {}) => ({
  ...({ schema: 1, subject: 'production', start, revision: 1 } as const),
  minutes: Object.fromEntries(Object.entries(minutes).map(([offset, tokens]) => [offset, { totals: totals(tokens), samples: 1 }])),
  ...changes,
});

/** What the detector is shown, by minutes after Monday, and what the log says. */
async function seen(shown: Readonly<Record<string, Observation['values']>>, quarters: readonly UsageQuarterRecord[], now = dayMs) {
  const said: unknown[] = [];
  const log = { info: () => undefined, warn: (_event: string, fields: unknown) => void said.push(fields) };
  const clock = { now: () => monday + now, pause: () => Promise.resolve() };
  const series = {
    read: () => Promise.resolve(Object.entries(shown).map(([minute, values]) => ({ at: monday + Number(minute) * minuteMs, values }))),
  };
  const exact = withExactTotals(series, { quarters: () => Promise.resolve(quarters) }, { clock, log });
  const observations = await exact.read('production', monday, monday + 2 * quarterMs);
  return { minutes: Object.fromEntries(observations.map(({ at, values }) => [(at - monday) / minuteMs, values[0]])), said };
}

const ledger = [quarter(monday, { 1: 300, 2: 900 })];
const warned = (minute: number, minutes = 1) => [
  { subject: 'production', from: new Date(monday + minute * minuteMs).toISOString(), minutes },
];

test.each<[what: string, shown: Readonly<Record<string, Observation['values']>>, said: readonly unknown[]]>([
  ['the same', { 1: shownOf(300), 2: shownOf(900) }, []],
  ['a minute made usual by a negative figure', { 1: shownOf(300), 2: shownOf(300) }, warned(2)],
  ['a minute taken below zero', { 1: shownOf(0), 2: shownOf(900) }, warned(1)],
  ['nothing at all', {}, warned(1, 2)],
  ['usage that nobody had', { 1: shownOf(300), 2: shownOf(900), 9: shownOf(1e9) }, warned(9)],
  ['usage in a quarter without any', { 1: shownOf(300), 2: shownOf(900), 16: shownOf(40_000) }, warned(16)],
  ['cost alone changed', { 1: [300, 5], 2: shownOf(900) }, warned(1)],
  ['zeros where nothing was', { 0: [0, null], 1: shownOf(300), 2: shownOf(900), 20: [0, 0] }, []],
])('whatever CloudWatch shows, the detector sees the exact totals: %s', async (_what, shown, said) => {
  expect(await seen(shown, ledger)).toEqual({ minutes: { 1: 300, 2: 900 }, said });
});

test('what is being sent, or was sent within the hour, is no difference yet', async () => {
  const intent = { at: monday, minutes: { 2: totals(950), 3: totals(400) } };
  expect(await seen({}, [quarter(monday, { 1: 300, 2: 900 }, { intent })])).toEqual({ minutes: { 1: 300, 2: 950, 3: 400 }, said: [] });
  expect(await seen({}, ledger, hourMs)).toEqual({ minutes: { 1: 300, 2: 900 }, said: [] });
});

test('minutes that were not asked for stay away', async () => {
  const far = [quarter(monday - quarterMs, { 14: 5 }), ...ledger, quarter(monday + 2 * quarterMs, { 0: 5 })];
  expect((await seen({ 1: shownOf(300), 2: shownOf(900) }, far)).minutes).toEqual({ 1: 300, 2: 900 });
});

let world: World | undefined;
afterEach(() => world?.stop());

test('who can write metrics alone invents no theft, and hides none', long, async () => {
  const home = await startWorld({ managedKeys: [{ name: 'production' }] });
  world = home;
  for (let number = 0; number < 2; number += 1) await home.addStandbyKey('production');
  await home.rotate('production');
  const value = await home.currentValue('production');
  const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
  const work = (at: number): void => void home.anthropic.use(value, { ...usual, at: at - minuteMs });
  const told = (): readonly string[] =>
    home.aws.inspect.topics.published().flatMap(({ bodies }) => {
      const { kind, state } = JSON.parse(bodies['default'] ?? '{}') as Alert;
      return kind === 'usage-anomaly' ? [state] : [];
    });
  const metrics = new CloudWatchClient({});
  const forge = async (at: number, Value: number): Promise<void> => {
    const Dimensions = [
      { Name: dimensionNames.installation, Value: home.installation.installation },
      { Name: dimensionNames.managedKey, Value: 'production' },
    ];
    const data = (['outputTokens', 'estimatedCostUsd'] as const).map((metric) => ({
      MetricName: usageMetrics[metric].name,
      Unit: usageMetrics[metric].unit,
      Value: metric === 'outputTokens' ? Value : (Value * 15) / 1e6,
      Timestamp: new Date(at),
      Dimensions,
    }));
    await metrics.send(new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: data }));
  };
  await home.passes(dayMs, { beatMs: 8 * hourMs, eachMinute: work });
  await knownForDays(home, 'production');
  await home.passes(12 * minuteMs, {
    eachMinute: async (at) => {
      work(at);
      await forge(at - minuteMs, 40_000);
    },
  });
  expect(told()).toEqual([]);
  await home.passes(15 * minuteMs, {
    eachMinute: async (at) => {
      work(at);
      home.anthropic.use(value, { ...usual, requests: 60, outputTokens: 40_000, at: at - minuteMs });
      await forge(at - minuteMs, -40_000);
    },
  });
  metrics.destroy();
  expect(told()).toEqual(['open', 'contained']);
});
