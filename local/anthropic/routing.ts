import type { Access, Caller } from './authenticate.ts';

export interface ApiRequest {
  /** Values of `{…}` in the route, by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON, or undefined when there is none. */
  readonly body: unknown;
  readonly requestId: string;
  /** The world's time at which the call is answered, milliseconds since the epoch. */
  readonly now: number;
  /** Reads answer as they would have before the last change: what eventual consistency may do. */
  readonly stale: boolean;
}

/** The same for endpoints that know their caller. */
export interface AuthenticatedRequest extends ApiRequest {
  readonly caller: Caller;
  /** The workspace of a Claude call; the empty string on admin endpoints, which have none. */
  readonly workspaceId: string;
}

export interface ServerSentEvent {
  readonly event: string;
  readonly data: object;
}

export type ApiReply =
  | { readonly kind: 'json'; readonly body: object; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'events'; readonly events: readonly ServerSentEvent[]; readonly headers?: Readonly<Record<string, string>> };

interface RouteName {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As in Anthropic's reference, such as `/v1/organizations/api_keys/{api_key_id}`. */
  readonly path: string;
}

export type Route =
  | (RouteName & { readonly access: 'public'; readonly answer: (request: ApiRequest) => Promise<ApiReply> | ApiReply })
  | (RouteName & {
      readonly access: Exclude<Access, 'public'>;
      /** Spend and rate limits stop inference; the other Claude calls only feel an organization on hold. */
      readonly limitedBy?: 'inference';
      readonly answer: (request: AuthenticatedRequest) => Promise<ApiReply> | ApiReply;
    });

export interface Match {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** Finds the route of a call; undefined where Anthropic answers 404, addresses that cannot be read among them. */
export function router(routes: readonly Route[]): (method: string, url: string) => Match | undefined {
  const table = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }));
  return (method, url) => {
    const [pathname = '', ...query] = url.split('?');
    for (const { route, pattern } of table) {
      const found = route.method === method ? pattern.exec(pathname) : null;
      const path = found === null ? undefined : decoded({ ...found.groups });
      if (path !== undefined) return { route, path, query: new URLSearchParams(query.join('?')) };
    }
    return undefined;
  };
}

export const json = (body: object, headers: Readonly<Record<string, string>> = {}): ApiReply => ({ kind: 'json', body, headers });

function decoded(values: Readonly<Record<string, string>>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, decodeURIComponent(value)]));
  } catch {
    return undefined;
  }
}
