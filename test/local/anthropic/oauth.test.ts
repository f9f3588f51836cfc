import type { RuleInput } from '../../../local/anthropic/federation.ts';
import type { TestIssuer } from './issuer.ts';
import type { TestPlatform } from './platform.ts';
import Anthropic from '@anthropic-ai/sdk';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import { WorkloadIdentityError } from '@anthropic-ai/sdk/lib/credentials/types';
import { describe, expect, test } from 'vitest';
import { AUDIENCE, ROLE, anIssuer } from './issuer.ts';
import { MINUTE_MS, aPlatform, refusalOf, traffic } from './platform.ts';

interface Federated {
  readonly platform: TestPlatform;
  readonly issuer: TestIssuer;
  readonly ruleId: string;
  readonly serviceAccountId: string;
  /** The body of an exchange that is granted. */
  readonly body: (changes?: Record<string, unknown>) => Promise<Record<string, unknown>>;
  readonly exchange: (changes?: Record<string, unknown>) => ReturnType<TestPlatform['call']>;
  /** The real SDK's client, federated. */
  readonly client: () => Anthropic;
}

/** A platform on which a service account of the workspace may be used by one role. */
async function federated(rule: Partial<RuleInput> = {}, role: 'admin' | 'developer' = 'developer'): Promise<Federated> {
  const platform = await aPlatform();
  const issuer = await anIssuer();
  const account = platform.console.createServiceAccount({ name: 'guard', organizationRole: role, workspaceIds: [platform.workspaceId] });
  const { id: issuerId } = platform.console.registerIssuer({ issuerUrl: issuer.url });
  const { id: ruleId } = platform.console.createFederationRule({
    issuerId,
    serviceAccountId: account.id,
    oauthScope: 'workspace:inference',
    subjectPrefix: ROLE,
    workspaces: [platform.workspaceId],
    ...rule,
  });
  const body = async (changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await issuer.sign(platform.clock.now()),
    federation_rule_id: ruleId,
    organization_id: platform.organization.id,
    service_account_id: account.id,
    ...changes,
  });
  return {
    platform,
    issuer,
    ruleId,
    serviceAccountId: account.id,
    body,
    exchange: async (changes) =>
      platform.call('/v1/oauth/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(await body(changes)),
      }),
    client: () =>
      new Anthropic({
        baseURL: platform.baseUrl,
        maxRetries: 0,
        credentials: oidcFederationProvider({
          identityTokenProvider: () => issuer.sign(platform.clock.now()),
          federationRuleId: ruleId,
          organizationId: platform.organization.id,
          serviceAccountId: account.id,
          baseURL: platform.baseUrl,
          fetch,
        }),
      }),
  };
}

test('the SDK exchanges an identity over loopback, and the usage names the service account and no key', async () => {
  const { platform, client, serviceAccountId } = await federated();
  const { data, response } = await client()
    .messages.create({ model: 'claude-opus-5-5', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] })
    .withResponse();
  expect(data.usage.output_tokens).toBe(5);
  expect(response.headers.get('anthropic-workspace-id')).toBe(platform.workspaceId);
  const used = platform.inspect.usage(platform.organization.id, platform.clock.now(), platform.clock.now() + MINUTE_MS);
  expect(used).toMatchObject([{ dimensions: { apiKeyId: null, serviceAccountId }, counts: { requests: 1, outputTokens: 5 } }]);
});

test('an org:admin token administers keys and is refused on Messages', async () => {
  const { platform, client } = await federated({ oauthScope: 'org:admin' }, 'admin');
  const admin = client();
  expect(await admin.organization.apiKeys.update(platform.key.id, { status: 'inactive' })).toMatchObject({ status: 'inactive' });
  expect(platform.inspect.key(platform.key.id).history.at(-1)?.by).toMatch(/^token_/);
  expect(await refusalOf(admin.models.list())).toMatchObject({ status: 403, type: 'permission_error' });
});

test('a token of a workload cannot administer', async () => {
  const { client } = await federated();
  expect(await refusalOf(client().organization.apiKeys.list())).toMatchObject({ status: 403, type: 'permission_error' });
});

