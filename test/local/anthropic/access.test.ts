import type { TestPlatform } from './platform.ts';
import { describe, expect, test } from 'vitest';
import { aPlatform } from './platform.ts';

const VERSION = { 'anthropic-version': '2026-10-21' };

/** Credentials of every kind, and what each opens. */
function credentials(platform: TestPlatform): Record<string, string> {
  const { console: people, workspaceId } = platform;
  const admin = people.createUser({ name: 'Ada', organizationRole: 'admin' });
  const developer = people.createServiceAccount({ name: 'batch', workspaceIds: [workspaceId] });
  return {
    'workspace key': platform.key.value,
    'admin key': platform.adminKey.value,
    'organization key of an admin': people.createApiKey({ name: 'a', scope: 'organization', principal: { type: 'user', id: admin.id } })
      .value,
    'organization key of a developer': people.createApiKey({
      name: 'b',
      scope: 'organization',
      principal: { type: 'service_account', id: developer.id },
    }).value,
    'unknown key': 'sk-ant-api03-FAKE-unknown',
  };
}

describe('who may call what', () => {
  const cases: [credential: string, admin: number, models: number][] = [
    ['workspace key', 403, 200],
    ['admin key', 200, 403],
    ['organization key of an admin', 200, 200],
    ['organization key of a developer', 403, 200],
    ['unknown key', 401, 401],
  ];
  test.each(cases)('%s: admin %i, models %i', async (credential, admin, models) => {
    const platform = await aPlatform();
    const value = credentials(platform)[credential] ?? '';
    const workspace = credential.startsWith('organization') ? { 'anthropic-workspace-id': platform.workspaceId } : {};
    for (const header of [{ 'x-api-key': value }, { authorization: `Bearer ${value}` }]) {
      const headers = { ...VERSION, ...workspace, ...header };
      expect((await platform.call('/v1/organizations/api_keys', { headers })).status).toBe(admin);
      expect((await platform.call('/v1/models', { headers })).status).toBe(models);
    }
  });
});

test('no credential at all is 401', async () => {
  const platform = await aPlatform();
  expect(await platform.call('/v1/models', { headers: VERSION })).toMatchObject({
    status: 401,
    body: { error: { type: 'authentication_error' } },
  });
});

test('a call without a version, or with one that was never published, is 400', async () => {
  const platform = await aPlatform();
  const headers = { 'x-api-key': platform.key.value };
  expect(await platform.call('/v1/models', { headers })).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error' } } });
  expect((await platform.call('/v1/models', { headers: { ...headers, 'anthropic-version': '2020-01-01' } })).status).toBe(400);
  expect((await platform.call('/v1/models', { headers: { ...headers, 'anthropic-version': '2023-06-01' } })).status).toBe(200);
});

test('an unknown path is 404, whoever asks, and one that cannot be decoded is too', async () => {
  const platform = await aPlatform();
  expect((await platform.call('/v1/models/%zz', { headers: { ...VERSION, 'x-api-key': platform.key.value } })).status).toBe(404);
  const answer = await platform.call('/v1/organizations/api_keys', {
    method: 'PUT',
    headers: { ...VERSION, 'x-api-key': platform.adminKey.value },
  });
  expect(answer).toMatchObject({ status: 404, body: { type: 'error', error: { type: 'not_found_error' } } });
});

test('a stranger hears 401 before anything about the body', async () => {
  const platform = await aPlatform();
  const send = async (value: string): Promise<number> =>
    (await platform.call('/v1/messages', { method: 'POST', headers: { ...VERSION, 'x-api-key': value }, body: '{' })).status;
  expect(await send('sk-ant-api03-FAKE-unknown')).toBe(401);
  expect(await send(platform.key.value)).toBe(400);
});

test('admin answers name the organization and no workspace', async () => {
  const platform = await aPlatform();
  const { headers } = await platform.call('/v1/organizations/me', { headers: { ...VERSION, 'x-api-key': platform.adminKey.value } });
  expect(headers.get('anthropic-organization-id')).toBe(platform.organization.id);
  expect(headers.get('anthropic-workspace-id')).toBeNull();
  expect(headers.get('request-id')).toMatch(/^req_/);
});

describe('the workspace header', () => {
  const cases: [credential: string, workspace: 'none' | 'own' | 'default' | 'foreign' | 'malformed', status: number][] = [
    ['workspace key', 'none', 200],
    ['workspace key', 'own', 200],
    ['workspace key', 'default', 404],
    ['workspace key', 'malformed', 400],
    ['organization key of a developer', 'none', 400],
    ['organization key of a developer', 'own', 200],
    ['organization key of a developer', 'default', 200],
    ['organization key of a developer', 'foreign', 404],
    ['organization key of an admin', 'foreign', 200],
  ];
  test.each(cases)('%s, %s: %i', async (credential, workspace, status) => {
    const platform = await aPlatform();
    const ids = {
      none: undefined,
      own: platform.workspaceId,
      default: platform.organization.defaultWorkspaceId,
      foreign: platform.console.createWorkspace('Foreign').id,
      malformed: 'production',
    };
    const id = ids[workspace];
    const answer = await platform.call('/v1/models', {
      headers: {
        ...VERSION,
        'x-api-key': credentials(platform)[credential] ?? '',
        ...(id === undefined ? {} : { 'anthropic-workspace-id': id }),
      },
    });
    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.headers.get('anthropic-workspace-id')).toBe(id ?? platform.workspaceId);
  });
});

test('a deleted and an expired Admin key open nothing', async () => {
  const platform = await aPlatform();
  const short = platform.console.createAdminKey({ expiresAt: '2026-11-23T12:00:01Z' });
  const status = async (value: string): Promise<number> =>
    (await platform.call('/v1/organizations/me', { headers: { ...VERSION, 'x-api-key': value } })).status;
  expect(await status(short.value)).toBe(200);
  platform.clock.advance(1000);
  expect(await status(short.value)).toBe(401);
  platform.console.deleteAdminKey(platform.adminKey.id);
  expect(await status(platform.adminKey.value)).toBe(401);
});
