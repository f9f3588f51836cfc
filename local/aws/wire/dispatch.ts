import { gunzipSync } from 'node:zlib';
import { NormalizedSchema } from '@smithy/core/schema';
import type { StaticErrorSchema } from '@smithy/types';
import type { Interceptor, CallRecord, Fault } from '../intercept.ts';
import { AwsError } from '../service.ts';
import type { Account, Operation, Service } from '../service.ts';
import { checkInput } from './check.ts';
import { decodeJson, encodeJson } from './json.ts';
import { decodeQuery, encodeQuery, encodeQueryError } from './query.ts';

export interface WireRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}
interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}
/** What the socket does: answer, be cut, or stay silent. */
export type Outcome = WireResponse | 'cut' | 'unanswered';

interface Route {
  readonly service: Service;
  readonly operation: string;
  readonly handler: Operation | undefined;
  readonly form: URLSearchParams | undefined;
}

/** Decodes a call, asks the interceptor, runs the operation, encodes its answer, and writes one line of the log. */
export function createDispatcher(
  services: readonly Service[],
  account: Account,
  interceptor: Interceptor,
): (request: WireRequest) => Promise<Outcome> {
  const findRoute = router(services);

  const perform = async (route: Route, request: WireRequest, fault: Fault | undefined, requestId: string): Promise<Performed> => {
    const { service, operation, handler } = route;
    try {
      if (fault === 'throttle') throw new AwsError(service.throttle.code, service.throttle.message);
      if (fault === 'error500') throw serverError(service);
      if (handler === undefined) throw unknownOperation(service, operation);
      const input = await decode(route, handler, request.body);
      const output = await run(handler, input, { now: account.clock.now(), stale: fault === 'stale' });
      return { answer: success(service, handler, output, requestId) };
    } catch (error) {
      const awsError = error instanceof AwsError ? error : bug(service, operation, error);
      return { answer: failure(service, awsError, requestId), errorCode: awsError.code };
    }
  };

  return async (request) => {
    const requestId = account.randomness.uuid();
    const route = findRoute(request);
    if (route === undefined) return unknownService(requestId);
    const call = { number: interceptor.nextNumber(), service: route.service.name, operation: route.operation };
    const at = account.clock.now();
    const log = (rest: Pick<CallRecord, 'status' | 'errorCode' | 'fault'>): void => interceptor.record({ ...call, at, ...rest });
    const lose = (status: 'cut' | 'unanswered', fault: Fault): Outcome => {
      log({ status, fault });
      return status;
    };

    let performed: Performed;
    let before: Fault | undefined;
    try {
      before = await interceptor.faultFor({ ...call, phase: 'before' });
      if (before === 'drop-before') return lose('cut', before);
      if (before === 'hang-before') return lose('unanswered', before);
      performed = await perform(route, request, before, requestId);
      const after = await interceptor.faultFor({ ...call, phase: 'after' });
      const lost = after ?? before;
      if (lost === 'drop-after') return lose('cut', lost);
      if (lost === 'hang-after') return lose('unanswered', lost);
      if (after !== undefined) {
        if (after !== 'error500') throw new RangeError(`${after} cannot happen after a call's effect`);
        performed = { answer: failure(route.service, serverError(route.service), requestId), errorCode: route.service.internalError };
      }
      before = after ?? before;
    } catch (error) {
      // A hook's own mistake must not pass for a fault that was asked for.
      const mistake = hookError(route, error);
      performed = { answer: failure(route.service, mistake, requestId), errorCode: mistake.code };
    }
    log({
      status: performed.answer.status,
      ...(performed.errorCode === undefined ? {} : { errorCode: performed.errorCode }),
      ...(before === undefined ? {} : { fault: before }),
    });
    return performed.answer;
  };
}

interface Performed {
  readonly answer: WireResponse;
  readonly errorCode?: string;
}

function router(services: readonly Service[]): (request: WireRequest) => Route | undefined {
  const operations = new Map(services.map((service) => [service, new Map(service.operations.map((op) => [op.schema[2], op]))]));
  const byTarget = new Map<string, Service>();
  const byVersion = new Map<string, Service>();
  for (const service of services) {
    if (service.protocol.kind === 'json') byTarget.set(service.protocol.target, service);
    else byVersion.set(service.protocol.version, service);
  }
  return ({ headers, body }) => {
    const target = headers['x-amz-target'];
    const form = typeof target === 'string' ? undefined : new URLSearchParams(body.toString('utf8'));
    const [prefix, name] = form === undefined ? String(target).split('.') : [form.get('Version') ?? '', form.get('Action') ?? ''];
    const service = (form === undefined ? byTarget : byVersion).get(prefix ?? '');
    if (service === undefined || name === undefined) return undefined;
    return { service, operation: name, handler: operations.get(service)?.get(name), form };
  };
}

