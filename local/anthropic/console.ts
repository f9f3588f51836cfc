import type { Account, ApiKey, Credential, Organization, Platform, PlatformSettings, Principal, Workspace } from './state.ts';
import type { Federation, FederationIssuer, FederationRule, IssuerInput, RuleInput } from './federation.ts';
import type { SettableStatus } from './key-lifecycle.ts';
import type { Traffic } from './use.ts';
import { changeStatus } from './key-lifecycle.ts';
import { activeKeyLimitReached, digestOf } from './state.ts';
import { countsOf } from './use.ts';
import { addWorkspace, archiveWorkspace } from './workspaces.ts';

interface ApiKeyInput {
  readonly name: string;
  /** @default the default workspace of the organization */
  readonly workspaceId?: string;
  /** `organization`: not bound to a workspace; needs a principal. @default 'workspace' */
  readonly scope?: 'workspace' | 'organization';
  /** @default the first organization */
  readonly organizationId?: string;
  /** ISO 8601 or milliseconds since the epoch; cannot be changed later. @default never */
  readonly expiresAt?: string | number;
  /** Whom the key acts as. @default nobody: a legacy workspace key */
  readonly principal?: Principal;
  /** @default the first user of the organization, if there is one */
  readonly createdBy?: Principal;
}

interface CreatedCredential {
  readonly id: string;
  /** Shown once. */
  readonly value: string;
}

/** What people do in the Console. None of it can be reached by HTTP: that is the point of half of this product. */
export interface Console {
  createOrganization(name: string): Organization;
  createWorkspace(name: string, organizationId?: string): Workspace;
  archiveWorkspace(workspaceId: string): void;
  createApiKey(input: ApiKeyInput): CreatedCredential;
  /** Disable, re-enable or delete; `by` tells Anthropic's own deactivation (a key found in public) from a person's. */
  setStatus(apiKeyId: string, status: SettableStatus, by?: 'console' | 'anthropic'): void;
  rename(apiKeyId: string, name: string): void;
  createAdminKey(input?: { readonly organizationId?: string; readonly expiresAt?: string | number }): CreatedCredential;
  deleteAdminKey(adminKeyId: string): void;
  createUser(input: {
    readonly name: string;
    readonly organizationRole?: 'admin' | 'developer';
    readonly organizationId?: string;
  }): Account;
  createServiceAccount(input: {
    readonly name: string;
    readonly organizationRole?: 'admin' | 'developer';
    readonly workspaceIds?: readonly string[];
    readonly organizationId?: string;
  }): Account;
  /** A member leaves, or a service account is archived: its keys are archived with it. */
  archiveAccount(accountId: string): void;
  /** Changing the role of a service account breaks `org:admin` rules that target it. */
  setRole(accountId: string, role: 'admin' | 'developer'): void;
  registerIssuer(input: IssuerInput): FederationIssuer;
  createFederationRule(input: RuleInput): FederationRule;
  archiveFederationRule(ruleId: string): void;
  /** Somebody plays in the Workbench: usage without any API key. */
  usePlayground(workspaceId: string, traffic: Traffic): void;
  /** Anthropic's limits on active keys, and how fast a changed status takes effect. */
  adjust(settings: Partial<Pick<PlatformSettings, 'activeKeysPerOrganization' | 'activeKeysPerWorkspace' | 'deactivationDelayMs'>>): void;
}

