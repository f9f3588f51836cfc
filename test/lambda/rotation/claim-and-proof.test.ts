import { expect, test } from 'vitest';
import type { Refutation } from '../../../contract/causes.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { aliveUntil, chooseNext, chooseNew, hasUndoRequest, neededLifeMs, requestLastsMs } from '../../../lambda/rotation/claim.ts';
import { judgeProof, matchesHint, prove } from '../../../lambda/rotation/proof.ts';
import type { ApiKeyInfo, ProbeAnswer } from '../../../lambda/rotation/ports.ts';
import { aDefinition, aRecord, policy } from '../../support/records.ts';

const definition = aDefinition();
const now = Date.UTC(2026, 8, 7);
const request = { at: now, by: 'operator', because: 'the new one is broken' };
const standby = aRecord({ apiKeyId: 'apikey_standby' });
const wanted = (changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord =>
  aRecord({ apiKeyId: 'apikey_old', state: 'inactive', token: 'first', undoRequest: request, ...changes });

test('the oldest standby key is claimed', () => {
  const records = [
    aRecord({ apiKeyId: 'apikey_new', addedAt: 2 }),
    aRecord({ apiKeyId: 'apikey_old', addedAt: 1 }),
    aRecord({ apiKeyId: 'apikey_used', addedAt: 0, state: 'current' }),
  ];
  expect(chooseNew(records, definition, now)).toMatchObject({ claim: { apiKeyId: 'apikey_old' } });
});

test('of two keys taken in at the same instant every run claims the same one', () => {
  const [a, b] = [aRecord({ apiKeyId: 'apikey_a' }), aRecord({ apiKeyId: 'apikey_b' })];
  for (const records of [
    [a, b],
    [b, a],
  ]) {
    expect(chooseNew(records, definition, now)).toEqual({ claim: a });
  }
});

test('a key that would not outlive the interval and the longest grace is passed over', () => {
  const needed = now + neededLifeMs(policy);
  const short = aRecord({ apiKeyId: 'apikey_short', addedAt: 1, expiresAt: needed - 1 });
  const long = aRecord({ apiKeyId: 'apikey_long', addedAt: 2, expiresAt: needed });
  expect(chooseNew([short, long], definition, now)).toMatchObject({ claim: { apiKeyId: 'apikey_long' } });
  expect(chooseNew([short], definition, now)).toEqual({ claim: 'none', why: 'keys-expire-too-soon' });
  expect(chooseNew([], definition, now)).toEqual({ claim: 'none', why: 'pool-empty' });
});

test('a key that is being deactivated this moment is not claimed', () => {
  const fenced = aRecord({ intent: { to: 'standby', at: now, cause: { code: 'found-active' } } });
  expect(chooseNew([fenced], definition, now)).toEqual({ claim: 'none', why: 'keys-in-hand' });
  expect(chooseNew([{ ...fenced, expiresAt: now }], definition, now)).toEqual({
    claim: 'none',
    why: 'keys-expire-too-soon',
  });
  expect(chooseNew([fenced, { ...standby, addedAt: 9 }], definition, now)).toMatchObject({ claim: { apiKeyId: 'apikey_standby' } });
});

test('an old key that an operator wants back goes before all standby keys', () => {
  const old = wanted();
  expect(chooseNext([standby, old], definition, now)).toEqual({ claim: old });
  expect(chooseNext([standby], definition, now)).toEqual({ claim: standby });
  expect(chooseNext([], definition, now)).toEqual({ claim: 'none', why: 'pool-empty' });
});

test('a request that has lapsed leaves the choice to the pool', () => {
  const lapsed = wanted({ undoRequest: { ...request, at: now - requestLastsMs } });
  expect(chooseNext([lapsed, standby], definition, now)).toEqual({ claim: standby });
});

test('a request lasts one hour to the millisecond', () => {
  expect(requestLastsMs).toBe(hourMs);
  expect(hasUndoRequest(wanted(), now + hourMs - 1)).toBe(true);
  expect(hasUndoRequest(wanted(), now + hourMs)).toBe(false);
});

test.each(['draining', 'inactive', 'contained'] as const)('a key that is %s can be asked for by an undo', (state) => {
  expect(hasUndoRequest(wanted({ state }), now)).toBe(true);
});

test.each(['standby', 'pending', 'current', 'rejected', 'archived'] as const)(
  'a request for a key that is %s counts for nothing',
  (state) => {
    expect(hasUndoRequest(wanted({ state }), now)).toBe(false);
  },
);

test('no key is asked for without a request, nor one that somebody is at work on', () => {
  expect(hasUndoRequest(aRecord({ state: 'inactive' }), now)).toBe(false);
  expect(hasUndoRequest(wanted({ intent: { to: 'archived', at: now, cause: { code: 'undo-period-over' } } }), now)).toBe(false);
});

test('a standby key must live through an interval and the longest grace; the key of an undo need not', () => {
  expect(neededLifeMs(policy)).toBe(policy.intervalMs + policy.maximumGraceMs);
  expect(aliveUntil(standby, policy, now)).toBe(now + policy.intervalMs + policy.maximumGraceMs);
  expect(aliveUntil(wanted({ origin: { state: 'inactive', versionId: 'first' } }), policy, now)).toBe(now);
});

const expected = { apiKeyId: 'apikey_one', organizationId: 'org-1', workspaceId: 'wrkspc_1', aliveUntil: now + 30 * dayMs };
const info: ApiKeyInfo = {
  apiKeyId: 'apikey_one',
  name: 'one',
  status: 'active',
  hint: null,
  principal: 'nobody',
  workspaceId: 'wrkspc_1',
  expiresAt: null,
};
const accepted: ProbeAnswer = { answer: 'accepted', organizationId: 'org-1', workspaceId: 'wrkspc_1' };
const value = new Secret(['sk-ant-api03', 'FAKEfakefakefakeAAAA'].join('-'));

test.each<[string, ProbeAnswer, ApiKeyInfo]>([
  ['both sides agree', accepted, info],
  ['it expires late enough, to the millisecond', accepted, { ...info, expiresAt: expected.aliveUntil }],
  ['the answer does not name the workspace', { ...accepted, workspaceId: null }, info],
])('a key is proven when %s', (_name, probe, known) => {
  expect(judgeProof(expected, probe, known)).toEqual({ verdict: 'proven' });
});

test.each<[string, ProbeAnswer, ApiKeyInfo | 'gone', Refutation]>([
  ['that Anthropic does not know', accepted, 'gone', { code: 'unknown-to-anthropic' }],
  ['that is archived', accepted, { ...info, status: 'archived' }, { code: 'key-ended', status: 'archived' }],
  ['that is expired', accepted, { ...info, status: 'expired' }, { code: 'key-ended', status: 'expired' }],
  [
    'of another workspace',
    accepted,
    { ...info, workspaceId: 'wrkspc_2' },
    { code: 'other-workspace', workspaceId: 'wrkspc_2', expected: 'wrkspc_1' },
  ],
  [
    'that is scoped to the whole organization',
    accepted,
    { ...info, workspaceId: null },
    { code: 'other-workspace', workspaceId: null, expected: 'wrkspc_1' },
  ],
  ['that expires too soon', accepted, { ...info, expiresAt: expected.aliveUntil - 1 }, { code: 'expires-too-soon' }],
])('a key %s is rejected', (_name, probe, known, cause) => {
  expect(judgeProof(expected, probe, known)).toEqual({ verdict: 'reject', cause });
});

// What is transient says nothing of the key, and never burns it.
test.each<[string, ProbeAnswer, ApiKeyInfo, Refutation, boolean]>([
  ['that is not yet active', accepted, { ...info, status: 'inactive' }, { code: 'shown-as', status: 'inactive' }, true],
  [
    'of a scope that this version does not know',
    accepted,
    { ...info, workspaceId: 'unknown', unclear: 'scope.type is "galaxy"' },
    { code: 'unclear-fields', apiKeyId: 'apikey_one', fields: 'scope.type is "galaxy"' },
    true,
  ],
  ['of a status nobody knew', accepted, { ...info, status: 'unknown' }, { code: 'shown-as', status: 'unknown' }, true],
  ['that nobody answered for', { answer: 'unclear', why: 'overloaded' }, info, { code: 'unclear-answer', detail: 'overloaded' }, true],
  ['that is refused although active', { answer: 'refused' }, info, { code: 'value-refused' }, false],
  [
    'for which another organization answers',
    { ...accepted, organizationId: 'org-2' },
    info,
    { code: 'value-of-other-organization' },
    false,
  ],
  ['for which another workspace answers', { ...accepted, workspaceId: 'wrkspc_2' }, info, { code: 'value-of-other-workspace' }, false],
])('a key %s is waited for', (_name, probe, known, cause, transient) => {
  expect(judgeProof(expected, probe, known)).toEqual({ verdict: 'wait', cause, transient });
});

/** Both sides answer from what a test says, look by look; the last answer stays. */
function looks(...answers: readonly (readonly [ProbeAnswer, ApiKeyInfo])[]) {
  const asked = { probes: 0, ids: [] as string[], pauses: [] as number[], instant: now };
  const at = (index: number) => answers[Math.min(index, answers.length - 1)] ?? [accepted, info];
  return {
    asked,
    clock: {
      now: () => asked.instant,
      pause: async (ms: number) => {
        asked.pauses.push(ms);
        asked.instant += ms;
      },
    },
    probe: {
      probe: async () => {
        asked.probes += 1;
        return at(asked.probes - 1)[0];
      },
    },
    keys: {
      retrieve: async (apiKeyId: string) => {
        asked.ids.push(apiKeyId);
        return at(asked.ids.length - 1)[1];
      },
    },
  };
}

test('a proof that both sides give at once asks each of them once and does not wait', async () => {
  const ports = looks([accepted, info]);
  expect(await prove(expected, value, ports)).toEqual({ verdict: 'proven' });
  expect(ports.asked).toEqual({ probes: 1, ids: ['apikey_one'], pauses: [], instant: now });
});

test('an activation that takes a moment is waited for, three seconds between two looks', async () => {
  const refused: ProbeAnswer = { answer: 'refused' };
  const ports = looks([accepted, { ...info, status: 'inactive' }], [refused, info], [accepted, info]);
  expect(await prove(expected, value, ports)).toEqual({ verdict: 'proven' });
  expect(ports.asked).toMatchObject({ probes: 3, pauses: [3_000, 3_000] });
});

test('one answer of another organization in between is no verdict', async () => {
  const ports = looks([{ ...accepted, organizationId: 'org-2' }, info], [accepted, info]);
  expect(await prove(expected, value, ports)).toEqual({ verdict: 'proven' });
  expect(ports.asked.pauses).toEqual([3_000]);
});

test('a rejection ends the looking', async () => {
  const ports = looks([accepted, { ...info, status: 'archived' }]);
  expect(await prove(expected, value, ports)).toEqual({ verdict: 'reject', cause: { code: 'key-ended', status: 'archived' } });
  expect(ports.asked.pauses).toEqual([]);
});

test('after ninety seconds the last verdict stands, and says until when it was so', async () => {
  const ports = looks([{ answer: 'refused' }, info]);
  expect(await prove(expected, value, ports)).toEqual({
    verdict: 'wait',
    cause: { code: 'value-refused', stillAt: now + 90_000 },
    transient: false,
  });
  expect(ports.asked).toMatchObject({ probes: 31, instant: now + 90_000 });
});

test('a value fits a hint by its start and its end', () => {
  expect(matchesHint(value, 'sk-ant-api03-FAK...AAAA')).toBe(true);
  expect(matchesHint(value, 'sk-ant-api03-OTH...AAAA')).toBe(false);
  expect(matchesHint(value, 'sk-ant-api03-FAK...BBBB')).toBe(false);
});

test('a hint that shows only one end, or nothing, fits no value', () => {
  for (const hint of [null, '', '...', 'sk-ant', 'sk-ant-api03-FAK...', '...AAAA']) expect(matchesHint(value, hint)).toBe(false);
  for (const hint of [null, 'undefined']) expect(matchesHint(new Secret('undefined'), hint)).toBe(false);
});

test('an answer that was on its way for longer than the deadline is none about now: both sides are asked once more', async () => {
  const ports = looks([{ answer: 'refused' }, info], [accepted, info]);
  const probe = async (): Promise<ProbeAnswer> => {
    ports.asked.instant += 2 * minuteMs;
    return ports.probe.probe();
  };
  expect(await prove(expected, value, { ...ports, probe: { probe } })).toEqual({ verdict: 'proven' });
});
