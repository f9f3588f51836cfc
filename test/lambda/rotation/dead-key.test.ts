import { expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { conditionsOf } from '../../../lambda/rotation/conditions.ts';
import { deadKeyCause, isProvenDead, replacementOf, witnessesIn } from '../../../lambda/rotation/dead-key.ts';
import type { ProbeAnswer } from '../../../lambda/rotation/ports.ts';
import { aDefinition, aRecord, policy } from '../../support/records.ts';
import { current, now, seen, standby, type Scene } from './sight.ts';
import { Stage } from './stage.ts';
import { inWords } from '../../support/causes.ts';

const died = { apikey_current: 'inactive' } as const;
const dead = { ...current, foundDeadAt: now - 5 * minuteMs, seenActiveAt: now - 10 * minuteMs };
const found = (scene: Scene = {}) => seen({ own: [dead, standby], statuses: died, ...scene });
const facts = (snapshot: ReturnType<typeof seen>) => {
  const [condition] = conditionsOf(snapshot, ['current-key-dead']);
  return condition === undefined ? undefined : inWords(condition.facts);
};
const request = { at: now - minuteMs, by: 'Ada', because: 'stolen' };
const pause = { schema: 1, managedKey: 'production', at: now, by: 'Ada', because: 'a freeze' } as const;
const asks = { ...aDefinition(), rotation: { ...policy, onDeath: 'ask' as const } };
const old = aRecord({ apiKeyId: 'apikey_old', state: 'draining', token: 'v0', switchedAt: now - 30 * minuteMs });

test('a dead current key with a standby key is replaced by itself; the incident says between which instants it died', () => {
  const snapshot = found({ tokensAt: { apikey_current: now - 12 * minuteMs } });
  expect(replacementOf(dead, snapshot)).toEqual({ by: 'itself' });
  expect(deadKeyCause(snapshot)).toMatchObject({ why: 'dead key', about: 'apikey_current', at: dead.foundDeadAt });
  expect(facts(snapshot)).toMatchObject({
    grade: 'replacing',
    startedAt: dead.seenActiveAt,
    reason:
      'Anthropic shows it as inactive, and Key Guard did not do it: it was last seen active 2026-06-20 11:50 UTC, and first seen dead ' +
      '2026-06-20 11:55 UTC; its last known tokens are of 2026-06-20 11:48 UTC',
  });
});

test('a replacement that has claimed the last standby key is under way, and the pool is not said to be empty', () => {
  expect(replacementOf(dead, found({ own: [dead, { ...standby, state: 'pending', token: 'v2' }] }))).toEqual({ by: 'itself' });
});

test('without a record of it, the interval begins where a pass before saw it active, or with its switch', () => {
  const snapshot = { ...seen({ statuses: died }), activeAt: new Map([['apikey_current', now - 5 * minuteMs]]) };
  expect(facts(snapshot)?.reason).toContain('last seen active 2026-06-20 11:55 UTC, and first seen dead 2026-06-20 12:00 UTC; no tokens');
  expect(facts(seen({ statuses: died }))?.reason).toContain('it is current since 2026-06-15 12:00 UTC, and first seen dead');
});

test.each<[string, Partial<ReturnType<typeof seen>>, string]>([
  ['the setting asks for people', { definition: asks }, 'rotation.onDeath is "ask"'],
  ['it is paused', { pause }, 'production is paused'],
  ['its schedule is off', { secret: { ...found().secret, rotationEnabled: false } }, 'its rotation schedule is off'],
  ['there is no standby key', { own: [dead] }, 'the pool is empty'],
  ['the standby key is dead, too', { infos: seen({ statuses: { ...died, apikey_standby: 'archived' } }).infos }, 'the pool is empty'],
  ['an emergency is at work', { own: [{ ...dead, revokeRequest: request }, standby] }, 'an emergency of an operator is at work on it'],
  ['an undo is at work', { own: [dead, standby, { ...old, undoRequest: request }] }, 'an undo of an operator is at work'],
  [
    'somebody moved AWSCURRENT to it',
    { own: [{ ...dead, cause: { code: 'switched-by-hand' } as const }, standby] },
    'somebody moved AWSCURRENT to this key by hand',
  ],
  [
    'the key before it was replaced for that reason within the hour',
    { own: [dead, standby, { ...old, replacedAt: now - 59 * minuteMs }] },
    'apikey_old died too, and was replaced 2026-06-20 11:01 UTC; it is done once an hour',
  ],
])('where %s, people are told why it is not replaced by itself', (_why, changes, because) => {
  const snapshot = { ...found(), ...changes };
  expect(deadKeyCause(snapshot)).toBeUndefined();
  expect(facts(snapshot)).toMatchObject({ grade: 'dead', reason: expect.stringContaining(`not replaced by itself: ${because}`) as string });
});

test('an hour later the next death is replaced again; nothing is while Anthropic’s word is missing', () => {
  expect(deadKeyCause(found({ own: [dead, standby, { ...old, replacedAt: now - hourMs }] }))).toBeDefined();
  expect(deadKeyCause({ ...found(), infos: new Map() })).toBeUndefined();
  expect(deadKeyCause(found({ secret: { deletionAt: now } }))).toBeUndefined();
});

test('a replacement that takes longer than a quarter of an hour is a matter for people, and goes on all the same', () => {
  const late = found({ own: [{ ...dead, foundDeadAt: now - 15 * minuteMs }, standby] });
  expect(facts(late)).toMatchObject({ grade: 'dead', reason: expect.stringContaining('within a quarter of an hour') as string });
  expect(deadKeyCause(late)).toBeDefined();
});

test('of a key that is current since a moment ago its own refused value decides', () => {
  const fresh = { ...current, since: now - minuteMs };
  const snapshot = seen({ own: [fresh, standby], statuses: died });
  expect(facts(snapshot)).toBeUndefined();
  expect(facts({ ...snapshot, refused: new Set(['apikey_current']) })).toMatchObject({ grade: 'replacing' });
});

type Answers = Readonly<Record<string, 'accepted' | 'refused' | 'unclear'>>;

test.each<[string, Answers, boolean]>([
  ['the value is refused and another key accepted', { dead: 'refused', other: 'accepted' }, true],
  ['the value is still accepted', { dead: 'accepted', other: 'accepted' }, false],
  ['the answer is none of Anthropic', { dead: 'unclear', other: 'accepted' }, false],
  ['no key of the fleet is accepted', { dead: 'refused', other: 'refused' }, false],
  ['nobody answers for the others', { dead: 'refused', other: 'unclear' }, false],
  ['there is no other key', { dead: 'refused' }, true],
])('where %s, the death is proven: %j %s', async (_how, answers, expected) => {
  const stage: Stage = new Stage({
    probe: (value): ProbeAnswer => {
      const answer = answers[[...stage.world.keys].find(([, key]) => key.value === value)?.[0] ?? ''];
      if (answer === 'accepted') return { answer, organizationId: 'o', workspaceId: null };
      return answer === 'refused' ? { answer } : { answer: 'unclear', why: 'a page of a proxy' };
    },
  });
  const record = stage.has('dead', 'current', { status: 'inactive', labels: ['AWSCURRENT'] });
  if ('other' in answers) stage.has('other', 'draining');
  const snapshot = await stage.snapshot();
  expect(await isProvenDead(record, snapshot.definition, witnessesIn([snapshot]), stage.ports)).toBe(expected);
});
