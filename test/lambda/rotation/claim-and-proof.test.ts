import { expect, test } from 'vitest';
import { dayMs } from '../../../lambda/foundation/clock.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { chooseStandby, neededLifeMs } from '../../../lambda/rotation/claim.ts';
import { judgeProof, matchesHint } from '../../../lambda/rotation/proof.ts';
import type { ApiKeyInfo, ProbeAnswer } from '../../../lambda/rotation/ports.ts';
import { aDefinition, aRecord, policy } from '../../support/records.ts';

const definition = aDefinition();
const now = Date.UTC(2026, 8, 7);

test('the oldest standby key of the managed key is claimed', () => {
  const records = [
    aRecord({ apiKeyId: 'apikey_new', addedAt: 2 }),
    aRecord({ apiKeyId: 'apikey_old', addedAt: 1 }),
    aRecord({ apiKeyId: 'apikey_other', addedAt: 0, managedKey: 'staging' }),
    aRecord({ apiKeyId: 'apikey_used', addedAt: 0, state: 'current' }),
  ];
  expect(chooseStandby(records, definition, now)).toMatchObject({ claim: { apiKeyId: 'apikey_old' } });
});

test('a key that would not outlive the interval and the longest grace is passed over', () => {
  const needed = now + neededLifeMs(policy);
  const short = aRecord({ apiKeyId: 'apikey_short', addedAt: 1, expiresAt: needed - 1 });
  const long = aRecord({ apiKeyId: 'apikey_long', addedAt: 2, expiresAt: needed });
  expect(chooseStandby([short, long], definition, now)).toMatchObject({ claim: { apiKeyId: 'apikey_long' } });
  expect(chooseStandby([short], definition, now)).toEqual({ claim: 'none', because: 'every standby key expires too soon' });
  expect(chooseStandby([], definition, now)).toEqual({ claim: 'none', because: 'the pool is empty' });
});

test('a key that is being put to sleep this moment is not claimed', () => {
  const fenced = aRecord({ intent: { to: 'standby', at: now, because: 'found awake' } });
  expect(chooseStandby([fenced], definition, now)).toMatchObject({ claim: 'none' });
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
  createdAt: now,
};
const accepted: ProbeAnswer = { answer: 'accepted', organizationId: 'org-1', workspaceId: 'wrkspc_1' };

test.each<[string, ProbeAnswer, ApiKeyInfo | 'gone', string]>([
  ['both sides agree', accepted, info, 'proven'],
  ['Anthropic does not know it', accepted, 'gone', 'reject'],
  ['archived', accepted, { ...info, status: 'archived' }, 'reject'],
  ['expired', accepted, { ...info, status: 'expired' }, 'reject'],
  ['another workspace by the Admin API', accepted, { ...info, workspaceId: 'wrkspc_2' }, 'reject'],
  ['scoped to the whole organization', accepted, { ...info, workspaceId: null }, 'reject'],
  ['expires too soon', accepted, { ...info, expiresAt: now + dayMs }, 'reject'],
  ['the value belongs to another organization', { ...accepted, organizationId: 'org-2' }, info, 'reject'],
  ['the value belongs to another workspace', { ...accepted, workspaceId: 'wrkspc_2' }, info, 'reject'],
  ['not yet active', accepted, { ...info, status: 'inactive' }, 'wait'],
  ['a status nobody knew when this was written', accepted, { ...info, status: 'unknown' }, 'wait'],
  ['refused although active', { answer: 'refused' }, info, 'wait'],
  ['no answer', { answer: 'unclear', why: 'overloaded' }, info, 'wait'],
])('proof: %s', (_name, probe, known, verdict) => {
  expect(judgeProof(expected, probe, known).verdict).toBe(verdict);
});

test('a value fits a hint by its start and its end only', () => {
  const value = new Secret(['sk-ant-api03', 'FAKEfakefakefakeAAAA'].join('-'));
  expect(matchesHint(value, 'sk-ant-api03-FAK...AAAA')).toBe(true);
  expect(matchesHint(value, 'sk-ant-api03-OTH...AAAA')).toBe(false);
  expect(matchesHint(value, 'sk-ant-api03-FAK...BBBB')).toBe(false);
  for (const hint of [null, '', '...', 'sk-ant']) expect(matchesHint(value, hint)).toBe(false);
});
