import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiReply, ApiRequest, Match, Route, ServerSentEvent } from './routing.ts';
import type { Caller } from './authenticate.ts';
import type { CallRecord, Fault, Interceptor } from './intercept.ts';
import type { Platform } from './state.ts';
import type { Tallies } from './inspect.ts';
import { knownCredential, presentedValue, requireAccess, requireWorking, workspaceOf } from './authenticate.ts';
import { ApiError, errorBody, invalidRequest, notFound } from './errors.ts';
import { router } from './routing.ts';

export interface AnswererParts {
  readonly platform: Platform;
  readonly routes: readonly Route[];
  readonly intercept: Interceptor;
  readonly counted: Tallies;
}

const VERSIONS = ['2023-06-01', '2026-10-21'];
const MAXIMUM_BODY_BYTES = 32 * 1024 * 1024;

/** What goes back over the wire, before faults have their say. */
interface Outcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | readonly ServerSentEvent[];
}

/** One request from start to end: find the route, ask the hooks, judge the caller, answer, ask the hooks again, write, remember. */
export function answerer(parts: AnswererParts): (incoming: IncomingMessage, response: ServerResponse) => void {
  const find = router(parts.routes);
  let calls = 0;
  return (incoming, response) => {
    calls += 1;
    serve(parts, { find, number: calls, incoming, response }).catch(() => {
      // Nothing of the error may leave: it could quote the request.
      response.destroy();
    });
  };
}

interface Exchange {
  readonly find: (method: string, pathname: string) => Match | undefined;
  readonly number: number;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function serve(parts: AnswererParts, { find, number, incoming, response }: Exchange): Promise<void> {
  const { platform, intercept, counted } = parts;
  const requestId = platform.draw.id('req_');
  const url = new URL(incoming.url ?? '/', 'http://localhost');
  const method = incoming.method ?? 'GET';
  const match = find(method, url.pathname);
  const caller = knownCredential(platform, presentedValue(incoming.headers));
  const body = await bodyOf(incoming);
  const call = {
    number,
    method,
    route: match?.route.path ?? 'unknown',
    target: taggedId(match),
    credentialId: caller?.credentialId,
    at: platform.clock.now(),
  };
  const before = await intercept.faultFor({ ...call, phase: 'before', status: undefined });
  if (before?.kind === 'slow') await platform.clock.pause(before.ms);
  const failed = refusedBy(before, requestId);
  const request = { ...requestOf(platform, incoming, { url, match, requestId }), body, stale: before?.kind === 'stale' };
  let outcome: Outcome | 'cut';
  if (before?.kind === 'drop') outcome = 'cut';
  else outcome = failed ?? (await judge(parts, match, caller, request));
  let after: Fault | undefined;
  if (outcome !== 'cut') {
    if (failed === undefined && match?.route.access === 'inference') {
      counted.count(caller?.credentialId, 1, outcome.status < 400 ? undefined : reasonOf(outcome.body), platform.clock.now());
    }
    after = await intercept.faultFor({ ...call, phase: 'after', status: outcome.status });
    if (after?.kind === 'slow') await platform.clock.pause(after.ms);
  }
  const status = write(response, outcome, after, requestId);
  intercept.remember({ ...call, status, requestId, fault: before?.kind ?? after?.kind } satisfies CallRecord);
}

/** The platform's own answer; every refusal becomes a body in Anthropic's shape. */
async function judge(
  parts: AnswererParts,
  match: Match | undefined,
  known: Caller | undefined,
  request: ApiRequest & { readonly body: unknown },
): Promise<Outcome> {
  const { platform } = parts;
  const headers: Record<string, string> = {};
  try {
    if (match === undefined) throw notFound('Not found');
    if (request.body instanceof ApiError) throw request.body;
    if (match.route.access === 'public') return outcomeOf(await match.route.answer(request), headers);
    const caller = requireWorking(platform, known);
    // Who and where: on every answer to a known caller, and absent on 401.
    headers['anthropic-organization-id'] = caller.organizationId;
    requireVersion(request);
    requireAccess(platform, caller, match.route.access);
    let workspaceId = '';
    if (match.route.access === 'inference') {
      workspaceId = workspaceOf(platform, caller, headerOf(request, 'anthropic-workspace-id'));
      headers['anthropic-workspace-id'] = workspaceId;
      platform.limits.check(workspaceId, match.route.limitedBy ?? 'read');
    }
    return outcomeOf(await match.route.answer({ ...request, caller, workspaceId }), headers);
  } catch (error) {
    const refusal = error instanceof ApiError ? error : new ApiError(500, 'api_error', 'Internal server error');
    return { status: refusal.status, headers: { ...headers, ...refusal.headers }, body: errorBody(refusal, request.requestId) };
  }
}

const outcomeOf = (reply: ApiReply, headers: Readonly<Record<string, string>>): Outcome => ({
  status: 200,
  headers: { ...headers, ...reply.headers },
  body: reply.kind === 'events' ? reply.events : reply.body,
});

function requestOf(
  platform: Platform,
  incoming: IncomingMessage,
  { url, match, requestId }: { readonly url: URL; readonly match: Match | undefined; readonly requestId: string },
): Omit<ApiRequest, 'body' | 'stale'> {
  return { path: match?.path ?? {}, query: url.searchParams, headers: incoming.headers, requestId, now: platform.clock.now() };
}

/** The parsed body, undefined for none, or the refusal that it deserves. */
async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
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

function requireVersion(request: ApiRequest): void {
  const version = headerOf(request, 'anthropic-version');
  if (version === undefined) throw invalidRequest('anthropic-version: header is required');
  if (!VERSIONS.includes(version)) throw invalidRequest('anthropic-version: not a known version');
}

function headerOf(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Only what looks like an id is remembered: a caller may put anything into a path. */
function taggedId(match: Match | undefined): string | undefined {
  return Object.values(match?.path ?? {}).find((value) => /^(apikey|wrkspc|svac|fdrl|fdis)_[A-Za-z0-9]{10,40}$/.test(value));
}

function refusedBy(fault: Fault | undefined, requestId: string): Outcome | undefined {
  if (fault?.kind !== 'status') return undefined;
  const type = ({ 429: 'rate_limit_error', 500: 'api_error', 504: 'timeout_error', 529: 'overloaded_error' } as const)[fault.status];
  const headers = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) };
  return { status: fault.status, headers, body: errorBody(new ApiError(fault.status, type, 'Scripted fault'), requestId) };
}

