import type { AccessToken, Credential, Platform } from './state.ts';
import { forbidden, invalidRequest, notFound, unauthenticated } from './errors.ts';
import { worksAt } from './key-lifecycle.ts';
import { digestOf } from './state.ts';

/** What an endpoint asks of its caller. */
export type Access = 'public' | 'admin' | 'analytics' | 'inference';

/** Who calls, once the credential is known and works. */
export interface Caller {
  /** The credential's id; never its value. */
  readonly credentialId: string;
  readonly organizationId: string;
  readonly credential: Credential;
}

/** The credential of a request: `Authorization: Bearer` (SDK 1.x) or the older `x-api-key`, as a Claude key, an Admin key or a token. */
export function presentedValue(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const bearer = /^Bearer\s+(\S+)$/i.exec(single(headers['authorization']) ?? '');
  return bearer?.[1] ?? single(headers['x-api-key']);
}

/** The credential that a value belongs to, working or not: what the call log may name. */
export function knownCredential(platform: Platform, value: string | undefined): Caller | undefined {
  const credential = value === undefined ? undefined : platform.credentials.get(digestOf(value));
  if (credential === undefined) return undefined;
  const owner = credential.kind === 'token' ? credential.token : credential.key;
  return { credentialId: owner.id, organizationId: owner.organizationId, credential };
}

/** Throws 401 unless the credential opens something now. */
export function requireWorking(platform: Platform, caller: Caller | undefined): Caller {
  if (caller === undefined || !works(platform, caller.credential)) throw unauthenticated();
  return caller;
}

/** Throws 403 unless the credential is of a kind that the endpoint takes. */
export function requireAccess(platform: Platform, caller: Caller, access: Access): void {
  if (!allows(platform, caller.credential, access)) throw forbidden('This credential does not have permission for this endpoint');
}

/**
 * The workspace that a Claude call runs in. A credential of one workspace may name it and no other; one for several
 * must name one: missing or malformed 400, unknown or out of reach 404.
 */
export function workspaceOf(platform: Platform, caller: Caller, wanted: string | undefined): string {
  if (wanted !== undefined && !/^wrkspc_[A-Za-z0-9]+$/.test(wanted)) throw invalidRequest('anthropic-workspace-id is malformed');
  const own = caller.credential.kind === 'api-key' ? caller.credential.key.workspaceId : tokenOf(caller)?.workspaceId;
  const id = wanted ?? own;
  if (id === null || id === undefined) {
    throw invalidRequest(
      'anthropic-workspace-id is required when authenticating with an identity-linked API key that is not scoped to a workspace',
    );
  }
  const workspace = platform.workspaces.get(id);
  const reachable = typeof own === 'string' ? own === id : mayEnter(platform, caller, id);
  if (workspace?.organizationId !== caller.organizationId || workspace.archivedAt !== null || !reachable)
    throw notFound('Workspace not found');
  return id;
}

function works(platform: Platform, credential: Credential): boolean {
  const now = platform.clock.now();
  switch (credential.kind) {
    case 'api-key':
      return worksAt(credential.key, now, platform.settings.deactivationDelayMs);
    case 'admin-key':
      // Deleting an Admin key takes effect on the next request.
      return credential.key.deletedAt === null && (credential.key.expiresAt === null || now < credential.key.expiresAt);
    case 'token':
      return now < credential.token.expiresAt;
    default:
      return credential satisfies never;
  }
}

function allows(platform: Platform, credential: Credential, access: Access): boolean {
  switch (access) {
    case 'public':
      return true;
    case 'inference':
      return credential.kind === 'api-key' || hasScope(credential, 'workspace:inference') || hasScope(credential, 'workspace:developer');
    case 'admin':
      return credential.kind === 'admin-key' || hasScope(credential, 'org:admin') || isAdminPrincipal(platform, credential);
    case 'analytics':
      return (
        credential.kind === 'admin-key' ||
        isAdminPrincipal(platform, credential) ||
        (platform.settings.analyticsAcceptsTokens && hasScope(credential, 'org:admin'))
      );
    default:
      return access satisfies never;
  }
}

const hasScope = (credential: Credential, scope: string): boolean => credential.kind === 'token' && credential.token.scopes.has(scope);

/** A personal or service-account key administers only when no workspace binds it and its account is an admin. */
function isAdminPrincipal(platform: Platform, credential: Credential): boolean {
  if (credential.kind !== 'api-key' || credential.key.workspaceId !== null || credential.key.principal === null) return false;
  const account = platform.accounts.get(credential.key.principal.id);
  return account?.organizationRole === 'admin' && account.archivedAt === null;
}

/** Admins act everywhere; everybody belongs to the default workspace. */
function mayEnter(platform: Platform, caller: Caller, workspaceId: string): boolean {
  const { credential } = caller;
  const accountId = credential.kind === 'api-key' ? credential.key.principal?.id : tokenOf(caller)?.serviceAccountId;
  const account = accountId === undefined ? undefined : platform.accounts.get(accountId);
  if (account === undefined) return false;
  return (
    account.organizationRole === 'admin' ||
    account.workspaceIds.has(workspaceId) ||
    platform.organizations.get(caller.organizationId)?.defaultWorkspaceId === workspaceId
  );
}

const tokenOf = (caller: Caller): AccessToken | undefined => (caller.credential.kind === 'token' ? caller.credential.token : undefined);

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
