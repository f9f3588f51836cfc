import type { JSONWebKeySet } from 'jose';
import type { FederationIssuer } from './federation.ts';
import { isFields } from './fields.ts';

/** The signing keys of issuers. */
export interface IssuerKeys {
  /** Throws where they cannot be fetched. */
  of(issuer: FederationIssuer, now: number): Promise<JSONWebKeySet>;
}

/** Right after an issuer rotates its keys, exchanges may fail for this long. */
const CACHE_MS = 60_000;
/** Real time: an issuer that does not answer must not hold up the platform. */
const TIMEOUT_MS = 5_000;

/** Fetches keys over HTTP, by discovery or from a fixed address, and keeps them for a minute of the world's time. */
export function issuerKeys(): IssuerKeys {
  const cache = new Map<string, { keys: JSONWebKeySet; until: number }>();
  return {
    async of(issuer, now) {
      const cached = cache.get(issuer.id);
      if (cached !== undefined && now < cached.until) return cached.keys;
      const keys = await fetchJson(issuer.jwksUri ?? (await discoveredUri(issuer)));
      if (!isKeySet(keys)) throw new Error('the issuer serves no key set');
      cache.set(issuer.id, { keys, until: now + CACHE_MS });
      return keys;
    },
  };
}

async function discoveredUri(issuer: FederationIssuer): Promise<string> {
  const document = await fetchJson(`${issuer.issuerUrl.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!isFields(document) || document['issuer'] !== issuer.issuerUrl || typeof document['jwks_uri'] !== 'string') {
    throw new Error('the discovery document does not fit the issuer');
  }
  return document['jwks_uri'];
}

async function fetchJson(address: string): Promise<unknown> {
  const url = new URL(address);
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
    throw new Error('keys are fetched by https or from loopback only');
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error('the issuer refused');
  return response.json();
}

const isKeySet = (value: unknown): value is JSONWebKeySet =>
  isFields(value) && Array.isArray(value['keys']) && value['keys'].every(isFields);
