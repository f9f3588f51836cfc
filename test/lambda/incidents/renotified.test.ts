import type { AlarmCause } from '../../../contract/causes.ts';
import { alarmText } from '../../../lambda/incidents/message/alarm-text.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import type { IncidentKind } from '../../../contract/registry.ts';
import { incidentPorts } from '../../../lambda/adapters/assemble.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import { announceOwed } from '../../../lambda/incidents/announce.ts';
import type { IncidentPorts } from '../../../lambda/incidents/ports.ts';
import { clear, raise, reconcile } from '../../../lambda/incidents/raise.ts';
import { advance } from '../../../lambda/incidents/states.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { said } from '../../support/causes.ts';
import { long } from '../../support/long.ts';

let world: World;
let ports: IncidentPorts;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [] });
  // The schedules would find out that nothing of all this is so.
  for (const name of ['retirement', 'anomaly-detector', 'usage-collector']) world.aws.schedules.disable(name);
  const { alertTopicArn: alertTopic, installation, dashboardUrl, stateTable } = world.installation;
  const runtime = { clock: world.clock, log: jsonLog(() => undefined) };
  ports = incidentPorts({ alertTopic, installation, dashboardUrl }, openTable(stateTable), runtime);
});
afterEach(() => world.stop());

const straggles = async (model: string): Promise<void> => {
  await raise('straggler', 'production', { model, apiKeyId: 'apikey_old', cause: said('it is still used') }, ports);
  await world.aws.settle();
};
const notifications = (): readonly string[] =>
  world.aws.inspect.topics.published().map(({ bodies }) => {
    const { subject, kind, state, turn, reminder } = JSON.parse(bodies['default'] ?? '{}') as Record<string, string | number | undefined>;
    return [subject, kind, state, turn, reminder].filter((part) => part !== undefined).join(' ');
  });

describe('a straggler that lasts', () => {
  test('is told again once a day, once by email and once on Slack, with the model that was seen last', async () => {
    await straggles('claude-haiku-4-5');
    for (let hour = 0; hour < 30; hour += 1) {
      world.clock.advance(hourMs);
      await straggles('claude-fable-5');
    }
    expect(notifications()).toEqual(['production straggler open', 'production straggler open 2 1']);
    expect(world.slack.cards).toHaveLength(2);
    const mails = world.aws.mailbox.messages();
    expect(mails).toHaveLength(2);
    expect(mails[1]?.subject).toBe('[WARNING] Reminder: production: the old key apikey_old is still in use');
    expect(mails[1]?.body).toContain('claude-fable-5');
    expect(mails[1]?.body.replace(/\s+/g, ' ')).toContain(
      'This is reminder 1: the incident is open since 2026-09-07 00:00 UTC (1 day ago)',
    );
    expect(JSON.stringify(world.slack.cards[1]?.body)).toContain('This is reminder 1');
  });

  test('is not told again when it is over, and anew when it comes back', async () => {
    await straggles('claude-haiku-4-5');
    world.clock.advance(25 * hourMs);
    await clear('straggler', 'production', ports);
    world.clock.advance(25 * hourMs);
    await clear('straggler', 'production', ports);
    await straggles('claude-haiku-4-5');
    expect(notifications()).toEqual(['production straggler open', 'production straggler recovered', 'production straggler open']);
    expect(world.slack.cards).toHaveLength(3);
  });

  test('is told again once, when two find it at once', async () => {
    await straggles('claude-haiku-4-5');
    world.clock.advance(dayMs);
    await Promise.all([straggles('claude-haiku-4-5'), straggles('claude-fable-5'), announceOwed(ports)]);
    expect(notifications()).toHaveLength(2);
    expect(world.slack.cards).toHaveLength(2);
  });

  test('reaches Slack once for each telling, although SNS delivers both twice and Slack fails at first', async () => {
    await straggles('claude-haiku-4-5');
    world.clock.advance(dayMs);
    world.slack.fail(500, 2);
    await straggles('claude-haiku-4-5');
    await world.passes(10 * minuteMs);
    for (const { bodies } of world.aws.inspect.topics.published()) {
      await world.aws.functions.invoke('notifier', { Records: [{ EventSource: 'aws:sns', Sns: { Message: bodies['default'] } }] });
    }
    expect(world.slack.cards).toHaveLength(2);
  });

  test('is told again by the next run when one dies between telling and noting it, and Slack drops the repeat', async () => {
    await straggles('claude-haiku-4-5');
    world.clock.advance(dayMs);
    // The finding and the claim are stored, the note that people were told is not.
    world.aws.intercept.inject({ service: 'dynamodb', operation: 'PutItem', fault: 'error500', skip: 2, times: 20 });
    await expect(straggles('claude-haiku-4-5')).rejects.toThrow('PutItem');
    world.aws.intercept.clearFaults();
    expect(await announceOwed(ports)).toBe(0);
    expect(notifications()).toHaveLength(2);
    world.clock.advance(3 * minuteMs);
    await announceOwed(ports);
    await announceOwed(ports);
    await world.aws.settle();
    expect(notifications().slice(1)).toEqual(['production straggler open 2 1', 'production straggler open 2 1']);
    expect(world.slack.cards).toHaveLength(2);
  });
});

