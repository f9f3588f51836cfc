import { expect, test } from 'vitest';
import type { ApiKeyRecord } from '../../../../contract/records.ts';
import { minuteMs } from '../../../../lambda/foundation/clock.ts';
import { became, planUnstick, type Act } from '../../../../lambda/rotation/commands/unstick.ts';
import { aRecord } from '../../../support/records.ts';
import { current, now, seen } from '../sight.ts';

const claimed = (minutesAgo: number, changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord =>
  aRecord({ apiKeyId: 'apikey_claimed', state: 'pending', token: 'v2', since: now - minutesAgo * minuteMs, ...changes });
const intent = (to: 'inactive' | 'contained' | 'current' | 'rejected', minutesAgo: number) =>
  ({ to, at: now - minutesAgo * minuteMs, cause: { code: 'switching' } }) as const;
const old = (changes: Partial<ApiKeyRecord>): ApiKeyRecord =>
  aRecord({ apiKeyId: 'apikey_old', state: 'draining', token: 'v0', ...changes });

interface Scene {
  readonly own: readonly ApiKeyRecord[];
  /** Since how many minutes a rotation is open. @default none is */
  readonly open?: number;
  readonly rotationEnabled?: boolean;
}

function plan({ own, open, rotationEnabled = true }: Scene) {
  const pending: [string, string[]][] = open === undefined ? [] : [['v2', ['AWSPENDING']]];
  const secret = { rotationEnabled, stages: new Map([['v1', ['AWSCURRENT']], ...pending]) };
  const openSince = open === undefined ? undefined : now - open * minuteMs;
  const snapshot = { ...seen({ own: [current, ...own], secret }), infos: new Map(), openSince };
  const { acts, waits } = planUnstick(snapshot);
  return { acts: acts.map((each) => `${each.act} ${'record' in each ? each.record.apiKeyId : each.versionId}`), waits };
}

test.each<[string, Scene, readonly string[]]>([
  ['a rotation that is at work', { own: [claimed(8)], open: 8 }, []],
  ['a rotation that claimed a key 15 minutes ago', { own: [claimed(15)], open: 15 }, ['discard version v2', 'return apikey_claimed']],
  ['a rotation that has claimed nothing for 5 minutes', { own: [], open: 5 }, ['discard version v2']],
  ['a rotation that somebody broke off', { own: [claimed(8)], open: 8, rotationEnabled: false }, ['discard version v2']],
  ['a key of a rotation that is over', { own: [claimed(15)] }, ['return apikey_claimed']],
  [
    'a key that an undo asks for',
    { own: [old({ undoRequest: { at: now, by: 'Ada', because: 'it fails' } })] },
    ['withdraw request apikey_old'],
  ],
  ['work that is half done', { own: [old({ intent: intent('inactive', 5) })] }, ['finish apikey_old']],
  ['work that was begun a moment ago', { own: [old({ intent: intent('inactive', 4) })] }, []],
  ['a containment that is half done', { own: [old({ intent: intent('contained', 15) })] }, ['finish apikey_old']],
  ['a containment that may be at work', { own: [old({ intent: intent('contained', 14) })] }, []],
  [
    'work that the plan leaves as it is, because consumers read the key',
    { own: [old({ token: 'v1', intent: intent('inactive', 20) })] },
    [],
  ],
  ['a key whose rejection began a moment ago', { own: [claimed(20, { intent: intent('rejected', 4) })] }, []],
  ['a key whose rejection was broken off', { own: [claimed(20, { intent: intent('rejected', 20) })] }, ['finish apikey_claimed']],
  ['a key that may have become current', { own: [claimed(20, { intent: intent('current', 20) })] }, ['give grace apikey_claimed']],
])('of %s', (_name, scene, acts) => {
  expect(plan(scene).acts).toEqual(acts);
});

test('what only needs time says until when', () => {
  expect(plan({ own: [claimed(8)], open: 8, rotationEnabled: false }).waits).toEqual([
    { apiKeyId: 'apikey_claimed', then: 'return', until: now + 7 * minuteMs },
  ]);
  expect(plan({ own: [claimed(4, { intent: intent('current', 4) })] }).waits).toEqual([
    { apiKeyId: 'apikey_claimed', then: 'give grace', until: now + minuteMs },
  ]);
  expect(plan({ own: [claimed(4, { intent: intent('rejected', 1) })] }).waits).toEqual([
    { apiKeyId: 'apikey_claimed', then: 'finish', until: now + 4 * minuteMs },
  ]);
});

test.each<[Act['act'], ApiKeyRecord, unknown]>([
  ['return', claimed(20), 'as before'],
  ['return', claimed(20, { state: 'standby' }), { state: 'standby' }],
  ['give grace', claimed(20, { intent: intent('current', 20) }), 'as before'],
  ['give grace', claimed(20, { state: 'draining' }), { state: 'draining' }],
  ['finish', old({ intent: intent('inactive', 20) }), 'as before'],
  ['finish', old({ state: 'inactive' }), { state: 'inactive' }],
  ['withdraw request', old({ undoRequest: { at: now, by: 'Ada', because: 'it fails' } }), 'as before'],
  ['withdraw request', old({}), 'request withdrawn'],
  ['withdraw request', old({ state: 'current' }), { state: 'current', before: true }],
])('of "%s", a second look tells what became of it: %#', (act, record, is) => {
  if (act === 'discard version') throw new RangeError(act);
  expect(became({ act, record }, { own: [record], secret: seen().secret })).toEqual(is);
});

test.each([
  [['AWSPENDING'], 'as before'],
  [['AWSCURRENT', 'AWSPENDING'], 'version current before'],
  [[], 'version discarded'],
])('a version that then carries %j', (labels, is) => {
  const { secret } = seen({ secret: { stages: new Map([['v2', labels]]) } });
  expect(became({ act: 'discard version', versionId: 'v2' }, { own: [], secret })).toBe(is);
});
