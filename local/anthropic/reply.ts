import type { Prompt } from './prompt.ts';
import { hash } from 'node:crypto';
import { drawFrom } from './draw.ts';

/** What the platform says to a prompt: words, one token each. */
export interface Reply {
  readonly words: readonly string[];
  readonly stopReason: 'end_turn' | 'max_tokens';
}

const VOCABULARY =
  'the a local answer to your question is drawn from one seed so it reads like words and means nothing at all but stays same every time you ask again with same prompt and model'.split(
    ' ',
  );
const SHORTEST = 32;
const LONGEST = 4096;

/**
 * The same seed, model and prompt give the same words. A reply wants 32 words and one more for every two input tokens
 * (4,096 at most); a smaller `max_tokens` cuts it off. So callers choose sizes by prompt length and `max_tokens`.
 */
export function replyTo(prompt: Prompt, maxTokens: number, seed: number): Reply {
  const wanted = Math.min(SHORTEST + Math.floor(prompt.inputTokens / 2), LONGEST);
  const draw = drawFrom(parseInt(hash('sha256', `${seed} ${prompt.model.id} ${prompt.text}`).slice(0, 8), 16));
  const words = Array.from({ length: Math.min(wanted, maxTokens) }, () => VOCABULARY[draw.integer(VOCABULARY.length)] ?? 'the');
  return { words, stopReason: maxTokens < wanted ? 'max_tokens' : 'end_turn' };
}
