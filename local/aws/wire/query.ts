import { XmlShapeSerializer } from '@aws-sdk/core/protocols';
import { NormalizedSchema } from '@smithy/core/schema';
import type { $SchemaRef } from '@smithy/types';

/** Decodes an AWS Query (form) request by its input schema: `Attributes.entry.1.key=…`, `Audience.member.1=…`. */
export function decodeQuery(schema: $SchemaRef, form: URLSearchParams): unknown {
  const ns = NormalizedSchema.of(schema);
  return ns.isUnitSchema() ? {} : (read(ns, tree(form)) ?? {});
}

interface Node {
  value?: string;
  readonly children: Map<string, Node>;
}

function tree(form: URLSearchParams): Node {
  const root: Node = { children: new Map() };
  for (const [key, value] of form) {
    let node = root;
    for (const step of key.split('.')) {
      const child: Node = node.children.get(step) ?? { children: new Map() };
      node.children.set(step, child);
      node = child;
    }
    node.value = value;
  }
  return root;
}

function read(schema: NormalizedSchema, node: Node | undefined): unknown {
  if (node === undefined) return undefined;
  if (schema.isStructSchema()) {
    const out: Record<string, unknown> = {};
    for (const [name, member] of schema.structIterator()) {
      const value = read(member, node.children.get(nameOnWire(member, name)));
      if (value !== undefined) out[name] = value;
    }
    return out;
  }
  if (schema.isListSchema()) {
    const item = schema.getValueSchema();
    return numbered(schema.getMergedTraits().xmlFlattened ? node : node.children.get(nameOnWire(item, 'member'))).map((entry) =>
      read(item, entry),
    );
  }
  if (schema.isMapSchema()) {
    const [key, value] = [schema.getKeySchema(), schema.getValueSchema()];
    const entries = numbered(schema.getMergedTraits().xmlFlattened ? node : node.children.get('entry'));
    return Object.fromEntries(
      entries.map((entry) => [
        entry.children.get(nameOnWire(key, 'key'))?.value ?? '',
        read(value, entry.children.get(nameOnWire(value, 'value'))),
      ]),
    );
  }
  return scalar(schema, node.value);
}

/** A value that the wire writes as text, of the kind that its schema says. */
export function scalar(schema: NormalizedSchema, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (schema.isNumericSchema()) return Number(text);
  if (schema.isBooleanSchema()) return text === 'true';
  if (schema.isTimestampSchema()) return new Date(text);
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(text, 'base64'));
  return text;
}

function numbered(node: Node | undefined): Node[] {
  return [...(node?.children ?? [])].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => child);
}

function nameOnWire(schema: NormalizedSchema, fallback: string): string {
  const traits = schema.getMergedTraits();
  return traits.xmlName ?? fallback;
}

/** Encodes an answer: `<PublishResponse><PublishResult>…</PublishResult><ResponseMetadata>…`. */
export function encodeQuery(operation: string, schema: $SchemaRef, value: object, xmlNamespace: string, requestId: string): Buffer {
  const ns = NormalizedSchema.of(schema);
  const result = ns.isUnitSchema() ? '' : `<${operation}Result>${members(ns, value)}</${operation}Result>`;
  return Buffer.from(
    `<${operation}Response xmlns="${xmlNamespace}">${result}<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${operation}Response>`,
  );
}

/** Encodes an error document. */
export function encodeQueryError(error: { code: string; message: string; fault: 'client' | 'server' }, requestId: string): Buffer {
  const type = error.fault === 'client' ? 'Sender' : 'Receiver';
  return Buffer.from(
    `<ErrorResponse><Error><Type>${type}</Type><Code>${error.code}</Code><Message>${escapeXml(error.message)}</Message></Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  );
}

/** The serializer writes the whole structure under its own name; the wire wants its members under the result's name. */
function members(schema: NormalizedSchema, value: object): string {
  const serializer = new XmlShapeSerializer({
    timestampFormat: { useTrait: true, default: 5 },
    httpBindings: false,
    xmlNamespace: '',
    serviceNamespace: '',
  });
  serializer.write(schema, value);
  const xml = String(serializer.flush());
  return /^<[^>]*\/>$/.test(xml) ? '' : xml.slice(xml.indexOf('>') + 1, xml.lastIndexOf('</'));
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
