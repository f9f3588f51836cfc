import { hash } from 'node:crypto';
import type { WorldClock } from '../clock.ts';
import type { Draw } from './draw.ts';
import type { KeyLife } from './key-lifecycle.ts';
import type { RateHeaders } from './rate-headers.ts';
import type { UsageReportState } from './usage-faults.ts';
import type { UsageLedger } from './usage-ledger.ts';
import type { WorkspaceLimits } from './limits.ts';
import { statusAt } from './key-lifecycle.ts';

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly defaultWorkspaceId: string;
}

export interface Workspace {
  readonly id: string;
  readonly organizationId: string;
  readonly createdAt: number;
  readonly compartmentId: string;
  name: string;
  displayColor: string;
  tags: Record<string, string>;
  archivedAt: number | null;
}

/** Whom a key or a token acts as. */
export type Principal = { readonly type: 'user'; readonly id: string } | { readonly type: 'service_account'; readonly id: string };

export interface ApiKey extends KeyLife {
  readonly id: string;
  readonly organizationId: string;
  /** `null`: scoped to the organization, for all workspaces of its principal. */
  readonly workspaceId: string | null;
  readonly createdAt: number;
  readonly createdBy: Principal | null;
  readonly principal: Principal | null;
  readonly hint: string;
  name: string;
  /** The name that stale reads still show. */
  nameBefore: string | undefined;
}

interface AdminKey {
  readonly id: string;
  readonly organizationId: string;
  readonly expiresAt: number | null;
  deletedAt: number | null;
}

/** A member of the organization, or a service account. */
export interface Account {
  readonly id: string;
  readonly type: Principal['type'];
  readonly organizationId: string;
  readonly name: string;
  readonly createdAt: number;
  readonly workspaceIds: Set<string>;
  organizationRole: 'admin' | 'developer';
  archivedAt: number | null;
}

export interface AccessToken {
  readonly id: string;
  readonly organizationId: string;
  readonly ruleId: string;
  readonly serviceAccountId: string;
  /** `null` for `org:admin`, which covers the organization. */
  readonly workspaceId: string | null;
  readonly scopes: ReadonlySet<string>;
  readonly expiresAt: number;
}

export type Credential =
  | { readonly kind: 'api-key'; readonly key: ApiKey }
  | { readonly kind: 'admin-key'; readonly key: AdminKey }
  | { readonly kind: 'token'; readonly token: AccessToken };

/** What exists, and the settings that all resources share. Values of credentials are kept as digests only, as the real platform does. */
export interface Platform {
  readonly clock: WorldClock;
  readonly draw: Draw;
  readonly seed: number;
  readonly settings: PlatformSettings;
  readonly organizations: Map<string, Organization>;
  readonly workspaces: Map<string, Workspace>;
  readonly keys: Map<string, ApiKey>;
  readonly adminKeys: Map<string, AdminKey>;
  readonly accounts: Map<string, Account>;
  readonly credentials: Map<string, Credential>;
  readonly usage: UsageLedger;
  readonly usageFaults: UsageReportState;
  readonly limits: WorkspaceLimits;
  readonly rates: RateHeaders;
}

export interface PlatformSettings {
  /** How long an inactive key still works, and an activated one does not yet. */
  deactivationDelayMs: number;
  /** How long after a request its usage appears. */
  readonly usageDelayMs: number;
  /** Limits on active keys; the real figures are not published. */
  activeKeysPerOrganization: number;
  activeKeysPerWorkspace: number;
  /** The analytics reports are as fresh as the last multiple of this. */
  readonly analyticsRefreshMs: number;
  /** Whether the analytics reports accept `org:admin` tokens: not stated by Anthropic. */
  readonly analyticsAcceptsTokens: boolean;
}

/** One digest for all credentials: looking one up is all that a value is good for. */
export const digestOf = (value: string): string => hash('sha256', value, 'base64');

/** The code of the limit that one more active key would pass, or undefined. */
export function activeKeyLimitReached(platform: Platform, key: Pick<ApiKey, 'organizationId' | 'workspaceId'>): string | undefined {
  const { settings, keys, clock } = platform;
  if (settings.activeKeysPerOrganization === Infinity && settings.activeKeysPerWorkspace === Infinity) return undefined;
  const active = [...keys.values()].filter(
    (other) => other.organizationId === key.organizationId && statusAt(other, clock.now()) === 'active',
  );
  if (active.length >= settings.activeKeysPerOrganization) return 'org_api_key_limit_exceeded';
  if (key.workspaceId === null) return undefined;
  const inWorkspace = active.filter((other) => other.workspaceId === key.workspaceId);
  return inWorkspace.length >= settings.activeKeysPerWorkspace ? 'workspace_api_key_limit_exceeded' : undefined;
}
