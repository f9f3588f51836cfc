import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { IncidentKind } from '../../../contract/registry.ts';
import type { IncidentRecord } from '../../../contract/records.ts';
import { dayMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { acknowledgedFacts } from '../../../lambda/incidents/renotify.ts';
import { brakeText } from '../../../lambda/incidents/message/cause-text.ts';
import { hardlyKnownSince, judgeContainmentPolicy, likeliestTarget } from '../../../lambda/incidents/containment-policy.ts';
import { advance, isOpeningTold, unannounced, type IncidentEvent } from '../../../lambda/incidents/states.ts';
import { aDefinition, aRecord } from '../../support/records.ts';
import { said } from '../../support/causes.ts';
import { anIncident } from './message-incidents.ts';

const finding = (at: number): IncidentEvent => ({ type: 'finding', at, since: at, facts: {}, incidentId: `incident-${at}` });
const anEvent: fc.Arbitrary<IncidentEvent> = fc.oneof(
  fc.nat(1000).map(finding),
  fc.constant<IncidentEvent>({ type: 'braked', brake: { code: 'last-credential' } }),
  fc.constant<IncidentEvent>({ type: 'containing', target: 'apikey_one' }),
  fc.constant<IncidentEvent>({ type: 'contained', target: 'apikey_one', at: 500 }),
  fc.constant<IncidentEvent>({ type: 'quiet', at: 900, cause: said('calm') }),
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
    { type: 'quiet', at: 900, cause: said('calm') },
    { type: 'contained', target: 'a', at: 1 },
    { type: 'braked', brake: { code: 'recorded', text: 'b' } },
  ] as const) {
    expect(advance('usage-anomaly', 'production', undefined, event)).toBe('unchanged');
  }
});

test('a replacement that fails opens the incident again, with the reason, and quiet ends it', () => {
  const replacing = afterAll([finding(1), { type: 'containing', target: 'apikey_one' }]);
  expect(
    advance('usage-anomaly', 'production', replacing, { type: 'braked', brake: { code: 'recorded', text: 'no standby key' } }),
  ).toMatchObject({
    state: 'open',
    brake: { code: 'recorded', text: 'no standby key' },
  });
  expect(advance('usage-anomaly', 'production', replacing, { type: 'quiet', at: 900, cause: said('calm') })).toMatchObject({
    state: 'recovered',
  });
});

test('people hear about open, contained and recovered, each once', () => {
  const open = afterAll([finding(1)]);
  if (open === undefined) throw new Error('no incident');
  expect(unannounced(open)).toBe('open');
  expect(unannounced({ ...open, announced: ['open'] })).toBeUndefined();
  expect(unannounced({ ...open, state: 'containing', announced: ['open'] })).toBeUndefined();
  expect(unannounced({ ...open, state: 'contained', announced: ['open'] })).toBe('contained');
});

/** People are told at once of whatever they are owed: each telling with the key or the brake that it is about. */
function notifications(kind: IncidentKind, events: readonly IncidentEvent[]): readonly string[] {
  const told: string[] = [];
  let record: IncidentRecord | undefined;
  for (const event of events) {
    const after = advance(kind, 'production', record, event);
    if (after === 'unchanged') continue;
    record = { ...after, revision: 0 };
    const owed = unannounced(record);
    if (owed === undefined) continue;
    told.push(
      `${owed} ${record.target ?? (record.brake === undefined ? undefined : brakeText(record.brake)) ?? record.facts.apiKeyId ?? ''}`.trim(),
    );
    record = { ...record, ...acknowledgedFacts(record), announced: [...record.announced, owed], toldAt: record.lastFindingAt };
  }
  return told;
}
/** Seen at `minute`, of usage in the minute `of`. */
const used = (minute: number, apiKeyId: string | undefined, of = minute): IncidentEvent => ({
  type: 'finding',
  at: minute * minuteMs,
  since: of * minuteMs,
  facts: apiKeyId === undefined ? {} : { apiKeyId },
  incidentId: `incident-${minute}`,
});
const cut = (target: string, minute: number): IncidentEvent => ({ type: 'contained', target, at: minute * minuteMs });
const braked = (text: string): IncidentEvent => ({ type: 'braked', brake: { code: 'recorded', text } });

test('what is used after the cut and its echo is told again, and cut again', () => {
  const before = [used(0, undefined), cut('apikey_one', 8)];
  const told = ['open', 'contained apikey_one'];
  expect(notifications('usage-anomaly', [...before, used(9, undefined, 0), used(14, undefined, 12), used(99, undefined, 0)])).toEqual(told);
  const goesOn = [...before, used(16, undefined, 13), used(17, undefined, 13), used(18, undefined, 14)];
  expect(notifications('usage-anomaly', goesOn)).toEqual([...told, 'open-2']);
  const again = [...goesOn, cut('apikey_two', 20), used(21, undefined, 13), used(24, undefined, 24), used(30, undefined, 25)];
  expect(notifications('usage-anomaly', again)).toEqual([...told, 'open-2', 'contained-2 apikey_two', 'open-3']);
});

