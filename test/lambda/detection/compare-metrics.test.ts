import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { dimensionNames, metricNamespace, usageMetrics } from '../../../contract/metrics.ts';
import type { MetricsDifference } from '../../../contract/records.ts';
import { differingMinutes, followed } from '../../../lambda/detection/compare-metrics.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { quarterMs } from '../../../lambda/usage/deltas.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { long } from '../../support/long.ts';
import { quarter, totals, valuesOf } from './quarters.ts';
import { monday } from './series.ts';

type Shown = Readonly<Record<string, readonly (number | null)[]>>;
const ledger = [quarter(monday, { 1: 300, 2: 900 })];

describe('minutes that differ', () => {
  /** By minutes after Monday. */
  const differing = (shown: Shown, quarters = ledger) =>
    differingMinutes(
      Object.entries(shown).map(([minute, values]) => ({ at: monday + Number(minute) * minuteMs, values })),
      quarters,
      monday,
      monday + 2 * quarterMs,
    ).map(({ at }) => (at - monday) / minuteMs);

  test.each<[what: string, shown: Shown, differ: readonly number[]]>([
    ['the same', { 1: valuesOf(300), 2: valuesOf(900) }, []],
    ['what adding decimal fractions leaves', { 1: valuesOf(300), 2: [900, 0.013_500_001] }, []],
    ['a minute made usual by a negative figure', { 1: valuesOf(300), 2: valuesOf(300) }, [2]],
    ['a minute taken below zero', { 1: valuesOf(-300), 2: valuesOf(900) }, [1]],
    ['less than nothing where nothing was', { 1: valuesOf(300), 2: valuesOf(900), 7: valuesOf(-5) }, [7]],
    ['nothing at all', {}, [1, 2]],
    ['usage that nobody had', { 1: valuesOf(300), 2: valuesOf(900), 9: valuesOf(1e9) }, [9]],
    ['usage in a quarter without any', { 1: valuesOf(300), 2: valuesOf(900), 16: valuesOf(40_000) }, [16]],
    ['cost alone changed', { 1: [300, 5], 2: valuesOf(900) }, [1]],
    ['zeros where nothing was', { 0: [0, null], 1: valuesOf(300), 2: valuesOf(900), 20: [0, 0] }, []],
    ['what was not asked for', { 1: valuesOf(300), 2: valuesOf(900), 40: valuesOf(5) }, []],
  ])('%s', (_what, shown, differ) => {
    expect(differing(shown)).toEqual(differ);
  });

  test('none of a quarter that is being sent', () => {
    const intent = { at: monday, minutes: { 2: totals(950) } };
    expect(differing({ 20: valuesOf(5) }, [quarter(monday, { 1: 300 }, { intent })])).toEqual([20]);
  });
});

describe('the difference that is followed', () => {
  const now = monday + 7 * dayMs;
  const aged = (ageMs: number, shown = 5, exact = 0) => ({ at: now - ageMs, shown: [shown, 0], exact: [exact, 0] });
  const since = (ageMs: number, hoursAgo: number, shown = 5): MetricsDifference => ({
    ...aged(ageMs, shown),
    since: now - hoursAgo * hourMs,
  });

  test.each<[what: string, differing: readonly ReturnType<typeof aged>[], before: MetricsDifference | undefined, expected: unknown]>([
    ['none', [], since(5 * hourMs, 2), undefined],
    ['the oldest', [aged(9 * hourMs), aged(5 * hourMs)], undefined, { ...aged(9 * hourMs), since: now }],
    ['the same as before', [aged(9 * hourMs), aged(5 * hourMs)], since(5 * hourMs, 2), since(5 * hourMs, 2)],
    ['another one where the one before has moved', [aged(5 * hourMs)], since(5 * hourMs, 2, 4), { ...aged(5 * hourMs), since: now }],
    ['another one where the one before is gone', [aged(3 * hourMs)], since(5 * hourMs, 2), { ...aged(3 * hourMs), since: now }],
    ['a minute that was a day old when it was sent', [aged(25 * hourMs)], undefined, undefined],
    ['one that has become a day old', [aged(25 * hourMs)], since(25 * hourMs, 2), since(25 * hourMs, 2)],
  ])('%s', (_what, differing, before, expected) => {
    expect(followed(differing, before, now)).toEqual(expected);
  });
});