test('a token dies on the clock, and the SDK gets itself a new one', async () => {
  const { platform, client, exchange } = await federated();
  // The SDK takes its new token in a retry, so one must be allowed.
  const federatedClient = client().withOptions({ maxRetries: 1 });
  await federatedClient.models.list();
  const { body } = await exchange();
  if (typeof body !== 'object' || body === null || !('access_token' in body)) throw new Error('expected a token');
  const value = String(body.access_token);
  expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'workspace:inference' });
  expect(value).toMatch(/^sk-ant-oat01-/);
  platform.clock.advance(599_000);
  expect(platform.use(value, traffic())).toMatchObject({ status: 200 });
  platform.clock.advance(1_000);
  expect(platform.use(value, traffic())).toMatchObject({ status: 401, errorType: 'authentication_error' });
  await federatedClient.models.list();
  expect(platform.inspect.exchanges().map(({ outcome }) => outcome)).toEqual(['granted', 'granted', 'granted']);
});

test('a token lives as long as the rule says, twice what the assertion has left at most, a minute at least', async () => {
  const { platform, issuer, exchange } = await federated({ tokenLifetimeSeconds: 500 });
  const expiry = async (seconds: number): Promise<unknown> =>
    (await exchange({ assertion: await issuer.sign(platform.clock.now(), { seconds }) })).body;
  expect(await expiry(600)).toMatchObject({ expires_in: 500 });
  expect(await expiry(200)).toMatchObject({ expires_in: 400 });
  expect(await expiry(10)).toMatchObject({ expires_in: 60 });
});

test('one token is good for one exchange', async () => {
  const { platform, exchange, body } = await federated();
  const once = await body();
  expect((await exchange(once)).status).toBe(200);
  expect(await exchange(once)).toMatchObject({
    status: 401,
    body: { error: { type: 'authentication_error', message: 'Authentication failed' } },
  });
  expect(platform.inspect.exchanges().at(-1)).toMatchObject({ outcome: 'denied', reason: 'jti_reused' });
});

test('archiving a rule stops exchanges at once, but not the tokens that it minted', async () => {
  const { platform, exchange, ruleId } = await federated();
  const { body } = await exchange();
  if (typeof body !== 'object' || body === null || !('access_token' in body)) throw new Error('expected a token');
  platform.console.archiveFederationRule(ruleId);
  expect((await exchange()).status).toBe(401);
  expect(platform.use(String(body.access_token), traffic())).toMatchObject({ status: 200 });
});

test('keys of the issuer are kept for a minute, so exchanges may fail right after it rotates them', async () => {
  const { platform, issuer, exchange } = await federated();
  expect((await exchange()).status).toBe(200);
  await issuer.rotateKeys();
  expect((await exchange()).status).toBe(401);
  expect(issuer.fetches()).toBe(1);
  platform.clock.advance(MINUTE_MS);
  expect((await exchange()).status).toBe(200);
  expect(issuer.fetches()).toBe(2);
});

test('the SDK is told only that authentication failed, and the history knows why', async () => {
  const { platform, client, ruleId } = await federated({ subjectPrefix: 'arn:aws:iam::111122223333:role/other' });
  const error = await Promise.resolve(client().models.list()).catch((reason: unknown) => reason);
  if (!(error instanceof WorkloadIdentityError)) throw new Error('expected a WorkloadIdentityError');
  expect(error.statusCode).toBe(401);
  expect(error.message).not.toContain('subject_mismatch');
  expect(platform.inspect.exchanges()).toMatchObject([{ ruleId, outcome: 'denied', reason: 'subject_mismatch' }]);
});

