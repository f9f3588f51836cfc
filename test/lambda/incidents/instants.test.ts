import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IncidentRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { bounded } from '../../../lambda/incidents/instants.ts';
import { advance } from '../../../lambda/incidents/states.ts';
import { anIncident, at } from './message-incidents.ts';
import { said } from '../../support/causes.ts';

const in2036 = Date.UTC(2036, 0, 1);

test('an incident whose instants have come stays as it is', () => {
  const incident = anIncident({
    toldAt: at,
    announcing: { state: 'open', at },
    cuts: [{ apiKeyId: 'apikey_one', at }],
    next: { incidentId: 'next', at, since: at, facts: {} },
    held: { until: at + hourMs, from: 'open', cause: said('calm') },
  });
  expect(bounded(incident, at)).toEqual(incident);
});

test('whatever stands in the table, no instant of an incident lies ahead', () => {
  const anInstant = fc.constantFrom(at, in2036, -1, Number.NaN, Infinity);
  const aWrong = fc.record({
    openedAt: anInstant,
    since: anInstant,
    lastFindingAt: anInstant,
    toldAt: anInstant,
    cut: anInstant,
    startedAt: anInstant,
  });
  fc.assert(
    fc.property(aWrong, ({ cut, startedAt, ...wrong }) => {
      const facts = { ...anIncident().facts, startedAt };
      const incident = bounded(anIncident({ ...wrong, facts, cuts: [{ apiKeyId: 'apikey_one', at: cut }] }), at);
      const instants = [
        incident.openedAt,
        incident.since,
        incident.lastFindingAt,
        incident.toldAt,
        incident.facts.startedAt,
        incident.cuts?.[0]?.at,
      ];
      for (const instant of instants) if (instant !== undefined) expect(instant >= 0 && instant <= at + minuteMs).toBe(true);
    }),
  );
});

test('usage after a cut that is dated in the future is told all the same', () => {
  const contained = anIncident({ state: 'contained', announced: ['open', 'contained'], cuts: [{ apiKeyId: 'apikey_one', at: in2036 }] });
  const found = { type: 'finding', at: at + dayMs, since: at + dayMs, facts: {}, incidentId: 'again' } as const;
  const again = (incident: IncidentRecord) => advance('usage-anomaly', 'production', incident, found);
  expect(again(contained)).toMatchObject({ state: 'contained' });
  expect(again(bounded(contained, at + dayMs))).toMatchObject({ state: 'open', turn: 2 });
});