async function decode(route: Route, handler: Operation, body: Buffer): Promise<unknown> {
  const schema = handler.schema[4];
  const input = route.form === undefined ? await decodeJson(schema, inflate(body)) : decodeQuery(schema, route.form);
  checkInput(schema, input, route.form === undefined ? 'ValidationException' : 'ValidationError');
  return input;
}

/** CloudWatch's client compresses large requests: a gzip stream starts with 1f 8b, JSON never does. */
function inflate(body: Buffer): Buffer {
  return body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body;
}

function run(handler: Operation, input: unknown, call: { now: number; stale: boolean }): unknown {
  // checkInput has proven that `input` has the shape of the schema that `operation` bound to this handler's type.
  return handler.run(input as never, call);
}

function success(service: Service, handler: Operation, output: unknown, requestId: string): WireResponse {
  const value = typeof output === 'object' && output !== null ? output : {};
  const schema = handler.schema[5];
  return service.protocol.kind === 'json'
    ? { status: 200, headers: jsonHeaders(service.protocol.version, requestId), body: encodeJson(schema, value) }
    : {
        status: 200,
        headers: xmlHeaders(requestId),
        body: encodeQuery(handler.schema[2], schema, value, service.protocol.xmlNamespace, requestId),
      };
}

function failure(service: Service, error: AwsError, requestId: string): WireResponse {
  const schema = errorSchema(service, error.code);
  const traits = schema === undefined ? undefined : NormalizedSchema.of(schema).getMergedTraits();
  const [awsQueryCode, awsQueryStatus] = queryError(traits?.awsQueryError);
  const httpError = typeof traits?.httpError === 'number' ? traits.httpError : undefined;
  const status = error.status ?? awsQueryStatus ?? httpError ?? (traits?.error === 'server' ? 500 : 400);
  const queryCode = awsQueryCode ?? error.code;
  const fault = status >= 500 ? 'server' : 'client';
  if (service.protocol.kind === 'query') {
    return {
      status,
      headers: xmlHeaders(requestId),
      body: encodeQueryError({ code: queryCode, message: error.message, fault }, requestId),
    };
  }
  const headers = jsonHeaders(service.protocol.version, requestId);
  if (service.protocol.queryCompatible) headers['x-amzn-query-error'] = `${queryCode};${fault === 'client' ? 'Sender' : 'Receiver'}`;
  const values = { message: error.message, Message: error.message, ...error.members };
  const encoded = schema === undefined ? values : (JSON.parse(encodeJson(schema, values).toString('utf8')) as object);
  return { status, headers, body: Buffer.from(JSON.stringify({ __type: error.code, ...encoded })) };
}

function queryError(trait: unknown): readonly [string | undefined, number | undefined] {
  if (!Array.isArray(trait)) return [undefined, undefined];
  const [code, status] = trait as unknown[];
  return [typeof code === 'string' ? code : undefined, typeof status === 'number' ? status : undefined];
}

function errorSchema(service: Service, code: string): StaticErrorSchema | undefined {
  for (const registry of service.errors) {
    const found = registry.find((schema) => Array.isArray(schema) && schema[0] === -3 && schema[2] === code);
    if (Array.isArray(found) && found[0] === -3) return found as StaticErrorSchema;
  }
  return undefined;
}

function jsonHeaders(version: string, requestId: string): Record<string, string> {
  return { 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': requestId };
}
function xmlHeaders(requestId: string): Record<string, string> {
  return { 'content-type': 'text/xml', 'x-amzn-requestid': requestId };
}

function unknownOperation(service: Service, operation: string): AwsError {
  const code = service.protocol.kind === 'json' ? 'UnknownOperationException' : 'InvalidAction';
  return new AwsError(code, `The local AWS does not know ${service.name}:${operation}`);
}

function unknownService(requestId: string): WireResponse {
  const body = JSON.stringify({ __type: 'UnknownOperationException', message: 'The local AWS does not know this service' });
  return { status: 404, headers: jsonHeaders('1.1', requestId), body: Buffer.from(body) };
}

function serverError(service: Service): AwsError {
  return new AwsError(service.internalError, 'An error occurred on the server side.', {}, 500);
}

/** A mistake of the stand-in itself: 400, so that no client retries it, and the stack for whoever has to mend it. */
function bug(service: Service, operation: string, error: unknown): AwsError {
  return new AwsError('LocalAwsBug', `The local AWS failed in ${service.name}:${operation}: ${stackOf(error)}`, {}, 400);
}

function hookError({ service, operation }: Route, error: unknown): AwsError {
  return new AwsError('LocalAwsHookFailed', `A call hook failed at ${service.name}:${operation}: ${stackOf(error)}`, {}, 400);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
