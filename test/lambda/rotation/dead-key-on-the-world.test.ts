import { afterEach, expect, test } from 'vitest';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World, type WorldOptions } from '../../../local/world.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const beat = (minutes: number) => world.passes(minutes * minuteMs, { beatMs: 5 * minuteMs });
const told = (): readonly string[] =>
  world.aws.mailbox.messages().flatMap(({ subject }) => (/current key|key that works/.test(subject) ? [subject] : []));
const states = (): Readonly<Record<string, string>> => Object.fromEntries(world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));

/** Two managed keys, of which `production` has a current key and two standby keys. */
async function aFleet(options: Partial<WorldOptions['managedKeys'][number]> = {}) {
  world = await startWorld({ managedKeys: [{ name: 'production', ...options }, { name: 'batch' }] });
  // Only rotation and retirement matter here.
  for (const schedule of ['usage-collector', 'anomaly-detector']) world.aws.schedules.disable(schedule);
  await world.addStandbyKey('batch');
  await world.rotate('batch');
  const [first, second, third] = [await added(), await added(), await added()];
  await world.rotate('production');
  await beat(20);
  return { first, second, third };
}

async function added(): Promise<string> {
  const { apiKeyId } = await world.addStandbyKey('production');
  world.clock.advance(minuteMs);
  return apiKeyId;
}

test('a current key that somebody disabled is noticed in the next pass and replaced by a standby key, once', async () => {
  const { first, second, third } = await aFleet();
  world.anthropic.console.setStatus(first, 'inactive');
  await beat(5);
  expect(told().at(-1)).toContain('production: the current key');
  expect(states()).toMatchObject({ [first]: 'draining', [second]: 'current', [third]: 'standby' });
  const mail = world.aws.mailbox.messages().find(({ body }) => body.includes('first seen dead'));
  expect(mail?.body).toMatch(/it was last seen active 2026-\S+\s+\S+\s+UTC,\s+and\s+first\s+seen\s+dead\s+2026-/);
  await beat(90);
  expect(states()).toMatchObject({
    [first]: expect.stringMatching(/draining|inactive/) as string,
    [second]: 'current',
    [third]: 'standby',
  });
  expect(told()).toEqual([expect.stringContaining('is dead'), expect.stringContaining('consumers have a key that works again')]);
});

test('with onDeath "ask" people are told, and nothing rotates', long, async () => {
  const { first, second } = await aFleet({ rotation: { onDeath: 'ask' } });
  world.anthropic.console.setStatus(first, 'archived');
  await beat(30);
  expect(states()).toMatchObject({ [first]: 'current', [second]: 'standby' });
  expect(told()).toEqual([expect.stringContaining('consumers fail')]);
});

test('a replacement that dies as well is not replaced within the hour, and people are told', long, async () => {
  const { first, second, third } = await aFleet();
  world.anthropic.console.setStatus(first, 'inactive');
  await beat(10);
  world.anthropic.console.setStatus(second, 'inactive');
  await beat(20);
  expect(states()).toMatchObject({ [second]: 'current', [third]: 'standby' });
  expect(told().at(-1)).toContain('consumers fail');
  await beat(60);
  expect(states()).toMatchObject({ [second]: expect.not.stringMatching('current') as string, [third]: 'current' });
});

test('while no key of the fleet is accepted, nothing is replaced and no standby key is lost', long, async () => {
  const { first, second, third } = await aFleet();
  world.anthropic.console.setStatus(first, 'inactive');
  const stop = world.anthropic.intercept.onCall(({ route, phase }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 529 } : undefined,
  );
  await beat(30);
  expect(states()).toMatchObject({ [first]: 'current', [second]: 'standby', [third]: 'standby' });
  stop();
  await beat(10);
  expect(states()).toMatchObject({ [second]: 'current', [third]: 'standby' });
});

test('a key that dies a minute after its switch is noticed in the next pass, too', long, async () => {
  const { second, third } = await aFleet();
  await beat(4);
  await world.rotate('production');
  world.clock.advance(minuteMs / 2);
  world.anthropic.console.setStatus(second, 'inactive');
  await beat(6);
  expect(states()).toMatchObject({ [third]: 'current' });
});
