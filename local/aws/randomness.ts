import { mulberry32 } from '../random.ts';

/** Seeded source of everything that AWS draws at random, so that a run can be repeated name by name. */
export interface Randomness {
  /** In [0, 1). */
  next(): number;
  /** RFC 4122 version 4 in form. */
  uuid(): string;
  /** `length` letters and digits, as the suffix of a secret's ARN. */
  suffix(length: number): string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function seededRandomness(seed: number): Randomness {
  const next = mulberry32(seed);
  const bits = (): number => next() * 4_294_967_296;
  const hex = (): string => bits().toString(16).padStart(8, '0');
  return {
    next,
    uuid() {
      const [a, b, c, d] = [hex(), hex(), hex(), hex()];
      const variant = '89ab'.charAt(Math.floor(next() * 4));
      return `${a}-${b.slice(0, 4)}-4${b.slice(5, 8)}-${variant}${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
    suffix: (length) => Array.from({ length }, () => ALPHABET.charAt(Math.floor(next() * ALPHABET.length))).join(''),
  };
}
