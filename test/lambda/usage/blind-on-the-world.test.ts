import { afterEach, expect, test } from 'vitest';
import { usageDataAge } from '../../../contract/metrics.ts';
import type { RotationPolicy } from '../../../contract/policy.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../../lambda/adapters/aws/usage-ledger.ts';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { cutPage, endlessPages, samePage, withoutField, type Misreport } from '../../../local/anthropic/usage-faults.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { othersAtWork } from '../../support/others.ts';
import { long, shortAndLong } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const traffic = { model: 'claude-haiku-5-5', requests: 3, uncachedInputTokens: 900, cacheReadTokens: 0, outputTokens: 300 };
const hourly = { beatMs: hourMs };

/** What people were told of the usage report, in order. */
function told(): readonly (readonly [state: unknown, summary: string])[] {
  return world.aws.inspect.topics
    .published()
    .map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Record<string, unknown>)
    .filter(({ kind }) => kind === 'usage-blind')
    .map(({ state, summary }) => [state, String(summary)]);
}

/** Output tokens of the managed key that CloudWatch was sent, in all. */
function published(): number {
  return world.aws.inspect.metrics
    .metrics()
    .filter(({ name, dimensions }) => name === 'OutputTokens' && dimensions.some(({ value }) => value === 'production'))
    .flatMap(({ minutes }) => minutes.map(({ sum }) => sum))
    .reduce((sum, each) => sum + each, 0);
}

/** An old key in its grace, which somebody goes on using every five minutes, for as long as it works. */
async function aUsedOldKey(historyMs: number, rotation: Partial<RotationPolicy> = {}) {
  world = await startWorld({ managedKeys: [{ name: 'production', rotation, containment: { mode: 'off', lastCredential: 'keep' } }] });
  const old = await world.addStandbyKey('production');
  await world.rotate('production');
  let minutes = 0;
  const use = (at: number): void => {
    minutes += 1;
    if (minutes % 5 === 0) world.anthropic.use(old.value, { ...traffic, at: at - minuteMs });
  };
  await world.passes(historyMs, { ...hourly, eachMinute: use });
  await world.addStandbyKey('production');
  await world.rotate('production');
  const status = (): string => world.anthropic.inspect.key(old.apiKeyId).status;
  return {
    apiKeyId: old.apiKeyId,
    use,
    status,
    lastUse: async () => (await usageLedger(openTable(world.installation.stateTable), world.clock).lastUses())[0]?.at,
  };
}

test('a report that stands still for 20 hours retires no key in use, and is told once; what it hid is counted', long, async () => {
  const { apiKeyId, use, status, lastUse } = await aUsedOldKey(26 * hourMs);
  const stoodAt = world.clock.now();
  world.anthropic.intercept.usage.standStill(stoodAt);
  await world.passes(20 * hourMs, { ...hourly, eachMinute: use });
  expect(status()).toBe('active');
  expect(told()).toEqual([['open', expect.stringContaining('the usage report shows no tokens of anybody since')]]);
  const ages = world.aws.inspect.metrics.metrics().find(({ name }) => name === usageDataAge.name);
  expect(ages?.minutes.at(-1)?.sum).toBeGreaterThan((19 * hourMs) / 1000);

  // The old key falls silent in the very hours that the report did not show, and its rows come after the others'.
  await world.passes(5 * hourMs, hourly);
  const goesOnAt = world.clock.now();
  world.anthropic.intercept.usage.standStill(undefined);
  world.anthropic.intercept.usage.hide({ from: stoodAt, until: goesOnAt, apiKeyId }, goesOnAt + 80 * minuteMs);
  await world.passes(hourMs, { ...hourly, eachMinute: othersAtWork(world) });
  expect(told().map(([state]) => state)).toEqual(['open', 'recovered']);
  expect(await lastUse()).toBeLessThan(stoodAt);
  expect(status()).toBe('active');
  await world.passes(2 * hourMs, { ...hourly, eachMinute: othersAtWork(world) });
  expect(await lastUse()).toBeGreaterThan(stoodAt + 19 * hourMs);
  expect(published()).toBe(46 * 12 * traffic.outputTokens);
});

test.each<[what: string, fault: Misreport, reason: string]>([
  ['is cut', cutPage, 'there is more, and does not say where'],
  ['repeats a page', samePage, 'twice in one list'],
])('of a report that %s nothing is believed: no key in use retires, and people are told once', long, async (_what, fault, reason) => {
  // By silence it would be over after four hours.
  const { use, status } = await aUsedOldKey(hourMs, { minimumGraceMs: 3 * hourMs, quietMs: hourMs });
  world.anthropic.intercept.usage.misreport(fault);
  await world.passes(6 * hourMs, { ...hourly, eachMinute: use });
  expect(status()).toBe('active');
  expect(told()).toEqual([['open', expect.stringContaining(reason)]]);
  world.anthropic.intercept.usage.misreport(undefined);
  await world.passes(hourMs, { ...hourly, eachMinute: use });
  expect(told().map(([state]) => state)).toEqual(['open', 'recovered']);
  expect(status()).toBe('active');
});

for (const [cases, options] of shortAndLong<[what: string, fault: Misreport, reason: string]>(1, [
  ['has no end', endlessPages, 'there is more after'],
  ['lacks a field', withoutField('output_tokens'), 'output_tokens: it is missing'],
  ['takes everything back', (page) => ({ ...page, data: [] }), 'no tokens of anybody in'],
]))
  test.each(cases)(
    'that a report %s is told after half an hour, and asks for few pages a minute',
    options,
    async (_what, fault, reason) => {
      const { use } = await aUsedOldKey(hourMs);
      world.anthropic.intercept.usage.misreport(fault);
      world.anthropic.intercept.forgetCalls();
      const before = published();
      await world.passes(30 * minuteMs, { beatMs: 10 * minuteMs, eachMinute: use });
      expect(told()).toEqual([]);
      await world.passes(10 * minuteMs, { beatMs: 10 * minuteMs, eachMinute: use });
      expect(told()).toEqual([['open', expect.stringContaining(reason)]]);
      expect(world.anthropic.intercept.calls.filter(({ route }) => route.includes('usage_report')).length).toBeLessThan(40);
      expect(published()).toBe(before);
    },
  );
