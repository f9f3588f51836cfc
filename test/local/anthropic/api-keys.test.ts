import type { SettableStatus } from '../../../local/anthropic/key-lifecycle.ts';
import { describe, expect, test } from 'vitest';
import { MINUTE_MS, aPlatform, refusalOf } from './platform.ts';

describe('a status moves only as Anthropic allows', () => {
  const cases: [from: 'active' | 'inactive' | 'archived' | 'expired', to: SettableStatus, outcome: number][] = [
    ['active', 'inactive', 200],
    ['active', 'archived', 200],
    ['active', 'active', 200],
    ['inactive', 'active', 200],
    ['inactive', 'archived', 200],
    ['inactive', 'inactive', 200],
    ['archived', 'active', 400],
    ['archived', 'inactive', 400],
    ['archived', 'archived', 200],
    ['expired', 'active', 400],
    ['expired', 'inactive', 400],
    ['expired', 'archived', 200],
  ];
  test.each(cases)('from %s to %s: %i', async (from, to, outcome) => {
    const platform = await aPlatform();
    const { id } = platform.console.createApiKey({
      name: 'subject',
      workspaceId: platform.workspaceId,
      ...(from === 'expired' ? { expiresAt: '2026-11-23T13:00:00Z' } : {}),
    });
    if (from === 'expired') platform.clock.advance(60 * MINUTE_MS);
    else platform.console.setStatus(id, from);
    const update = platform.admin.organization.apiKeys.update(id, { status: to });
    if (outcome === 200) expect(await update).toMatchObject({ status: to });
    else expect(await refusalOf(update)).toMatchObject({ status: outcome, type: 'invalid_request_error' });
    expect(platform.inspect.key(id).status).toBe(outcome === 200 ? to : from);
  });

  test('nobody can set expired', async () => {
    const platform = await aPlatform();
    const answer = await platform.call(`/v1/organizations/api_keys/${platform.key.id}`, {
      method: 'POST',
      headers: { 'x-api-key': platform.adminKey.value, 'anthropic-version': '2026-10-21' },
      body: JSON.stringify({ status: 'expired' }),
    });
    expect(answer).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error' } } });
  });
});

test('null and absent fields change nothing', async () => {
  const platform = await aPlatform();
  expect(await platform.admin.organization.apiKeys.update(platform.key.id, { name: null, status: null })).toMatchObject({
    name: 'production',
    status: 'active',
  });
  expect(await platform.admin.organization.apiKeys.update(platform.key.id, {})).toMatchObject({ name: 'production', status: 'active' });
});

test('a key expires by the clock, and answers 401 from that instant on', async () => {
  const platform = await aPlatform();
  const key = platform.console.createApiKey({ name: 'short', workspaceId: platform.workspaceId, expiresAt: '2026-11-23T12:05:00Z' });
  const client = platform.client(key.value);
  platform.clock.advance(5 * MINUTE_MS - 1);
  await client.models.list();
  platform.clock.advance(1);
  expect(await refusalOf(client.models.list())).toMatchObject({ status: 401, type: 'authentication_error' });
  expect(await platform.admin.organization.apiKeys.retrieve(key.id)).toMatchObject({
    status: 'expired',
    expires_at: '2026-11-23T12:05:00.000Z',
  });
  expect(platform.inspect.key(key.id).history.map(({ status, by }) => `${status} by ${by}`)).toEqual([
    'active by console',
    'expired by expiry',
  ]);
});

test('a change takes effect after the delay, in both directions, though reads show it at once', async () => {
  const platform = await aPlatform({ deactivationDelayMs: 10_000 });
  const statusOfCall = async (): Promise<number> =>
    (await platform.call('/v1/models', { headers: { 'x-api-key': platform.key.value, 'anthropic-version': '2026-10-21' } })).status;
  await platform.admin.organization.apiKeys.update(platform.key.id, { status: 'inactive' });
  expect(await platform.admin.organization.apiKeys.retrieve(platform.key.id)).toMatchObject({ status: 'inactive' });
  platform.clock.advance(9_999);
  expect(await statusOfCall()).toBe(200);
  platform.clock.advance(1);
  expect(await statusOfCall()).toBe(401);
  await platform.admin.organization.apiKeys.update(platform.key.id, { status: 'active' });
  platform.clock.advance(9_999);
  expect(await statusOfCall()).toBe(401);
  platform.clock.advance(1);
  expect(await statusOfCall()).toBe(200);
});

