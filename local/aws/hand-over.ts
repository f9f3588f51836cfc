import { STSClient } from '@aws-sdk/client-sts';
import { HttpResponse, type HttpRequest } from '@smithy/core/protocols';
import type { Outcome } from './wire/dispatch.ts';
import type { WireRequest } from './wire/http.ts';

/** Whoever sends this header is never answered. */
export const neverAnswered = 'x-local-never-answered';

type Dispatch = (request: WireRequest) => Promise<Outcome>;
type Handle = (this: unknown, request: HttpRequest, options?: HandleOptions) => Promise<{ readonly response: HttpResponse }>;
interface HandleOptions {
  readonly abortSignal?: unknown;
}

/** The stand-ins of this process, by port. */
const here = new Map<number, Dispatch>();
let isWatching = false;

/**
 * From now on what the SDK clients of this very process send to `port` on loopback is handed to `dispatch` without a socket: the same
 * bytes in both directions, a third less time a call. Whatever else speaks to the stand-in uses the socket. The answer ends it: callers
 * that still wait see their connection cut.
 */
export function handOver(port: number, dispatch: Dispatch): () => void {
  watch();
  const waiting = new Set<() => void>();
  here.set(port, (request) => {
    return new Promise((resolve, reject) => {
      const cut = (): void => resolve('cut');
      waiting.add(cut);
      void dispatch(request)
        .then(resolve, reject)
        .finally(() => waiting.delete(cut));
    });
  });
  return () => {
    here.delete(port);
    for (const cut of waiting) cut();
  };
}

/** The handler of a client is the seam between the SDK's bytes and the socket. All clients share its class. */
function watch(): void {
  if (isWatching) return;
  isWatching = true;
  const shared = Object.getPrototypeOf(new STSClient({ region: 'us-east-1' }).config.requestHandler) as { handle: Handle };
  const bySocket = shared.handle;
  shared.handle = async function (request, options) {
    const dispatch = request.hostname === '127.0.0.1' ? here.get(request.port ?? 0) : undefined;
    const body = bytesOf(request.body);
    const isPlain = options?.abortSignal === undefined && Object.keys(request.query).length === 0;
    if (dispatch === undefined || body === undefined || !isPlain) return bySocket.call(this, request, options);
    // As on a network, others have their turn before the answer comes.
    await new Promise(setImmediate);
    const outcome = await dispatch({ method: request.method, url: request.path, headers: lowerCase(request.headers), body });
    if (outcome === 'cut') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    if (outcome === 'unanswered') {
      // Time-outs are the socket's.
      request.headers[neverAnswered] = 'yes';
      return bySocket.call(this, request, options);
    }
    const headers = { ...outcome.headers, date: new Date().toUTCString(), 'content-length': String(outcome.body.byteLength) };
    return { response: new HttpResponse({ statusCode: outcome.status, headers, body: outcome.body }) };
  };
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : undefined;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
