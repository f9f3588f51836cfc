import type { Workspace as WireWorkspace } from '@anthropic-ai/sdk/resources/organization/workspaces';
import type { Platform, Workspace } from './state.ts';
import type { AuthenticatedRequest, Route } from './routing.ts';
import { invalidRequest, notFound } from './errors.ts';
import { fieldsOf, isFields, listOf, optionalText, requiredText } from './fields.ts';
import { changeStatus } from './key-lifecycle.ts';
import { pageById } from './paging.ts';
import { json } from './routing.ts';

/** Active workspaces that an organization may have by default. */
const MAXIMUM_ACTIVE = 100;

export function workspaceRoutes(platform: Platform): Route[] {
  const one = '/v1/organizations/workspaces/{workspace_id}';
  return [
    { method: 'GET', path: '/v1/organizations/me', access: 'admin', answer: (request) => json(shownOrganization(platform, request)) },
    { method: 'GET', path: '/v1/organizations/workspaces', access: 'admin', answer: (request) => json(listWorkspaces(platform, request)) },
    { method: 'POST', path: '/v1/organizations/workspaces', access: 'admin', answer: (request) => json(createFromBody(platform, request)) },
    { method: 'GET', path: one, access: 'admin', answer: (request) => json(shownWorkspace(workspaceNamed(platform, request))) },
    { method: 'POST', path: one, access: 'admin', answer: (request) => json(updateWorkspace(platform, request)) },
    {
      method: 'POST',
      path: `${one}/archive`,
      access: 'admin',
      answer: (request) => json(shownWorkspace(archiveWorkspace(platform, workspaceNamed(platform, request)))),
    },
  ];
}

/** Adds a workspace; the Console and the API do it the same way. */
export function addWorkspace(platform: Platform, organizationId: string, name: string): Workspace {
  const workspace: Workspace = {
    id: platform.draw.id('wrkspc_'),
    organizationId,
    createdAt: platform.clock.now(),
    compartmentId: platform.draw.uuid(),
    name,
    displayColor: '#6C5BB9',
    tags: {},
    archivedAt: null,
  };
  platform.workspaces.set(workspace.id, workspace);
  return workspace;
}

/** Archives a workspace for good, and every key in it. */
export function archiveWorkspace(platform: Platform, workspace: Workspace): Workspace {
  const isDefault = [...platform.organizations.values()].some((organization) => organization.defaultWorkspaceId === workspace.id);
  if (isDefault) throw invalidRequest('The default workspace cannot be archived');
  if (workspace.archivedAt !== null) return workspace;
  const now = platform.clock.now();
  workspace.archivedAt = now;
  for (const key of platform.keys.values()) if (key.workspaceId === workspace.id) changeStatus(key, 'archived', 'workspace', now);
  return workspace;
}

function shownOrganization(platform: Platform, request: AuthenticatedRequest): object {
  const organization = platform.organizations.get(request.caller.organizationId);
  if (organization === undefined) throw notFound('Organization not found');
  return { id: organization.id, type: 'organization', name: organization.name };
}

function listWorkspaces(platform: Platform, request: AuthenticatedRequest): object {
  const { query, caller } = request;
  const ids = listOf(query, 'ids');
  if (ids.length > 100) throw invalidRequest('ids: at most 100');
  const defaultId = platform.organizations.get(caller.organizationId)?.defaultWorkspaceId;
  const all = [...platform.workspaces.values()].filter((workspace) => workspace.organizationId === caller.organizationId).reverse();
  const matching = all
    .filter((workspace) => query.get('include_archived') === 'true' || workspace.archivedAt === null)
    .filter((workspace) => query.get('include_default') === 'true' || workspace.id !== defaultId)
    .filter((workspace) => ids.length === 0 || ids.includes(workspace.id));
  return pageById(
    matching.map(shownWorkspace),
    all.map((workspace) => workspace.id),
    query,
  );
}

function createFromBody(platform: Platform, request: AuthenticatedRequest): WireWorkspace {
  const fields = fieldsOf(request.body);
  const name = requiredText(fields, 'name');
  const { organizationId } = request.caller;
  const active = [...platform.workspaces.values()].filter((other) => other.organizationId === organizationId && other.archivedAt === null);
  // The default workspace does not count.
  if (active.length > MAXIMUM_ACTIVE) throw invalidRequest(`An organization may have ${MAXIMUM_ACTIVE} active workspaces`);
  const workspace = addWorkspace(platform, organizationId, name);
  applyFields(workspace, request);
  return shownWorkspace(workspace);
}

function updateWorkspace(platform: Platform, request: AuthenticatedRequest): WireWorkspace {
  const workspace = workspaceNamed(platform, request);
  if (workspace.archivedAt !== null) throw invalidRequest('An archived workspace cannot be updated');
  workspace.name = optionalText(fieldsOf(request.body ?? {}), 'name') ?? workspace.name;
  applyFields(workspace, request);
  return shownWorkspace(workspace);
}

function applyFields(workspace: Workspace, request: AuthenticatedRequest): void {
  const fields = fieldsOf(request.body ?? {});
  workspace.displayColor = optionalText(fields, 'display_color') ?? workspace.displayColor;
  if (!isFields(fields['tags'])) return;
  const tags = new Map(Object.entries(workspace.tags));
  for (const [tag, value] of Object.entries(fields['tags'])) {
    if (tag.startsWith('anthropic')) throw invalidRequest('tags: keys may not begin with anthropic');
    if (typeof value === 'string') tags.set(tag, value);
    else tags.delete(tag);
  }
  workspace.tags = Object.fromEntries(tags);
}

function workspaceNamed(platform: Platform, request: AuthenticatedRequest): Workspace {
  const workspace = platform.workspaces.get(request.path['workspace_id'] ?? '');
  if (workspace?.organizationId !== request.caller.organizationId) throw notFound('Workspace not found');
  return workspace;
}

function shownWorkspace(workspace: Workspace): WireWorkspace {
  return {
    type: 'workspace',
    id: workspace.id,
    name: workspace.name,
    created_at: new Date(workspace.createdAt).toISOString(),
    archived_at: workspace.archivedAt === null ? null : new Date(workspace.archivedAt).toISOString(),
    compartment_id: workspace.compartmentId,
    data_residency: { allowed_inference_geos: 'unrestricted', default_inference_geo: 'global', workspace_geo: 'us' },
    display_color: workspace.displayColor,
    external_key_id: null,
    tags: { ...workspace.tags },
    user_profile_id: null,
  };
}
