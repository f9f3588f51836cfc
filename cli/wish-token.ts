import { createHash } from 'node:crypto';
import type { Wish } from '../contract/records.ts';

/** The ClientRequestToken of the rotation that carries out a wish: whoever asks for it again asks for the same rotation. */
export function wishToken(apiKeyId: string, { at, by }: Wish): string {
  return createHash('sha256').update(`${apiKeyId} ${at} ${by}`).digest('hex').slice(0, 36);
}
