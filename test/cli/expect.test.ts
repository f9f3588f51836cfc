import { afterEach, describe, expect, test } from 'vitest';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { anIncident } from '../lambda/incidents/message-incidents.ts';
import { shortAndLong } from '../support/long.ts';
import { anOperator, type Moment, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

const expects = ['expect', 'production', '--until', '8h', '--because', 'a load test', '--yes'];
const status = async () =>
  (await me.asJson(['status'])) as {
    managedKeys: readonly { expectedUsage: readonly object[] }[];
    expectedOfUnattributed: readonly object[];
  };
const shown = async () => (await status()).managedKeys[0]?.expectedUsage;
const by = expect.stringMatching(/^arn:/) as unknown;

test('status and history show what is expected; it changes and ends by one command', async () => {
  me = await anOperator();
  const said = await me.run(expects);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toBe(
    'Unusual usage of production is expected from 2026-09-07 00:00 UTC until 2026-09-07 08:00 UTC: a load test.\n' +
      'To end it early: npx --no-install keyguard expect production --end\n',
  );
  const first = { from: '2026-09-07T00:00:00.000Z', until: '2026-09-07T08:00:00.000Z', by, because: 'a load test' };
  expect(await shown()).toEqual([first]);
  expect((await me.run(['status'])).out).toContain('expected usage  from 2026-09-07 00:00 UTC until 2026-09-07 08:00 UTC, says arn:');

  me.world.clock.advance(hourMs);
  const longer = ['expect', 'production', '--until', '2026-09-07T12:00:00+02:00', '--because', 'a longer one', '--yes'];
  const changed = { ...first, until: '2026-09-07T10:00:00.000Z', because: 'a longer one' };
  expect(await me.asJson(longer)).toEqual({ managedKey: 'production', ...changed, changed: true });
  expect(await shown()).toEqual([changed]);

  const end = ['expect', 'production', '--end', '--because', 'it is over'];
  expect(await me.asJson(end)).toEqual({ managedKey: 'production', ended: [first.from], changed: true });
  expect(await shown()).toEqual([]);
  expect((await me.run(end)).out).toBe('Nothing is expected of production; nothing was changed.\n');
  const history = (await me.run(['history', 'production'])).out;
  for (const words of [
    'unusual usage is expected from 2026-09-07 00:00 UTC until 2026-09-07 08:00 UTC: a load test',
    'unusual usage is no longer expected: it is over',
  ])
    expect(history.replaceAll(/\s+/g, ' ')).toContain(words);
});

test('of an open incident it begins where that began, and says that it ends', async () => {
  me = await anOperator();
  const { world } = me;
  world.clock.advance(3 * hourMs);
  const now = world.clock.now();
  const facts = { startedAt: now - 20 * minuteMs };
  await incidentStore(openTable(world.installation.stateTable)).replace(
    undefined,
    anIncident({ openedAt: now, since: now, lastFindingAt: now, facts }),
  );
  const dry = await me.run([...expects, '--dry-run']);
  expect(dry.out).toBe(
    'Unusual usage of production would be expected from 2026-09-07 02:40 UTC until 2026-09-07 11:00 UTC: a load test. The incident that is open ends within minutes.\n' +
      'Nothing was changed.\n',
  );
  expect(await shown()).toEqual([]);
  expect((await me.run([...expects, '--from', '2026-09-07T03:00Z'])).out).toContain('is expected from 2026-09-07 03:00 UTC');
});

test('what keyguard.json plans is shown, and the next one ends by the same command', async () => {
  const plan = { cron: '0 2 * * *', lengthMs: 2 * hourMs, because: 'the nightly batch' };
  me = await anOperator({ managedKeys: [{ name: 'production', expectedUsage: [plan] }] });
  const planned = { from: '2026-09-07T02:00:00.000Z', until: '2026-09-07T04:00:00.000Z', by: 'keyguard.json', because: plan.because };
  expect(await shown()).toEqual([planned]);
  me.world.clock.advance(3 * hourMs);
  const end = ['expect', 'production', '--end', '--because', 'the batch is done'];
  expect(await me.asJson(end)).toEqual({ managedKey: 'production', ended: [planned.from], changed: true });
  expect(await shown()).toEqual([{ ...planned, from: '2026-09-08T02:00:00.000Z', until: '2026-09-08T04:00:00.000Z' }]);
});

test('usage of no managed key can be expected too', async () => {
  me = await anOperator();
  expect(await me.run(['expect', 'unattributed', ...expects.slice(2)])).toMatchObject({ code: 0 });
  expect((await status()).expectedOfUnattributed).toHaveLength(1);
  expect((await me.run(['status'])).out).toContain('Usage of no managed key: expected from 2026-09-07 00:00 UTC');
  expect(await me.asJson(['expect', 'unattributed', '--end', '--dry-run'])).toMatchObject({
    ended: ['2026-09-07T00:00:00.000Z'],
    changed: false,
  });
  expect((await status()).expectedOfUnattributed).toHaveLength(1);
});

describe('wrong usage', () => {
  test.each([
    [['--until', '8h', '--yes'], 2, '--because is missing'],
    [['--because', 'a test', '--yes'], 2, '--until is missing'],
    [['--until', 'tomorrow', '--because', 'a test', '--yes'], 2, '--until is no instant'],
    [['--until', '2026-09-07T12:00', '--because', 'a test', '--yes'], 2, '--until is no instant'],
    [['--until', '2026-13-07T12:00Z', '--because', 'a test', '--yes'], 2, '--until is no instant'],
    [['--until', '8h', '--from', '8h', '--because', 'a test', '--yes'], 2, '--from is no instant'],
    [['--until', '8h', '--because', 'a test'], 2, 'give --yes if you mean it'],
    [['--until', '8d', '--because', 'a test', '--yes'], 1, 'more than seven days are no exception'],
    [['--until', '2026-09-06T12:00Z', '--because', 'a test', '--yes'], 1, 'it would end before it begins'],
    [['--until', '8h', '--from', '2026-09-01T12:00Z', '--because', 'a test', '--yes'], 1, 'more than 44 hours ago'],
    [['--end', '--until', '8h'], 2, '--end goes with no other time'],
  ])('%j', async (args, code, words) => {
    me = await anOperator();
    const said = await me.run(['expect', 'production', ...args]);
    expect(said.err).toContain(words);
    expect(said.code).toBe(code);
    expect(await shown()).toEqual([]);
  });

  test('a managed key that is not there', async () => {
    me = await anOperator();
    expect((await me.run(['expect', 'prod', ...expects.slice(2)])).err).toContain('has no managed key "prod"');
  });
});

for (const [cases, options] of shortAndLong<Moment>(1, [
  { phase: 'after', operation: 'PutItem' },
  { phase: 'before', operation: 'PutItem', skip: 1 },
  { phase: 'after', operation: 'PutItem', skip: 1 },
]))
  test.each(cases)('killed %j, it is done when it is given again', options, async (moment) => {
    me = await anOperator();
    await me.killed(expects, moment);
    expect(await me.run(expects)).toMatchObject({ code: 0 });
    expect(await shown()).toHaveLength(1);
  });
