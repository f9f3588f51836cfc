import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';
import { long } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const statusOf = (apiKeyId: string): string => me.world.anthropic.inspect.key(apiKeyId).status;
const labels = (): readonly string[] =>
  me.world.aws.inspect.secrets.versions(me.world.definition('production').standbySecretArn).flatMap((version) => version.labels);
const remove = (apiKeyId: string): readonly string[] => ['standby', 'remove', 'production', apiKeyId, '--yes'];

test('standby remove archives the key and gives its place free', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  const said = await me.run([...remove(first), '--because', 'the wrong team made it']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toMatch(new RegExp(`^${first} \\(sk-ant-\\S+\\) is no standby key of production any more: archived since 2026-`));
  expect([statusOf(first), statusOf(second)]).toEqual(['archived', 'inactive']);
  expect(states()).toEqual({ [first]: 'archived', [second]: 'standby' });
  expect(labels()).not.toContain(`standby-${first}`);
  expect(labels()).toContain(`standby-${second}`);
  expect((await me.run(['history', '--api-key-id', first])).out).toContain('removed: the wrong team made it');
  expect(await me.asJson(remove(first))).toEqual({
    managedKey: 'production',
    apiKeyId: first,
    hint: me.world.anthropic.inspect.key(first).hint,
    archivedAt: expect.stringMatching(/^2026-/) as unknown,
  });
});

test.each<Moment>([
  { phase: 'after', operation: 'TransactWriteItems' },
  { phase: 'before', operation: 'TransactWriteItems', skip: 1 },
  { phase: 'before', operation: 'UpdateSecretVersionStage' },
])('killed %j, standby remove goes on when it is given again', async (moment) => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.killed(remove(first), moment);
  // Meanwhile no rotation takes it.
  await me.run(['rotate', 'production', '--yes']);
  expect(await me.run(remove(first))).toMatchObject({ code: 0 });
  expect(states()).toEqual({ [first]: 'archived', [second]: 'current' });
  expect(labels()).not.toContain(`standby-${first}`);
});

test('two who remove it at once remove it once', async () => {
  me = await anOperator();
  const first = await me.added();
  const both = await Promise.all([me.run(remove(first)), me.run(remove(first))]);
  expect(both.map(({ code }) => code)).toContain(0);
  expect(await me.run(remove(first))).toMatchObject({ code: 0 });
  expect(states()).toEqual({ [first]: 'archived' });
});

test('a key that consumers read is not removed', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  const refused = await me.run([...remove(first), '--json']);
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.err)).toMatchObject({
    error: {
      code: 'not-standby',
      message: `${first} of production is current: only standby keys, rejected keys and cut-off keys that never served are removed`,
    },
  });
  expect((await me.run(remove('apikey_other'))).err).toContain('apikey_other is no key of production');
  expect(await me.run(remove('key_1'))).toMatchObject({ code: 2 });
  expect((await me.run(['standby', 'remove', 'production', second])).err).toContain('give --yes if you mean it');
  me.world.anthropic.console.setStatus(second, 'archived');
  await me.world.passes(5 * minuteMs, { beatMs: 5 * minuteMs });
  expect(states()[second]).toBe('rejected');
  expect((await me.run(['standby', 'list'])).out).toContain(`npx --no-install keyguard standby remove production ${second}`);
  const words = `${second} was rejected: it is archived at Anthropic`;
  expect((await me.run(['status'])).out).toContain(
    `! ${words}: put it away with npx --no-install keyguard standby remove production ${second}\n`,
  );
  const doctor = await me.run(['doctor', 'production']);
  expect(doctor.out).toContain(
    `production, rejected keys: ${words}; fix: put it away with npx --no-install keyguard standby remove production ${second}`,
  );
  expect(await me.run(remove(second))).toMatchObject({ code: 0 });
  expect((await me.run(['status'])).out).not.toContain('was rejected');
  expect(states()).toEqual({ [first]: 'current', [second]: 'archived' });
});