test('a pool that runs empty is told again on each channel, at once', async () => {
  const low = (grade: string) => raise('pool-low', 'production', { grade, cause: said(grade) }, ports);
  for (const grade of ['low', 'low', 'empty', 'empty', 'low']) await low(grade);
  await world.aws.settle();
  expect(notifications()).toEqual(['production pool-low open', 'production pool-low open 2']);
  expect(world.slack.cards).toHaveLength(2);
  expect(world.aws.mailbox.messages()[1]?.subject).toContain('the next rotation will fail');
});

test('a second old key that is enabled while the first one is active is told on each channel, once', long, async () => {
  const woken = (...ids: readonly string[]) => {
    const changes = ids.map((apiKeyId) => ({ grade: 'old-key-woken', apiKeyId, cause: said(`${apiKeyId} is active`) }));
    const facts = {
      ...changes[0],
      cause: { code: 'changes', changes: changes.map(({ cause }) => cause) } as const,
      ...(ids.length > 1 ? { changes } : {}),
    };
    return reconcile(['key-changed'], [{ kind: 'key-changed', subject: 'production', facts }], () => undefined, ports);
  };
  await woken('apikey_a');
  for (let pass = 0; pass < 300; pass += 1) {
    world.clock.advance(5 * minuteMs);
    await woken('apikey_a', 'apikey_b');
  }
  await world.aws.settle();
  expect(notifications()).toEqual(['production key-changed open', 'production key-changed open 2']);
  expect(world.slack.cards).toHaveLength(2);
  const [, second] = world.aws.mailbox.messages();
  expect(second?.subject).toContain('somebody enabled the old key apikey_b again');
  expect(second?.body).toContain('apikey_b is active; and still: apikey_a is active');
});

test('what becomes worse while people are told of less is told once, although the first run finishes in between', async () => {
  const low = (grade: string, whenClaimed: () => Promise<void>) =>
    raise(
      'pool-low',
      'production',
      { grade },
      { ...ports, publisher: { publish: (alert) => whenClaimed().then(() => ports.publisher.publish(alert)) } },
    );
  let first: Promise<void> = Promise.resolve();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await new Promise<void>((claimed) => {
    first = low('low', async () => {
      claimed();
      await held;
    });
  });
  await low('empty', async () => {
    release();
    await first;
    // The first run has noted what it told; the second one's claim still holds.
    await announceOwed(ports);
  });
  await announceOwed(ports);
  expect(notifications()).toEqual(['production pool-low open', 'production pool-low open 2']);
});

test('what recovers while people are told that it is open is told to be over, too', async () => {
  const publisher: IncidentPorts['publisher'] = {
    async publish(alert) {
      await ports.publisher.publish(alert);
      const open = await ports.incidents.find('straggler', 'production');
      const over = advance('straggler', 'production', open, { type: 'quiet', at: world.clock.now(), cause: said('calm') });
      // Whoever found that died before telling anybody.
      if (over !== 'unchanged') await ports.incidents.replace(open, over);
    },
  };
  await raise('straggler', 'production', {}, { ...ports, publisher });
  await announceOwed(ports);
  await announceOwed(ports);
  expect(notifications()).toEqual(['production straggler open', 'production straggler recovered']);
  expect(await ports.incidents.all()).toEqual([]);
});