describe('on the world', () => {
  let world: World;
  afterEach(() => world.stop());

  async function aKey(): Promise<string> {
    world = await startWorld({ managedKeys: [{ name: 'production' }] });
    for (let number = 0; number < 2; number += 1) await world.addStandbyKey('production');
    await world.rotate('production');
    return world.currentValue('production');
  }
  const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
  const told = (kind: string): readonly string[] =>
    world.aws.inspect.topics.published().flatMap(({ bodies }) => {
      const alert = JSON.parse(bodies['default'] ?? '{}') as Alert;
      return alert.kind === kind ? [alert.state] : [];
    });
  async function forge(at: number, tokens: number): Promise<void> {
    const Dimensions = [
      { Name: dimensionNames.installation, Value: world.installation.installation },
      { Name: dimensionNames.managedKey, Value: 'production' },
    ];
    const data = (['outputTokens', 'estimatedCostUsd'] as const).map((metric) => ({
      MetricName: usageMetrics[metric].name,
      Unit: usageMetrics[metric].unit,
      Value: metric === 'outputTokens' ? tokens : (tokens * 15) / 1e6,
      Timestamp: new Date(at),
      Dimensions,
    }));
    // Its address is that of the world that runs now.
    await new CloudWatchClient({}).send(new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: data }));
  }

  test('what somebody else writes is told once it has stood for hours, and is over a day later', async () => {
    const value = await aKey();
    const work = (at: number): void => void world.anthropic.use(value, { ...usual, at: at - minuteMs });
    await world.passes(hourMs, { beatMs: 30 * minuteMs, eachMinute: work });
    await forge(world.clock.now() - 30 * minuteMs, -300);
    await world.passes(3 * hourMs, { beatMs: 30 * minuteMs });
    expect(told('metrics-differ')).toEqual([]);
    await world.passes(2 * hourMs, { beatMs: 30 * minuteMs });
    expect(told('metrics-differ')).toEqual(['open']);
    expect(world.aws.mailbox.messages().some(({ body }) => body.includes('(1 minute of the last day)'))).toBe(true);
    await world.passes(26 * hourMs, { beatMs: 2 * hourMs });
    expect(told('metrics-differ')).toEqual(['open', 'recovered']);
  });

  test('where CloudWatch cannot be read the run fails, and detection goes on', async () => {
    const value = await aKey();
    await world.passes(4 * hourMs, {
      beatMs: 2 * hourMs,
      eachMinute: (at) => void world.anthropic.use(value, { ...usual, at: at - minuteMs }),
    });
    await knownForDays(world, 'production');
    world.aws.intercept.inject({ service: 'cloudwatch', operation: 'GetMetricData', fault: 'result-forbidden', times: 99 });
    await world.passes(15 * minuteMs, {
      beatMs: 5 * minuteMs,
      eachMinute: (at) => void world.anthropic.use(value, { ...usual, requests: 60, outputTokens: 40_000, at: at - minuteMs }),
    });
    expect(told('usage-anomaly')).toEqual(['open', 'contained']);
    expect(told('detection-failing')).toEqual([]);
    expect(world.aws.functions.invocations('anomaly-detector').at(-1)?.ok).toBe(false);
    world.aws.intercept.clearFaults();
    await world.passes(5 * minuteMs);
    expect(world.aws.functions.invocations('anomaly-detector').at(-1)?.ok).toBe(true);
  });

  test('who can write metrics alone invents no theft, and hides none', long, async () => {
    const value = await aKey();
    const work = (at: number): void => void world.anthropic.use(value, { ...usual, at: at - minuteMs });
    await world.passes(dayMs, { beatMs: 8 * hourMs, eachMinute: work });
    await knownForDays(world, 'production');
    await world.passes(12 * minuteMs, {
      eachMinute: async (at) => {
        work(at);
        await forge(at - minuteMs, 40_000);
      },
    });
    expect(told('usage-anomaly')).toEqual([]);
    await world.passes(15 * minuteMs, {
      eachMinute: async (at) => {
        work(at);
        world.anthropic.use(value, { ...usual, requests: 60, outputTokens: 40_000, at: at - minuteMs });
        await forge(at - minuteMs, -40_000);
      },
    });
    expect(told('usage-anomaly')).toEqual(['open', 'contained']);
  });
});
