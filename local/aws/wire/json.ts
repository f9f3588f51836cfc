import { JsonCodec2 } from '@aws-sdk/core/protocols';
import type { $SchemaRef } from '@smithy/types';
import { NormalizedSchema } from '@smithy/core/schema';
import { AwsError } from '../service.ts';

// The client's own settings for AWS JSON 1.0 and 1.1: epoch seconds unless a member says otherwise.
const codec = new JsonCodec2({ timestampFormat: { useTrait: true, default: 7 }, jsonName: false });

/** Decodes an AWS JSON request body by its input schema. */
export async function decodeJson(schema: $SchemaRef, body: Buffer): Promise<unknown> {
  try {
    return await codec.createDeserializer().read(NormalizedSchema.of(schema), body.toString('utf8'));
  } catch (error) {
    if (error instanceof AwsError) throw error;
    // Never the parser's own words: they quote the body.
    throw new AwsError('SerializationException', 'The request body is not what the schema of this operation reads');
  }
}

/** Encodes an answer by its schema; an empty structure becomes `{}`. */
export function encodeJson(schema: $SchemaRef, value: object): Buffer {
  const ns = NormalizedSchema.of(schema);
  if (ns.isUnitSchema()) return Buffer.from('{}');
  const serializer = codec.createSerializer();
  serializer.write(ns, value);
  const bytes = serializer.flush();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
