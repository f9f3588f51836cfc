import { afterEach, expect, test } from 'vitest';
import { heartbeatModel } from '../../../contract/heartbeat.ts';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import type { Fault } from '../../../local/anthropic/intercept.ts';
import { strangers } from '../../../local/anthropic/strangers.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const hourly = { beatMs: hourMs };
const traffic = { model: 'claude-haiku-5-5', requests: 3, uncachedInputTokens: 900, cacheReadTokens: 0, outputTokens: 300 };

/** A small organization on a Friday evening. */
async function anOrganization(options: { readonly heartbeat?: string } = { heartbeat: 'heartbeat' }): Promise<void> {
  const managedKeys = ['production', 'heartbeat'].map((name) => ({ name, rotation: { minimumGraceMs: 3 * hourMs, quietMs: 2 * hourMs } }));
  world = await startWorld({ managedKeys, start: '2026-09-11T18:00:00Z', ...options });
}

/** It becomes current; a second one waits. */
async function aKeyFor(name: string): Promise<{ readonly apiKeyId: string; readonly value: string }> {
  const key = await world.addStandbyKey(name);
  await world.rotate(name);
  await world.addStandbyKey(name);
  return key;
}

/** A key that was used until it was replaced, an hour ago: then everybody went home. */
async function anOldKey(): Promise<() => string> {
  await aKeyFor('heartbeat');
  const old = await aKeyFor('production');
  world.anthropic.use(old.value, { ...traffic, at: world.clock.now() });
  await world.passes(hourMs, hourly);
  await world.rotate('production');
  return () => world.anthropic.inspect.key(old.apiKeyId).status;
}

/** What people were told, beside the standby keys that they are asked for. */
function told(): readonly string[] {
  return world.aws.inspect.topics
    .published()
    .map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Record<string, unknown>)
    .filter(({ kind }) => kind !== 'pool-low')
    .map(({ kind, subject, state, summary }) => [kind, subject, state, summary].join(' '));
}

/** The ids of the keys that asked for a message. */
const beats = () => world.anthropic.intercept.calls.filter(({ route }) => route === '/v1/messages').map(({ credentialId }) => credentialId);
const logged = (event: string) => world.logs.filter((line) => line.includes(`"event":"${event}"`));

test.each<[what: string, heartbeat: string | undefined, status: string]>([
  ['with a heartbeat the old key retires, since its silence is seen', 'heartbeat', 'inactive'],
  ['without one it waits', undefined, 'active'],
])('where everybody sleeps over a weekend: %s', long, async (_what, heartbeat, status) => {
  await anOrganization(heartbeat === undefined ? {} : { heartbeat });
  const old = await anOldKey();
  await world.passes(2 * hourMs, hourly);
  expect(old()).toBe('active');
  await world.passes(4 * hourMs, hourly);
  expect(old()).toBe(status);
  expect(told()).toEqual([]);
});

test('a report that stands still is told within three hours, once, and retires nothing', long, async () => {
  await anOrganization();
  const old = await anOldKey();
  await world.passes(hourMs, hourly);
  world.anthropic.intercept.usage.standStill(world.clock.now());
  await world.passes(hourMs, hourly);
  expect(told()).toEqual([]);
  await world.passes(hourMs, hourly);
  expect(told()).toEqual([
    expect.stringMatching(/^usage-blind usage-report open .*although Anthropic took a request of the heartbeat 2026-/),
  ]);
  await world.passes(3 * hourMs, hourly);
  expect(told()).toHaveLength(1);
  expect(old()).toBe('active');
  world.anthropic.intercept.usage.standStill(undefined);
  await world.passes(2 * hourMs, hourly);
  expect(told()).toEqual([expect.stringContaining(' open '), expect.stringContaining('usage-blind usage-report recovered')]);
  // What the report hid gets two hours to come.
  expect(old()).toBe('active');
  await world.passes(2 * hourMs, hourly);
  expect(old()).toBe('inactive');
});

test('a heartbeat that has not begun promises nothing, and one request that fails is no report that stands still', long, async () => {
  await anOrganization();
  const old = await aKeyFor('production');
  world.anthropic.use(old.value, { ...traffic, at: world.clock.now() });
  await world.passes(4 * hourMs, hourly);
  await aKeyFor('heartbeat');
  await world.passes(2 * hourMs, hourly);
  const failing = world.anthropic.intercept.onCall(({ route }) => (route === '/v1/messages' ? { kind: 'status', status: 529 } : undefined));
  await world.passes(hourMs, hourly);
  failing();
  await world.passes(2 * hourMs, { beatMs: 20 * minuteMs });
  expect(logged('heartbeat.not-now')).toHaveLength(1);
  expect(told()).toEqual([]);
});

