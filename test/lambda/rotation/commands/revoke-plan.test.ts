import { expect, test } from 'vitest';
import type { ApiKeyRecord } from '../../../../contract/records.ts';
import { hourMs, minuteMs } from '../../../../lambda/foundation/clock.ts';
import { planRevocation, stolenKey } from '../../../../lambda/rotation/commands/revoke-plan.ts';
import { lookAtOldKey } from '../../../../lambda/rotation/commands/revoke-old-key.ts';
import { aRecord } from '../../../support/records.ts';
import { current, now, seen, standby } from '../sight.ts';

const old = aRecord({ apiKeyId: 'apikey_old', state: 'draining', token: 'v0', since: now - 3 * hourMs, switchedAt: now - 3 * hourMs });
const request = (minutesAgo: number) => ({ at: now - minutesAgo * minuteMs, by: 'Ada', because: 'leaked' });
/** The key that an emergency replaced so many minutes ago, and that retirement has cut off since. */
const replaced = (minutesAgo: number, changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord =>
  aRecord({
    apiKeyId: 'apikey_replaced',
    state: 'inactive',
    token: 'v0',
    since: now - minutesAgo * minuteMs,
    switchedAt: now - minutesAgo * minuteMs,
    cause: { code: 'retired', why: { code: 'grace-over', end: 'emergency' } },
    ...changes,
  });
const plan = (own: readonly ApiKeyRecord[], stolen?: string) => {
  const { todo, dying, wanted } = planRevocation(seen({ own }), stolen, now);
  return [todo, dying.map(({ apiKeyId }) => apiKeyId), wanted.map(({ apiKeyId }) => apiKeyId)];
};

test.each<[string, readonly ApiKeyRecord[], string | undefined, ReturnType<typeof plan>]>([
  [
    'names no key: every key that consumers may hold',
    [current, old, standby],
    undefined,
    ['rotate and cut', ['apikey_current', 'apikey_old'], []],
  ],
  ['names the current key: that one alone', [current, old, standby], 'apikey_current', ['rotate and cut', ['apikey_current'], []]],
  ['names a key in its grace: that one, and nothing rotates', [current, old, standby], 'apikey_old', ['cut one', ['apikey_old'], []]],
  [
    'names a key in its grace: another one that an undo asks for stays so',
    [current, old, standby, replaced(100, { undoRequest: request(1) })],
    'apikey_old',
    ['cut one', ['apikey_old'], []],
  ],
  [
    'names no key: no undo that was asked for is carried out',
    [current, { ...old, undoRequest: request(1) }, standby],
    undefined,
    ['rotate and cut', ['apikey_current', 'apikey_old'], ['apikey_old']],
  ],
  [
    'is given again after its switch: the keys that are left',
    [{ ...current, since: now - minuteMs }, old, replaced(1), standby],
    undefined,
    ['cut', ['apikey_old'], []],
  ],
  [
    'is given again 25 minutes after its switch, with a key that is left: that key',
    [current, { ...old, revokeRequest: request(26) }, replaced(25), standby],
    undefined,
    ['cut', ['apikey_old'], []],
  ],
  [
    'follows one that cut a key in its grace: a new one',
    [current, replaced(2, { cause: { code: 'retired', why: { code: 'grace-over', end: 'emergency', inGrace: true } } }), standby],
    undefined,
    ['rotate and cut', ['apikey_current'], []],
  ],
  [
    'follows an old one whose key somebody has touched since: a new one',
    [current, replaced(1, { switchedAt: now - 48 * hourMs }), standby],
    undefined,
    ['rotate and cut', ['apikey_current'], []],
  ],
])('an emergency that %s', (_name, own, stolen, expected) => {
  expect(plan(own, stolen)).toEqual(expected);
});

test.each<[string, readonly ApiKeyRecord[], string]>([
  ['was over a moment ago', [current, replaced(3), standby], 'nothing-to-cut'],
  ['finds no key in use', [standby], 'nothing-to-cut'],
  ['finds no standby key', [current], 'no-standby-key'],
])('an emergency that %s is refused', (_name, own, code) => {
  expect(() => planRevocation(seen({ own }), undefined, now)).toThrow(expect.objectContaining({ code }));
});

test('an emergency crosses no undo that has claimed its key', () => {
  const back = aRecord({ apiKeyId: 'apikey_back', state: 'pending', token: 'v2', origin: { state: 'draining', versionId: 'v0' } });
  const stages = new Map([
    ['v1', ['AWSCURRENT']],
    ['v2', ['AWSPENDING']],
  ]);
  const snapshot = seen({ own: [current, back, standby], secret: { stages } });
  const busy = expect.objectContaining({ code: 'busy' }) as Error;
  expect(() => planRevocation(snapshot, undefined, now)).toThrow(busy);
  expect(() => stolenKey(snapshot, 'apikey_back')).toThrow(busy);
});

test('only a key that consumers may hold, or held, can be named as stolen', () => {
  const snapshot = seen({ own: [current, standby, replaced(5)] });
  expect(stolenKey(snapshot, 'apikey_replaced').state).toBe('inactive');
  for (const id of ['apikey_standby', 'apikey_other']) {
    expect(() => stolenKey(snapshot, id)).toThrow(expect.objectContaining({ code: 'nothing-to-cut' }));
  }
});

test('a key that AWSCURRENT is on is not cut off as an old one, whatever its record says', async () => {
  const served = replaced(5, { token: 'v1' });
  const keys = { retrieve: () => Promise.reject(new Error('nobody is asked')) };
  await expect(lookAtOldKey(served, seen(), { keys: { ...keys, list: keys.retrieve, setStatus: keys.retrieve } })).rejects.toMatchObject({
    code: 'busy',
  });
});