function reasonOf(body: object): string {
  const error: unknown = 'error' in body ? body.error : undefined;
  if (typeof error !== 'object' || error === null || !('type' in error)) return 'unknown';
  const details: unknown = 'details' in error ? error.details : undefined;
  return String(typeof details === 'object' && details !== null && 'error_code' in details ? details.error_code : error.type);
}

function write(response: ServerResponse, outcome: Outcome | 'cut', after: Fault | undefined, requestId: string): number | 'cut' {
  const told = refusedBy(after, requestId) ?? outcome;
  if (told === 'cut' || (after?.kind === 'drop' && !(Array.isArray(told.body) && after.afterEvents !== undefined))) {
    response.destroy();
    return 'cut';
  }
  response.writeHead(told.status, {
    ...told.headers,
    'request-id': requestId,
    'content-type': Array.isArray(told.body) ? 'text/event-stream; charset=utf-8' : 'application/json',
  });
  if (!isEvents(told.body)) {
    response.end(JSON.stringify(told.body));
    return told.status;
  }
  return writeEvents(response, told.body, after, requestId);
}

/** Each event is a write of its own, as a stream has them. */
function writeEvents(
  response: ServerResponse,
  events: readonly ServerSentEvent[],
  after: Fault | undefined,
  requestId: string,
): number | 'cut' {
  const breaksAt = after?.kind === 'drop' || after?.kind === 'error-event' ? after.afterEvents : undefined;
  for (const { event, data } of events.slice(0, breaksAt)) response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  if (after?.kind === 'drop') {
    // The events that were written still reach the caller; then the connection breaks.
    response.write('', () => response.destroy());
    return 'cut';
  }
  if (after?.kind === 'error-event') {
    const body = errorBody(new ApiError(529, 'overloaded_error', 'Overloaded'), requestId);
    response.write(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
  }
  response.end();
  return 200;
}

const isEvents = (body: Outcome['body']): body is readonly ServerSentEvent[] => Array.isArray(body);
