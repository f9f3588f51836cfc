import { GetCallerIdentityCommand, GetWebIdentityTokenCommand } from '@aws-sdk/client-sts';
import type { GetWebIdentityTokenCommandInput } from '@aws-sdk/client-sts';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { aws, refusal } from './clients.ts';
import type { Clients } from './clients.ts';

const AUDIENCE = 'https://api.example.com';
const mint = async (clients: Clients, more: Partial<GetWebIdentityTokenCommandInput> = {}) => {
  const answer = await clients.sts.send(new GetWebIdentityTokenCommand({ Audience: [AUDIENCE], SigningAlgorithm: 'ES384', ...more }));
  return { token: answer.WebIdentityToken ?? '', expiration: answer.Expiration };
};

/** As an outsider would: by the documents that the issuer serves. */
async function verify(token: string, issuer: string, now: number) {
  const discovery: unknown = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  if (typeof discovery !== 'object' || discovery === null || !('jwks_uri' in discovery)) throw new Error('no discovery document');
  const keys = createRemoteJWKSet(new URL(String(discovery.jwks_uri)));
  return jwtVerify(token, keys, { issuer, audience: AUDIENCE, currentDate: new Date(now) });
}

test('a token is good for whoever reads the issuer', async () => {
  const clients = await aws();
  const issuer = clients.aws.identity.issuer();
  const { token, expiration } = await mint(clients, { DurationSeconds: 120 });
  const { payload, protectedHeader } = await verify(token, issuer, clients.clock.now());
  const issuedAt = clients.clock.now() / 1000;
  expect(protectedHeader).toMatchObject({ alg: 'ES384', kid: expect.any(String) as string });
  expect(payload).toMatchObject({
    iss: issuer,
    sub: 'arn:aws:iam::000000000000:role/keyguard-local',
    aud: AUDIENCE,
    iat: issuedAt,
    exp: issuedAt + 120,
    jti: expect.any(String) as string,
    'https://sts.amazonaws.com/': { aws_account: '000000000000' },
  });
  expect(expiration).toEqual(new Date((issuedAt + 120) * 1000));
  await expect(verify(token, issuer, clients.clock.now() + 121_000)).rejects.toThrow(/exp/);
});

test('every token has an id of its own, and lives five minutes unless asked', async () => {
  const clients = await aws();
  const ids = new Set<unknown>();
  for (let times = 0; times < 2; times += 1) {
    const { payload } = await verify((await mint(clients)).token, clients.aws.identity.issuer(), clients.clock.now());
    ids.add(payload.jti);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  }
  expect(ids.size).toBe(2);
});

test("another account's token does not verify here", async () => {
  const [here, there] = [await aws(), await aws()];
  await expect(verify((await mint(there)).token, here.aws.identity.issuer(), here.clock.now())).rejects.toThrow();
});

test('the subject is the role that calls', async () => {
  const clients = await aws();
  clients.aws.identity.assume('arn:aws:iam::000000000000:role/rotation');
  const { payload } = await verify((await mint(clients)).token, clients.aws.identity.issuer(), clients.clock.now());
  expect(payload.sub).toBe('arn:aws:iam::000000000000:role/rotation');
  const identity = await clients.sts.send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({ Account: '000000000000', Arn: 'arn:aws:sts::000000000000:assumed-role/rotation/local' });
});

test('an account that has not switched federation on gives no token', async () => {
  const clients = await aws();
  clients.aws.identity.setFederation('disabled');
  await expect(mint(clients)).rejects.toMatchObject({
    name: 'OutboundWebIdentityFederationDisabledException',
    $metadata: { httpStatusCode: 403 },
  });
});

test.each<[Partial<GetWebIdentityTokenCommandInput>]>([
  [{ DurationSeconds: 59 }],
  [{ DurationSeconds: 3601 }],
  [{ SigningAlgorithm: 'HS256' }],
  [{ Audience: [] }],
  [{ Audience: Array.from({ length: 11 }, () => 'a') }],
])('a token with %j is refused', async (input) => {
  const clients = await aws();
  expect(await refusal(mint(clients, input))).toContain('ValidationError: 1 validation error detected');
});

test.each<[string, Partial<GetWebIdentityTokenCommandInput>]>([
  ['tags', { Tags: [{ Key: 'team', Value: 'a' }] }],
  ['RS256', { SigningAlgorithm: 'RS256' }],
])('a token with %s is not offered', async (_what, input) => {
  const clients = await aws();
  expect(await refusal(mint(clients, input))).toContain('The local AWS does not offer sts:GetWebIdentityToken');
});
