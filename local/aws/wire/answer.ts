import { NormalizedSchema } from '@smithy/core/schema';
import type { StaticErrorSchema } from '@smithy/types';
import { AwsError } from '../service.ts';
import type { Operation, Service } from '../service.ts';
import { pathOf } from './http.ts';
import type { WireRequest, WireResponse } from './http.ts';
import { encodeJson } from './json.ts';
import { encodeQuery, encodeQueryError } from './query.ts';
import { encodeRest } from './rest.ts';

/** Encodes what an operation answered, as its service's protocol does. */
export function success(service: Service, { schema }: Operation, output: unknown, requestId: string): WireResponse {
  const value = typeof output === 'object' && output !== null ? output : {};
  const { protocol } = service;
  switch (protocol.kind) {
    case 'json':
      return { status: 200, headers: jsonHeaders(protocol.version, requestId), body: encodeJson(schema[5], value) };
    case 'query':
      return {
        status: 200,
        headers: xmlHeaders(requestId),
        body: encodeQuery(schema[2], schema[5], value, protocol.xmlNamespace, requestId),
      };
    case 'rest': {
      const answer = encodeRest(schema, value);
      return { ...answer, headers: { ...restHeaders(requestId), ...answer.headers } };
    }
  }
}

/** Encodes an error. Status and code come from the SDK's error schema where it has one. */
export function failure(service: Service, error: AwsError, requestId: string): WireResponse {
  const schema = errorSchema(service, error.code);
  const traits = schema === undefined ? undefined : NormalizedSchema.of(schema).getMergedTraits();
  const [awsQueryCode, awsQueryStatus] = queryError(traits?.awsQueryError);
  const httpError = typeof traits?.httpError === 'number' ? traits.httpError : undefined;
  const status = error.status ?? awsQueryStatus ?? httpError ?? (traits?.error === 'server' ? 500 : 400);
  const queryCode = awsQueryCode ?? error.code;
  const fault = status >= 500 ? 'server' : 'client';
  const { protocol } = service;
  if (protocol.kind === 'query') {
    return {
      status,
      headers: xmlHeaders(requestId),
      body: encodeQueryError({ code: queryCode, message: error.message, fault }, requestId),
    };
  }
  const values = { message: error.message, Message: error.message, ...error.members };
  const encoded = schema === undefined ? values : (JSON.parse(encodeJson(schema, values).toString('utf8')) as object);
  if (protocol.kind === 'rest') {
    return {
      status,
      headers: { ...restHeaders(requestId), 'x-amzn-errortype': error.code },
      body: Buffer.from(JSON.stringify(encoded)),
    };
  }
  const headers = jsonHeaders(protocol.version, requestId);
  if (protocol.queryCompatible) headers['x-amzn-query-error'] = `${queryCode};${fault === 'client' ? 'Sender' : 'Receiver'}`;
  return { status, headers, body: Buffer.from(JSON.stringify({ __type: error.code, ...encoded })) };
}

export function unknownOperation(service: Service, operation: string): AwsError {
  const code = service.protocol.kind === 'json' ? 'UnknownOperationException' : 'InvalidAction';
  return new AwsError(code, `The local AWS does not offer ${service.name}:${operation}`);
}

/** For a request that is of no service here. */
export function unknownService({ method, url }: WireRequest, requestId: string): WireResponse {
  const message = `The local AWS does not offer this service: ${method} ${pathOf(url)}`;
  const body = JSON.stringify({ __type: 'UnknownOperationException', message });
  return { status: 404, headers: jsonHeaders('1.1', requestId), body: Buffer.from(body) };
}

export function serverError(service: Service): AwsError {
  return new AwsError(service.internalError, 'An error occurred on the server side.', {}, 500);
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
function restHeaders(requestId: string): Record<string, string> {
  return { 'content-type': 'application/json', 'x-amzn-requestid': requestId };
}
