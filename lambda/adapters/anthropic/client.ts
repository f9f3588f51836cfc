import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { oidcFederationProvider } from '@anthropic-ai/sdk/lib/credentials/oidc-federation';
import { GetWebIdentityTokenCommand, type STSClient } from '@aws-sdk/client-sts';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { AdminAccess } from '../../../contract/environment.ts';
import { minuteMs, type Clock } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { Secret } from '../../foundation/secret.ts';
import { awsCall } from '../aws/calls.ts';
import { readCurrent } from '../aws/secret-versions.ts';

/** Long enough for a page of a day's usage, short enough for a function's time-out. */
const timeoutMs = 20_000;
const keyFreshMs = 5 * minuteMs;
/** The shortest that STS and Anthropic allow without fuss; the access token then lives at most twice that (facts-anthropic 3.2). */
const identityTokenSeconds = 300;

export interface AdminClientOptions {
  readonly baseUrl: string;
  readonly organizationId: string;
  readonly access: AdminAccess;
  readonly secrets: SecretsManagerClient;
  /** Made only when federation asks for it. */
  readonly sts: () => STSClient;
  readonly clock: Clock;
}

/** A client with the admin credential: read at the last moment, kept in memory a few minutes, never logged. */
export function adminClient(options: AdminClientOptions): BaseAnthropic {
  const { access, baseUrl } = options;
  const common = { baseURL: baseUrl, timeout: timeoutMs, maxRetries: 2, logLevel: 'off' as const };
  if (access.kind === 'key') return new BaseAnthropic({ ...common, apiKey: adminKey(access.secretArn, options) });
  return new BaseAnthropic({
    ...common,
    credentials: oidcFederationProvider({
      // A fresh assertion for each exchange: its jti is accepted once.
      identityTokenProvider: () => identityToken(options.sts(), access.audience),
      federationRuleId: access.federationRuleId,
      organizationId: options.organizationId,
      serviceAccountId: access.serviceAccountId,
      baseURL: baseUrl,
      fetch: globalThis.fetch,
    }),
  });
}

/** A client that asks with the value itself; no retries, because the answer to a probe is the answer. */
export function clientOf(value: Secret, baseUrl: string): BaseAnthropic {
  return new BaseAnthropic({ baseURL: baseUrl, timeout: 10_000, maxRetries: 0, logLevel: 'off', apiKey: value.reveal() });
}

function adminKey(secretArn: string, { secrets, clock }: AdminClientOptions): () => Promise<string> {
  let kept: { readonly at: number; readonly value: Secret } | undefined;
  return async () => {
    if (kept === undefined || clock.now() - kept.at > keyFreshMs) {
      const value = await readCurrent(secrets, secretArn);
      if (value === 'absent') {
        throw new KeyguardError('admin-key-missing', 'the admin key secret is empty', 'npx keyguard admin-key set (README, step 3)');
      }
      kept = { at: clock.now(), value };
    }
    return kept.value.reveal();
  };
}

async function identityToken(sts: STSClient, audience: string): Promise<string> {
  const { WebIdentityToken } = await awsCall('sts:GetWebIdentityToken', () =>
    sts.send(new GetWebIdentityTokenCommand({ Audience: [audience], SigningAlgorithm: 'ES384', DurationSeconds: identityTokenSeconds })),
  );
  if (WebIdentityToken !== undefined) return WebIdentityToken;
  throw new KeyguardError(
    'aws-refused',
    'sts:GetWebIdentityToken gave no token',
    'enable outbound web identity federation in this account',
  );
}
