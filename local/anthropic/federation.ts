import type { Platform } from './state.ts';

/** An OIDC issuer that the organization trusts. */
export interface FederationIssuer {
  readonly id: string;
  readonly organizationId: string;
  /** Must equal the token's `iss` exactly. */
  readonly issuerUrl: string;
  /** Where the keys are, or undefined: found through `<issuerUrl>/.well-known/openid-configuration`. */
  readonly jwksUri: string | undefined;
  readonly maxJwtLifetimeSeconds: number;
  /** Whether a token with a `jti` is good for one exchange only. */
  readonly checkJti: boolean;
}

export interface FederationRule {
  readonly id: string;
  readonly organizationId: string;
  readonly issuerId: string;
  readonly serviceAccountId: string;
  readonly scopes: ReadonlySet<string>;
  /** Exact, or a prefix where it ends with `*`. */
  readonly subjectPrefix: string;
  readonly audience: string;
  readonly claims: Readonly<Record<string, string>>;
  readonly tokenLifetimeSeconds: number;
  readonly workspaceIds: readonly string[] | 'all';
  archivedAt: number | null;
}

export interface IssuerInput {
  readonly issuerUrl: string;
  readonly jwksUri?: string;
  /** @default 3600 */
  readonly maxJwtLifetimeSeconds?: number;
  /** @default true */
  readonly checkJti?: boolean;
  readonly organizationId?: string;
}

export interface RuleInput {
  readonly issuerId: string;
  readonly serviceAccountId: string;
  readonly oauthScope: OauthScope | readonly OauthScope[];
  readonly subjectPrefix: string;
  /** @default 'https://api.anthropic.com' */
  readonly audience?: string;
  /** Further claims that must be equal. */
  readonly claims?: Readonly<Record<string, string>>;
  /** 60 to 86400. @default 3600 */
  readonly tokenLifetimeSeconds?: number;
  /** @default the default workspace alone */
  readonly workspaces?: readonly string[] | 'all';
}

type OauthScope = 'workspace:developer' | 'workspace:inference' | 'workspace:manage_tunnels' | 'org:admin';

/** Issuers and rules: who may exchange which identity for which access. */
export interface Federation {
  registerIssuer(input: IssuerInput): FederationIssuer;
  createRule(input: RuleInput): FederationRule;
  /** New exchanges stop at once; tokens that were minted live on. */
  archiveRule(ruleId: string): void;
  rule(ruleId: string): FederationRule | undefined;
  issuer(issuerId: string): FederationIssuer | undefined;
}

const DEFAULT_AUDIENCE = 'https://api.anthropic.com';

export function federationOf(platform: Platform): Federation {
  const issuers = new Map<string, FederationIssuer>();
  const rules = new Map<string, FederationRule>();
  return {
    registerIssuer(input) {
      const lifetime = input.maxJwtLifetimeSeconds ?? 3600;
      if (lifetime < 1 || lifetime > 176_400) throw new RangeError('maxJwtLifetimeSeconds is 1 to 176400');
      const organizationId = input.organizationId ?? platform.organizations.keys().next().value ?? '';
      const issuer = {
        id: platform.draw.id('fdis_'),
        organizationId,
        issuerUrl: input.issuerUrl,
        jwksUri: input.jwksUri,
        maxJwtLifetimeSeconds: lifetime,
        checkJti: input.checkJti ?? true,
      };
      issuers.set(issuer.id, issuer);
      return issuer;
    },
    createRule(input) {
      const issuer = issuers.get(input.issuerId);
      const account = platform.accounts.get(input.serviceAccountId);
      if (issuer === undefined || account?.organizationId !== issuer.organizationId)
        throw new RangeError('issuer or service account is unknown');
      if (/^\**$/.test(input.subjectPrefix)) throw new RangeError('subjectPrefix must say more than *');
      const scopes = new Set<string>([input.oauthScope].flat());
      if (scopes.has('org:admin') && account.organizationRole !== 'admin')
        throw new RangeError('org:admin needs a service account that is an admin');
      const lifetime = input.tokenLifetimeSeconds ?? 3600;
      if (lifetime < 60 || lifetime > 86_400) throw new RangeError('tokenLifetimeSeconds is 60 to 86400');
      const defaultWorkspace = platform.organizations.get(issuer.organizationId)?.defaultWorkspaceId ?? '';
      const rule: FederationRule = {
        id: platform.draw.id('fdrl_'),
        organizationId: issuer.organizationId,
        issuerId: issuer.id,
        serviceAccountId: account.id,
        scopes,
        subjectPrefix: input.subjectPrefix,
        audience: input.audience ?? DEFAULT_AUDIENCE,
        claims: input.claims ?? {},
        tokenLifetimeSeconds: lifetime,
        workspaceIds: input.workspaces ?? [defaultWorkspace],
        archivedAt: null,
      };
      rules.set(rule.id, rule);
      return rule;
    },
    archiveRule(ruleId) {
      const rule = rules.get(ruleId);
      if (rule === undefined) throw new RangeError('no such rule');
      rule.archivedAt ??= platform.clock.now();
    },
    rule: (ruleId) => rules.get(ruleId),
    issuer: (issuerId) => issuers.get(issuerId),
  };
}
