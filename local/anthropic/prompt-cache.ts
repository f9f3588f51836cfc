import type { Prompt } from './prompt.ts';
import { hash } from 'node:crypto';

/** How a prompt's tokens are billed. */
export interface CachedInput {
  readonly uncached: number;
  readonly read: number;
  readonly written5m: number;
  readonly written1h: number;
}

/** Prompt caches, one per workspace. */
export interface PromptCache {
  /** Reads or writes the prompt's cacheable part; each read keeps it alive for its time again. */
  bill(workspaceId: string, prompt: Prompt, now: number): CachedInput;
}

/** Shorter prefixes are never cached. */
const MINIMUM_TOKENS = 1024;
const LIVES_MS = { '5m': 5 * 60_000, '1h': 60 * 60_000 };

export function promptCache(): PromptCache {
  const aliveUntil = new Map<string, number>();
  return {
    bill(workspaceId, { model, inputTokens, cacheable }, now) {
      if (cacheable === undefined || cacheable.tokens < MINIMUM_TOKENS)
        return { uncached: inputTokens, read: 0, written5m: 0, written1h: 0 };
      const entry = `${workspaceId} ${model.id} ${cacheable.ttl} ${hash('sha256', cacheable.text)}`;
      const hit = now < (aliveUntil.get(entry) ?? -Infinity);
      aliveUntil.set(entry, now + LIVES_MS[cacheable.ttl]);
      const rest = inputTokens - cacheable.tokens;
      if (hit) return { uncached: rest, read: cacheable.tokens, written5m: 0, written1h: 0 };
      return {
        uncached: rest,
        read: 0,
        written5m: cacheable.ttl === '5m' ? cacheable.tokens : 0,
        written1h: cacheable.ttl === '1h' ? cacheable.tokens : 0,
      };
    },
  };
}
