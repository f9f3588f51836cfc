import type { APIError } from '@anthropic-ai/sdk/core/error';
import type { HeartbeatAnswer, HeartbeatPorts } from '../../usage/ports.ts';
import { anthropicCall } from './calls.ts';
import { clientOf } from './client.ts';
import { fieldOf, malformed } from './shape.ts';

const operation = 'POST /v1/messages';

/** One request with the value itself, as small as the API takes one: a letter in, one token out. It is not retried. */
export function smallestRequest(baseUrl: string): HeartbeatPorts['ask'] {
  return async (value, model) => {
    const body = { model, max_tokens: 1, messages: [{ role: 'user', content: 'a' }] };
    try {
      const answer = await anthropicCall(operation, () => clientOf(value, baseUrl).post<unknown>('/v1/messages', { body }), verdictOn);
      return { answer: 'taken', tokens: tokensIn(answer) };
    } catch (error) {
      if (error instanceof Verdict) return error.verdict;
      throw error;
    }
  };
}

/** What Anthropic has answered, and not that no answer came. */
class Verdict extends Error {
  readonly verdict: HeartbeatAnswer;

  constructor(verdict: HeartbeatAnswer) {
    super(verdict.answer);
    this.verdict = verdict;
  }
}

function verdictOn({ status, type }: APIError): Verdict | undefined {
  if (status === undefined) return undefined;
  if (status === 408 || status === 429 || status >= 500) return new Verdict({ answer: 'not-now', status });
  const why = `${status}${type === null ? '' : ` ${type}`}`;
  return new Verdict({ answer: status === 401 ? 'key-refused' : 'request-refused', why });
}

function tokensIn(answer: unknown): number {
  const usage = fieldOf(answer, 'usage');
  const [input, output] = [fieldOf(usage, 'input_tokens'), fieldOf(usage, 'output_tokens')];
  if (typeof input !== 'number' || typeof output !== 'number') throw malformed(operation, 'usage');
  return input + output;
}
