import { expect, test } from 'vitest';
import type { ApiKeyRecord, AuditRecord } from '../../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../../lambda/foundation/clock.ts';
import { planUndo } from '../../../../lambda/rotation/commands/undo.ts';
import type { ApiKeyInfo } from '../../../../lambda/rotation/ports.ts';
import { aRecord } from '../../../support/records.ts';
import { current, now, seen, standby } from '../sight.ts';

const old = (apiKeyId: string, hoursAgo: number, changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord =>
  aRecord({
    apiKeyId,
    state: 'draining',
    token: `v-${apiKeyId}`,
    since: now - hoursAgo * hourMs,
    switchedAt: now - hoursAgo * hourMs,
    ...changes,
  });
const request = { at: now - minuteMs, by: 'Ada', because: 'leaked' };
const emergencyEnd = { code: 'retired', why: { code: 'grace-over', end: 'emergency' } } as const;

interface Scene {
  readonly own: readonly ApiKeyRecord[];
  readonly apiKeyId?: string;
  readonly stages?: ReadonlyMap<string, readonly string[]>;
  readonly steps?: readonly AuditRecord[];
  readonly status?: ApiKeyInfo['status'];
  readonly kept?: boolean;
}

function plan({ own, apiKeyId, stages, steps = [], status = 'active', kept = true }: Scene) {
  const none = () => Promise.reject(new Error('nobody asks this'));
  const snapshot = seen({ own: [current, standby, ...own], secret: stages === undefined ? {} : { stages } });
  const info = { apiKeyId: '', name: '', status, hint: null, principal: 'nobody', workspaceId: null, expiresAt: null } as const;
  return planUndo(snapshot, apiKeyId, {
    audit: { read: async () => steps, note: none },
    keys: { retrieve: async () => info, list: none, setStatus: none },
    keptVersions: async () => new Set(kept ? own.flatMap(({ token = '', origin }) => [token, origin?.versionId ?? '']) : []),
    clock: { now: () => now, pause: none },
  });
}

const first = old('apikey_first', 9);
const second = old('apikey_second', 3);

test.each<[string, Scene, object]>([
  ['the key that was replaced last', { own: [first, second] }, { target: second, later: undefined }],
  [
    'the key that is named, and tells of the later one',
    { own: [first, second], apiKeyId: 'apikey_first' },
    { target: first, later: second },
  ],
  [
    'the key that AWSCURRENT left last, not one that was about to become current',
    { own: [first, second], stages: new Map([['v-apikey_first', ['AWSPREVIOUS']]]) },
    { target: first },
  ],
  [
    'a key that an undo asks for already',
    { own: [{ ...first, undoRequest: request }, second] },
    { target: { ...first, undoRequest: request } },
  ],
  ['the last key that was merely replaced', { own: [first, { ...second, state: 'contained' }] }, { target: first }],
  [
    'a key that was cut off, where it is named',
    { own: [{ ...second, state: 'contained', cause: { code: 'containment', incidentId: 'i1' } }], apiKeyId: 'apikey_second' },
    { cut: { by: 'containment', cause: { code: 'containment', incidentId: 'i1' } } },
  ],
  [
    'a key that an emergency ended, where it is named',
    { own: [{ ...second, state: 'inactive', cause: emergencyEnd }], apiKeyId: 'apikey_second' },
    { cut: { by: 'emergency' } },
  ],
  [
    'a key that an emergency is about to cut off, where it is named',
    { own: [{ ...second, revokeRequest: request }], apiKeyId: 'apikey_second' },
    { cut: { by: 'emergency', reason: 'leaked' } },
  ],
  [
    'a key that somebody disabled, where it is named',
    { own: [second], apiKeyId: 'apikey_second', status: 'inactive' },
    { isEnabled: false },
  ],
  ['the current key, where it is named', { own: [first], apiKeyId: 'apikey_current' }, { target: current }],
])('an undo goes back to %s', async (_name, scene, expected) => {
  expect(await plan(scene)).toMatchObject(expected);
});

const cameBack: AuditRecord = {
  schema: 1,
  managedKey: 'production',
  apiKeyId: 'apikey_current',
  at: now - minuteMs,
  by: 'rotation',
  from: 'draining',
  to: 'pending',
  cause: { code: 'claimed' },
};

test.each<[string, Scene, RegExp]>([
  ['there is no old key', { own: [] }, /no old key to go back to/],
  ['the key is none of this managed key', { own: [first], apiKeyId: 'apikey_other' }, /is no key of production/],
  ['the key never served', { own: [first], apiKeyId: 'apikey_standby' }, /is standby, no old key/],
  ['the key is archived', { own: [{ ...first, state: 'archived' }], apiKeyId: 'apikey_first' }, /which is for ever/],
  ['the last key is archived', { own: [{ ...first, state: 'archived' }] }, /is archived since/],
  ['the key expired', { own: [{ ...first, expiresAt: now }], apiKeyId: 'apikey_first' }, /expired/],
  ['its value is not kept', { own: [first], kept: false }, /no longer keeps the value/],
  ['the last key was cut off, and nobody named it', { own: [{ ...first, state: 'contained' }] }, /was cut off .*: because of an incident/],
  [
    'the last key an emergency ended, and nobody named it',
    { own: [{ ...first, state: 'inactive', cause: emergencyEnd }] },
    /an emergency ended it/,
  ],
  ['somebody disabled the key, and nobody named it', { own: [first], status: 'inactive' }, /somebody disabled it at Anthropic/],
  ['the current key itself came back by an undo', { own: [first], steps: [cameBack] }, /itself came back by an undo/],
])('an undo is refused where %s', async (_name, scene, message) => {
  await expect(plan(scene)).rejects.toMatchObject({ code: 'cannot-come-back', message: expect.stringMatching(message) as unknown });
});

const pending = (apiKeyId: string, changes: Partial<ApiKeyRecord> = {}) =>
  aRecord({ apiKeyId, state: 'pending', token: 'v2', since: now - hourMs, ...changes });
const open = new Map([
  ['v1', ['AWSCURRENT']],
  ['v2', ['AWSPENDING']],
]);

test.each<[string, Scene, RegExp]>([
  ['a rotation to another key is under way', { own: [first, pending('apikey_next')], stages: open }, /to apikey_next is under way/],
  [
    'another key is on its way back',
    { own: [first, pending('apikey_back', { origin: { state: 'draining', versionId: 'v0' } })], stages: open, apiKeyId: 'apikey_first' },
    /apikey_back of production is on its way back already/,
  ],
  [
    'its own rotation was broken off',
    { own: [pending('apikey_back', { origin: { state: 'draining', versionId: 'v0' } })] },
    /to bring apikey_back back was broken off/,
  ],
])('an undo waits where %s', async (_name, scene, message) => {
  await expect(plan(scene)).rejects.toMatchObject({ code: 'busy', message: expect.stringMatching(message) as unknown });
});

test('an emergency that leaves the current key no grace is told, for a day', async () => {
  const revoked = { ...current, revokeRequest: request };
  const ask = (at: number) =>
    planUndo({ ...seen({ own: [{ ...revoked, revokeRequest: { ...request, at } }, first] }) }, undefined, {
      audit: { read: async () => [], note: () => Promise.reject(new Error('nobody notes')) },
      keys: { retrieve: async () => 'gone', list: async () => [], setStatus: () => Promise.reject(new Error('nobody sets')) },
      keptVersions: async () => new Set([first.token ?? '']),
      clock: { now: () => now, pause: async () => undefined },
    });
  expect((await ask(now - hourMs)).emergency).toMatchObject({ because: 'leaked' });
  expect((await ask(now - 2 * dayMs)).emergency).toBeUndefined();
});
