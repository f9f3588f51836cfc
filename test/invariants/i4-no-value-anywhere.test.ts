import { afterEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../local/world.ts';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { shortAndLong } from '../support/long.ts';

let world: World;
afterEach(() => world.stop());

/** The middle of a value: what hints show is at its ends. A short one, such as a URL, is looked for whole. */
const pieceOf = (value: string): string => (value.length > 60 ? value.slice(24, 48) : value);

for (const [cases, options] of shortAndLong(1, ['key', 'federation'] as const))
  test.each(cases)('no value is ever in a log, record, metric or message (admin access by %s)', options, (adminAccess) =>
    withQuickTimers(async () => {
      world = await startWorld({ managedKeys: [{ name: 'production' }], adminAccess });
      await world.addStandbyKey('production');
      await world.addStandbyKey('production');
      await world.rotate('production');
      // Every kind of trouble on the way: Anthropic down, AWS throttling, Slack refusing, an empty pool.
      world.aws.intercept.inject({ service: 'dynamodb', operation: 'Query', fault: 'throttle', times: 5 });
      world.slack.fail(403, 1);
      const stop = world.anthropic.intercept.onCall(({ phase, number }) =>
        phase === 'before' && number % 3 === 0 ? { kind: 'status', status: 529 } : undefined,
      );
      await world.rotate('production');
      stop();
      await world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
      // By now the rotation has recovered; the next one finds the pool empty.
      await world.rotate('production');
      const stolen = await world.currentValue('production');
      await world.passes(2 * hourMs, { beatMs: 30 * minuteMs });
      await world.passes(20 * minuteMs, {
        beatMs: 5 * minuteMs,
        eachMinute: (at) =>
          void world.anthropic.use(stolen, {
            model: 'claude-opus-5-5',
            requests: 50,
            uncachedInputTokens: 90_000,
            cacheReadTokens: 0,
            outputTokens: 40_000,
            at: at - minuteMs,
          }),
      });
      const seen = [
        ...world.logs,
        JSON.stringify(world.aws.inspect.tables.items(world.installation.stateTable)),
        JSON.stringify(world.aws.inspect.metrics.metrics().map(({ name, dimensions }) => [name, dimensions])),
        JSON.stringify([world.aws.inspect.topics.published(), world.aws.mailbox.messages(), world.slack.cards.map(({ body }) => body)]),
        JSON.stringify(
          ['rotation', 'retirement', 'usage-collector', 'anomaly-detector', 'notifier'].map((name) =>
            world.aws.functions.invocations(name),
          ),
        ),
      ];
      expect(world.logs.length).toBeGreaterThan(50);
      expect(world.aws.inspect.topics.published().length).toBeGreaterThan(0);
      expect(world.values().length).toBeGreaterThan(2);
      for (const value of world.values()) for (const text of seen) expect(text.includes(pieceOf(value))).toBe(false);
    }),
  );
