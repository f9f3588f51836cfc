import type { Message } from '@anthropic-ai/sdk/resources/messages';
import type { ApiReply, AuthenticatedRequest, Route } from './routing.ts';
import type { CachedInput, PromptCache } from './prompt-cache.ts';
import type { Fields } from './fields.ts';
import type { Platform } from './state.ts';
import type { Prompt } from './prompt.ts';
import type { Reply } from './reply.ts';
import { book, contextWindowOf } from './booking.ts';
import { invalidRequest } from './errors.ts';
import { fieldsOf, optionalWord } from './fields.ts';
import { eventsOf } from './message-stream.ts';
import { readPrompt } from './prompt.ts';
import { promptCache } from './prompt-cache.ts';
import { replyTo } from './reply.ts';
import { json } from './routing.ts';

/** API version 2026-10-21 refuses them; 2023-06-01 still takes them. */
const REMOVED_SAMPLING = ['temperature', 'top_p', 'top_k'];

/** Messages and token counting. Every accepted message adds usage to its minute; counting adds none. */
export function messageRoutes(platform: Platform): Route[] {
  const cache = promptCache();
  return [
    {
      method: 'POST',
      path: '/v1/messages',
      access: 'inference',
      limitedBy: 'inference',
      answer: (request) => createMessage(platform, request, cache),
    },
    {
      method: 'POST',
      path: '/v1/messages/count_tokens',
      access: 'inference',
      answer: (request) => json({ input_tokens: readPrompt(fieldsOf(request.body)).inputTokens }),
    },
  ];
}

function createMessage(platform: Platform, request: AuthenticatedRequest, cache: PromptCache): ApiReply {
  const fields = fieldsOf(request.body);
  refuseSampling(fields, request);
  const prompt = readPrompt(fields);
  const maxTokens = maxTokensOf(fields, prompt);
  const stream = fields['stream'] ?? false;
  if (typeof stream !== 'boolean') throw invalidRequest('stream: Input should be a valid boolean');
  const inferenceGeo = optionalWord(fields, 'inference_geo', ['global', 'us']) ?? 'global';
  const speed = optionalWord(fields, 'speed', ['standard', 'fast']) ?? 'standard';
  const input = cache.bill(request.workspaceId, prompt, request.now);
  const reply = replyTo(prompt, maxTokens, platform.seed);
  const message = messageOf(platform.draw.id('msg_'), prompt, reply, { input, inferenceGeo, speed });
  book(platform, {
    caller: request.caller,
    workspaceId: request.workspaceId,
    model: prompt.model.id,
    serviceTier: 'standard',
    contextWindow: contextWindowOf(prompt.inputTokens),
    inferenceGeo,
    speed,
    at: request.now,
    counts: {
      requests: 1,
      uncachedInputTokens: input.uncached,
      cacheReadTokens: input.read,
      cacheCreation5mTokens: input.written5m,
      cacheCreation1hTokens: input.written1h,
      outputTokens: reply.words.length,
      webSearches: 0,
    },
  });
  const headers = platform.rates.headers(request.caller.organizationId, request.now);
  return stream ? { kind: 'events', events: eventsOf(message, reply.words), headers } : json(message, headers);
}

function refuseSampling(fields: Fields, request: AuthenticatedRequest): void {
  if (request.headers['anthropic-version'] === '2023-06-01') return;
  const removed = REMOVED_SAMPLING.find((name) => fields[name] !== undefined);
  if (removed !== undefined) throw invalidRequest(`${removed}: Extra inputs are not permitted`);
}

function maxTokensOf(fields: Fields, { model }: Prompt): number {
  const maxTokens = fields['max_tokens'];
  if (maxTokens === undefined || maxTokens === null) throw invalidRequest('max_tokens: Field required');
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1) {
    throw invalidRequest('max_tokens: Input should be greater than or equal to 1');
  }
  if (maxTokens > model.maxTokens) throw invalidRequest(`max_tokens: ${maxTokens} > ${model.maxTokens}, the maximum for ${model.id}`);
  return maxTokens;
}

function messageOf(
  id: string,
  { model }: Prompt,
  { words, stopReason }: Reply,
  how: { readonly input: CachedInput; readonly inferenceGeo: string; readonly speed: 'standard' | 'fast' },
): Message {
  const { input, inferenceGeo, speed } = how;
  return {
    id,
    type: 'message',
    role: 'assistant',
    model: model.id,
    content: [{ type: 'text', text: words.join(' '), citations: null }],
    container: null,
    diagnostics: null,
    stop_details: null,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: {
      input_tokens: input.uncached,
      cache_creation_input_tokens: input.written5m + input.written1h,
      cache_read_input_tokens: input.read,
      cache_creation: { ephemeral_5m_input_tokens: input.written5m, ephemeral_1h_input_tokens: input.written1h },
      output_tokens: words.length,
      output_tokens_details: null,
      server_tool_use: null,
      inference_geo: inferenceGeo,
      service_tier: 'standard',
      speed,
    },
  };
}
