import { afterEach, expect, test } from 'vitest';
import { dimensionNames, usageMetrics } from '../../../contract/metrics.ts';
import type { BaselineRecord } from '../../../contract/records.ts';
import { detectionMemory } from '../../../lambda/adapters/aws/detection-memory.ts';
import { incidentStore } from '../../../lambda/adapters/aws/incident-store.ts';
import { openTable, type Table } from '../../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../../lambda/adapters/aws/usage-ledger.ts';
import { envelope } from '../../../lambda/detection/detectors/envelope.ts';
import { recall } from '../../../lambda/detection/recall.ts';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { long, shortAndLong } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const traffic = { model: 'claude-haiku-5-5', requests: 3, uncachedInputTokens: 900, cacheReadTokens: 100, outputTokens: 300 };
const fiveMinutes = { beatMs: 5 * minuteMs };
const tenMinutes = { beatMs: 10 * minuteMs };
const hourly = { beatMs: hourMs };

/** A world whose one key is current and used each minute. */
async function aBusyWorld({ detects = false } = {}): Promise<{ readonly value: string; readonly use: (at: number) => void }> {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  if (!detects) world.aws.schedules.disable('anomaly-detector');
  const { value } = await world.addStandbyKey('production');
  await world.rotate('production');
  return { value, use: (at) => void world.anthropic.use(value, { ...traffic, at: at - minuteMs }) };
}

/** What CloudWatch holds of a metric, summed, as nobody but the observer sees it. */
function published(metric: keyof typeof usageMetrics, subject = 'production'): number {
  return world.aws.inspect.metrics
    .metrics()
    .filter(
      ({ name, dimensions }) =>
        name === usageMetrics[metric].name && dimensions.some((each) => each.name === dimensionNames.managedKey && each.value === subject),
    )
    .flatMap(({ minutes }) => minutes.map(({ sum }) => sum))
    .reduce((total, sum) => total + sum, 0);
}

const table = (): Table => openTable(world.installation.stateTable);
const baseline = async (): Promise<Pick<BaselineRecord, 'foldedUntil'> | undefined> => {
  const recalled = recall(
    await detectionMemory(table(), usageLedger(table(), world.clock)).baseline('envelope', 'recent', 'production'),
    world.clock.now(),
    envelope,
  );
  return typeof recalled === 'string' ? undefined : recalled;
};

test('CloudWatch ends with exactly what was used, whichever beat collected it', long, async () => {
  const { use } = await aBusyWorld();
  await world.passes(20 * minuteMs, { eachMinute: use });
  await world.passes(40 * minuteMs, { ...tenMinutes, eachMinute: use });
  await world.passes(hourMs, tenMinutes);
  expect(published('outputTokens')).toBe(60 * 300);
  expect(published('inputTokens')).toBe(60 * 900);
  expect(published('estimatedCostUsd')).toBeCloseTo((60 * (900 * 0.1 + 100 * 0.01 + 300 * 0.5)) / 1e6, 9);
});

test.each([
  ['its effect done', 'drop-after' as const],
  ['no effect', 'drop-before' as const],
])('a put that was cut off with %s is neither counted twice nor lost', long, async (_name, fault) => {
  const { use } = await aBusyWorld();
  world.aws.intercept.inject({ service: 'cloudwatch', operation: 'PutMetricData', fault });
  await world.passes(30 * minuteMs, { ...fiveMinutes, eachMinute: use });
  await world.passes(hourMs, tenMinutes);
  expect(published('outputTokens')).toBe(30 * 300);
});

for (const [cases, options] of shortAndLong(1, ['result-internal-error', 'result-partial'] as const))
  test.each(cases)('a reading back that ends with %s settles nothing, and so publishes nothing twice', options, async (fault) => {
    const { use } = await aBusyWorld();
    world.aws.intercept.inject({ operation: 'PutMetricData', fault: 'drop-after' });
    world.aws.intercept.inject({ operation: 'GetMetricData', fault, times: 2 });
    await world.passes(30 * minuteMs, { ...fiveMinutes, eachMinute: use });
    await world.passes(hourMs, tenMinutes);
    expect(world.aws.functions.invocations('usage-collector').filter(({ ok }) => !ok).length).toBeGreaterThanOrEqual(3);
    expect(published('outputTokens')).toBe(30 * 300);
  });

test('a put that CloudWatch has refused is sent again by the next run, and not left in doubt', long, async () => {
  const { use } = await aBusyWorld();
  world.aws.intercept.inject({ service: 'cloudwatch', operation: 'PutMetricData', fault: 'throttle' });
  await world.passes(12 * minuteMs, { beatMs: 3 * minuteMs, eachMinute: use });
  const runs = world.aws.functions.invocations('usage-collector').filter(({ ok }) => !ok);
  expect(runs).toMatchObject([{ errorMessage: expect.stringContaining('PutMetricData was refused: ThrottlingException') as unknown }]);
  // Each minute up to the one that the feed, five minutes late, shows last.
  expect(published('outputTokens')).toBeGreaterThanOrEqual(6 * 300);
  await world.passes(hourMs, tenMinutes);
  expect(published('outputTokens')).toBe(12 * 300);
});

test('usage that Anthropic shows late or restates is corrected to the token', long, async () => {
  const { use } = await aBusyWorld();
  const from = world.clock.now() + 10 * minuteMs;
  world.anthropic.intercept.usage.delay({ from, until: from + 5 * minuteMs }, 45 * minuteMs);
  await world.passes(30 * minuteMs, { ...fiveMinutes, eachMinute: use });
  await world.passes(3 * hourMs, { beatMs: 20 * minuteMs });
  expect(published('outputTokens')).toBe(30 * 300);
});

test('two collectors at once publish once', async () => {
  const { use } = await aBusyWorld();
  for (let beat = 0; beat < 4; beat += 1) {
    for (let minute = 0; minute < 5; minute += 1) {
      world.clock.advance(minuteMs);
      use(world.clock.now());
    }
    await Promise.all([world.aws.functions.invoke('usage-collector', {}), world.aws.functions.invoke('usage-collector', {})]);
  }
  await world.passes(hourMs, tenMinutes);
  expect(published('outputTokens')).toBe(20 * 300);
});

test('a rotation changes the API key and not the series: usage, baseline and incidents stay with the managed key', long, async () => {
  const { use } = await aBusyWorld({ detects: true });
  await world.passes(5 * hourMs, { ...hourly, eachMinute: use });
  const learnt = await baseline();
  const { value } = await world.addStandbyKey('production');
  await world.rotate('production');
  const useNext = (at: number): void => void world.anthropic.use(value, { ...traffic, at: at - minuteMs });
  await world.passes(5 * hourMs, { ...hourly, eachMinute: useNext });
  await world.passes(hourMs, hourly);
  expect(published('outputTokens')).toBe(10 * 60 * 300);
  // The same baseline, folded on: it was not begun anew.
  expect(learnt?.foldedUntil).toBeGreaterThan(0);
  expect((await baseline())?.foldedUntil).toBeGreaterThan(learnt?.foldedUntil ?? Number.POSITIVE_INFINITY);
  expect((await incidentStore(table()).all()).map(({ kind }) => kind)).not.toContain('usage-anomaly');
});

test('usage of keys that nobody manages is seen as unattributed', async () => {
  await aBusyWorld();
  const stranger = world.anthropic.console.createApiKey({ name: 'somebody' });
  world.anthropic.use(stranger.value, traffic);
  world.anthropic.console.usePlayground(world.definition('production').workspaceId, traffic);
  await world.passes(hourMs, tenMinutes);
  expect(published('outputTokens', 'unattributed')).toBe(600);
});
