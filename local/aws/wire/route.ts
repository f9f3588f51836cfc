import { gunzipSync } from 'node:zlib';
import type { Operation, Service } from '../service.ts';
import { checkInput } from './check.ts';
import { pathOf } from './http.ts';
import type { WireRequest } from './http.ts';
import { decodeJson } from './json.ts';
import { decodeQuery } from './query.ts';
import { decodeRest, matchRest } from './rest.ts';

/** Which operation of which service a request means; `handler` is undefined for one that nobody stands in for. */
export interface Route {
  readonly service: Service;
  readonly operation: string;
  readonly handler: Operation | undefined;
  /** Reads the input of `handler` and checks it against its schema. Throws AwsError. */
  readonly decode: (handler: Operation) => Promise<unknown>;
}

/** AWS JSON is told by its target header, REST by its path, AWS Query by the form's own words. */
export function createRouter(services: readonly Service[]): (request: WireRequest) => Route | undefined {
  const operations = new Map(services.map((service) => [service, new Map(service.operations.map((op) => [op.schema[2], op]))]));
  const byTarget = new Map<string, Service>();
  const byVersion = new Map<string, Service>();
  const rest = services.filter((service) => service.protocol.kind === 'rest');
  for (const service of services) {
    if (service.protocol.kind === 'json') byTarget.set(service.protocol.target, service);
    if (service.protocol.kind === 'query') byVersion.set(service.protocol.version, service);
  }
  const routeTo = (service: Service | undefined, name: string | undefined, decode: Route['decode']): Route | undefined =>
    service === undefined || name === undefined
      ? undefined
      : { service, operation: name, handler: operations.get(service)?.get(name), decode };

  const jsonRoute = (target: string, { body }: WireRequest): Route | undefined => {
    const [prefix, name] = target.split('.');
    return routeTo(byTarget.get(prefix ?? ''), name, ({ schema }) => checked(schema[4], decodeJson(schema[4], inflate(body))));
  };
  const restRoute = (request: WireRequest): Route | undefined => {
    for (const service of rest) {
      for (const { schema } of service.operations) {
        const labels = matchRest(schema, request.method, request.url);
        if (labels !== undefined) return routeTo(service, schema[2], () => checked(schema[4], decodeRest(schema[4], request, labels)));
      }
    }
    return undefined;
  };
  const queryRoute = ({ body }: WireRequest): Route | undefined => {
    const form = new URLSearchParams(body.toString('utf8'));
    return routeTo(byVersion.get(form.get('Version') ?? ''), form.get('Action') ?? '', ({ schema }) =>
      checked(schema[4], decodeQuery(schema[4], form), 'ValidationError'),
    );
  };

  return (request) => {
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string') return jsonRoute(target, request);
    return pathOf(request.url) === '/' ? queryRoute(request) : restRoute(request);
  };
}

async function checked(schema: Operation['schema'][4], decoded: unknown, missingCode = 'ValidationException'): Promise<unknown> {
  const input = await decoded;
  checkInput(schema, input, missingCode);
  return input;
}

/** CloudWatch's client compresses large requests: a gzip stream starts with 1f 8b, JSON never does. */
function inflate(body: Buffer): Buffer {
  return body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body;
}