describe('an assertion is denied', () => {
  const cases: [why: string, reason: string, claims: Record<string, unknown>, seconds?: number][] = [
    ['for another audience', 'aud_mismatch', { aud: 'https://example.com' }],
    ['from another issuer', 'iss_mismatch', { iss: 'https://example.com' }],
    ['of another role', 'subject_mismatch', { sub: `${ROLE}-2` }],
    ['without a subject', 'claim_missing', { sub: undefined }],
    ['without the instant of issue', 'claim_missing', { iat: undefined }],
    ['that lives longer than the issuer may give', 'lifetime_too_long', {}, 3601],
    ['that expired more than the skew ago', 'expired', {}, -31],
  ];
  test.each(cases)('%s', async (_why, reason, claims, seconds = 300) => {
    const { platform, issuer, exchange } = await federated();
    const assertion = await issuer.sign(platform.clock.now(), { claims, seconds });
    expect(await exchange({ assertion })).toMatchObject({ status: 401, body: { error: { message: 'Authentication failed' } } });
    expect(platform.inspect.exchanges().at(-1)?.reason).toBe(reason);
  });

  test('issued in the future beyond the skew, and taken within it', async () => {
    const { platform, issuer, exchange } = await federated();
    const issuedIn = async (ms: number): Promise<number> =>
      (await exchange({ assertion: await issuer.sign(platform.clock.now() + ms) })).status;
    expect(await issuedIn(31_000)).toBe(401);
    expect(await issuedIn(30_000)).toBe(200);
  });

  test('without the id of its key, with a foreign signature, or as no JWT at all', async () => {
    const { platform, issuer, exchange } = await federated();
    const stranger = await anIssuer();
    const reasonFor = async (assertion: string): Promise<string | undefined> => {
      expect((await exchange({ assertion })).status).toBe(401);
      return platform.inspect.exchanges().at(-1)?.reason;
    };
    expect(await reasonFor(await issuer.sign(platform.clock.now(), { kid: undefined }))).toBe('kid_missing');
    expect(await reasonFor(await stranger.sign(platform.clock.now(), { claims: { iss: issuer.url } }))).toBe('signature');
    expect(await reasonFor('not.a.jwt')).toBe('malformed');
  });
});

describe('a malformed exchange gets 400 with a reason, and leaves no history', () => {
  test.each([
    ['grant_type', { grant_type: 'client_credentials' }],
    ['assertion', { assertion: undefined }],
    ['assertion', { assertion: 'x'.repeat(16 * 1024 + 1) }],
    ['federation_rule_id', { federation_rule_id: 'rule_1' }],
    ['organization_id', { organization_id: 'org-1' }],
    ['service_account_id', { service_account_id: 'guard' }],
    ['workspace_id', { workspace_id: 'Production' }],
  ])('%s', async (field, changes) => {
    const { platform, exchange } = await federated();
    const answer = await exchange(changes);
    expect(answer).toMatchObject({ status: 400, body: { type: 'error', error: { type: 'invalid_request_error' } } });
    expect(JSON.stringify(answer.body)).toContain(field);
    expect(platform.inspect.exchanges()).toEqual([]);
  });
});

describe('the workspace of a token', () => {
  test('must be named where the rule spans several, and must be one of them', async () => {
    const { platform, exchange } = await federated({ workspaces: 'all' });
    const other = platform.console.createWorkspace('Other');
    const reasonFor = async (changes: Record<string, unknown>): Promise<string | undefined> => {
      await exchange(changes);
      return platform.inspect.exchanges().at(-1)?.reason;
    };
    expect(await reasonFor({})).toBe('workspace_id_required');
    expect(await reasonFor({ workspace_id: other.id })).toBe('service_account_not_a_member');
    expect(await reasonFor({ workspace_id: platform.workspaceId })).toBe('');
    expect(await reasonFor({ workspace_id: 'default' })).toBe('');
  });

  test('is refused when the rule does not cover it', async () => {
    const { platform, exchange } = await federated();
    await exchange({ workspace_id: platform.organization.defaultWorkspaceId });
    expect(platform.inspect.exchanges().at(-1)?.reason).toBe('workspace_not_enabled');
  });
});

test('demoting the service account breaks its org:admin rule', async () => {
  const { platform, exchange, serviceAccountId } = await federated({ oauthScope: 'org:admin' }, 'admin');
  platform.console.setRole(serviceAccountId, 'developer');
  expect((await exchange()).status).toBe(401);
  expect(platform.inspect.exchanges().at(-1)?.reason).toBe('service_account_not_admin');
});

test('a rule takes a prefix of subjects where it ends with a star', async () => {
  const { platform, issuer, exchange } = await federated({ subjectPrefix: 'arn:aws:iam::111122223333:role/*', audience: AUDIENCE });
  const as = async (sub: string): Promise<number> =>
    (await exchange({ assertion: await issuer.sign(platform.clock.now(), { claims: { sub } }) })).status;
  expect(await as('arn:aws:iam::111122223333:role/any')).toBe(200);
  expect(await as('arn:aws:iam::999999999999:role/any')).toBe(401);
});
