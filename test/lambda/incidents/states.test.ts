import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IncidentRecord } from '../../../contract/records.ts';
import { judgeBrakes, likeliestTarget } from '../../../lambda/incidents/brakes.ts';
import { advance, unannounced, type IncidentEvent } from '../../../lambda/incidents/states.ts';
import { aDefinition, aRecord } from '../../support/records.ts';

const finding = (at: number): IncidentEvent => ({ type: 'finding', at, since: at, facts: {}, incidentId: `incident-${at}` });
const anEvent: fc.Arbitrary<IncidentEvent> = fc.oneof(
  fc.nat(1000).map(finding),
  fc.constant<IncidentEvent>({ type: 'braked', reason: 'pool empty' }),
  fc.constant<IncidentEvent>({ type: 'containing', target: 'apikey_one' }),
  fc.constant<IncidentEvent>({ type: 'contained', target: 'apikey_one' }),
  fc.constant<IncidentEvent>({ type: 'quiet', reason: 'calm' }),
);

function afterAll(events: readonly IncidentEvent[], each?: (record: IncidentRecord) => void): IncidentRecord | undefined {
  let record: IncidentRecord | undefined;
  for (const event of events) {
    const after = advance('usage-anomaly', 'production', record, event);
    if (after === 'unchanged') continue;
    record = { ...after, revision: 0 };
    each?.(record);
  }
  return record;
}

test('one cause is one incident, however often it is found', () => {
  fc.assert(
    fc.property(fc.array(anEvent, { maxLength: 40 }), (events) => {
      const ids = new Set<string>();
      const states: string[] = [];
      afterAll(events, (record) => {
        ids.add(record.incidentId);
        if (record.state !== 'containing' && states.at(-1) !== record.state) states.push(record.state);
      });
      expect(ids.size).toBeLessThanOrEqual(1);
      // Each state that people hear of is entered once: so they hear of it once.
      expect(new Set(states).size).toBe(states.length);
    }),
  );
});

test('nothing happens to a cause that has no incident, except a finding', () => {
  for (const event of [
    { type: 'quiet', reason: 'calm' },
    { type: 'contained', target: 'a' },
    { type: 'braked', reason: 'b' },
  ] as const) {
    expect(advance('usage-anomaly', 'production', undefined, event)).toBe('unchanged');
  }
});

test('a replacement that fails opens the incident again, with the reason, and quiet ends it', () => {
  const replacing = afterAll([finding(1), { type: 'containing', target: 'apikey_one' }]);
  expect(advance('usage-anomaly', 'production', replacing, { type: 'braked', reason: 'no standby key' })).toMatchObject({
    state: 'open',
    brake: 'no standby key',
  });
  expect(advance('usage-anomaly', 'production', replacing, { type: 'quiet', reason: 'calm' })).toMatchObject({ state: 'recovered' });
});

test('people hear about open, contained and recovered, each once', () => {
  const open = afterAll([finding(1)]);
  if (open === undefined) throw new Error('no incident');
  expect(unannounced(open)).toBe('open');
  expect(unannounced({ ...open, announced: ['open'] })).toBeUndefined();
  expect(unannounced({ ...open, state: 'containing', announced: ['open'] })).toBeUndefined();
  expect(unannounced({ ...open, state: 'contained', announced: ['open'] })).toBe('contained');
});

const current = aRecord({ apiKeyId: 'apikey_current', state: 'current' });
const standby = aRecord({ apiKeyId: 'apikey_standby' });

test.each([
  ['a current key with a replacement is replaced first', current, [current, standby], aDefinition(), 'rotate first'],
  ['the last working credential stays', current, [current], aDefinition(), 'brake'],
  ['unless the policy says so by name', current, [current], aDefinition({ containment: { mode: 'auto', lastCredential: 'cut' } }), 'cut'],
  ['an old key that drains is cut at once', aRecord({ state: 'draining' }), [current], aDefinition(), 'cut'],
  ['a standby key that shows traffic is cut', standby, [current, standby], aDefinition(), 'cut'],
  ['a key that a rotation is proving is left to it', aRecord({ state: 'pending' }), [current], aDefinition(), 'brake'],
  ['an archived key cannot change', aRecord({ state: 'archived' }), [current], aDefinition(), 'brake'],
  ['no target, no cut', undefined, [current], aDefinition(), 'brake'],
  [
    'mode off leaves it to people',
    current,
    [current, standby],
    aDefinition({ containment: { mode: 'off', lastCredential: 'cut' } }),
    'brake',
  ],
])('%s', (_name, target, records, definition, verdict) => {
  expect(judgeBrakes(target, definition, records, 0).verdict).toBe(verdict);
});

test('of two awake keys the one that carries the traffic is the target', () => {
  const old = aRecord({ apiKeyId: 'apikey_old', state: 'draining' });
  const use = (apiKeyId: string, at: number, tokens: number) => ({
    schema: 1 as const,
    apiKeyId,
    at,
    tokens,
    model: 'm',
    workspaceId: 'w',
  });
  expect(likeliestTarget('production', [current], [], 0)?.apiKeyId).toBe('apikey_current');
  expect(likeliestTarget('production', [current, old], [use('apikey_current', 10, 5), use('apikey_old', 10, 900)], 0)?.apiKeyId).toBe(
    'apikey_old',
  );
  expect(likeliestTarget('production', [current, old], [use('apikey_current', 10, 5), use('apikey_old', 1, 900)], 5)?.apiKeyId).toBe(
    'apikey_current',
  );
  expect(likeliestTarget('production', [current, old], [], 0)).toBeUndefined();
});
