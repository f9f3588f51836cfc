import type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages';
import type { ServerSentEvent } from './routing.ts';

const WORDS_PER_DELTA = 8;

/**
 * The message as the events of a stream, in Anthropic's order: message_start, content_block_start, ping,
 * content_block_delta (several), content_block_stop, message_delta, message_stop.
 */
export function eventsOf(message: Message, words: readonly string[]): ServerSentEvent[] {
  const { usage } = message;
  return [
    named({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } } }),
    named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } }),
    { event: 'ping', data: { type: 'ping' } },
    ...deltas(words).map((text) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    named({ type: 'content_block_stop', index: 0 }),
    named({
      type: 'message_delta',
      delta: {
        container: message.container,
        stop_details: message.stop_details,
        stop_reason: message.stop_reason,
        stop_sequence: message.stop_sequence,
      },
      usage: {
        input_tokens: usage.input_tokens,
        cache_creation_input_tokens: usage.cache_creation_input_tokens,
        cache_read_input_tokens: usage.cache_read_input_tokens,
        output_tokens: usage.output_tokens,
        output_tokens_details: usage.output_tokens_details,
        server_tool_use: usage.server_tool_use,
      },
    }),
    named({ type: 'message_stop' }),
  ];
}

const named = (data: RawMessageStreamEvent): ServerSentEvent => ({ event: data.type, data });

/** The words in a few pieces which, joined, are the message's text. */
function deltas(words: readonly string[]): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < words.length; start += WORDS_PER_DELTA) {
    pieces.push(`${start === 0 ? '' : ' '}${words.slice(start, start + WORDS_PER_DELTA).join(' ')}`);
  }
  return pieces;
}
