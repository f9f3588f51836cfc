import type { CatalogueModel } from './catalogue.ts';
import type { Fields } from './fields.ts';
import { modelNamed } from './catalogue.ts';
import { invalidRequest, notFound } from './errors.ts';
import { isFields, requiredText } from './fields.ts';

/** A checked prompt and its size by this platform's simple rule. */
export interface Prompt {
  readonly model: CatalogueModel;
  /** The whole prompt as text: what the reply is drawn from. */
  readonly text: string;
  readonly inputTokens: number;
  /** The part up to the last `cache_control`, if any. */
  readonly cacheable: { readonly text: string; readonly tokens: number; readonly ttl: '5m' | '1h' } | undefined;
}

const ROLES = ['user', 'assistant', 'system'];
/** What a picture or a document counts for. */
const MEDIA_TOKENS = 1500;
/** What the frame of each message counts for. */
const MESSAGE_TOKENS = 4;

/**
 * Checks model and messages, and counts: one token for every four bytes of text (rounded up), four more per message,
 * 1,500 per picture or document; tools and other blocks count by their JSON. Not Claude's tokenizer, but deterministic.
 */
export function readPrompt(fields: Fields): Prompt {
  const id = requiredText(fields, 'model');
  const model = modelNamed(id);
  if (model === undefined) throw notFound(`model: ${id}`);
  const messages = fields['messages'];
  if (!Array.isArray(messages) || messages.length === 0) throw invalidRequest('messages: at least one message is required');
  const pieces = [...piecesOf(fields['tools'], 'tools'), ...piecesOf(fields['system'], 'system'), ...messages.flatMap(piecesOfMessage)];
  const inputTokens = pieces.reduce((sum, piece) => sum + piece.tokens, 0);
  if (inputTokens > model.maxInputTokens)
    throw invalidRequest(`prompt is too long: ${inputTokens} tokens > ${model.maxInputTokens} maximum`);
  return { model, text: textOf(pieces), inputTokens, cacheable: cacheableOf(pieces, fields['cache_control']) };
}

interface Piece {
  readonly text: string;
  readonly tokens: number;
  readonly cache: '5m' | '1h' | undefined;
}

function piecesOfMessage(message: unknown, index: number): Piece[] {
  const name = `messages.${index}`;
  if (!isFields(message)) throw invalidRequest(`${name}: Input should be an object`);
  const { role, content } = message;
  if (typeof role !== 'string' || !ROLES.includes(role)) throw invalidRequest(`${name}.role: Input should be 'user' or 'assistant'`);
  if (content === undefined || content === null || content === '') throw invalidRequest(`${name}.content: Field required`);
  return [{ text: role, tokens: MESSAGE_TOKENS, cache: undefined }, ...piecesOf(content, `${name}.content`)];
}

function piecesOf(content: unknown, name: string): Piece[] {
  if (content === undefined || content === null) return [];
  if (typeof content === 'string') return [{ text: content, tokens: tokensOf(content), cache: undefined }];
  if (!Array.isArray(content)) throw invalidRequest(`${name}: Input should be a string or a list`);
  return content.map((block: unknown, index): Piece => {
    if (!isFields(block)) throw invalidRequest(`${name}.${index}: Input should be an object`);
    const cache = cacheOf(block['cache_control']);
    if (block['type'] === 'image' || block['type'] === 'document') return { text: JSON.stringify(block), tokens: MEDIA_TOKENS, cache };
    const text = typeof block['text'] === 'string' ? block['text'] : JSON.stringify(block);
    return { text, tokens: tokensOf(text), cache };
  });
}

const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / 4);

const textOf = (pieces: readonly Piece[]): string => pieces.map((piece) => piece.text).join('\n');

function cacheOf(control: unknown): '5m' | '1h' | undefined {
  if (!isFields(control)) return undefined;
  return control['ttl'] === '1h' ? '1h' : '5m';
}

/** A `cache_control` beside the messages stands for one on the last block. */
function cacheableOf(pieces: readonly Piece[], whole: unknown): Prompt['cacheable'] {
  const all = cacheOf(whole);
  const last = all === undefined ? pieces.findLastIndex((piece) => piece.cache !== undefined) : pieces.length - 1;
  const ttl = all ?? pieces[last]?.cache;
  if (ttl === undefined) return undefined;
  const prefix = pieces.slice(0, last + 1);
  return { text: textOf(prefix), tokens: prefix.reduce((sum, piece) => sum + piece.tokens, 0), ttl };
}
