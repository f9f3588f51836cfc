import type { APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import type { ApiKey, Platform } from './state.ts';
import type { AuthenticatedRequest, Route } from './routing.ts';
import { invalidRequest, notFound } from './errors.ts';
import { fieldsOf, optionalText, optionalWord, wordOf } from './fields.ts';
import { changeStatus, statusAt } from './key-lifecycle.ts';
import { pageById } from './paging.ts';
import { json } from './routing.ts';
import { activeKeyLimitReached } from './state.ts';

/**
 * The Admin API's key endpoints: list, retrieve, update; there is no create, and none ever answers with a value.
 * Admin keys are not in the list (assumed: not stated), archived and expired keys are.
 */
export function apiKeyRoutes(platform: Platform): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/organizations/api_keys',
      access: 'admin',
      answer: (request) => json(listKeys(platform, request)),
    },
    {
      method: 'GET',
      path: '/v1/organizations/api_keys/{api_key_id}',
      access: 'admin',
      answer: (request) => json(shownKey(keyNamed(platform, request), request)),
    },
    {
      method: 'POST',
      path: '/v1/organizations/api_keys/{api_key_id}',
      access: 'admin',
      answer: (request) => json(updateKey(platform, request)),
    },
  ];
}

function listKeys(platform: Platform, request: AuthenticatedRequest): object {
  const { query, caller } = request;
  const status = query.get('status');
  const wanted = status === null ? undefined : wordOf(status, 'status', ['active', 'inactive', 'archived', 'expired'] as const);
  const workspaceId = query.get('workspace_id');
  const creator = query.get('created_by_user_id');
  // Newest first; the real order is not stated, so no caller may rely on it.
  const all = [...platform.keys.values()].filter((key) => key.organizationId === caller.organizationId).reverse();
  const matching = all
    .map((key) => ({ key, shown: shownKey(key, request) }))
    .filter(
      ({ key, shown }) => (wanted === undefined || shown.status === wanted) && (workspaceId === null || key.workspaceId === workspaceId),
    )
    .filter(({ key }) => creator === null || (key.createdBy?.type === 'user' && key.createdBy.id === creator))
    .map(({ shown }) => shown);
  return pageById(
    matching,
    all.map((key) => key.id),
    query,
  );
}

function updateKey(platform: Platform, request: AuthenticatedRequest): APIKey {
  const key = keyNamed(platform, request);
  const fields = fieldsOf(request.body ?? {});
  const name = optionalText(fields, 'name');
  const status = optionalWord(fields, 'status', ['active', 'inactive', 'archived'] as const);
  if (name !== undefined && (name.length < 1 || name.length > 500))
    throw invalidRequest('name: String should have between 1 and 500 characters');
  if (status === 'active' && statusAt(key, request.now) === 'inactive') {
    const limit = activeKeyLimitReached(platform, key);
    if (limit !== undefined) throw invalidRequest('The limit of active API keys is reached', limit);
  }
  if (status !== undefined) changeStatus(key, status, request.caller.credentialId, request.now);
  if (name !== undefined && name !== key.name) {
    key.nameBefore = key.name;
    key.name = name;
  }
  return shownKey(key, { ...request, stale: false });
}

function keyNamed(platform: Platform, request: AuthenticatedRequest): ApiKey {
  const key = platform.keys.get(request.path['api_key_id'] ?? '');
  if (key?.organizationId !== request.caller.organizationId) throw notFound('API key not found');
  return key;
}

/** The wire shape of API version 2026-10-21. */
function shownKey(key: ApiKey, request: Pick<AuthenticatedRequest, 'now' | 'stale'>): APIKey {
  const stale = request.stale && key.history.length > 1;
  const life = stale ? { expiresAt: key.expiresAt, history: key.history.slice(0, -1) } : key;
  return {
    type: 'api_key',
    id: key.id,
    name: request.stale ? (key.nameBefore ?? key.name) : key.name,
    created_at: new Date(key.createdAt).toISOString(),
    created_by: key.createdBy === null ? null : { type: key.createdBy.type, id: key.createdBy.id },
    expires_at: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
    partial_key_hint: key.hint,
    principal: shownPrincipal(key),
    scope: key.workspaceId === null ? { type: 'organization' } : { type: 'workspace', workspace_id: key.workspaceId },
    status: statusAt(life, request.now),
  };
}

function shownPrincipal({ principal }: ApiKey): APIKey['principal'] {
  if (principal === null) return null;
  return principal.type === 'user'
    ? { type: 'user_actor', user_id: principal.id }
    : { type: 'service_account_actor', service_account_id: principal.id };
}
