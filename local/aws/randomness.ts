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

/** mulberry32: 32 bits of state, good enough for names, useless for secrets. */
export function seededRandomness(seed: number): Randomness {
  let state = seed >>> 0;
  const bits = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const next = (): number => bits() / 4294967296;
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
