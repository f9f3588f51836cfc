import { expect, test } from 'vitest';
import type { AlarmCause, Brake, Cause } from '../../../../contract/causes.ts';
import { causeOfSentence, withCause, withCodes } from '../../../../lambda/adapters/aws/old-causes.ts';
import { isVerificationCause } from '../../../../contract/cause-shapes.ts';
import { apiKeyShape, incidentShape } from '../../../../contract/records.ts';
import { isAmong } from '../../../../lambda/incidents/renotify.ts';
import { isEndedByEmergency, isReplacedByEmergency } from '../../../../lambda/rotation/lifecycle.ts';
import {
  alarmsWithData,
  causesWithData,
  causesWithoutData,
  everyAlarm,
  everyBrake,
  everyVerification,
  said,
} from '../../../support/causes.ts';
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

test.each<[what: string, kind: string, sentence: string, cause: AlarmCause]>([
  [
    'a failure',
    'rotation-failed',
    'the pool is empty. Next step: make a key',
    { code: 'error', what: 'the pool is empty', fix: 'make a key' },
  ],
  ['one without a fix', 'rotation-failed', 'an unexpected error', { code: 'recorded', text: 'an unexpected error' }],
  [
    'a lapsed emergency',
    'rotation-failed',
    'nobody went on with it for a day, so it is void, and its key was not cut off',
    { code: 'rotation-over', end: 'emergency-lapsed' },
  ],
  ['an end', 'rotation-failed', 'the key that was current still is', { code: 'rotation-over', end: 'still-current' }],
  ['a standby key', 'retired-key-used', 'it is a standby key', { code: 'standby-key' }],
  ['another kind', 'straggler', 'the old key went quiet', { code: 'recorded', text: 'the old key went quiet' }],
])('why an older incident was told is read, also where it is held back or next: %s', (_what, kind, reason, cause) => {
  const old = (why: object) => ({
    kind,
    facts: { apiKeyId: 'apikey_1', ...why },
    held: { until: 1, from: 'open', ...why },
    next: { incidentId: 'id', at: 1, since: 1, facts: { ...why } },
  });
  expect(withCodes(old({ reason }))).toEqual(old({ cause }));
  expect(withCodes(old({ cause }))).toEqual(old({ cause }));
});

test('several changes of an older incident are read, each with its sentence', () => {
  const change = { grade: 'old-key-woken', apiKeyId: 'apikey_1' };
  const facts = { ...change, reason: 'somebody enabled it; it is archived', changes: [{ ...change, reason: 'somebody enabled it' }] };
  expect(withCodes({ kind: 'key-changed', facts })).toEqual({
    kind: 'key-changed',
    facts: { ...change, cause: said('somebody enabled it; it is archived'), changes: [{ ...change, cause: said('somebody enabled it') }] },
  });
});

test.each([[{}], [{ facts: 'odd' }], [{ facts: { changes: 'odd' } }], [{ held: 1, next: { facts: null } }]])(
  'an incident that is odd stays as it is: %j',
  (odd) => {
    expect(withCodes({ kind: 'key-changed', ...odd })).toEqual({ kind: 'key-changed', ...odd });
  },
);

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

// As incidents hold them that a version before the codes has written, and the brake of today that says the same.
test.each<[sentence: string, brake: Brake, today?: Brake]>([
  ['the policy leaves containment to people', { code: 'containment-off' }],
  [
    'usage is not visible since 2026-06-10 14:03 UTC, and nothing is cut off by it until it is',
    { code: 'usage-not-visible', since: Date.parse('2026-06-10T14:03:00Z') },
    { code: 'usage-not-visible', since: Date.parse('2026-06-10T14:03:41.217Z') },
  ],
  [
    "apikey_01other is a key of staging, and what happens to it is a matter of that managed key's own policy",
    { code: 'key-of-another', apiKeyId: 'apikey_01other', managedKey: 'staging' },
  ],
  [
    'the exact totals of production show at most 48,200 output tokens in a minute, so that this finding is not believed',
    { code: 'not-confirmed', subject: 'production', metric: 'outputTokens', most: 48_200 },
    { code: 'not-confirmed', subject: 'production', metric: 'outputTokens', most: 48_201 },
  ],
  [
    'the exact totals of production show at most $0.42 estimated cost in a minute, so that this finding is not believed',
    { code: 'not-confirmed', subject: 'production', metric: 'estimatedCostUsd', most: 0.42 },
  ],
  [
    'it must be replaced first, and production is paused: the audit; is paused: no',
    { code: 'replacement-paused', managedKey: 'production', reason: 'the audit; is paused: no' },
  ],
  [
    'apikey_01old is set inactive, but Anthropic still accepts its value; archive it in the Console',
    {
      code: 'still-accepted',
      what: 'apikey_01old is set inactive, but Anthropic still accepts its value',
      fix: 'archive it in the Console',
    },
  ],
])('what people were told before an upgrade held back, they are not told again: %s', (sentence, brake, today = brake) => {
  expect(withCodes({ kind: 'usage-anomaly', brake: sentence, brakesTold: [sentence] })).toEqual({
    kind: 'usage-anomaly',
    brake,
    brakesTold: [brake],
  });
  expect(isAmong([brake], today)).toBe(true);
});

test.each([
  'usage is not visible since noon, and nothing is cut off by it until it is',
  'usage is not visible since 2026-13-10 14:03 UTC, and nothing is cut off by it until it is',
  'the exact totals of production show at most 3 wishes in a minute, so that this finding is not believed',
])('a brake of an older incident that is odd stays its sentence: %s', (text) => {
  expect(withCodes({ brake: text })).toEqual({ brake: { code: 'recorded', text } });
});

test('blindness that began in another minute is another brake', () => {
  const since = Date.parse('2026-06-10T14:03:00Z');
  expect(isAmong([{ code: 'usage-not-visible', since }], { code: 'usage-not-visible', since: since + 60_000 })).toBe(false);
});

test('an incident is readable with each brake of this version, and with no other', () => {
  for (const brake of everyBrake) expect([brake, incidentShape.brake(brake)]).toEqual([brake, true]);
  for (const odd of ['a sentence', {}, { code: 'of a later version' }, { code: 'usage-not-visible' }, { code: 'not-confirmed', most: 1 }]) {
    expect([odd, incidentShape.brake(odd)]).toEqual([odd, false]);
  }
});

test('an incident is readable with each reason of this version, and with no other', () => {
  const readable = (cause: unknown): boolean => incidentShape.facts({ cause });
  for (const cause of everyAlarm) expect([cause, readable(cause)]).toEqual([cause, true]);
  for (const { code } of alarmsWithData) expect([code, readable({ code })]).toEqual([code, false]);
  for (const odd of ['a sentence', {}, { code: 'of a later version' }, { code: 'resume-first', managedKey: 'production', why: {} }]) {
    expect([odd, readable(odd)]).toEqual([odd, false]);
  }
});

test('the rotation function answers with a reason of this version, or with none', () => {
  for (const cause of everyVerification) expect([cause, isVerificationCause(cause)]).toEqual([cause, true]);
  const inDoubt = { code: 'in-doubt', why: { code: 'value-refused' }, doubt: { code: 'other-unknown', apiKeyId: 'apikey_1' } };
  for (const odd of [undefined, 'a sentence', { code: 'switched' }, { code: 'error' }, inDoubt, { ...inDoubt, doubt: {} }]) {
    expect([odd, isVerificationCause(odd)]).toEqual([odd, false]);
  }
});
