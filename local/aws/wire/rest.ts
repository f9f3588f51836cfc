import { NormalizedSchema, translateTraits } from '@smithy/core/schema';
import type { $SchemaRef, StaticOperationSchema } from '@smithy/types';
import { pathOf } from './http.ts';
import type { WireRequest, WireResponse } from './http.ts';
import { encodeJson } from './json.ts';
import { scalar } from './query.ts';

/** The labels of the path where method and path are this operation's: `…/{FunctionName}/invocations`. */
export function matchRest(schema: StaticOperationSchema, method: string, url: string): Readonly<Record<string, string>> | undefined {
  const [verb, template] = translateTraits(schema[3]).http ?? [];
  const [wanted, given] = [template?.split('/') ?? [], pathOf(url).split('/')];
  if (verb !== method || wanted.length !== given.length) return undefined;
  const labels: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const actual = given[index] ?? '';
    const label = /^\{(.+)\}$/.exec(segment)?.[1];
    if (label !== undefined) labels[label] = decodeURIComponent(actual);
    else if (segment !== actual) return undefined;
  }
  return labels;
}

/**
 * Decodes a REST request by the schema's HTTP traits: labels, query, headers and a raw payload. Members of a JSON body
 * are not read: no operation here has any.
 */
export function decodeRest(schema: $SchemaRef, request: WireRequest, labels: Readonly<Record<string, string>>): unknown {
  const query = new URLSearchParams(request.url.slice(pathOf(request.url).length));
  const input: Record<string, unknown> = {};
  for (const [name, member] of NormalizedSchema.of(schema).structIterator()) {
    const traits = member.getMergedTraits();
    if (traits.httpPayload === 1) {
      if (request.body.byteLength > 0) input[name] = new Uint8Array(request.body);
      continue;
    }
    const header = request.headers[traits.httpHeader?.toLowerCase() ?? ''];
    const text = traits.httpLabel === 1 ? labels[name] : typeof header === 'string' ? header : query.get(traits.httpQuery ?? '');
    if (text !== undefined && text !== null) input[name] = scalar(member, text);
  }
  return input;
}

/** Encodes an answer the other way: status, headers and a raw payload, or JSON where no member is the payload. */
export function encodeRest(operation: StaticOperationSchema, value: object): WireResponse {
  const members = new Map<string, unknown>(Object.entries(value));
  const output = [...NormalizedSchema.of(operation[5]).structIterator()];
  const isRaw = output.some(([, member]) => member.getMergedTraits().httpPayload === 1);
  let status = translateTraits(operation[3]).http?.[2] ?? 200;
  let body = isRaw ? Buffer.alloc(0) : encodeJson(operation[5], value);
  const headers: Record<string, string> = {};
  for (const [name, member] of output) {
    const traits = member.getMergedTraits();
    const entry = members.get(name);
    if (traits.httpResponseCode === 1 && typeof entry === 'number') status = entry;
    if (traits.httpHeader !== undefined && typeof entry === 'string') headers[traits.httpHeader.toLowerCase()] = entry;
    if (traits.httpPayload === 1 && entry instanceof Uint8Array) body = Buffer.from(entry);
  }
  return { status, headers, body };
}
