import { afterEach, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { othersAtWork } from '../../support/others.ts';
import { startWorld, type World, type WorldOptions } from '../../../local/world.ts';
import { policy } from '../../support/records.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

async function aWorld(options: Partial<WorldOptions> = {}): Promise<World> {
  world = await startWorld({ managedKeys: [{ name: 'production' }], ...options });
  return world;
}

const statuses = (): Readonly<Record<string, string>> =>
  Object.fromEntries(world.anthropic.inspect.keys().map((key) => [key.id, key.status]));
const traffic = { model: 'claude-haiku-5-5', requests: 3, uncachedInputTokens: 900, cacheReadTokens: 0, outputTokens: 300 };
const failures = (name: string) => world.aws.functions.invocations(name).filter((invocation) => !invocation.ok);
const hourly = { beatMs: hourMs };

test('deploying only tests the function, a key taken in is inactive, and a rotation activates the oldest one alone', async () => {
  await aWorld();
  expect(world.aws.functions.invocations('rotation')).toMatchObject([{ kind: 'rotation:testSecret', ok: true }]);
  const first = await world.addStandbyKey('production');
  expect(statuses()).toEqual({ [first.apiKeyId]: 'inactive' });
  expect(world.anthropic.use(first.value, traffic)).toMatchObject({ accepted: 0 });
  world.clock.advance(minuteMs);
  const second = await world.addStandbyKey('production');
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(first.value);
  expect(statuses()).toEqual({ [first.apiKeyId]: 'active', [second.apiKeyId]: 'inactive' });
});

test('after the switch both keys work until the old one was quiet for long enough', long, async () => {
  // A new key with a request an hour is unusual enough to be cut off, and that is another story.
  await aWorld({ managedKeys: [{ name: 'production', containment: { mode: 'off', lastCredential: 'keep' } }] });
  const first = await world.addStandbyKey('production');
  world.clock.advance(minuteMs);
  const second = await world.addStandbyKey('production');
  await world.rotate('production');
  await world.passes(hourMs, hourly);
  await world.rotate('production');
  expect(statuses()).toEqual({ [first.apiKeyId]: 'active', [second.apiKeyId]: 'active' });

  // A straggler goes on with the old key beyond the minimum grace.
  const straggle = (at: number): void => {
    if (at % hourMs === 0) world.anthropic.use(first.value, traffic);
  };
  await world.passes(30 * hourMs, { beatMs: 3 * hourMs, eachMinute: straggle });
  expect(statuses()[first.apiKeyId]).toBe('active');

  await world.passes(8 * hourMs, { ...hourly, eachMinute: othersAtWork(world) });
  expect(statuses()).toEqual({ [first.apiKeyId]: 'inactive', [second.apiKeyId]: 'active' });
  expect(world.anthropic.use(first.value, traffic)).toMatchObject({ accepted: 0 });
  expect(await world.currentValue('production')).toBe(second.value);

  await world.passes(6 * dayMs, { beatMs: dayMs });
  expect(statuses()[first.apiKeyId]).toBe('inactive');
  await world.passes(2 * dayMs, { beatMs: dayMs });
  expect(statuses()[first.apiKeyId]).toBe('archived');
  expect(failures('retirement')).toEqual([]);
});

test('a used key gives its staging label back, so the pool never fills up with keys that are gone', async () => {
  await aWorld();
  const labels = (): readonly string[] =>
    world.aws.inspect.secrets.versions(world.definition('production').standbySecretArn).flatMap((version) => version.labels);
  const first = await world.addStandbyKey('production');
  const second = await world.addStandbyKey('production');
  expect(labels()).toEqual(expect.arrayContaining([`standby-${first.apiKeyId}`, `standby-${second.apiKeyId}`]));
  await world.rotate('production');
  expect(labels().filter((label) => label.startsWith('standby-'))).toHaveLength(1);
  await world.rotate('production');
  expect(labels().filter((label) => label.startsWith('standby-'))).toEqual([]);
});

test('an empty pool fails visibly and keeps the old key; the rotation resumes by itself once a key is added', long, async () => {
  await aWorld();
  const first = await world.addStandbyKey('production');
  await world.rotate('production');
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(first.value);
  expect(statuses()).toEqual({ [first.apiKeyId]: 'active' });
  expect(world.aws.mailbox.messages()).toHaveLength(1);
  expect(world.aws.mailbox.messages()[0]?.body).toContain('npx --no-install keyguard standby add production');

  const second = await world.addStandbyKey('production');
  await world.passes(2 * hourMs, { beatMs: 15 * minuteMs });
  expect(await world.currentValue('production')).toBe(second.value);
  const subjects = world.aws.mailbox.messages().map((mail) => mail.subject);
  expect(subjects.filter((subject) => !subject.includes('standby keys run low'))).toHaveLength(2);
});

test('a standby key that fails its proof ends the rotation; people are told, and the next key is next', long, async () => {
  await aWorld();
  const bad = await world.addStandbyKey('production');
  world.clock.advance(minuteMs);
  const good = await world.addStandbyKey('production');
  world.anthropic.console.setStatus(bad.apiKeyId, 'archived');
  await world.rotate('production');
  expect(statuses()).toEqual({ [bad.apiKeyId]: 'archived', [good.apiKeyId]: 'inactive' });
  expect(world.aws.mailbox.messages()[0]?.body).toContain(`${bad.apiKeyId}: the key is archived`);
  await world.passes(25 * minuteMs, { beatMs: 5 * minuteMs });
  expect(await world.currentValue('production')).toBe(good.value);
  expect(statuses()).toEqual({ [bad.apiKeyId]: 'archived', [good.apiKeyId]: 'active' });
});

test('a standby key that somebody reactivated in the Console is deactivated again', async () => {
  await aWorld();
  const { apiKeyId } = await world.addStandbyKey('production');
  await world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  world.anthropic.console.setStatus(apiKeyId, 'active');
  await world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(statuses()).toEqual({ [apiKeyId]: 'inactive' });
});

test('with federation there is no static admin key in the whole account', async () => {
  await aWorld({ adminAccess: 'federation' });
  const { value } = await world.addStandbyKey('production');
  await world.rotate('production');
  expect(await world.currentValue('production')).toBe(value);
  expect(world.anthropic.inspect.exchanges().map((exchange) => exchange.outcome)).toContain('granted');
});

test('a federation rule that no longer lets anybody in is called that, and no outage', async () => {
  await aWorld({ adminAccess: 'federation' });
  const { apiKeyId } = await world.addStandbyKey('production');
  const exchange = world.anthropic.inspect.exchanges().at(-1);
  world.anthropic.console.archiveFederationRule(exchange?.ruleId ?? '');
  // Tokens that the rule minted before live on for a while.
  world.clock.advance(hourMs);
  await world.rotate('production');
  expect(JSON.stringify(failures('rotation'))).toContain('Anthropic refuses the admin credential (401)');
  expect(statuses()).toEqual({ [apiKeyId]: 'inactive' });
});

const senseless = [
  [{ Step: 'cleanSecret' }, 'unknown step'],
  [{ Step: undefined }, 'has no Step'],
  [{ SecretId: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:other-AbCdEf' }, 'no managed key'],
  [{ ClientRequestToken: 'ffffffff-0000-4000-8000-000000000000' }, 'is no version'],
] as const;

test('an event that makes no sense gets one clear error and changes nothing', async () => {
  await aWorld();
  await world.addStandbyKey('production');
  const SecretId = world.definition('production').secretArn;
  const seen = () => [statuses(), world.aws.inspect.secrets.versions(SecretId)];
  const before = seen();
  for (const [changes, message] of senseless) {
    const event = { Step: 'createSecret', SecretId, ClientRequestToken: 'token', ...changes };
    await expect(world.aws.functions.invoke('rotation', event)).rejects.toThrow(message);
  }
  expect(seen()).toEqual(before);
});

test('that the policy cuts a key in use is told before and in that moment, and is no all-clear afterwards', long, async () => {
  const rotation = { ...policy, minimumGraceMs: 4 * hourMs, quietMs: 2 * hourMs, maximumGraceMs: 7 * hourMs, atMaximum: 'cut' } as const;
  await aWorld({ managedKeys: [{ name: 'production', rotation }] });
  world.aws.schedules.disable('anomaly-detector');
  const first = await world.addStandbyKey('production');
  world.clock.advance(minuteMs);
  await world.addStandbyKey('production');
  await world.rotate('production');
  await world.passes(hourMs, hourly);
  await world.rotate('production');
  let refused = 0;
  const eachMinute = (at: number): void => {
    if (at % (10 * minuteMs) === 0 && world.anthropic.use(first.value, traffic).accepted === 0) refused += 1;
  };
  await world.passes(8 * hourMs, { beatMs: 20 * minuteMs, eachMinute });
  expect(refused).toBeGreaterThan(0);
  const told = world.aws.inspect.topics.published().map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Record<string, unknown>);
  const key = `production: the old key ${first.apiKeyId}`;
  expect(told.filter(({ kind }) => kind === 'straggler').map(({ title }) => title)).toEqual([
    `${key} is still in use`,
    `${key} is cut off while it is in use`,
    `${key} is no straggler any more`,
  ]);
  expect(told.at(-1)?.['summary']).toContain('it is inactive (retired: maximum grace)');
  expect(told.at(-1)?.['actions']).not.toContain('Nothing has to be done.');
});
