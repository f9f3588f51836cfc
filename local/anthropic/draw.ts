import { mulberry32 } from '../random.ts';

/** Everything that the platform makes up (ids, values, reply texts) comes from one seed, so that a run can be repeated. */
export interface Draw {
  /** A tagged id in Anthropic's shape, such as `apikey_01…`. */
  id(prefix: string): string;
  /** A bare UUID, as organizations have. */
  uuid(): string;
  /** A credential's value in the real length, with `LOCAL-FAKE` in it for everyone who finds one; the ends vary, as in real hints. */
  credential(prefix: string): string;
  /** A whole number from 0 to `below` - 1. */
  integer(below: number): number;
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Scanners know the part behind the prefix as 93 characters and `AA`. */
const VALUE_LENGTH = 93;
const FAKE_MARK = '-LOCAL-FAKE-';

/** @param seed a whole number; the same seed gives the same draws in the same order. */
export function drawFrom(seed: number): Draw {
  const random = mulberry32(seed);
  const integer = (below: number): number => Math.floor(random() * below);
  const characters = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet.charAt(integer(alphabet.length))).join('');
  return {
    integer,
    id: (prefix) => `${prefix}01${characters(BASE58, 22)}`,
    uuid: () => {
      const hex = characters('0123456789abcdef', 30);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-a${hex.slice(15, 18)}-${hex.slice(18, 30)}`;
    },
    credential: (prefix) =>
      `${prefix}${characters(BASE64URL, 3)}${FAKE_MARK}${characters(BASE64URL, VALUE_LENGTH - 3 - FAKE_MARK.length)}AA`,
  };
}
