import { Writable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import type { IncidentRecord } from '../../contract/records.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { anIncident } from '../lambda/incidents/message-incidents.ts';
import { anOperator, type Operator } from './operator.ts';
import { configurationFile, keyguard } from './shell.ts';

let me: Operator;
afterEach(() => me.leaves());

test('status tells an unused, a healthy and an exhausted managed key apart', async () => {
  me = await anOperator();
  const of = async (): Promise<unknown> => me.asJson(['status', 'production']);
  expect(await of()).toMatchObject({
    usageKnownUntil: null,
    managedKeys: [{ health: 'attention', current: null, nextRotationAt: expect.any(String) as unknown }],
  });
  const [first, second] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  expect(await of()).toMatchObject({
    managedKeys: [{ health: 'ok', attention: [], current: { apiKeyId: first }, pool: { standbyKeys: 1 } }],
  });
  await me.run(['rotate', 'production', '--again', '--yes']);
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  const answer = await me.run(['status', 'production']);
  expect(answer.code).toBe(0);
  expect(answer.out).toMatch(/^production: attention$/m);
  expect(answer.out).toMatch(new RegExp(`current key +${second} \\(sk-ant-\\S+\\), since 2026-09-07`));
  expect(answer.out).toMatch(
    new RegExp(`previous key +${first} \\(sk-ant-\\S+\\), valid until 2026-09-08 \\S+ UTC at the earliest, then until it is quiet`),
  );
  expect(answer.out).toContain('minimum grace until 2026-09-08');
  expect(answer.out).toMatch(
    /! no standby key is left, so that nothing could take the place of a stolen key, and .*, then: npx --no-install keyguard standby add production/,
  );
  expect(answer.out).toMatch(
    /^Usage is known until 2026-09-0\d \d\d:\d\d UTC\. No tokens of anybody in the organization were ever visible,/m,
  );
});

test.each([[[]], [['--json']]])('status whose answer a full disk or a closed pipe does not take has failed: %j', async (flags) => {
  me = await anOperator();
  for (const code of ['ENOSPC', 'EPIPE']) {
    const stdout = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error('not written'), { code })) });
    const said = await keyguard(['status', ...flags, '--config', configurationFile(me.world)], { world: me.world, stdout });
    expect(said.code).toBe(1);
    expect(said.err).toContain(`the answer could not be written (${code}); the command itself ended with exit code 0`);
  }
});

test('status shows what waits: a pause, and an old key that an undo asks for', async () => {
  me = await anOperator();
  const [first] = [await me.added(), await me.added()];
  await me.run(['rotate', 'production', '--yes']);
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  await me.run(['rotate', 'production', '--again', '--yes']);
  await me.killed(['undo', 'production', '--because', 'it fails', '--yes'], { phase: 'before', operation: 'RotateSecret' });
  await me.run(['pause', 'production', '--because', 'an audit', '--yes']);
  const said = await me.run(['status']);
  expect(said.code).toBe(0);
  expect(said.out).toMatch(new RegExp(`undo requested +${first}, since 2026-\\S+ \\S+ UTC by arn:\\S+: it fails$`, 'm'));
  expect(said.out).toMatch(/paused +since 2026-\S+ \S+ UTC by arn:\S+: an audit$/m);
  expect(await me.asJson(['status'])).toMatchObject({
    managedKeys: [
      {
        health: 'attention',
        paused: { because: 'an audit', at: expect.stringMatching(/^2026-/) as unknown },
        wishes: [{ apiKeyId: first, wish: 'come back', because: 'it fails' }],
        replicas: [],
        rotatingSince: null,
      },
    ],
  });
});

test('status sets how often unusual usage was told beside what is accepted', async () => {
  me = await anOperator();
  const { clock, installation } = me.world;
  const table = openTable(installation.stateTable);
  const store = incidentStore(table);
  const now = clock.now();
  const anomaly = (incidentId: string, daysAgo: number, changes: Partial<IncidentRecord> = {}) => {
    const openedAt = now - daysAgo * dayMs;
    return anIncident({ incidentId: `usage-anomaly-${incidentId}`, openedAt, since: openedAt, lastFindingAt: openedAt, ...changes });
  };
  for (const [id, daysAgo, changes] of [
    ['long-ago', 31, {}],
    ['cut', 20, { cuts: [{ apiKeyId: 'apikey_1', at: now - 20 * dayMs }] }],
  ] as const)
    await table.put('INCIDENT_ENDED', `usage-anomaly-${id}`, anomaly(id, daysAgo, { state: 'recovered', ...changes }));
  await table.put('INCIDENT_ENDED', 'straggler-a', anomaly('a', 1, { incidentId: 'straggler-a', kind: 'straggler', state: 'recovered' }));
  await store.replace(undefined, anomaly('open', 0));
  expect(await me.asJson(['status'])).toMatchObject({ unusualUsage: { toldLast30Days: 2, cutOff: 1, falseAlarmsPerMonth: 1 } });
  expect((await me.run(['status'])).out).toContain(
    'Unusual usage was told 2 times in the last 30 days, of which 1 ended with a cut; you accept 1 false alarm a month.',
  );
});

test('status says when the collector is behind', async () => {
  me = await anOperator();
  await me.world.passes(10 * minuteMs, { beatMs: 10 * minuteMs });
  me.world.clock.advance(2 * hourMs);
  expect((await me.run(['status'])).out).toContain('The collector is behind');
});

test.each([[['standby', 'add', 'prod']], [['standby', 'list', 'prod']], [['status', 'prod']], [['rotate', 'prod']]])(
  '%j is wrong usage, and the names that exist are listed',
  async (args) => {
    me = await anOperator();
    const said = await me.run(args);
    expect(said.code).toBe(2);
    expect(said.err).toContain('choose one of: production');
  },
);

test('an installation that is not there is named with the Region that was asked', async () => {
  me = await anOperator();
  const configuration = (): object => ({ ...me.world.configuration(), installation: 'other' });
  const said = await keyguard(['status', '--config', configurationFile({ configuration })], { world: me.world });
  expect(said.code).toBe(1);
  expect(said.err).toContain('there is no installation "other"');
  expect(said.err).toContain('The Region that was asked is us-east-1');
});
