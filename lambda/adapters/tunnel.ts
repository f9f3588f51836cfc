import http, { type Agent, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import tls from 'node:tls';
import { KeyguardError } from '../foundation/errors.ts';
import { loginOf, proxyFor, type Proxy } from './proxy.ts';

/** Node 20 knows no proxy by itself. This is the little that we need of one: a tunnel (CONNECT), for each client of ours the same. */

const connectTimeoutMs = 10_000;

/** What went wrong with the proxy itself, and may pass. Its `code` says what, so that it is named wherever an error is named by its code. */
class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: string;

  constructor(code: string) {
    super(`the proxy did not open the way: ${code}`);
    this.code = code;
  }
}

/** Why the proxy did not open the way, by the status of its answer. A KeyguardError does not pass until somebody mends it. */
function refusalOf({ variable, url }: Proxy, target: string, status: number): KeyguardError | ProxyError {
  if (status === 407) {
    return new KeyguardError(
      'proxy-login-refused',
      `the proxy ${url.host} wants ${loginOf(url) === '' ? 'a login' : 'another login than the one'} in ${variable} (407)`,
      `export ${variable}=${url.protocol}//USER:PASSWORD@${url.host} (in a password, write @ as %40, / as %2F, # as %23, % as %25)`,
    );
  }
  if (status === 408 || status === 429 || status >= 500) return new ProxyError(`EPROXY${status}`);
  return new KeyguardError(
    'proxy-refused',
    `the proxy ${url.host} lets nobody through to ${target} (${status})`,
    `have the proxy allow CONNECT to ${target}; or, where it can be reached without a proxy, add its host to NO_PROXY`,
  );
}

/** What Node wants to hear of a connection; of one that failed, the error alone. */
type Connected = (error: Error | null, socket: Duplex) => void;

/** Opens the way through the proxy to `target`, a host with its port. */
function tunnel(proxy: Proxy, target: string, connected: Connected): void {
  const { url } = proxy;
  const failed = (error: Error): void => void Reflect.apply(connected, undefined, [error]);
  const { request } = url.protocol === 'https:' ? https : http;
  const login = loginOf(url) ?? '';
  const authorization = login === '' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const asking = request({
    host,
    // Said, because Node would take it from the header, which names the target. An address is no name.
    servername: isIP(host) === 0 ? host : '',
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...authorization },
    agent: false,
    timeout: connectTimeoutMs,
  });
  asking.once('timeout', () => asking.destroy(new ProxyError('EPROXYTIMEOUT')));
  asking.once('error', failed);
  asking.once('connect', (answer: IncomingMessage, socket: Duplex) => {
    asking.removeListener('error', failed);
    const { statusCode: status = 502 } = answer;
    if (status >= 200 && status < 300) {
      connected(null, socket);
      return;
    }
    socket.destroy();
    failed(refusalOf(proxy, target, status));
  });
  asking.end();
}

interface Destination {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  readonly servername?: string | undefined;
}

class SecureAgent extends https.Agent {
  override createConnection(options: https.RequestOptions & Destination, callback?: Connected): Duplex | null | undefined {
    const target = targetOf(options);
    const proxy = proxyFor(`https://${target}`);
    if (proxy === undefined || callback === undefined) return super.createConnection(options, callback);
    tunnel(proxy, target, (error, socket) => {
      if (error !== null) return void Reflect.apply(callback, undefined, [error]);
      const servername = options.servername ?? options.host ?? '';
      callback(null, tls.connect({ ...(options as tls.ConnectionOptions), socket, servername }));
    });
    return undefined;
  }
}

class PlainAgent extends http.Agent {
  override createConnection(options: http.ClientRequestArgs, callback?: Connected): Duplex | null | undefined {
    const target = targetOf(options);
    const proxy = proxyFor(`http://${target}`);
    if (proxy === undefined || callback === undefined) return super.createConnection(options, callback);
    tunnel(proxy, target, callback);
    return undefined;
  }
}

function targetOf({ host, port }: Destination): string {
  const name = host ?? 'localhost';
  return `${name.includes(':') ? `[${name}]` : name}:${port ?? 443}`;
}

/**
 * For a client on node:http, as one of the AWS SDK is: each address is asked through its proxy, or directly where it has none. A pair for
 * each client, because a client that ends closes its agents.
 */
export function tunnels(): { readonly httpsAgent: https.Agent; readonly httpAgent: Agent } {
  return { httpsAgent: new SecureAgent({ keepAlive: true }), httpAgent: new PlainAgent({ keepAlive: true }) };
}

const own = tunnels();

/** `fetch`, through the proxy of an address that has one: Node's own knows none. */
export const proxiedFetch: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  return proxyFor(url.href) === undefined ? globalThis.fetch(input, init) : fetchThrough(url, init);
};

/** `fetch` as far as SDKs use it: texts there, any body back. Redirects are not followed. */
function fetchThrough(url: URL, init: RequestInit = {}): Promise<Response> {
  const isSecure = url.protocol === 'https:';
  const { signal, method = 'GET', body } = init;
  const options = {
    method,
    agent: isSecure ? own.httpsAgent : own.httpAgent,
    headers: Object.fromEntries(new Headers(init.headers)),
    ...(signal === null || signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const asking = (isSecure ? https : http).request(url, options, (answer) => resolve(responseOf(answer)));
    asking.once('error', reject);
    asking.end(typeof body === 'string' ? body : undefined);
  });
}

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 502, headersDistinct } = answer;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) for (const value of values) headers.append(name, value);
  const isEmpty = status === 204 || status === 205 || status === 304;
  if (isEmpty) answer.resume();
  return new Response(isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), { status, headers });
}
