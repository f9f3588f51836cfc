import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { onTestFinished } from 'vitest';

/** An OIDC issuer on loopback, as AWS's token service is one. */
export interface TestIssuer {
  readonly url: string;
  /** Signs a token for the role at the instant `now`; each call gives a new `jti`. Claims that are undefined are left out. */
  sign(
    now: number,
    changes?: { readonly claims?: Record<string, unknown>; readonly seconds?: number; readonly kid?: string | undefined },
  ): Promise<string>;
  /** From now on other keys are served and used. */
  rotateKeys(): Promise<void>;
  /** How often its key set was fetched. */
  fetches(): number;
}

export const ROLE = 'arn:aws:iam::111122223333:role/keyguard';
export const AUDIENCE = 'https://api.anthropic.com';

export async function anIssuer(): Promise<TestIssuer> {
  let pair = await generateKeyPair('ES384', { extractable: true });
  let kid = 'key-1';
  let tokens = 0;
  let fetches = 0;
  const server = createServer((request, response) => {
    const answer = async (): Promise<object> => {
      if (request.url === '/.well-known/openid-configuration') return { issuer: url, jwks_uri: `${url}/jwks` };
      fetches += 1;
      return { keys: [{ ...(await exportJWK(pair.publicKey)), kid, alg: 'ES384', use: 'sig' }] };
    };
    void answer().then((body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url,
    fetches: () => fetches,
    async rotateKeys() {
      pair = await generateKeyPair('ES384', { extractable: true });
      kid = 'key-2';
    },
    sign(now, { claims = {}, seconds = 300, ...changes } = {}) {
      tokens += 1;
      const iat = Math.floor(now / 1000);
      const all = { iss: url, sub: ROLE, aud: AUDIENCE, iat, exp: iat + seconds, jti: `jti-${tokens}`, ...claims };
      const header = { alg: 'ES384', ...('kid' in changes ? (changes.kid === undefined ? {} : { kid: changes.kid }) : { kid }) };
      return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>).setProtectedHeader(header).sign(pair.privateKey);
    },
  };
}
