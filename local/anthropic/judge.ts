import type { ApiReply, ApiRequest, Match, ServerSentEvent } from './routing.ts';
import type { Caller } from './authenticate.ts';
import type { Platform } from './state.ts';
import { requireAccess, requireWorking, workspaceOf } from './authenticate.ts';
import { ApiError, errorBody, invalidRequest, notFound } from './errors.ts';

/** What goes back over the wire, before faults have their say. */
export interface Outcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | readonly ServerSentEvent[];
}

const VERSIONS = ['2023-06-01', '2026-10-21'];

/**
 * The platform's own answer to a call: first who asks (401), then the version (400), what they may (403), where (400,
 * 404), then what they ask. Every refusal becomes a body in Anthropic's shape.
 */
export async function judge(
  platform: Platform,
  match: Match | undefined,
  known: Caller | undefined,
  request: ApiRequest & { readonly body: unknown },
): Promise<Outcome> {
  const headers: Record<string, string> = {};
  try {
    if (match === undefined) throw notFound('Not found');
    const { route } = match;
    if (route.access === 'public') return outcomeOf(await route.answer(readable(request)), headers);
    const caller = requireWorking(platform, known);
    // Who and where: on every answer to a known caller, and absent on 401.
    headers['anthropic-organization-id'] = caller.organizationId;
    requireVersion(request);
    requireAccess(platform, caller, route.access);
    let workspaceId = '';
    if (route.access === 'inference') {
      workspaceId = workspaceOf(platform, caller, headerOf(request, 'anthropic-workspace-id'));
      headers['anthropic-workspace-id'] = workspaceId;
      platform.limits.check(workspaceId, route.limitedBy ?? 'read');
    }
    return outcomeOf(await route.answer({ ...readable(request), caller, workspaceId }), headers);
  } catch (error) {
    const refusal = error instanceof ApiError ? error : new ApiError(500, 'api_error', 'Internal server error');
    return { status: refusal.status, headers: { ...headers, ...refusal.headers }, body: errorBody(refusal, request.requestId) };
  }
}

/** A body that could not be read is refused only now: a stranger hears 401 first. */
function readable(request: ApiRequest): ApiRequest {
  if (request.body instanceof ApiError) throw request.body;
  return request;
}

const outcomeOf = (reply: ApiReply, headers: Readonly<Record<string, string>>): Outcome => ({
  status: 200,
  headers: { ...headers, ...reply.headers },
  body: reply.kind === 'events' ? reply.events : reply.body,
});

function requireVersion(request: ApiRequest): void {
  const version = headerOf(request, 'anthropic-version');
  if (version === undefined) throw invalidRequest('anthropic-version: header is required');
  if (!VERSIONS.includes(version)) throw invalidRequest('anthropic-version: not a known version');
}

function headerOf(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
