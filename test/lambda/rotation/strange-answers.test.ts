import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import type { CallHook } from '../../../local/anthropic/intercept.ts';
import { strangers } from '../../../local/anthropic/strangers.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { withQuickTimers } from '../../prove/quick-timers.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const stranger =
  (name: keyof typeof strangers, route: RegExp = /./): CallHook =>
  (call) =>
    call.phase === 'before' && route.test(call.route) ? { kind: 'stranger', answer: strangers[name] } : undefined;
const altered =
  (route: RegExp, change: (body: Record<string, unknown>) => object): CallHook =>
  (call) =>
    call.phase === 'after' && route.test(call.route)
      ? { kind: 'altered', alter: (own) => ({ ...own, status: 200, body: change({ ...own.body }) }) }
      : undefined;
const states = (): readonly string[] => world.ledger().map(({ state }) => state);
const statuses = (): Readonly<Record<string, string>> =>
  Object.fromEntries(world.anthropic.inspect.keys().map((key) => [key.id, key.status]));

// Block and sign-in pages, another organization, and cut or empty lists: npm run prove:rotation -- --part lasting.
test.each<[string, CallHook]>([
  ['keys of a scope that nobody knows', altered(/api_keys/, (body) => ({ ...body, scope: { type: 'galaxy' } }))],
  ['a page that says 404', stranger('notFoundPage')],
  ['a redirect', stranger('redirect')],
  ['a cut body', stranger('cutJson')],
  ['a refusal of the region', stranger('otherRegion')],
  ['a sign-in page before the models alone', stranger('signInPage', /models/)],
  ['a page that says 404 before the keys alone', stranger('notFoundPage', /api_keys/)],
])('while Anthropic answers with %s, no key is rejected, retired or cut off', long, async (_name, hook) => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  // There is no usage, and so nothing to detect.
  world.aws.schedules.disable('anomaly-detector');
  for (let key = 0; key < 4; key += 1) {
    await world.addStandbyKey('production');
    world.clock.advance(minuteMs);
  }
  await world.rotate('production');
  await world.passes(hourMs, { beatMs: hourMs });
  await world.rotate('production');
  const before = statuses();
  const end = world.anthropic.intercept.onCall(hook);
  await withQuickTimers(async () => {
    for (let day = 0; day < 2; day += 1) {
      // One that is under way refuses another.
      await world.rotate('production').catch(() => undefined);
      await world.passes(dayMs, { beatMs: 8 * hourMs });
    }
  });
  end();
  // The one that a rotation waits for may be active.
  const ended = Object.entries(statuses()).filter(([id, status]) => status !== before[id] && status !== 'active');
  expect(ended).toEqual([]);
  expect(states().filter((state) => ['rejected', 'inactive', 'contained', 'archived'].includes(state))).toEqual([]);
});