describe('the list', () => {
  test('pages forward through all keys, and backward from any of them', async () => {
    const platform = await aPlatform();
    const made = Array.from({ length: 7 }, (_, index) => platform.console.createApiKey({ name: `key ${index}` }).id);
    const newestFirst = [...made.toReversed(), platform.key.id];
    const seen = [];
    for await (const key of platform.admin.organization.apiKeys.list({ limit: 3 })) seen.push(key.id);
    expect(seen).toEqual(newestFirst);
    expect(platform.intercept.calls).toHaveLength(3);
    const before = await platform.admin.organization.apiKeys.list({ limit: 2, before_id: newestFirst[4] ?? '' });
    expect(before.data.map(({ id }) => id)).toEqual(newestFirst.slice(2, 4));
    expect(before).toMatchObject({ has_more: true, first_id: newestFirst[2], last_id: newestFirst[3] });
  });

  test('filters by status, workspace and creator, and shows archived and expired keys', async () => {
    const platform = await aPlatform();
    const user = platform.console.createUser({ name: 'Ada' });
    const archived = platform.console.createApiKey({ name: 'archived', workspaceId: platform.workspaceId });
    const expired = platform.console.createApiKey({ name: 'expired', expiresAt: '2026-11-23T12:01:00Z' });
    const personal = platform.console.createApiKey({ name: 'personal', scope: 'organization', principal: { type: 'user', id: user.id } });
    platform.console.setStatus(archived.id, 'archived');
    platform.clock.advance(MINUTE_MS);
    const list = async (query: Parameters<typeof platform.admin.organization.apiKeys.list>[0]): Promise<string[]> =>
      (await platform.admin.organization.apiKeys.list(query)).data.map(({ name }) => name);
    expect(await list({})).toEqual(['personal', 'expired', 'archived', 'production']);
    expect(await list({ status: 'expired' })).toEqual(['expired']);
    expect(await list({ status: 'archived' })).toEqual(['archived']);
    expect(await list({ workspace_id: platform.workspaceId })).toEqual(['archived', 'production']);
    // Keys of the organization are under no workspace.
    expect(await list({ workspace_id: platform.organization.defaultWorkspaceId })).toEqual(['expired']);
    expect(await list({ created_by_user_id: user.id })).toEqual(['personal', 'expired', 'archived']);
    expect(await platform.admin.organization.apiKeys.retrieve(personal.id)).toMatchObject({
      scope: { type: 'organization' },
      principal: { type: 'user_actor', user_id: user.id },
      created_by: { type: 'user', id: user.id },
    });
    expect(await platform.admin.organization.apiKeys.retrieve(expired.id)).toMatchObject({
      scope: { type: 'workspace', workspace_id: platform.organization.defaultWorkspaceId },
    });
  });

  test.each(['limit=0', 'limit=1001', 'limit=ten', 'status=deleted', 'after_id=apikey_unknown'])('refuses %s', async (query) => {
    const platform = await aPlatform();
    const answer = await platform.call(`/v1/organizations/api_keys?${query}`, {
      headers: { 'x-api-key': platform.adminKey.value, 'anthropic-version': '2026-10-21' },
    });
    expect(answer).toMatchObject({ status: 400, body: { type: 'error', error: { type: 'invalid_request_error' } } });
  });

  test('never shows another organization, nor lets it be touched', async () => {
    const platform = await aPlatform();
    const other = platform.console.createOrganization('Other');
    const foreign = platform.client(platform.console.createAdminKey({ organizationId: other.id }).value);
    expect((await foreign.organization.apiKeys.list()).data).toEqual([]);
    expect(await refusalOf(foreign.organization.apiKeys.update(platform.key.id, { status: 'inactive' }))).toMatchObject({
      status: 404,
      type: 'not_found_error',
    });
    expect(platform.inspect.key(platform.key.id).status).toBe('active');
  });
});

describe('a limit of active keys stops a key from waking up', () => {
  test.each([
    ['org_api_key_limit_exceeded', { activeKeysPerOrganization: 1 }],
    ['workspace_api_key_limit_exceeded', { activeKeysPerWorkspace: 1 }],
  ])('%s', async (errorCode, limit) => {
    const platform = await aPlatform();
    const standby = platform.console.createApiKey({ name: 'standby', workspaceId: platform.workspaceId });
    platform.console.setStatus(standby.id, 'inactive');
    platform.console.adjust(limit);
    const wake = (): PromiseLike<unknown> => platform.admin.organization.apiKeys.update(standby.id, { status: 'active' });
    expect(await refusalOf(wake())).toMatchObject({ status: 400, errorCode });
    expect(platform.inspect.key(standby.id).status).toBe('inactive');
    platform.console.setStatus(platform.key.id, 'inactive');
    expect(await wake()).toMatchObject({ status: 'active' });
  });
});

test('the keys of an account die with it', async () => {
  const platform = await aPlatform();
  const account = platform.console.createServiceAccount({ name: 'batch', workspaceIds: [platform.workspaceId] });
  const key = platform.console.createApiKey({
    name: 'batch',
    workspaceId: platform.workspaceId,
    principal: { type: 'service_account', id: account.id },
  });
  platform.console.archiveAccount(account.id);
  expect(platform.inspect.key(key.id).status).toBe('archived');
  expect(platform.inspect.key(platform.key.id).status).toBe('active');
});
