import { expect, test } from 'vitest';
import type { Cause } from '../../../../contract/causes.ts';
import { causeOfSentence, withCause, withCodes } from '../../../../lambda/adapters/aws/old-causes.ts';
import { apiKeyShape, incidentShape } from '../../../../lambda/adapters/aws/record-shapes.ts';
import { isEndedByEmergency, isReplacedByEmergency } from '../../../../lambda/rotation/lifecycle.ts';
import { causesWithData, causesWithoutData, everyBrake } from '../../../support/causes.ts';
import { aRecord } from '../../../support/records.ts';

// As records hold them that a version before the codes has written.
const stored: readonly (readonly [string, Cause])[] = [
  ['AWSCURRENT moved to it', { code: 'switched' }],
  ['AWSCURRENT moved to it outside of a rotation', { code: 'switched-by-hand' }],
  ['found awake', { code: 'found-active' }],
  ['it was found awake', { code: 'found-active' }],
  ['tried, and asleep again', { code: 'tried' }],
  ['asleep again: its undo period begins anew', { code: 'undo-period-anew' }],
  ['no grace no longer: nobody could cut it off within a day', { code: 'emergency-lapsed' }],
  ['the key expires too soon', { code: 'expires-too-soon' }],
  ['wanted back: the new one fails', { code: 'undo-asked-for', reason: 'the new one fails' }],
  ['no grace once it is replaced: a leak', { code: 'emergency-asked-for', reason: 'a leak' }],
  ['replaced by apikey_01next', { code: 'replaced', by: 'apikey_01next' }],
  ['silent', { code: 'grace-over', end: 'silent' }],
  ['emergency, in its grace', { code: 'grace-over', end: 'emergency', inGrace: true }],
  ['it is expired at Anthropic', { code: 'ended-at-anthropic', status: 'expired' }],
  ['retired: maximum grace', { code: 'retired', why: { code: 'grace-over', end: 'maximum grace' } }],
  [
    'retired: emergency, in its grace (not proven by its value, which is no longer kept)',
    { code: 'retired', why: { code: 'grace-over', end: 'emergency', inGrace: true }, valueUnknown: true },
  ],
  ['retired: it is gone at Anthropic', { code: 'retired', why: { code: 'ended-at-anthropic', status: 'gone' } }],
  ['its rotation was abandoned (before: retired: emergency)', { code: 'rotation-abandoned', before: 'emergency' }],
  ['brought back: the new one: it fails', { code: 'brought-back', reason: 'the new one: it fails' }],
  ['a rotation is asked for: a leak', { code: 'rotation-asked-for', reason: 'a leak' }],
  ['cut off by usage-anomaly-01J', { code: 'containment', incidentId: 'usage-anomaly-01J' }],
  ['cut off by an operator: a laptop was stolen', { code: 'operator-cut', reason: 'a laptop was stolen' }],
  ['removed: distrusted', { code: 'removed', reason: 'distrusted' }],
  ['retired: for no known reason', { code: 'recorded', text: 'retired: for no known reason' }],
  ['', { code: 'recorded', text: '' }],
];

test.each(stored)('an older record that says "%s" has a code', (sentence, cause) => {
  expect(causeOfSentence(sentence)).toEqual(cause);
});

test('an older record is read with its code and that of its intent, and what an operator asked for stays', () => {
  const wanted = { at: 1, by: 'Ada', because: 'silent' };
  expect(withCause({ because: 'taken in', intent: { to: 'standby', at: 1, because: 'being tried' }, wanted })).toEqual({
    cause: { code: 'taken-in' },
    intent: { to: 'standby', at: 1, cause: { code: 'being-tried' } },
    wanted,
  });
});

test('a record of this version is read as it is', () => {
  const record = { cause: { code: 'switched' }, intent: { to: 'current', at: 1, cause: { code: 'switching' } } };
  expect(withCause(record)).toEqual(record);
});

test('a key that an emergency ended is known as such, whichever version wrote its record', () => {
  const ended = (because: string) => aRecord({ state: 'inactive', cause: causeOfSentence(because) });
  const both = (because: string) => [isEndedByEmergency(ended(because)), isReplacedByEmergency(ended(because))];
  expect(both('retired: emergency')).toEqual([true, true]);
  expect(both('retired: emergency, in its grace')).toEqual([true, false]);
  expect(both('its rotation was abandoned (before: retired: emergency)')).toEqual([true, true]);
  expect(both('retired: silent')).toEqual([false, false]);
});

test('a record is readable with each cause of this version, and with no other', () => {
  const readable = (cause: unknown): boolean => apiKeyShape.cause(cause);
  for (const cause of [...causesWithoutData, ...causesWithData]) expect([cause, readable(cause)]).toEqual([cause, true]);
  for (const { code } of causesWithData) expect([code, readable({ code })]).toEqual([code, false]);
  for (const odd of ['AWSCURRENT moved to it', {}, { code: 'of a later version' }, { code: 'switched', before: 'noon' }]) {
    expect([odd, readable(odd)]).toEqual([odd, false]);
  }
});

test.each([
  ['a failure', { reason: 'the pool is empty. Next step: make a key' }, { reason: 'the pool is empty', fix: 'make a key' }],
  [
    'an emergency',
    { reason: 'nobody went on with it for a day, so it is void, and its key was not cut off' },
    { reason: 'nobody went on with it for a day, so it is void, and its key was not cut off', end: 'emergency-lapsed' },
  ],
  ['an end', { reason: 'the key that was current still is' }, { reason: 'the key that was current still is', end: 'still-current' }],
  ['one of this version', { reason: 'a. Next step: b', fix: 'c' }, { reason: 'a. Next step: b', fix: 'c' }],
  ['one without a reason', {}, {}],
])('%s of an older rotation-failed incident is read', (_name, facts, read) => {
  expect(withCodes({ kind: 'rotation-failed', facts })).toEqual({ kind: 'rotation-failed', facts: read });
  expect(withCodes({ kind: 'straggler', facts })).toEqual({ kind: 'straggler', facts });
});

test('the brakes of an older incident are read: a code where there is one, else the sentence', () => {
  const sentences = ['the policy leaves containment to people', 'usage is not visible since noon'];
  const brakes = [{ code: 'containment-off' }, { code: 'recorded', text: 'usage is not visible since noon' }];
  expect(withCodes({ kind: 'usage-anomaly', brake: sentences[0], brakesTold: sentences })).toEqual({
    kind: 'usage-anomaly',
    brake: brakes[0],
    brakesTold: brakes,
  });
  expect(withCodes({ kind: 'usage-anomaly', brake: brakes[0], brakesTold: brakes })).toMatchObject({
    brake: brakes[0],
    brakesTold: brakes,
  });
});

test('an incident is readable with each brake of this version, and with no other', () => {
  for (const brake of everyBrake) expect([brake, incidentShape.brake(brake)]).toEqual([brake, true]);
  for (const odd of ['a sentence', {}, { code: 'of a later version' }, { code: 'usage-not-visible' }, { code: 'not-confirmed', most: 1 }]) {
    expect([odd, incidentShape.brake(odd)]).toEqual([odd, false]);
  }
});

test('an older incident of a standby key that is used says so as data', () => {
  const old = { kind: 'retired-key-used', facts: { apiKeyId: 'apikey_next', reason: 'it is a standby key' } };
  expect(withCodes(old)).toEqual({ kind: 'retired-key-used', facts: { apiKeyId: 'apikey_next', isStandby: true } });
  const other = { kind: 'retired-key-used', facts: { reason: 'no tokens on a retired key for an hour' } };
  expect(withCodes(other)).toEqual(other);
});