test('standby check finds what a rotation would trip over, and fails then', async () => {
  me = await anOperator();
  const [first, second, third] = [await me.added(), await me.added(), await me.added()];
  const good = await me.run(['standby', 'check', 'production']);
  expect(good).toMatchObject({ code: 0 });
  expect(good.out).toMatch(new RegExp(`^production +${first} +sk-ant-\\S+ +good, not proven$`, 'm'));
  me.world.anthropic.console.setStatus(first, 'active');
  const { standbySecretArn } = me.world.definition('production');
  const version = me.world.aws.inspect.secrets.versions(standbySecretArn).find((each) => each.labels.includes(`standby-${second}`));
  await me.world.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: standbySecretArn,
      VersionStage: `standby-${second}`,
      RemoveFromVersionId: version?.versionId,
    }),
  );
  const said = await me.run(['standby', 'check', '--json']);
  expect(said.code).toBe(1);
  expect(JSON.parse(said.out)).toEqual([
    expect.objectContaining({ apiKeyId: first, good: false, problems: ['Anthropic shows it as active, not inactive'], proof: null }),
    expect.objectContaining({ apiKeyId: second, good: false, problems: ['the standby secret does not hold its value any more'] }),
    expect.objectContaining({ managedKey: 'production', apiKeyId: third, good: true, problems: [] }),
  ]);
  expect(said.err).toContain(`2 of 3 standby keys cannot be relied on: ${first}, ${second}`);
});

test('standby check --prove has each key proven, and all inactive again', async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  const said = await me.run(['standby', 'check', '--prove']);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out.match(/good, proven and inactive again/g)).toHaveLength(2);
  expect([statusOf(first), statusOf(second)]).toEqual(['inactive', 'inactive']);
  expect(states()).toEqual({ [first]: 'standby', [second]: 'standby' });
});

test('an outage during standby check --prove condemns no key', long, async () => {
  me = await anOperator();
  const [first, second] = [await me.added(), await me.added()];
  me.world.anthropic.console.setStatus(first, 'archived');
  const outage = me.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 529 } : undefined,
  );
  const said = await me.run(['standby', 'check', '--prove']);
  outage();
  expect(said.code).toBe(1);
  expect(said.out).toMatch(new RegExp(`^production +${second} .*its proof is unclear`, 'm'));
  expect(said.err).toContain(`1 of 2 standby keys cannot be relied on: ${first}; 1 of 2 standby keys could not be proven now: ${second}`);
  expect(said.err).toContain(`standby remove production ${first}`);
  expect(said.err).not.toContain(`standby remove production ${second}`);
  expect(said.err).toContain('those that could not be proven stay in the pool: try again in five minutes');
  await me.world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
  expect((await me.run(['standby', 'check', '--prove'])).out).toMatch(
    new RegExp(`^production +${second} .*good, proven and inactive again`, 'm'),
  );
});

test('an empty pool has nothing to check', async () => {
  me = await anOperator();
  expect(await me.run(['standby', 'check'])).toMatchObject({
    code: 0,
    out: 'There is no standby key to check: npx --no-install keyguard standby add production\n',
  });
});

test('a key that acts as a person is taken only by a word of its own', async () => {
  me = await anOperator();
  const ada = me.world.anthropic.console.createUser({ name: 'Ada' });
  const { id, value } = me.world.anthropic.console.createApiKey({
    name: 'personal',
    workspaceId: me.world.definition('production').workspaceId,
    principal: { type: 'user', id: ada.id },
  });
  me.guards(value);
  const refused = await me.run(['standby', 'add', 'production'], value);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(`${id} acts as a person, and dies when that person leaves the organization`);
  expect(refused.err).toContain('--accept-user-key');
  expect(labels()).toEqual([]);
  expect(await me.run(['standby', 'add', 'production', '--accept-user-key'], value)).toMatchObject({ code: 0 });
});
