import { afterAll, beforeAll, expect, test } from 'vitest';
import type { IncidentRecord } from '../../contract/records.ts';
import { alertOf } from '../../lambda/incidents/message.ts';
import { anIncident, everyIncident } from '../lambda/incidents/message-incidents.ts';
import { commandsIn } from './command-line.ts';
import { handOn, scenes, type Message } from './message-scenes.ts';
import { anOperator, type Operator } from './operator.ts';
import { shortAndLong } from '../support/long.ts';

// One world for all: a scene touches nothing but its own managed key, and none moves the clock back.
let me: Operator;
beforeAll(async () => {
  const managedKeys = Object.keys(scenes).map((name) => ({ name, rotation: { onDeath: 'ask' as const } }));
  me = await anOperator({ managedKeys });
  // Only what the scenes themselves do shall happen.
  for (const schedule of ['usage-collector', 'anomaly-detector', 'retirement']) me.world.aws.schedules.disable(schedule);
});
afterAll(() => me.leaves());

/** Commands that only show something. */
const shows = /^(?:status|doctor|runbook|deliveries(?! --redrive))/;

/** What messages name that is given in its state elsewhere. */
const elsewhere: Readonly<Record<string, string>> = {
  'retired-key-used contained running: standby add NAME': 'as for the grade "used"',
  'delivery-failed open unavailable: deliveries --redrive': 'deliveries.test.ts gives it on a world whose Slack fails for twenty minutes',
  'delivery-failed open refused: deliveries --redrive': 'the same',
  'delivery-failed open refused: slack-webhook set': 'credentials.test.ts gives it: it asks for no state',
};

for (const [cases, options] of shortAndLong(6, Object.entries(scenes)))
  test.each(cases)('%s: what the message names is done in the state that it describes', options, async (name, scene) => {
    const hand = handOn(name, me);
    const apiKeyId = await scene.arrange(hand);
    const named = scene.messages.flatMap((message) => namedIn(incidentOf(message, name, apiKeyId)));
    const commands = [...new Set(named)].filter((command) => !shows.test(command) && scene.instead !== command);
    expect(commands).not.toEqual([]);
    for (const command of commands) expect({ command, ...(await hand.types(command)) }).toMatchObject({ code: 0 });
    const states = new Map(me.world.ledger().map((record) => [record.apiKeyId, record.state]));
    expect(hand.ids.map((id) => states.get(id)).join(' ')).toBe(scene.leadsTo);
  });

test('each command of each message is given in one of these states', () => {
  const given = Object.values(scenes).flatMap(({ messages }) =>
    messages.flatMap((message) => patternsOf(incidentOf(message, 'some-key', 'apikey_x'))),
  );
  const named = new Set(everyIncident().flatMap(patternsOf));
  expect([...named].filter((each) => !given.includes(each) && !(each in elsewhere))).toEqual([]);
});

test.each(['status', 'doctor', 'deliveries'])('%s answers where every managed key is in some trouble', async (command) => {
  const { out, err } = await me.run([command]);
  expect(out).not.toBe('');
  expect(err.replace(/^error: \d+ checks found something broken\n.*\n$/, '')).toBe('');
});

function incidentOf({ kind, state = 'open', facts }: Message, subject: string, apiKeyId: string): IncidentRecord {
  const at = me.world.clock.now();
  return anIncident({ kind, state, subject, facts: { apiKeyId, ...facts }, openedAt: at, since: at, lastFindingAt: at });
}

/** What people are told to run. */
function namedIn(incident: IncidentRecord): readonly string[] {
  const { summary, actions } = alertOf(incident, { installation: 'keyguard', at: me.world.clock.now() });
  return [summary, ...actions].flatMap(commandsIn);
}

/** `pool-low open: standby add NAME`: of the commands that do something, without the names. */
function patternsOf(incident: IncidentRecord): readonly string[] {
  const { kind, state, subject, facts } = incident;
  return namedIn(incident)
    .filter((command) => !shows.test(command))
    .map((command) => `${[kind, state, facts.grade].join(' ').trim()}: ${command.replace(subject, 'NAME').replace(/apikey_\w+/, 'ID')}`);
}
