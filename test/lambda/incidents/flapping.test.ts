import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { IncidentKind } from '../../../contract/registry.ts';
import type { IncidentRecord } from '../../../contract/records.ts';
import { incidentPorts } from '../../../lambda/adapters/assemble.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import { acknowledgedFacts } from '../../../lambda/incidents/renotify.ts';
import { announceOwed } from '../../../lambda/incidents/announce.ts';
import { clear, raise } from '../../../lambda/incidents/raise.ts';
import { advance, released, successorOf, unannounced } from '../../../lambda/incidents/states.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { said } from '../../support/causes.ts';

/** What a detector says in one minute; `-`: its run failed. */
type Minute = 'found' | 'quiet' | '-' | 'worse' | 'cut';
interface Told {
  readonly minute: number;
  readonly telling: string;
}

/** A detector of one cause, and people who are told at once whatever they are owed. */
function follow(kind: IncidentKind, minutes: readonly Minute[]): readonly Told[] {
  const told: Told[] = [];
  let record: IncidentRecord | undefined;
  let recoveredAt: number | undefined;
  for (const [minute, what] of minutes.entries()) {
    const at = minute * minuteMs;
    const grade = what === 'worse' ? 'empty' : 'low';
    const facts = kind === 'pool-low' ? { grade } : {};
    const last = recoveredAt === undefined ? {} : { recoveredAt };
    if (what !== '-') {
      const after =
        what === 'quiet'
          ? advance(kind, 'production', record, { type: 'quiet', at, cause: said('calm') })
          : what === 'cut'
            ? advance(kind, 'production', record, { type: 'contained', at, target: 'apikey_one' })
            : advance(kind, 'production', record, { type: 'finding', at, since: at, facts, incidentId: `incident-${minute}`, ...last });
      if (after !== 'unchanged') record = { ...after, revision: 0 };
    }
    if (record?.held !== undefined) record = released(record, at) ?? record;
    const telling = record === undefined ? undefined : unannounced(record);
    if (record === undefined || telling === undefined) continue;
    told.push({ minute, telling });
    record = { ...record, ...acknowledgedFacts(record), announced: [...record.announced, telling], toldAt: at };
    if (record.state !== 'recovered') continue;
    recoveredAt = record.recoveredAt;
    const next = successorOf(record);
    record = next === undefined ? undefined : { ...next, revision: 0 };
  }
  return told;
}

const times = (count: number, ...pattern: readonly Minute[]): readonly Minute[] => Array.from({ length: count }, () => pattern).flat();

describe('of a cause that comes and goes', () => {
  test('each minute of a day, people hear that it is open, over and open again', () => {
    const flaps = times(720, 'found', 'quiet');
    expect(follow('usage-anomaly', flaps).map(({ telling }) => telling)).toEqual(['open', 'recovered', 'open']);
    expect(follow('pool-low', flaps).map(({ telling }) => telling)).toEqual(['open', 'recovered', 'open']);
    const failing = times(480, 'found', '-', 'quiet');
    expect(follow('usage-anomaly', failing)).toHaveLength(3);
  });

  test('they hear of its end once it has been over for an hour', () => {
    const told = follow('usage-anomaly', [...times(60, 'found', 'quiet'), ...times(90, 'quiet')]);
    expect(told.map(({ telling }) => telling)).toEqual(['open', 'recovered', 'open', 'recovered']);
    // The last finding is of minute 118.
    expect(told.at(-1)?.minute).toBe(119 + 60);
  });

  test('rarely enough, each time is told', () => {
    const told = follow('usage-anomaly', times(4, 'found', ...times(70, 'quiet')));
    expect(told.map(({ telling }) => telling)).toEqual(times(4, 'found', 'quiet').map((each) => (each === 'found' ? 'open' : 'recovered')));
  });

  test('whatever it does: an hour lies between two ends, and between two beginnings and the next', () => {
    const minute = fc.constantFrom<Minute>('found', 'quiet', '-');
    const spells = fc.array(fc.tuple(minute, fc.integer({ min: 1, max: 80 })), { maxLength: 60 });
    fc.assert(
      fc.property(spells, (all) => {
        const told = follow(
          'usage-anomaly',
          all.flatMap(([what, length]) => times(length, what)),
        );
        const ends = told.filter(({ telling }) => telling === 'recovered');
        const begins = told.filter(({ telling }) => telling === 'open');
        for (const [index, { minute: at }] of ends.entries()) expect((ends[index + 1]?.minute ?? Infinity) - at).toBeGreaterThanOrEqual(60);
        for (const [index, { minute: at }] of begins.entries())
          expect((begins[index + 2]?.minute ?? Infinity) - at).toBeGreaterThanOrEqual(60);
        expect(told.map(({ telling }) => telling)).toEqual(told.map((_, index) => (index % 2 === 0 ? 'open' : 'recovered')));
      }),
      { numRuns: 200 },
    );
  });

  test('a worse grade and a cut are told at once', () => {
    expect(follow('pool-low', [...times(20, 'found', 'quiet'), 'worse'])).toContainEqual({ minute: 40, telling: 'open-2' });
    expect(follow('usage-anomaly', [...times(20, 'found', 'quiet'), 'found', 'cut'])).toContainEqual({ minute: 41, telling: 'contained' });
  });
});

describe('on the local world', () => {
  let world: World;
  afterEach(() => world.stop());

  test('a cause that comes and goes each minute is told three times in two hours, also where runs fail in between', async () => {
    world = await startWorld({ managedKeys: [] });
    for (const name of ['retirement', 'anomaly-detector', 'usage-collector']) world.aws.schedules.disable(name);
    const { alertTopicArn: alertTopic, installation, dashboardUrl, stateTable } = world.installation;
    const ports = incidentPorts({ alertTopic, installation, dashboardUrl }, openTable(stateTable), {
      clock: world.clock,
      log: jsonLog(() => undefined),
    });
    const notifications = () =>
      world.aws.inspect.topics
        .published()
        .map(({ bodies }) => String(Reflect.get(JSON.parse(bodies['default'] ?? '{}') as object, 'state')));
    for (let minute = 0; minute < 120; minute += 1) {
      if (minute % 3 === 0) await raise('usage-anomaly', 'production', {}, ports);
      if (minute % 3 === 1) await clear('usage-anomaly', 'production', ports);
      world.clock.advance(minuteMs);
    }
    expect(notifications()).toEqual(['open', 'recovered', 'open']);
    world.clock.advance(hourMs);
    await announceOwed(ports);
    expect(notifications()).toEqual(['open', 'recovered', 'open', 'recovered']);
    expect(await ports.incidents.all()).toEqual([]);
  });
});
