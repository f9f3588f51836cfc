import Anthropic from '@anthropic-ai/sdk';
import type { SecretKey } from './secret-key.ts';

export interface ClaudeClientOptions {
  readonly key: SecretKey;
  /** @default Anthropic's public address */
  readonly baseURL?: string;
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A Claude client that outlives rotations: it asks for the key before every request, and sends a request that was refused
 * (401) once more where the secret holds another value by now.
 */
export function claudeClient({ key, baseURL, fetch = globalThis.fetch }: ClaudeClientOptions): Anthropic {
  return new Anthropic({
    apiKey: () => key.current(),
    fetch: askingAgain(key, fetch),
    // Else the SDK takes ANTHROPIC_BASE_URL from the environment, and the key goes wherever that says.
    baseURL: baseURL ?? 'https://api.anthropic.com',
  });
}

function askingAgain(key: SecretKey, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    // A body that is a stream has been read and cannot be sent twice.
    if (response.status !== 401 || init?.body instanceof ReadableStream) return response;
    const headers = new Headers(init?.headers);
    const sent = headers.get('authorization')?.replace(/^Bearer /, '');
    const next = sent === undefined ? undefined : await key.replacementFor(sent);
    if (next === undefined) return response;
    await response.body?.cancel();
    headers.set('authorization', `Bearer ${next}`);
    return fetch(input, { ...init, headers });
  };
}
