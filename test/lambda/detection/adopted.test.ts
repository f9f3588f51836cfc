import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { envelope } from '../../../lambda/detection/detectors/envelope.ts';
import { foldMinutes } from '../../../lambda/detection/fold.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { long } from '../../support/long.ts';
import { monday } from './series.ts';

const settings = { intervalMs: minuteMs, falseAlarmsPerMonth: 1 };
const from = monday + 9 * dayMs + 10 * hourMs;
/** Nine days as usual, and then for `hours` ten times as much. */
const series = (hours: number, days = 11) =>
  Array.from({ length: days * 1440 }, (_, minute) => monday + minute * minuteMs).map((at) => ({
    at,
    values: [(at >= from && at < from + hours * hourMs ? 10 : 1) * (290 + ((at / minuteMs) % 7) * 10)],
  }));
const nothing = { unlearnt: [], accepted: [] };

test('what stays unusual for ten hours is adopted once, and the memory says when', () => {
  const { adoptedAt = 0, memories } = foldMinutes(envelope.start(1), series(20), nothing, [Infinity], settings);
  expect(adoptedAt).toBeGreaterThan(from + 9 * hourMs);
  expect(adoptedAt).toBeLessThan(from + 12 * hourMs);
  const stored: unknown = JSON.parse(memories.get(Infinity)?.text() ?? '');
  expect(envelope.recall(stored, 1, monday + 11 * dayMs).adoptedAt).toBe(adoptedAt);
  expect(() => envelope.recall(stored, 1, adoptedAt)).toThrow(TypeError);
});

test('what was cut off was never adopted, nor what was over after some hours', () => {
  const cutOff = { unlearnt: [{ from: from - hourMs, to: from + 20 * hourMs }], accepted: [] };
  expect(foldMinutes(envelope.start(1), series(20), cutOff, [], settings).adoptedAt).toBeUndefined();
  expect(foldMinutes(envelope.start(1), series(5), nothing, [], settings).adoptedAt).toBeUndefined();
});

test('a cut that ends what was adopted already unlearns that, too', () => {
  const late = { unlearnt: [{ from: from + 15 * hourMs, to: from + 16 * hourMs }], accepted: [] };
  expect(foldMinutes(envelope.start(1), series(20), late, [], settings).adoptedAt).toBeUndefined();
});

let world: World | undefined;
afterEach(() => world?.stop());

test('people hear that unusual usage was adopted, and what to do if it is nobody’s', long, async () => {
  const production = await startWorld({ managedKeys: [{ name: 'production', containment: { mode: 'off', lastCredential: 'keep' } }] });
  world = production;
  for (let number = 0; number < 2; number += 1) await production.addStandbyKey('production');
  await production.rotate('production');
  const value = await production.currentValue('production');
  const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
  const unusual = { ...usual, requests: 60, uncachedInputTokens: 18_000, outputTokens: 18_000 };
  const passes = (traffic: typeof usual, ms: number, beatMs: number): Promise<unknown> =>
    production.passes(ms, { beatMs, eachMinute: (at) => void production.anthropic.use(value, { ...traffic, at: at - minuteMs }) });
  const told = (): readonly string[] =>
    production.aws.inspect.topics.published().flatMap(({ bodies }) => {
      const { kind, state } = JSON.parse(bodies['default'] ?? '{}') as Alert;
      return kind === 'usage-anomaly' ? [state] : [];
    });
  await passes(usual, 2 * dayMs, 3 * hourMs);
  await knownForDays(production, 'production');
  await passes(unusual, 14 * hourMs, 10 * minuteMs);
  expect(told()).toEqual(['open', 'recovered']);
  const body = (production.aws.mailbox.messages().at(-1)?.body ?? '').replaceAll(/\s+/g, ' ');
  expect(body).toContain('goes on: it lasted for about ten hours, so it is learnt as usual since');
  expect(body).not.toContain('is over');
  expect(body).toContain('npx --no-install keyguard rotate production --emergency');
  await passes(unusual, 6 * hourMs, 10 * minuteMs);
  expect(told()).toEqual(['open', 'recovered']);
});