export function consoleOf(platform: Platform, federation: Federation): Console {
  const { clock, draw } = platform;
  const organizationOf = (id: string | undefined): Organization => {
    const found = id === undefined ? platform.organizations.values().next().value : platform.organizations.get(id);
    if (found === undefined) throw new RangeError('no such organization');
    return found;
  };
  const issue = (prefix: string, credentialFor: (value: string) => Credential): string => {
    const value = draw.credential(prefix);
    platform.credentials.set(digestOf(value), credentialFor(value));
    return value;
  };
  const addAccount = (type: Account['type'], input: Parameters<Console['createServiceAccount']>[0]): Account => {
    const account: Account = {
      id: draw.id(type === 'user' ? 'user_' : 'svac_'),
      type,
      organizationId: organizationOf(input.organizationId).id,
      name: input.name,
      createdAt: clock.now(),
      workspaceIds: new Set(input.workspaceIds),
      organizationRole: input.organizationRole ?? 'developer',
      archivedAt: null,
    };
    platform.accounts.set(account.id, account);
    return account;
  };

  return {
    createOrganization(name) {
      const id = draw.uuid();
      const organization: Organization = { id, name, defaultWorkspaceId: addWorkspace(platform, id, 'Default').id };
      platform.organizations.set(id, organization);
      return organization;
    },
    createWorkspace: (name, organizationId) => addWorkspace(platform, organizationOf(organizationId).id, name),
    archiveWorkspace: (workspaceId) => void archiveWorkspace(platform, existing(platform.workspaces, workspaceId)),
    createApiKey(input) {
      const record = newKey(platform, input, organizationOf);
      const limit = activeKeyLimitReached(platform, record);
      if (limit !== undefined) throw new RangeError(`the Console refuses: ${limit}`);
      const id = record.id;
      const value = issue('sk-ant-api03-', (secret) => {
        const key = { ...record, hint: hintOf(secret) };
        platform.keys.set(id, key);
        return { kind: 'api-key', key };
      });
      return { id, value };
    },
    setStatus: (apiKeyId, status, by = 'console') => void changeStatus(existing(platform.keys, apiKeyId), status, by, clock.now()),
    rename(apiKeyId, name) {
      const key = existing(platform.keys, apiKeyId);
      key.nameBefore = key.name;
      key.name = name;
    },
    createAdminKey(input = {}) {
      const key = {
        id: draw.id('adminkey_'),
        organizationId: organizationOf(input.organizationId).id,
        expiresAt: instantFrom(input.expiresAt),
        deletedAt: null,
      };
      platform.adminKeys.set(key.id, key);
      return { id: key.id, value: issue('sk-ant-admin01-', () => ({ kind: 'admin-key', key })) };
    },
    deleteAdminKey: (adminKeyId) => void (existing(platform.adminKeys, adminKeyId).deletedAt = clock.now()),
    createUser: (input) => addAccount('user', input),
    createServiceAccount: (input) => addAccount('service_account', input),
    archiveAccount(accountId) {
      existing(platform.accounts, accountId).archivedAt = clock.now();
      for (const key of platform.keys.values()) if (key.principal?.id === accountId) changeStatus(key, 'archived', 'console', clock.now());
    },
    setRole: (accountId, role) => void (existing(platform.accounts, accountId).organizationRole = role),
    registerIssuer: (input) => federation.registerIssuer(input),
    createFederationRule: (input) => federation.createRule(input),
    archiveFederationRule: (ruleId) => federation.archiveRule(ruleId),
    usePlayground: (workspaceId, traffic) => playIn(platform, existing(platform.workspaces, workspaceId), traffic),
    adjust: (settings) => void Object.assign(platform.settings, settings),
  };
}

function newKey(platform: Platform, input: ApiKeyInput, organizationOf: (id: string | undefined) => Organization): ApiKey {
  const workspace = input.workspaceId === undefined ? undefined : existing(platform.workspaces, input.workspaceId);
  if (workspace !== undefined && workspace.archivedAt !== null) throw new RangeError('the workspace is archived');
  const organization = organizationOf(workspace?.organizationId ?? input.organizationId);
  if (input.scope === 'organization' && input.principal === undefined) throw new RangeError('a key without a workspace needs a principal');
  const now = platform.clock.now();
  const firstUser = [...platform.accounts.values()].find(
    (account) => account.type === 'user' && account.organizationId === organization.id,
  );
  return {
    id: platform.draw.id('apikey_'),
    organizationId: organization.id,
    workspaceId: input.scope === 'organization' ? null : (workspace?.id ?? organization.defaultWorkspaceId),
    createdAt: now,
    createdBy: input.createdBy ?? (firstUser === undefined ? null : { type: 'user', id: firstUser.id }),
    expiresAt: instantFrom(input.expiresAt),
    principal: input.principal ?? null,
    hint: '',
    name: input.name,
    nameBefore: undefined,
    history: [{ at: now, status: 'active', by: 'console' }],
  };
}

function playIn(platform: Platform, workspace: Workspace, traffic: Traffic): void {
  platform.usage.add(
    {
      organizationId: workspace.organizationId,
      apiKeyId: null,
      workspaceId: workspace.id,
      accountId: null,
      serviceAccountId: null,
      model: traffic.model,
      serviceTier: traffic.serviceTier ?? 'standard',
      contextWindow: traffic.contextWindow ?? '0-200k',
      inferenceGeo: traffic.inferenceGeo ?? 'global',
      speed: traffic.speed ?? 'standard',
    },
    countsOf(traffic),
    traffic.at ?? platform.clock.now(),
  );
}

/** Prefix, three characters, the last four: `sk-ant-api03-R2D...igAA`. */
function hintOf(value: string): string {
  return `${value.slice(0, 'sk-ant-api03-'.length + 3)}...${value.slice(-4)}`;
}

function instantFrom(given: string | number | undefined): number | null {
  if (given === undefined) return null;
  const instant = typeof given === 'number' ? given : Date.parse(given);
  if (Number.isNaN(instant)) throw new RangeError('expiresAt is not an instant');
  return instant;
}

function existing<Thing>(things: ReadonlyMap<string, Thing>, id: string): Thing {
  const found = things.get(id);
  if (found === undefined) throw new RangeError('nothing has this id');
  return found;
}
