import { errorTypeRegistries, GetCallerIdentity$, GetWebIdentityToken$ } from '@aws-sdk/client-sts';
import type {
  GetCallerIdentityRequest,
  GetCallerIdentityResponse,
  GetWebIdentityTokenRequest,
  GetWebIdentityTokenResponse,
} from '@aws-sdk/client-sts';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { AwsError, notOffered, operation } from './service.ts';
import type { Account, Service } from './service.ts';

const ALGORITHM = 'ES384';

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
  let key: Promise<SigningKey> | undefined;
  // Made when first needed: few worlds federate.
  const signingKey = (): Promise<SigningKey> => (key ??= makeKey(account.randomness.uuid()));

  const operations = [
    operation<GetCallerIdentityRequest, GetCallerIdentityResponse>(GetCallerIdentity$, [], () => ({
      Account: account.accountId,
      Arn: roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/') + '/local',
      UserId: 'AROALOCAL:local',
    })),
    operation<GetWebIdentityTokenRequest, GetWebIdentityTokenResponse>(
      GetWebIdentityToken$,
      ['Audience', 'SigningAlgorithm', 'DurationSeconds'],
      async (input, { now }) => {
        if (federation === 'disabled') {
          throw new AwsError(
            'OutboundWebIdentityFederationDisabledException',
            'Outbound web identity federation is not enabled for this account.',
          );
        }
        const { Audience: audience, SigningAlgorithm: algorithm, DurationSeconds: seconds = 300 } = input;
        if (algorithm === 'RS256') throw notOffered('sts:GetWebIdentityToken with RS256: ES384 is offered');
        if (algorithm !== ALGORITHM) throw invalid('signingAlgorithm', algorithm, 'Member must satisfy enum value set: [RS256, ES384]');
        if (seconds < 60 || seconds > 3600) throw invalid('durationSeconds', String(seconds), 'Member must be between 60 and 3600');
        if (audience.length < 1 || audience.length > 10 || audience.some((entry) => entry.length < 1 || entry.length > 1000)) {
          throw invalid('audience', audience.join(', '), 'Member must have between 1 and 10 entries of 1 to 1000 characters');
        }
        const { privateKey, kid } = await signingKey();
        const issuedAt = Math.floor(now / 1000);
        const token = await new SignJWT({
          'https://sts.amazonaws.com/': {
            aws_account: account.accountId,
            principal_id: roleArn,
          },
        })
          .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'JWT' })
          .setIssuer(issuerUrl())
          .setSubject(roleArn)
          .setAudience(audience.length === 1 ? (audience[0] ?? '') : audience)
          .setIssuedAt(issuedAt)
          .setExpirationTime(issuedAt + seconds)
          .setJti(account.randomness.uuid())
          .sign(privateKey);
        return { WebIdentityToken: token, Expiration: new Date((issuedAt + seconds) * 1000) };
      },
    ),
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
            id_token_signing_alg_values_supported: [ALGORITHM],
          };
        }
        if (path !== '/.well-known/jwks.json') return undefined;
        return { keys: [(await signingKey()).jwk] };
      },
    },
  };
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

async function makeKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: ALGORITHM, use: 'sig' } };
}

function invalid(member: string, value: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  );
}
