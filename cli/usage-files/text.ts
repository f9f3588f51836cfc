import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UsageFileError } from './series.ts';

export type Bytes = AsyncIterable<unknown> | Iterable<unknown>;

export interface DecodedText {
  readonly isGzip: boolean;
  /** As it arrives. Throws UsageFileError where the gzip is broken. */
  readonly text: AsyncGenerator<string, void>;
  /** The first bytes, unpacked. */
  readonly head: Buffer;
}

const gzipMagic = [0x1f, 0x8b];
/** So many bytes tell what a file is. */
const headLength = 8;

/** What the bytes say: unpacked where they begin as gzip does, decoded from UTF-8 or UTF-16 (which PowerShell and Excel write). */
export async function decodedText(name: string, source: Bytes): Promise<DecodedText> {
  const packed = await headed(bytesOf(source));
  const isGzip = gzipMagic.every((byte, index) => packed.head[index] === byte);
  const plain = isGzip ? await headed(gunzipped(name, packed.bytes)) : packed;
  return { isGzip, head: plain.head, text: decoded(plain.bytes, encodingOf(plain.head)) };
}

function encodingOf([first, second]: Buffer): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if ((first === 0xff && second === 0xfe) || (first !== undefined && first !== 0 && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== undefined)) return 'utf-16be';
  return 'utf-8';
}

async function* decoded(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/** Waits for the first bytes, and gives all of them. */
async function headed(
  chunks: AsyncGenerator<Buffer, void>,
): Promise<{ readonly head: Buffer; readonly bytes: AsyncGenerator<Buffer, void> }> {
  let head = Buffer.alloc(0);
  while (head.length < headLength) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head, bytes: joined(head, chunks) };
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  if (first.length > 0) yield first;
  yield* rest;
}

async function* gunzipped(name: string, packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    const unzip = createGunzip();
    const from = Readable.from(packed);
    // A pipe does not carry errors.
    from.on('error', (error) => unzip.destroy(error));
    yield* bytesOf(from.pipe(unzip));
  } catch (error) {
    throw new UsageFileError(
      `${name} is broken gzip (${error instanceof Error ? error.message : 'unreadable'})`,
      'give the whole .gz file',
    );
  }
}

async function* bytesOf(source: Bytes): AsyncGenerator<Buffer, void> {
  for await (const chunk of source) {
    if (typeof chunk === 'string') yield Buffer.from(chunk);
    else if (chunk instanceof Uint8Array) yield Buffer.from(chunk);
  }
}