test('an inactive key that is used is told at once; one that was cut off, long after its cut', () => {
  const [one, two] = ['apikey_one', 'apikey_two'];
  const told = ['open apikey_one', 'contained apikey_one'];
  const before = [used(0, one), cut(one, 1)];
  expect(notifications('retired-key-used', [...before, used(2, one, 0), used(5, one, 4)])).toEqual(told);
  expect(notifications('retired-key-used', [...before, used(2, two, 0)])).toEqual([...told, 'open-2 apikey_two']);
  expect(notifications('retired-key-used', [...before, used(9, one, 6)])).toEqual([...told, 'open-2 apikey_one']);
  const both = [...before, used(2, two, 0), cut(two, 3), used(4, one, 0), used(4, two, 2)];
  expect(notifications('retired-key-used', both)).toEqual([...told, 'open-2 apikey_two', 'contained-2 apikey_two']);
});

test('of keys that nobody cuts off each is told once, however they take turns', () => {
  const uses = Array.from({ length: 40 }, (_, minute) => used(minute, ['apikey_one', 'apikey_two', 'apikey_three'][minute % 3]));
  expect(notifications('retired-key-used', uses)).toEqual(['open apikey_one', 'open-2 apikey_two', 'open-3 apikey_three']);
});

/** The same of a key that Anthropic shows inactive, and that was cut off before. */
const running = (minute: number, apiKeyId: string): IncidentEvent => ({
  type: 'finding',
  at: minute * minuteMs,
  since: minute * minuteMs,
  facts: { apiKeyId, grade: 'running' },
  incidentId: `incident-${minute}`,
});
const quiet = (minute: number): IncidentEvent => ({ type: 'quiet', at: minute * minuteMs, cause: said('calm') });

test('what a cut key began before it was cut off is told once, for hours, and its end is told to nobody', () => {
  const one = 'apikey_one';
  const hours = Array.from({ length: 300 }, (_, minute) => running(minute + 20, one));
  expect(notifications('retired-key-used', [...hours, quiet(400)])).toEqual([`open ${one}`]);
  // A key that was found used, and cut off in this incident: that people know.
  const cutHere = [used(0, one), cut(one, 1), ...hours];
  expect(notifications('retired-key-used', cutHere)).toEqual([`open ${one}`, `contained ${one}`]);
  expect(notifications('retired-key-used', [...cutHere, quiet(400)]).at(-1)).toMatch(/^recovered/);
});

test('a cut key that becomes active again is told at once, whatever it went on with; another one that goes on, too', () => {
  const [one, two] = ['apikey_one', 'apikey_two'];
  expect(notifications('retired-key-used', [running(20, one), running(21, one), used(22, one)])).toEqual([`open ${one}`, `open-2 ${one}`]);
  expect(notifications('retired-key-used', [running(20, one), running(21, two), running(22, one), running(23, two)])).toEqual([
    `open ${one}`,
    `open-2 ${two}`,
  ]);
});

test('a next turn forgets the target and the brake of the last one, and nothing of what was cut off', () => {
  const contained = afterAll([finding(1), cut('apikey_one', 8)]);
  if (contained === undefined) throw new Error('no incident');
  const again = advance('usage-anomaly', 'production', { ...contained, announced: ['open', 'contained'] }, used(20, undefined));
  expect(again).toMatchObject({ state: 'open', turn: 2, cuts: [{ apiKeyId: 'apikey_one', at: 8 * minuteMs }] });
  expect(again).not.toHaveProperty('target');
  if (again === 'unchanged') throw new Error('nothing happened');
  // Nothing is enforced before people were told.
  expect(isOpeningTold({ ...again, revision: 0 })).toBe(false);
  expect(isOpeningTold({ ...again, revision: 0, announced: ['open', 'contained', 'open-2'] })).toBe(true);
});

test('what people were not told of yet is told first', () => {
  const contained = afterAll([finding(1), cut('apikey_one', 8)]);
  if (contained === undefined) throw new Error('no incident');
  expect(advance('usage-anomaly', 'production', { ...contained, announced: ['open'] }, used(20, undefined))).toMatchObject({
    state: 'contained',
  });
  const untold = advance('retired-key-used', 'production', undefined, used(1, 'apikey_one'));
  if (untold === 'unchanged') throw new Error('nothing happened');
  expect(advance('retired-key-used', 'production', { ...untold, revision: 0 }, used(2, 'apikey_two'))).toMatchObject({
    facts: { apiKeyId: 'apikey_one' },
  });
});

