import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault, StrangerAnswer } from './intercept.ts';
import type { Outcome } from './judge.ts';
import type { ServerSentEvent } from './routing.ts';
import { ApiError, errorBody, invalidRequest } from './errors.ts';

const MAXIMUM_BODY_BYTES = 32 * 1024 * 1024;

/** The parsed body, undefined for none, or the refusal that it deserves. */
export async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAXIMUM_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAXIMUM_BODY_BYTES) return new ApiError(413, 'request_too_large', 'Request exceeds the maximum size');
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    return invalidRequest('The request body is not valid JSON');
  }
}

/** The answer that a fault of kind `status` gives instead of the platform's own. */
export function scripted(fault: Fault | undefined, requestId: string): Outcome | undefined {
  if (fault?.kind !== 'status') return undefined;
  const type = ({ 429: 'rate_limit_error', 500: 'api_error', 504: 'timeout_error', 529: 'overloaded_error' } as const)[fault.status];
  const headers = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  return { status: fault.status, headers, body: errorBody(new ApiError(fault.status, type, 'Scripted fault'), requestId) };
}

/** Cuts the connection: the caller gets no answer, or no more of it. */
export function cut(response: ServerResponse): 'cut' {
  response.destroy();
  return 'cut';
}

/** Sends what somebody on the way says instead of the platform. */
export function sendStranger(response: ServerResponse, { status, headers, body }: StrangerAnswer): number {
  response.writeHead(status, headers);
  response.end(body);
  return status;
}

/** Sends the answer, as far as `fault` lets it through; returns what the caller got. */
export function send(response: ServerResponse, outcome: Outcome, fault: Fault | undefined, requestId: string): number | 'cut' {
  if (fault?.kind === 'stranger') return sendStranger(response, fault.answer);
  const { status, headers, body } = fault?.kind === 'altered' ? fault.alter(outcome) : (scripted(fault, requestId) ?? outcome);
  const events = isEvents(body) ? body : undefined;
  if (fault?.kind === 'drop' && (events === undefined || fault.afterEvents === undefined)) return cut(response);
  const contentType = events === undefined ? 'application/json' : 'text/event-stream; charset=utf-8';
  response.writeHead(status, { ...headers, 'request-id': requestId, 'content-type': contentType });
  if (events !== undefined) return sendEvents(response, events, fault, requestId);
  response.end(JSON.stringify(body));
  return status;
}

/** Each event is a write of its own, as a stream has them. */
function sendEvents(
  response: ServerResponse,
  events: readonly ServerSentEvent[],
  fault: Fault | undefined,
  requestId: string,
): number | 'cut' {
  const last = fault?.kind === 'drop' || fault?.kind === 'error-event' ? fault.afterEvents : undefined;
  for (const { event, data } of events.slice(0, last)) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  if (fault?.kind === 'drop') {
    // What was written still reaches the caller; then the connection breaks.
    response.write('', () => response.destroy());
    return 'cut';
  }
  if (fault?.kind === 'error-event') {
    const body = errorBody(new ApiError(529, 'overloaded_error', 'Overloaded'), requestId);
    response.write(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
  }
  response.end();
  return 200;
}

const isEvents = (body: Outcome['body']): body is readonly ServerSentEvent[] => Array.isArray(body);