describe('what is found after an incident is over, and before people were told of that', () => {
  const fails = (text: string, publisher = ports.publisher) =>
    raise('rotation-failed', 'production', { cause: said(text) }, { ...ports, publisher }).catch(() => undefined);
  const down: IncidentPorts['publisher'] = { publish: () => Promise.reject(new Error('sns:Publish')) };
  const overUntold = async (): Promise<void> => {
    await fails('the first failure');
    world.clock.advance(10 * minuteMs);
    await clear('rotation-failed', 'production', { ...ports, publisher: down }).catch(() => undefined);
    world.clock.advance(10 * minuteMs);
  };
  const passes = async (): Promise<void> => {
    for (let pass = 0; pass < 3; pass += 1) {
      world.clock.advance(3 * minuteMs);
      await announceOwed(ports);
    }
    await world.aws.settle();
  };
  const open = async () =>
    (await ports.incidents.all()).map(({ state, facts }) => [state, facts.cause === undefined ? undefined : alarmText(facts.cause)]);

  test('is an incident of its own, and the end of the first one is told, too', async () => {
    await overUntold();
    await fails('the second failure', down);
    await fails('the third failure', down);
    await passes();
    expect(notifications()).toEqual([
      'production rotation-failed open',
      'production rotation-failed recovered',
      'production rotation-failed open',
    ]);
    expect(world.slack.cards).toHaveLength(3);
    expect(await open()).toEqual([['open', 'the second failure']]);
    const [first, over, second] = world.aws.inspect.topics.published().map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Alert);
    expect(over?.incidentId).toBe(first?.incidentId);
    expect(second?.incidentId).not.toBe(first?.incidentId);
  });

  test('is told where the run that ends the first one is killed at any call', async () => {
    for (const skip of [0, 1, 2, 3]) {
      await overUntold();
      await fails('the second failure', down);
      world.clock.advance(3 * minuteMs);
      world.aws.intercept.inject({ service: 'dynamodb', operation: 'PutItem', fault: 'error500', skip, times: 20 });
      await announceOwed(ports);
      world.aws.intercept.clearFaults();
      await passes();
      expect(await open()).toEqual([['open', 'the second failure']]);
      expect(notifications().at(-1)).toBe('production rotation-failed open');
      expect(notifications()).toContain('production rotation-failed recovered');
      await clear('rotation-failed', 'production', ports);
      world.clock.advance(10 * minuteMs);
    }
  });

  test('is no news where it is over, too, before anybody was told', async () => {
    await overUntold();
    await fails('the second failure', down);
    await clear('rotation-failed', 'production', { ...ports, publisher: down }).catch(() => undefined);
    await passes();
    expect(notifications()).toEqual(['production rotation-failed open', 'production rotation-failed recovered']);
    expect(await open()).toEqual([]);
  });
});

describe('reconcile', () => {
  const watched: readonly IncidentKind[] = ['straggler', 'pool-low', 'key-expiring'];
  const found = (kind: IncidentKind, subject: string) => ({ kind, subject, facts: { cause: said('it is so') } });
  const over = (): AlarmCause => said('it is no longer so');

  test('raises what is found, and lets recover what is not found any more', async () => {
    await reconcile(watched, [found('straggler', 'one'), found('pool-low', 'one'), found('pool-low', 'two')], over, ports);
    await reconcile(watched, [found('pool-low', 'one'), found('key-expiring', 'one')], over, ports);
    await reconcile(watched, [found('pool-low', 'one'), found('key-expiring', 'one')], over, ports);
    expect(notifications()).toEqual([
      'one straggler open',
      'one pool-low open',
      'two pool-low open',
      'one key-expiring open',
      'two pool-low recovered',
      'one straggler recovered',
    ]);
    const text = JSON.stringify(world.aws.inspect.topics.published());
    expect(text).toContain('it is no longer so');
  });

  test('leaves alone other kinds, and what nobody could look at', async () => {
    await raise('rotation-failed', 'one', {}, ports);
    await reconcile(watched, [found('straggler', 'one'), found('straggler', 'two')], over, ports);
    await reconcile(watched, [], (kind, subject) => (kind === 'straggler' && subject === 'two' ? undefined : over()), ports);
    expect((await ports.incidents.all()).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      'rotation-failed one',
      'straggler two',
    ]);
  });

  test('costs one Query when everything is in order', async () => {
    world.aws.intercept.forgetCalls();
    await reconcile(watched, [], over, ports);
    expect(world.aws.intercept.calls().map(({ operation }) => operation)).toEqual(['Query']);
  });

  test('goes on after a failure, and says at the end that there was one', async () => {
    const publisher: IncidentPorts['publisher'] = {
      publish: (alert) => (alert.subject === 'two' ? Promise.reject(new Error('no')) : ports.publisher.publish(alert)),
    };
    const all = ['one', 'two', 'three'].map((subject) => found('straggler', subject));
    await expect(reconcile(watched, all, over, { ...ports, publisher })).rejects.toMatchObject({ code: 'incidents-incomplete' });
    expect(notifications()).toEqual(['one straggler open', 'three straggler open']);
    // Owed, not lost.
    world.clock.advance(3 * minuteMs);
    await announceOwed(ports);
    expect(notifications()).toContain('two straggler open');
  });

  test('two at once tell people once', async () => {
    const all = ['one', 'two'].map((subject) => found('straggler', subject));
    await Promise.all([reconcile(watched, all, over, ports), reconcile(watched, all, over, ports)]);
    expect([...notifications()].sort()).toEqual(['one straggler open', 'two straggler open']);
    await Promise.all([reconcile(watched, [], over, ports), reconcile(watched, [], over, ports)]);
    expect(notifications()).toHaveLength(4);
    expect(await ports.incidents.all()).toEqual([]);
  });
});