test('an incident that was cut off before cuts were dated begins a next turn by when people were told', () => {
  const stored = afterAll([finding(1), cut('apikey_one', 8)]);
  if (stored === undefined) throw new Error('no incident');
  const { cuts, ...rest } = stored;
  const old = { ...rest, announced: ['open', 'contained'] as const, toldAt: 9 * minuteMs };
  expect(advance('usage-anomaly', 'production', old, used(16, undefined, 13))).toMatchObject({ state: 'contained' });
  expect(advance('usage-anomaly', 'production', old, used(16, undefined, 14))).toMatchObject({ state: 'open', turn: 2 });
});

test('a brake after the first message is told, once, and again when another theft meets it', () => {
  const first = [used(0, undefined), braked('no standby key'), braked('no standby key')];
  expect(notifications('usage-anomaly', first)).toEqual(['open', 'open-2 no standby key']);
  const alternating = Array.from({ length: 40 }, (_, index) => braked(['no standby key', 'it is paused'][index % 2] ?? ''));
  expect(notifications('usage-anomaly', [...first, ...alternating])).toEqual(['open', 'open-2 no standby key', 'open-3 it is paused']);
  const replaced: IncidentEvent = { type: 'containing', target: 'apikey_one' };
  expect(notifications('usage-anomaly', [...first, replaced, braked('no standby key')])).toHaveLength(2);
  const again = [...first, cut('apikey_one', 8), used(20, undefined), braked('no standby key')];
  expect(notifications('usage-anomaly', again).slice(2)).toEqual(['contained-2 apikey_one', 'open-3', 'open-4 no standby key']);
});

test('a brake whose figures move on is no news', () => {
  const doubt = (most: number): IncidentEvent => ({
    type: 'braked',
    brake: { code: 'not-confirmed', subject: 'production', metric: 'outputTokens', most },
  });
  expect(notifications('usage-anomaly', [used(0, undefined), doubt(1), doubt(2), braked('it is paused'), doubt(3)])).toHaveLength(3);
});

test('a brake that is known before anybody is told is in the first message', () => {
  const open = advance('usage-anomaly', 'production', undefined, used(0, undefined));
  if (open === 'unchanged') throw new Error('nothing happened');
  const held = advance('usage-anomaly', 'production', { ...open, revision: 0 }, braked('no standby key'));
  expect(held).toMatchObject({ brake: { text: 'no standby key' } });
  expect(held).not.toHaveProperty('turn');
  const telling = { ...open, revision: 0, announcing: { state: 'open', at: 0 } } as const;
  expect(advance('usage-anomaly', 'production', telling, braked('no standby key'))).toMatchObject({ turn: 2 });
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
  expect(judgeContainmentPolicy(target, definition, records, {}, 0).verdict).toBe(verdict);
});

test('while usage is not visible nothing is cut because of it, whatever the key is, and the brake says since when', () => {
  const since = Date.UTC(2026, 8, 7, 10);
  for (const target of [current, standby, aRecord({ state: 'draining' }), aRecord({ state: 'inactive' })]) {
    expect(judgeContainmentPolicy(target, aDefinition(), [current, standby], { blindSince: since }, since)).toEqual({
      verdict: 'brake',
      brake: { code: 'usage-not-visible', since },
    });
  }
});

test('what begins in the first three days of a key is not cut off by statistics, whatever the key is; a rule cuts as ever', () => {
  const knownSince = Date.UTC(2026, 8, 7, 10);
  const found = (startedAt: number, change: Partial<IncidentRecord> = {}): IncidentRecord =>
    anIncident({ since: startedAt, facts: { startedAt, knownSince }, ...change });
  expect(hardlyKnownSince(found(knownSince + 3 * dayMs - 1))).toBe(knownSince);
  expect(hardlyKnownSince(found(knownSince + 3 * dayMs))).toBeUndefined();
  expect(hardlyKnownSince(found(knownSince, { kind: 'retired-key-used' }))).toBeUndefined();
  // What an older version stored.
  expect(hardlyKnownSince(found(knownSince, { facts: { startedAt: knownSince } }))).toBeUndefined();
  for (const target of [current, aRecord({ state: 'draining' }), undefined]) {
    expect(judgeContainmentPolicy(target, aDefinition(), [current, standby], { youngSince: knownSince }, knownSince)).toEqual({
      verdict: 'brake',
      brake: { code: 'usage-hardly-known', since: knownSince },
    });
  }
});

test('of two active keys the one that carries the traffic is the target', () => {
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
