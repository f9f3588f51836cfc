import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { FederationIssuer, FederationRule } from './federation.ts';
import { createLocalJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';

/** Why an exchange was denied. The caller never learns it; the Console's authentication history does. */
export class Denied extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** What a verified assertion says. */
export interface Assertion {
  readonly subject: string;
  readonly jti: string | undefined;
  /** Seconds until it expires. */
  readonly remainingSeconds: number;
}

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const SKEW_SECONDS = 30;

/**
 * Verifies signature, times and claims of a JWT, then whether the rule takes its bearer. Throws Denied.
 * Rules: asymmetric algorithms, `kid`, `sub`, `iat` and `exp` present, a bounded lifetime, 30 s of skew.
 */
export async function verifyAssertion(
  jwt: string,
  {
    issuer,
    rule,
    keys,
    now,
  }: { readonly issuer: FederationIssuer; readonly rule: FederationRule; readonly keys: JSONWebKeySet; readonly now: number },
): Promise<Assertion> {
  const claims = await verifiedClaims(jwt, issuer, rule, keys, now);
  const { sub, iat, exp, jti } = claims;
  if (sub === undefined || iat === undefined || exp === undefined) throw new Denied('claim_missing');
  const seconds = now / 1000;
  if (iat > seconds + SKEW_SECONDS) throw new Denied('issued_in_the_future');
  if (exp - iat > issuer.maxJwtLifetimeSeconds) throw new Denied('lifetime_too_long');
  if (!matchesSubject(rule.subjectPrefix, sub)) throw new Denied('subject_mismatch');
  for (const [claim, value] of Object.entries(rule.claims)) if (claims[claim] !== value) throw new Denied('claim_mismatch');
  return { subject: sub, jti, remainingSeconds: Math.floor(exp - seconds) };
}

async function verifiedClaims(
  jwt: string,
  issuer: FederationIssuer,
  rule: FederationRule,
  keys: JSONWebKeySet,
  now: number,
): Promise<JWTPayload> {
  try {
    if (decodeProtectedHeader(jwt).kid === undefined) throw new Denied('kid_missing');
    const { payload } = await jwtVerify(jwt, createLocalJWKSet(keys), {
      algorithms: ALGORITHMS,
      issuer: issuer.issuerUrl,
      audience: rule.audience,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now),
      requiredClaims: ['sub', 'iat', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof Denied) throw error;
    throw new Denied(reasonOf(error));
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.reason === 'missing' ? 'claim_missing' : `${error.claim}_mismatch`;
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) return 'signature';
  return 'malformed';
}

const matchesSubject = (prefix: string, subject: string): boolean =>
  prefix.endsWith('*') ? subject.startsWith(prefix.slice(0, -1)) : subject === prefix;
