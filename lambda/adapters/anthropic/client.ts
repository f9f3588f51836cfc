import { BaseAnthropic, type ClientOptions, type Middleware } from '@anthropic-ai/sdk/client';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import { GetWebIdentityTokenCommand, type STSClient } from '@aws-sdk/client-sts';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { AdminAccess } from '../../../contract/environment.ts';
import { minuteMs, type Clock } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { Secret } from '../../foundation/secret.ts';
import { awsCall } from '../aws/calls.ts';
import { readCurrent } from '../aws/secret-versions.ts';
import { proxiedFetch } from '../tunnel.ts';
import { canonicalId, mePath, organizationOf } from './organization.ts';
import { onlyOwnAnswers } from './own-answer.ts';

/** Long enough for a page of a day's usage, short enough for a function's time-out. */
const timeoutMs = 20_000;
const keyFreshMs = 5 * minuteMs;
/** So long an answer to "which organization is it?" holds: functions run each minute at the most. */
const organizationFreshMs = minuteMs;
/**
 * The shortest that STS and Anthropic allow without fuss; the access token then lives at most twice that
 * (platform.claude.com/docs/en/manage-claude/wif-reference).
 */
/** The call that tells Anthropic who asks, as an error of it names it. */
export const webIdentityToken = 'sts:GetWebIdentityToken';

const identityTokenSeconds = 300;
/** What a header can carry as it is. The bytes of a credential are never looked at more closely than this. */
const headerSafe = /^[!-~]+$/;

export interface AdminClientOptions {
  readonly baseUrl: string;
  readonly organizationId: string;
  readonly access: AdminAccess;
  readonly secrets: SecretsManagerClient;
  /** Made only when federation asks for it. */
  readonly sts: () => STSClient;
  readonly clock: Clock;
}

/**
 * A client with the admin credential: read at the last moment, kept in memory a few minutes, never logged. Before it asks for anything
 * it has Anthropic say which organization it is, once a minute. Every call throws KeyguardError `other-organization` where it is not ours.
 */
export function adminClient(options: AdminClientOptions): BaseAnthropic {
  const { access, baseUrl } = options;
  const common = { baseURL: baseUrl, timeout: timeoutMs, maxRetries: 2 };
  if (access.kind === 'key') return onlyOurs({ ...common, apiKey: adminKey(access.secretName, options) }, options);
  const credentials = oidcFederationProvider({
    // A fresh assertion for each exchange: its jti is accepted once.
    identityTokenProvider: () => identityToken(options.sts(), access.audience),
    federationRuleId: access.federationRuleId,
    organizationId: options.organizationId,
    serviceAccountId: access.serviceAccountId,
    baseURL: baseUrl,
    fetch: proxiedFetch,
  });
  return onlyOurs({ ...common, credentials }, options);
}

/**
 * A client that asks with the value itself; no retries, because the answer to a probe is the answer. Throws KeyguardError
 * `value-malformed` for a value that no request can carry.
 */
export function clientOf(value: Secret, baseUrl: string): BaseAnthropic {
  if (!value.matches(headerSafe)) {
    throw new KeyguardError(
      'value-malformed',
      'the value is not one line of plain characters, so that no request can carry it',
      'copy it again, as one line and without blanks: a line end, or a long dash that a text program put in, spoils it',
    );
  }
  return clientWith({ baseURL: baseUrl, timeout: 10_000, maxRetries: 0, apiKey: value.reveal() }, []);
}

function onlyOurs(client: ClientOptions, { organizationId, clock }: AdminClientOptions): BaseAnthropic {
  let confirmedAt = Number.NEGATIVE_INFINITY;
  const confirm = async (): Promise<void> => {
    checkOrganization((await organizationOf(made)).organizationId, organizationId);
    confirmedAt = clock.now();
  };
  const confirmed: Middleware = async (request, next, { options }) => {
    // The exchange of a token, and the question itself, come before.
    const isQuestion = options !== undefined && options.path !== mePath;
    if (isQuestion && clock.now() - confirmedAt >= organizationFreshMs) await confirm();
    const response = await next(request);
    // Another organization knows none of our keys, and to us its word would be that they are gone.
    if (isQuestion && response.status === 404) await confirm();
    return response;
  };
  const made = clientWith(client, [confirmed]);
  return made;
}

/** Throws KeyguardError `other-organization`. */
export function checkOrganization(seen: string, organizationId: string): void {
  if (canonicalId(seen) === canonicalId(organizationId)) return;
  throw new KeyguardError(
    'other-organization',
    `the admin credential leads to organization ${seen}, and ${organizationId} is configured`,
    'store the right one: npx --no-install keyguard admin-key set; or correct anthropic.organizationId in keyguard.json and deploy',
  );
}

/**
 * Every client of ours. Nothing in the environment has a say in its requests: the SDK reads headers that replace the credential, log
 * levels that show bodies, and more, from variables that begin with ANTHROPIC_, so it sees none of them.
 */
function clientWith(options: ClientOptions, middleware: readonly Middleware[]): BaseAnthropic {
  return withoutVariables(
    'ANTHROPIC_',
    () =>
      new BaseAnthropic({
        ...options,
        fetch: proxiedFetch,
        logLevel: 'off',
        openTelemetry: { propagation: false, traces: { enabled: false } },
        middleware: [...middleware, onlyOwnAnswers],
        fetchOptions: { redirect: 'manual' },
      }),
  );
}

/** Nobody else runs meanwhile: `make` is not asynchronous. */
function withoutVariables<T>(prefix: string, make: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith(prefix));
  for (const [name] of hidden) Reflect.deleteProperty(process.env, name);
  try {
    return make();
  } finally {
    Object.assign(process.env, Object.fromEntries(hidden));
  }
}

function adminKey(secretArn: string, { secrets, clock }: AdminClientOptions): () => Promise<string> {
  let kept: { readonly at: number; readonly value: Secret } | undefined;
  return async () => {
    if (kept === undefined || clock.now() - kept.at > keyFreshMs) {
      const value = await readCurrent(secrets, secretArn);
      if (value === 'absent') {
        throw new KeyguardError(
          'admin-key-missing',
          'the admin key secret is empty',
          'npx --no-install keyguard admin-key set (README, step 3)',
        );
      }
      kept = { at: clock.now(), value: checkedAdminKey(value) };
    }
    return kept.value.reveal();
  };
}

/** Blanks and line ends around it are a slip of whoever stored it by hand. */
function checkedAdminKey(stored: Secret): Secret {
  const value = stored.trimmed();
  if (value.matches(headerSafe)) return value;
  throw new KeyguardError(
    'value-malformed',
    'the stored admin key is not one line of plain characters, so that no request can carry it',
    'store it again: npx --no-install keyguard admin-key set',
  );
}

async function identityToken(sts: STSClient, audience: string): Promise<string> {
  const { WebIdentityToken } = await awsCall(webIdentityToken, () =>
    sts.send(new GetWebIdentityTokenCommand({ Audience: [audience], SigningAlgorithm: 'ES384', DurationSeconds: identityTokenSeconds })),
  );
  if (WebIdentityToken !== undefined) return WebIdentityToken;
  throw new KeyguardError('aws-refused', `${webIdentityToken} gave no token`, 'enable outbound web identity federation in this account');
}
