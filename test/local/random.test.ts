import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apportion, mulberry32, seeded } from '../../local/random.ts';

function moments(draw: () => number, draws = 40_000): { mean: number; variance: number } {
  const values = Array.from({ length: draws }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / draws;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws };
}

test.each([
  ['uniform', () => seeded(1, 'test').uniform, 0.5, 1 / 12],
  ['mulberry32', () => mulberry32(1), 0.5, 1 / 12],
  ['normal', () => seeded(1, 'test').normal, 0, 1],
  ...[0.3, 1, 12].map(
    (shape) =>
      [
        `gamma ${shape}`,
        () => {
          const { gamma } = seeded(1, 'test');
          return () => gamma(shape);
        },
        shape,
        shape,
      ] as const,
  ),
  ...[0, 0.4, 20, 63, 64, 5000].map(
    (mean) =>
      [
        `poisson ${mean}`,
        () => {
          const { poisson } = seeded(1, 'test');
          return () => poisson(mean);
        },
        mean,
        mean,
      ] as const,
  ),
  ...[10, 63, 64, 1000].map(
    (verifications) =>
      [
        `binomial ${verifications}`,
        () => {
          const { binomial } = seeded(1, 'test');
          return () => binomial(verifications, 0.3);
        },
        verifications * 0.3,
        verifications * 0.21,
      ] as const,
  ),
] as const)('%s draws have their mean and variance', (_name, stream, mean, variance) => {
  const drawn = moments(stream());
  expect(Math.abs(drawn.mean - mean)).toBeLessThanOrEqual(4 * Math.sqrt(variance / 40_000));
  expect(Math.abs(drawn.variance - variance)).toBeLessThanOrEqual(0.06 * variance);
});

test('streams differ by seed and by name, and neighbours have nothing to do with each other', () => {
  const start = (seed: number, name: string) => {
    const { uniform } = seeded(seed, name);
    return Array.from({ length: 2000 }, uniform);
  };
  expect(start(7, 'a')).toEqual(start(7, 'a'));
  for (const other of [start(8, 'a'), start(7, 'b'), start(-7, 'a'), start(7.5, 'a')]) {
    const together = start(7, 'a').reduce((sum, value, index) => sum + (value - 0.5) * ((other[index] ?? 0) - 0.5), 0) / 2000;
    expect(Math.abs(together * 12)).toBeLessThan(0.08);
  }
});

test('whatever is shared out adds up, and nothing goes to a weight of zero', () => {
  fc.assert(
    fc.property(
      fc.nat(1e12),
      fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e6, noNaN: true })), { minLength: 1 }),
      (total, weights) => {
        const shares = apportion(total, weights);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
        expect(shares.every((share) => Number.isInteger(share) && share >= 0)).toBe(true);
        if (weights.some((weight) => weight > 0)) shares.forEach((share, index) => expect(share === 0 || weights[index] !== 0).toBe(true));
      },
    ),
  );
});