test.each([
  ['its key is dead', () => world.anthropic.console.setStatus(world.keyOf(heartbeatValue) ?? '', 'inactive')],
  [
    'Anthropic has no capacity for hours',
    () => void world.anthropic.intercept.onCall(({ route }) => (route === '/v1/messages' ? { kind: 'status', status: 529 } : undefined)),
  ],
])('a heartbeat that sends nothing is no report that stands still: %s', long, async (_why, happens) => {
  await anOrganization();
  await aKeyFor('heartbeat');
  heartbeatValue = await world.currentValue('heartbeat');
  world.aws.schedules.disable('retirement');
  await world.passes(2 * hourMs, hourly);
  happens();
  await world.passes(5 * hourMs, hourly);
  expect(told()).toEqual([]);
});
let heartbeatValue = '';

test('it goes with the key that is current, costs less than a cent a month, and its own old key retires', long, async () => {
  await anOrganization();
  const first = await aKeyFor('heartbeat');
  await world.passes(2 * hourMs, hourly);
  await world.rotate('heartbeat');
  await world.passes(6 * hourMs, hourly);
  const second = world.keyOf(await world.currentValue('heartbeat'));
  expect(beats()).toEqual([first.apiKeyId, first.apiKeyId, ...Array.from({ length: 6 }, () => second)]);
  expect(world.anthropic.inspect.key(first.apiKeyId).status).toBe('inactive');
  expect(told()).toEqual([]);
  const costs = world.aws.inspect.metrics
    .metrics()
    .filter(({ name, dimensions }) => name === 'EstimatedCost' && dimensions.some(({ value }) => value === 'heartbeat'))
    .flatMap(({ minutes }) => minutes.map(({ sum }) => sum));
  expect(costs.length).toBeGreaterThan(5);
  expect(Math.max(...costs) * 730).toBeLessThan(0.002);
});

const refused = (status: number, type: string): Fault => ({
  kind: 'stranger',
  answer: {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'error', error: { type, message: 'no' } }),
  },
});

const failures: readonly (readonly [what: string, fault: Fault, error: string | undefined])[] = [
  ['no capacity', { kind: 'status', status: 529 }, undefined],
  ['a rate limit', { kind: 'status', status: 429, retryAfterSeconds: 60 }, undefined],
  ['an error inside Anthropic', { kind: 'status', status: 500 }, undefined],
  ['no answer', { kind: 'drop' }, 'POST /v1/messages did not succeed'],
  ['a key that is none', refused(401, 'authentication_error'), 'refuses the current key of heartbeat (401 authentication_error)'],
  ['a model that is gone', refused(404, 'not_found_error'), `refuses the request for ${heartbeatModel} with the key of heartbeat (404`],
  ['a workspace at its limit', refused(400, 'invalid_request_error'), '(400 invalid_request_error)'],
  ['an organization on hold', { kind: 'stranger', answer: strangers.onHold }, 'put the organization on hold'],
  ['a page of a proxy', { kind: 'stranger', answer: strangers.blockPage }, "is not Anthropic's own"],
  ['another answer than a message', { kind: 'altered', alter: (own) => ({ ...own, body: {} }) }, 'the field usage'],
];

test('whatever fails, one request comes an hour, and what people must mend is an error of the function', async () => {
  await anOrganization();
  for (const others of ['usage-collector', 'anomaly-detector', 'retirement']) world.aws.schedules.disable(others);
  await aKeyFor('heartbeat');
  for (const [index, [what, fault, error]] of failures.entries()) {
    const phase = fault.kind === 'altered' ? 'after' : 'before';
    const stop = world.anthropic.intercept.onCall((call) => (call.route === '/v1/messages' && call.phase === phase ? fault : undefined));
    await world.passes(hourMs, hourly);
    stop();
    const run = world.aws.functions.invocations('heartbeat').at(-1);
    expect([what, beats().length, run?.ok]).toEqual([what, index + 1, error === undefined]);
    expect(run?.errorMessage ?? '').toContain(error ?? '');
  }
  expect(logged('heartbeat.not-now')).toHaveLength(failures.filter(([, , error]) => error === undefined).length);
});

test('without a current key nothing is sent, and the error says so', async () => {
  await anOrganization();
  await world.passes(hourMs, hourly);
  expect(beats()).toEqual([]);
  expect(world.aws.functions.invocations('heartbeat')).toMatchObject([
    { ok: false, errorMessage: 'the heartbeat cannot be sent: heartbeat has no current key' },
  ]);
});
