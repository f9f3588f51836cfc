import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../../lambda/adapters/aws/usage-ledger.ts';
import { dayMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../../local/world.ts';

const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
const other = { ...usual, model: 'claude-haiku-4-5' };

let world: World;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  for (let number = 0; number < 2; number += 1) await world.addStandbyKey('production');
  await world.rotate('production');
});
afterEach(() => world.stop());

async function passes(ms: number, beatMs: number, ...work: readonly (typeof usual)[]): Promise<void> {
  const value = await world.currentValue('production');
  const eachMinute = (at: number): void => work.forEach((each) => world.anthropic.use(value, { ...each, at: at - minuteMs }));
  await world.passes(ms, { beatMs, eachMinute });
}

/** As though the key had been in use for weeks. */
async function isKnownForWeeks(): Promise<void> {
  const usage = usageLedger(openTable(world.installation.stateTable), world.clock);
  const known = (await usage.categories()).get('production');
  if (known === undefined) throw new RangeError('nothing is known of production');
  const earlier = (at: number): number => at - 20 * dayMs;
  const categories = known.categories.map((each) => ({ ...each, firstAt: earlier(each.firstAt), notedAt: earlier(each.notedAt) }));
  await usage.rememberCategories(known, { ...known, since: earlier(known.since), categories });
}

const alerts = (): readonly Alert[] =>
  world.aws.inspect.topics
    .published()
    .map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Alert)
    .filter(({ kind }) => kind === 'usage-unfamiliar');

test('a model that a key never used is told once, cuts nothing off, and is usual a day later', async () => {
  await passes(15 * minuteMs, 5 * minuteMs, usual);
  expect(alerts()).toEqual([]);
  await isKnownForWeeks();
  await passes(20 * minuteMs, 5 * minuteMs, usual, other);
  expect(alerts()).toMatchObject([{ state: 'open', severity: 'warning', title: 'production: first use of the model claude-haiku-4-5' }]);
  expect(alerts()[0]?.summary).toMatch(
    /^Managed key production uses the model claude-haiku-4-5\. In the 20 days before that it never did\. It began /,
  );
  await passes(dayMs + 30 * minuteMs, 12 * 60 * minuteMs, usual);
  expect(alerts().map(({ state, title }) => `${state} ${title}`)).toEqual([
    'open production: first use of the model claude-haiku-4-5',
    'recovered production: the model claude-haiku-4-5 is usual from now on',
  ]);
  expect(world.ledger().filter(({ state }) => state === 'contained')).toEqual([]);
});

test('in the first week of a key nothing is unfamiliar', async () => {
  await passes(10 * minuteMs, 5 * minuteMs, usual);
  await passes(20 * minuteMs, 5 * minuteMs, usual, other);
  expect(alerts()).toEqual([]);
});
