import type { Assertion } from './assertion.ts';
import type { ExchangeRecord } from './inspect.ts';
import type { Federation, FederationRule } from './federation.ts';
import type { Platform } from './state.ts';
import type { ApiRequest, Route } from './routing.ts';
import { Denied, verifyAssertion } from './assertion.ts';
import { invalidRequest, unauthenticated } from './errors.ts';
import { fieldsOf, optionalText, requiredText } from './fields.ts';
import { issuerKeys } from './jwks.ts';
import { json } from './routing.ts';
import { digestOf } from './state.ts';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const MAXIMUM_ASSERTION_BYTES = 16 * 1024;

/** What the caller asks for, once it is well-formed. */
interface ExchangeInput {
  readonly assertion: string;
  readonly ruleId: string;
  readonly organizationId: string;
  readonly serviceAccountId: string | undefined;
  readonly workspaceId: string | undefined;
}

/**
 * The token endpoint of Workload Identity Federation. Malformed requests get 400 with a reason; whatever is wrong with
 * the assertion gets 401 `Authentication failed`, and the reason goes to the authentication history only.
 */
export function oauthRoutes(platform: Platform, federation: Federation, history: ExchangeRecord[]): Route[] {
  const keys = issuerKeys();
  const usedJtis = new Set<string>();

  const exchange = async (input: ExchangeInput, now: number): Promise<object> => {
    const rule = liveRule(federation, input);
    const issuer = federation.issuer(rule.issuerId);
    if (issuer === undefined) throw new Denied('unknown_issuer');
    const keySet = await keys.of(issuer, now).catch(() => {
      throw new Denied('jwks_unavailable');
    });
    const assertion = await verifyAssertion(input.assertion, { issuer, rule, keys: keySet, now });
    const workspaceId = grantedWorkspace(platform, rule, input);
    const jti = issuer.checkJti && assertion.jti !== undefined ? `${issuer.id} ${assertion.jti}` : undefined;
    if (jti !== undefined && usedJtis.has(jti)) throw new Denied('jti_reused');
    if (jti !== undefined) usedJtis.add(jti);
    return mint(platform, rule, workspaceId, assertion);
  };

  return [
    {
      method: 'POST',
      path: '/v1/oauth/token',
      access: 'public',
      answer: async (request) => {
        const input = exchangeInput(request);
        try {
          const granted = await exchange(input, request.now);
          history.push({ at: request.now, ruleId: input.ruleId, outcome: 'granted', reason: '' });
          return json(granted);
        } catch (error) {
          if (!(error instanceof Denied)) throw error;
          history.push({ at: request.now, ruleId: input.ruleId, outcome: 'denied', reason: error.reason });
          throw unauthenticated('Authentication failed');
        }
      },
    },
  ];
}

function exchangeInput(request: ApiRequest): ExchangeInput {
  const fields = fieldsOf(request.body);
  if (requiredText(fields, 'grant_type') !== GRANT_TYPE) throw invalidRequest('grant_type: unsupported');
  const assertion = requiredText(fields, 'assertion');
  if (Buffer.byteLength(assertion) > MAXIMUM_ASSERTION_BYTES) throw invalidRequest('assertion: exceeds 16 KiB');
  const shaped = (name: string, value: string | undefined, shape: RegExp): string | undefined => {
    if (value !== undefined && !shape.test(value)) throw invalidRequest(`${name}: malformed`);
    return value;
  };
  const ruleId = requiredText(fields, 'federation_rule_id');
  const organizationId = requiredText(fields, 'organization_id');
  shaped('federation_rule_id', ruleId, /^fdrl_[A-Za-z0-9]+$/);
  shaped('organization_id', organizationId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  return {
    assertion,
    ruleId,
    organizationId,
    serviceAccountId: shaped('service_account_id', optionalText(fields, 'service_account_id'), /^svac_[A-Za-z0-9]+$/),
    workspaceId: shaped('workspace_id', optionalText(fields, 'workspace_id'), /^(wrkspc_[A-Za-z0-9]+|default)$/),
  };
}

function liveRule(federation: Federation, input: ExchangeInput): FederationRule {
  const rule = federation.rule(input.ruleId);
  if (rule?.organizationId !== input.organizationId) throw new Denied('unknown_rule');
  if (rule.archivedAt !== null) throw new Denied('archived_rule');
  if (input.serviceAccountId !== undefined && input.serviceAccountId !== rule.serviceAccountId)
    throw new Denied('service_account_mismatch');
  return rule;
}

/** The one workspace that the token will act in; null for `org:admin`, where the binding is ignored but the choice still has to be made. */
function grantedWorkspace(platform: Platform, rule: FederationRule, input: ExchangeInput): string | null {
  const account = platform.accounts.get(rule.serviceAccountId);
  if (account === undefined || account.archivedAt !== null) throw new Denied('service_account_archived');
  const defaultId = platform.organizations.get(rule.organizationId)?.defaultWorkspaceId ?? '';
  const wanted = input.workspaceId === 'default' ? defaultId : input.workspaceId;
  const sole = rule.workspaceIds !== 'all' && rule.workspaceIds.length === 1 ? rule.workspaceIds[0] : undefined;
  const id = wanted ?? sole;
  if (id === undefined) throw new Denied('workspace_id_required');
  if (rule.scopes.has('org:admin')) {
    // Demoting the service account breaks the rule.
    if (account.organizationRole !== 'admin') throw new Denied('service_account_not_admin');
    return null;
  }
  const workspace = platform.workspaces.get(id);
  const enabled = rule.workspaceIds === 'all' || rule.workspaceIds.includes(id);
  if (!enabled || workspace?.organizationId !== rule.organizationId || workspace.archivedAt !== null)
    throw new Denied('workspace_not_enabled');
  if (id !== defaultId && !account.workspaceIds.has(id)) throw new Denied('service_account_not_a_member');
  return id;
}

/** At most the rule's lifetime and twice what the assertion has left; at least a minute. */
function mint(platform: Platform, rule: FederationRule, workspaceId: string | null, assertion: Assertion): object {
  const lifetimeSeconds = Math.max(60, Math.min(rule.tokenLifetimeSeconds, 2 * assertion.remainingSeconds));
  const value = platform.draw.credential('sk-ant-oat01-');
  platform.credentials.set(digestOf(value), {
    kind: 'token',
    token: {
      id: platform.draw.id('token_'),
      organizationId: rule.organizationId,
      ruleId: rule.id,
      serviceAccountId: rule.serviceAccountId,
      workspaceId,
      scopes: rule.scopes,
      expiresAt: platform.clock.now() + lifetimeSeconds * 1000,
    },
  });
  return { access_token: value, token_type: 'Bearer', expires_in: lifetimeSeconds, scope: [...rule.scopes].join(' ') };
}
