import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Interceptor } from './intercept.ts';
import type { Match, Route } from './routing.ts';
import type { Platform } from './state.ts';
import type { Tallies } from './inspect.ts';
import { knownCredential, presentedValue } from './authenticate.ts';
import { judge } from './judge.ts';
import { router } from './routing.ts';
import { bodyOf, cut, scripted, send, sendStranger } from './wire.ts';

export interface AnswererParts {
  readonly platform: Platform;
  readonly routes: readonly Route[];
  readonly intercept: Interceptor;
  readonly counted: Tallies;
}

/** Answers one request from start to end: find the route, ask the hooks, judge, ask the hooks again, send, remember. */
export function answerer(parts: AnswererParts): (incoming: IncomingMessage, response: ServerResponse) => void {
  const find = router(parts.routes);
  let calls = 0;
  return (incoming, response) => {
    calls += 1;
    serve(parts, { find, number: calls, incoming, response }).catch((error: unknown) => {
      response.destroy();
      // A caller who left while sending is no news. Anything else is a bug, of a hook most likely: as a cut
      // connection it would pass for a fault on order.
      if (incoming.complete) throw error;
    });
  };
}

interface Exchange {
  readonly find: (method: string, url: string) => Match | undefined;
  readonly number: number;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

async function serve(parts: AnswererParts, { find, number, incoming, response }: Exchange): Promise<void> {
  const { platform, intercept, counted } = parts;
  const requestId = platform.draw.id('req_');
  const method = incoming.method ?? 'GET';
  const match = find(method, incoming.url ?? '/');
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
  const record = { ...call, requestId, fault: before?.kind };
  if (before?.kind === 'stranger') {
    intercept.remember({ ...record, status: sendStranger(response, before.answer) });
    return;
  }
  const instead = scripted(before, requestId);
  if (before?.kind === 'drop' || instead !== undefined) {
    intercept.remember({ ...record, status: instead === undefined ? cut(response) : send(response, instead, undefined, requestId) });
    return;
  }

  const outcome = await judge(platform, match, caller, {
    path: match?.path ?? {},
    query: match?.query ?? new URLSearchParams(),
    headers: incoming.headers,
    body,
    requestId,
    now: platform.clock.now(),
    stale: before?.kind === 'stale',
  });
  if (match?.route.access === 'inference') {
    counted.count(caller?.credentialId, 1, outcome.status < 400 ? undefined : reasonOf(outcome.body), platform.clock.now());
  }
  const after = await intercept.faultFor({ ...call, phase: 'after', status: outcome.status });
  if (after?.kind === 'slow') await platform.clock.pause(after.ms);
  intercept.remember({ ...record, status: send(response, outcome, after, requestId), fault: before?.kind ?? after?.kind });
}

/** Only what looks like an id is remembered: a caller may put anything into a path. */
function taggedId(match: Match | undefined): string | undefined {
  return Object.values(match?.path ?? {}).find((value) => /^(apikey|wrkspc|svac|fdrl|fdis)_[A-Za-z0-9]{10,40}$/.test(value));
}

/** The code of a refusal, or its type where it has none. */
function reasonOf(body: object): string {
  const error: unknown = 'error' in body ? body.error : undefined;
  if (typeof error !== 'object' || error === null || !('type' in error)) return 'unknown';
  const details: unknown = 'details' in error ? error.details : undefined;
  return String(typeof details === 'object' && details !== null && 'error_code' in details ? details.error_code : error.type);
}
