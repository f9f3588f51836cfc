import { expect, test } from 'vitest';
import { aPlatform, refusalOf } from './platform.ts';

test('the SDK creates, reads, renames and lists workspaces', async () => {
  const platform = await aPlatform();
  const { workspaces } = platform.admin.organization;
  const created = await workspaces.create({ name: 'Staging', tags: { team: 'search' } });
  expect(created).toMatchObject({ type: 'workspace', name: 'Staging', archived_at: null, tags: { team: 'search' } });
  expect(await workspaces.update(created.id, { name: 'Stage', tags: { team: null, tier: 'two' } })).toMatchObject({
    name: 'Stage',
    tags: { tier: 'two' },
  });
  expect(await workspaces.retrieve(created.id)).toMatchObject({ name: 'Stage', tags: { tier: 'two' } });
  const names = async (query: Parameters<typeof workspaces.list>[0]): Promise<string[]> =>
    (await workspaces.list(query)).data.map(({ name }) => name);
  expect(await names({})).toEqual(['Stage', 'Production']);
  expect(await names({ include_default: true })).toEqual(['Stage', 'Production', 'Default']);
  expect(await names({ ids: [platform.workspaceId] })).toEqual(['Production']);
});

test('archiving a workspace archives its keys for good and hides it from the list', async () => {
  const platform = await aPlatform();
  const { workspaces, apiKeys } = platform.admin.organization;
  expect(await workspaces.archive(platform.workspaceId)).toMatchObject({ archived_at: '2026-11-23T12:00:00.000Z' });
  expect(await apiKeys.retrieve(platform.key.id)).toMatchObject({ status: 'archived' });
  expect(await refusalOf(platform.client(platform.key.value).models.list())).toMatchObject({ status: 401 });
  expect(await refusalOf(apiKeys.update(platform.key.id, { status: 'active' }))).toMatchObject({ status: 400 });
  expect((await workspaces.list()).data).toEqual([]);
  expect((await workspaces.list({ include_archived: true })).data).toHaveLength(1);
});

test('a key for several workspaces loses the archived one and keeps the others', async () => {
  const platform = await aPlatform();
  const account = platform.console.createServiceAccount({ name: 'wide', workspaceIds: [platform.workspaceId] });
  const key = platform.console.createApiKey({
    name: 'wide',
    scope: 'organization',
    principal: { type: 'service_account', id: account.id },
  });
  const client = platform.client(key.value);
  platform.console.archiveWorkspace(platform.workspaceId);
  expect(await refusalOf(client.models.list({ workspace_id: platform.workspaceId }))).toMatchObject({ status: 404 });
  expect((await client.models.list({ workspace_id: platform.organization.defaultWorkspaceId, limit: 1 })).data).toHaveLength(1);
});

test('the default workspace cannot be archived', async () => {
  const platform = await aPlatform();
  expect(await refusalOf(platform.admin.organization.workspaces.archive(platform.organization.defaultWorkspaceId))).toMatchObject({
    status: 400,
  });
});

test('the organization is told by its Admin key', async () => {
  const platform = await aPlatform();
  expect(await platform.admin.organization.retrieve()).toMatchObject({
    id: platform.organization.id,
    type: 'organization',
    name: 'Local Organization',
  });
});
