import { afterEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import type { ExpectedUsagePlan } from '../../../contract/policy.ts';
import { expectedUsage } from '../../../lambda/adapters/aws/expected-usage.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { envelope } from '../../../lambda/detection/detectors/envelope.ts';
import { foldMinutes } from '../../../lambda/detection/fold.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { expectNoMore } from '../../../lambda/usage/expect.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { long } from '../../support/long.ts';
import { monday } from './series.ts';

describe('a load test every Wednesday', () => {
  const settings = { intervalMs: minuteMs, falseAlarmsPerMonth: 1 };
  const [from, to] = [monday + 9 * dayMs + 10 * hourMs, monday + 9 * dayMs + 14 * hourMs];
  const week = 7 * dayMs;
  /** Ten times the usual for four hours, the second week and the third. */
  const valueAt = (at: number): number => {
    const isTest = (at >= from && at < to) || (at >= from + week && at < to + week);
    return (isTest ? 10 : 1) * (290 + ((at / minuteMs) % 7) * 10);
  };
  const series = (days: number, factor = 1) =>
    Array.from({ length: days * 1440 }, (_, minute) => monday + minute * minuteMs).map((at) => ({
      at,
      values: [valueAt(at) * (at >= to + week ? factor : 1)],
    }));
  const alertsIn = (start: number, end: number, judged: Parameters<typeof foldMinutes>[2], factor?: number): number =>
    foldMinutes(envelope.start(1), series(18, factor), judged, [], settings).alerts.filter(({ at }) => at >= start && at < end).length;
  const nothing = { unlearnt: [], accepted: [] };
  const accepted = [{ from, to: to + hourMs }];

  test('is told each time where nobody expects it', () => {
    expect(alertsIn(from, to, nothing)).toBeGreaterThan(0);
    expect(alertsIn(from + week, to + week, nothing)).toBeGreaterThan(0);
  });

  test('while it is expected it alerts nobody, nor do its traces afterwards', () => {
    expect(alertsIn(from, to + dayMs, { unlearnt: [{ from, to }], accepted: [] })).toBe(0);
  });

  test('once it was accepted, it is usual at this hour of next week', () => {
    expect(alertsIn(from, to + dayMs, { unlearnt: [], accepted })).toBe(0);
    expect(alertsIn(from + week, to + week + dayMs, { unlearnt: [], accepted })).toBe(0);
  });

  test('and what follows is judged as ever', () => {
    expect(alertsIn(to + week, to + week + 2 * hourMs, { unlearnt: [], accepted }, 60)).toBeGreaterThan(0);
  });

  test('any cut into batches gives the same answers', () => {
    const all = series(12);
    const judged = { unlearnt: [], accepted };
    const cut = from + 90 * minuteMs;
    const first = foldMinutes(
      envelope.start(1),
      all.filter(({ at }) => at < cut),
      judged,
      [Infinity],
      settings,
    );
    const second = foldMinutes(
      first.memories.get(Infinity) ?? envelope.start(1),
      all.filter(({ at }) => at >= cut),
      judged,
      [Infinity],
      settings,
    );
    const whole = foldMinutes(envelope.start(1), all, judged, [Infinity], settings);
    expect(second.memories.get(Infinity)?.text()).toBe(whole.memories.get(Infinity)?.text());
  });
});

describe('on the world', () => {
  let world: World;
  afterEach(() => world.stop());
  const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
  const unusual = { ...usual, requests: 60, uncachedInputTokens: 18_000, outputTokens: 18_000 };
  const told = (): readonly string[] =>
    world.aws.inspect.topics.published().flatMap(({ bodies }) => {
      const { kind, state } = JSON.parse(bodies['default'] ?? '{}') as Alert;
      return kind === 'usage-anomaly' ? [state] : [];
    });
  const table = () => openTable(world.installation.stateTable);

  async function aKey(
    mode: 'off' | 'auto' = 'auto',
    expectedUsage: readonly ExpectedUsagePlan[] = [],
  ): Promise<(traffic: typeof usual, ms: number, beatMs?: number) => Promise<void>> {
    world = await startWorld({ managedKeys: [{ name: 'production', containment: { mode, lastCredential: 'keep' }, expectedUsage }] });
    for (let number = 0; number < 2; number += 1) await world.addStandbyKey('production');
    await world.rotate('production');
    const passes = async (traffic: typeof usual, ms: number, beatMs = 3 * minuteMs): Promise<void> => {
      const value = await world.currentValue('production');
      await world.passes(ms, { beatMs, eachMinute: (at) => void world.anthropic.use(value, { ...traffic, at: at - minuteMs }) });
    };
    await passes(usual, 4 * hourMs, 2 * hourMs);
    await knownForDays(world, 'production');
    return passes;
  }
  const expects = (from: number, until: number): Promise<void> =>
    expectedUsage(table()).expect({ schema: 1, subject: 'production', from, until, by: 'an operator', because: 'a load test' });

  test('what is expected is not told and not cut off; what is unusual after it is', async () => {
    const passes = await aKey();
    const now = world.clock.now();
    await expects(now, now + 20 * minuteMs);
    await passes(unusual, 20 * minuteMs);
    expect(told()).toEqual([]);
    await passes(unusual, 18 * minuteMs);
    expect(told()).toEqual(['open', 'contained']);
  });

  test('what the configuration plans is not told either', long, async () => {
    const passes = await aKey('auto', [{ cron: '0 4 * * *', lengthMs: 30 * minuteMs, because: 'the nightly batch' }]);
    await passes(unusual, 30 * minuteMs);
    expect(told()).toEqual([]);
    await passes(unusual, 18 * minuteMs);
    expect(told()).toEqual(['open', 'contained']);
  });

  test('what is expected leaves no trace that is found when it is over', long, async () => {
    const passes = await aKey();
    const now = world.clock.now();
    await expects(now, now + hourMs);
    await passes(unusual, hourMs);
    await passes(usual, 4 * hourMs, 10 * minuteMs);
    expect(told()).toEqual([]);
  });

  test('an open incident ends when somebody says that it is expected', async () => {
    const passes = await aKey('off');
    await passes(unusual, 15 * minuteMs);
    expect(told()).toEqual(['open']);
    const now = world.clock.now();
    await expects(now - 15 * minuteMs, now + 2 * hourMs);
    await passes(unusual, 15 * minuteMs);
    expect(told()).toEqual(['open', 'recovered']);
    const body = world.aws.mailbox.messages().at(-1)?.body ?? '';
    expect(body.replaceAll(/\s+/g, ' ')).toContain('it is expected, says an operator: a load test');
    expect(body).toContain('npx --no-install keyguard expect production --end');
    await expectNoMore(
      'production',
      { by: 'me', because: 'it is over' },
      { expected: expectedUsage(table()), audit: { note: async () => undefined }, clock: world.clock },
    );
    await passes(unusual, 18 * minuteMs);
    expect(told().slice(0, 3)).toEqual(['open', 'recovered', 'open']);
  });

  test('tokens on an inactive key are told and cut off all the same', long, async () => {
    const passes = await aKey();
    const old = await world.currentValue('production');
    await world.rotate('production');
    const now = world.clock.now();
    await expects(now, now + 6 * dayMs);
    await passes(usual, 3 * dayMs, 3 * hourMs);
    const inactive = world.ledger().find(({ state }) => state === 'inactive');
    if (inactive === undefined) throw new RangeError('no old key');
    world.anthropic.console.setStatus(inactive.apiKeyId, 'active');
    world.anthropic.use(old, { ...usual, at: world.clock.now() - minuteMs });
    await passes(usual, 15 * minuteMs);
    const kinds = world.aws.inspect.topics.published().map(({ bodies }) => (JSON.parse(bodies['default'] ?? '{}') as Alert).kind);
    expect(kinds.some((kind) => kind === 'retired-key-used' || kind === 'key-changed')).toBe(true);
  });
});
