import { errorTypeRegistries, GetCallerIdentity$, GetWebIdentityToken$ } from '@aws-sdk/client-sts';
import type {
  GetCallerIdentityRequest,
  GetCallerIdentityResponse,
  GetWebIdentityTokenRequest,
  GetWebIdentityTokenResponse,
} from '@aws-sdk/client-sts';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { AwsError, operation } from './service.ts';
import type { Account, Service } from './service.ts';

type Algorithm = 'RS256' | 'ES384';

/** Who the callers of this account are, and the account's switch for outbound federation. */
export interface Identity {
  roleArn(): string;
  /** Calls from now on come from this role. */
  assume(roleArn: string): void;
  /** The account switch `EnableOutboundWebIdentityFederation`; on from the start. */
  setFederation(state: 'enabled' | 'disabled'): void;
  /** The account's own issuer, served by this very server. */
  issuer(): string;
}

export interface Issuer {
  /** The document behind a path of the issuer, or undefined. */
  document(path: string): Promise<object | undefined>;
}

export function sts(account: Account, issuerUrl: () => string): { service: Service; identity: Identity; issuer: Issuer } {
  let roleArn = `arn:aws:iam::${account.accountId}:role/keyguard-local`;
  let federation: 'enabled' | 'disabled' = 'enabled';
  const keys = new Map<Algorithm, Promise<SigningKey>>();
  // Made when first needed: an RSA key costs a tenth of a second, and few worlds federate.
  const keyFor = (algorithm: Algorithm): Promise<SigningKey> => {
    const known = keys.get(algorithm) ?? makeKey(algorithm, account.randomness.uuid());
    keys.set(algorithm, known);
    return known;
  };

  const operations = [
    operation<GetCallerIdentityRequest, GetCallerIdentityResponse>(GetCallerIdentity$, () => ({
      Account: account.accountId,
      Arn: roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/') + '/local',
      UserId: 'AROALOCAL:local',
    })),
    operation<GetWebIdentityTokenRequest, GetWebIdentityTokenResponse>(GetWebIdentityToken$, async (input, { now }) => {
      if (federation === 'disabled') {
        throw new AwsError(
          'OutboundWebIdentityFederationDisabledException',
          'Outbound web identity federation is not enabled for this account.',
        );
      }
      const { Audience: audience, SigningAlgorithm: algorithm, DurationSeconds: seconds = 300 } = input;
      if (algorithm !== 'RS256' && algorithm !== 'ES384')
        throw invalid('signingAlgorithm', algorithm, 'Member must satisfy enum value set: [RS256, ES384]');
      if (seconds < 60 || seconds > 3600) throw invalid('durationSeconds', String(seconds), 'Member must be between 60 and 3600');
      if (audience.length < 1 || audience.length > 10 || audience.some((entry) => entry.length < 1 || entry.length > 1000)) {
        throw invalid('audience', audience.join(', '), 'Member must have between 1 and 10 entries of 1 to 1000 characters');
      }
      const { privateKey, kid } = await keyFor(algorithm);
      const issuedAt = Math.floor(now / 1000);
      const token = await new SignJWT({
        'https://sts.amazonaws.com/': {
          aws_account: account.accountId,
          principal_id: roleArn,
          ...(input.Tags === undefined ? {} : { request_tags: Object.fromEntries(input.Tags.map((tag) => [tag.Key, tag.Value])) }),
        },
      })
        .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
        .setIssuer(issuerUrl())
        .setSubject(roleArn)
        .setAudience(audience.length === 1 ? (audience[0] ?? '') : audience)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .setJti(account.randomness.uuid())
        .sign(privateKey);
      return { WebIdentityToken: token, Expiration: new Date((issuedAt + seconds) * 1000) };
    }),
  ];

  return {
    service: {
      name: 'sts',
      protocol: { kind: 'query', version: '2011-06-15', xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
      errors: errorTypeRegistries,
      throttle: { code: 'Throttling', message: 'Rate exceeded' },
      internalError: 'InternalFailure',
      operations,
    },
    identity: {
      roleArn: () => roleArn,
      assume: (arn) => void (roleArn = arn),
      setFederation: (state) => void (federation = state),
      issuer: issuerUrl,
    },
    issuer: {
      async document(path) {
        const url = issuerUrl();
        if (path === '/.well-known/openid-configuration') {
          return {
            issuer: url,
            jwks_uri: `${url}/.well-known/jwks.json`,
            response_types_supported: ['id_token'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['RS256', 'ES384'],
          };
        }
        if (path !== '/.well-known/jwks.json') return undefined;
        const all = await Promise.all([keyFor('RS256'), keyFor('ES384')]);
        return { keys: all.map(({ jwk }) => jwk) };
      },
    },
  };
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function makeKey(algorithm: Algorithm, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm);
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } };
}

function invalid(member: string, value: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
