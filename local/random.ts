/** A stream of random numbers that its seed decides. Streams of different names are independent. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  /** Mean 0, variance 1. */
  readonly normal: () => number;
  /** Mean and variance `shape`; `shape` > 0. */
  readonly gamma: (shape: number) => number;
  /** A count with this mean and variance; 0 for a mean of 0. */
  readonly poisson: (mean: number) => number;
  /** Successes among `trials`, each with probability `share`. */
  readonly binomial: (trials: number, share: number) => number;
}

/** Above this mean a rounded normal stands in for the exact count: their difference is below one part in a thousand. */
const EXACT_BELOW = 64;

/** The stream called `name` of this seed. Any finite number is a seed. */
export function seeded(seed: number, name: string): Random {
  const uniform = sfc32(`${seed}/${name}`);
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    // Marsaglia's polar method gives two at a time.
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const square = u * u + v * v;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = v * scale;
      return u * scale;
    }
  };
  const gamma = (shape: number): number => {
    // Marsaglia and Tsang 2000; below 1 by the boost of their section 6.
    if (shape < 1) return gamma(shape + 1) * Math.pow(1 - uniform(), 1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  const poisson = (mean: number): number => {
    if (mean >= EXACT_BELOW) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const floor = Math.exp(-mean);
    let product = uniform();
    let count = 0;
    for (; product > floor; count += 1) product *= uniform();
    return count;
  };
  const binomial = (trials: number, share: number): number => {
    if (trials >= EXACT_BELOW) {
      const drawn = Math.round(trials * share + Math.sqrt(trials * share * (1 - share)) * normal());
      return Math.min(trials, Math.max(0, drawn));
    }
    let successes = 0;
    for (let trial = 0; trial < trials; trial += 1) if (uniform() < share) successes += 1;
    return successes;
  };
  return { uniform, normal, gamma, poisson, binomial };
}

/** Chris Doty-Humphrey's sfc32, its state spread from the text by FNV-1a and twenty rounds of its own. */
function sfc32(text: string): () => number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  let [a, b, c, counter] = [hash | 0, 0x9e3779b9 | 0, Math.imul(hash, 0x85ebca6b) | 0, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let round = 0; round < 20; round += 1) next();
  return next;
}

/**
 * mulberry32: what the platforms make up (ids, values, names), uniform in [0, 1). Small and well mixed; nothing here needs to be unguessable.
 * @param seed a whole number
 */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Shares `total` out in proportion to `weights`, in whole numbers that add up to it exactly. All-zero weights count as equal. */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let given = 0;
  let seen = 0;
  return weights.map((weight, index) => {
    seen += weight;
    const upTo = Math.round(total * (sum > 0 ? seen / sum : (index + 1) / weights.length));
    const share = upTo - given;
    given = upTo;
    return share;
  });
}
