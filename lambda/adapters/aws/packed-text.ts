import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** No memory is as long; more than this is not unpacked, whatever lies in the table. */
const greatestBytes = 1_000_000;

/** Text for a binary attribute: the table bills bytes, and what a detector remembers shrinks to less than half. */
export function packedText(text: string): Uint8Array {
  return deflateRawSync(text);
}

/** The text again; undefined for what `packedText` cannot have made. */
export function unpackedText(packed: unknown): string | undefined {
  if (!(packed instanceof Uint8Array)) return undefined;
  try {
    return inflateRawSync(packed, { maxOutputLength: greatestBytes }).toString('utf8');
  } catch {
    return undefined;
  }
}
