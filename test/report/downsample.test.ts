import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downsampled } from '../../report/downsample.ts';

function aSeries(observed: (number | null)[]) {
  const same = observed.map(() => 10);
  return { metric: 'outputTokens', at: observed.map((_, minute) => minute * 60_000), observed, low: same, typical: same, high: same };
}
const always = { from: 0, to: Infinity };

test('few points stay as they are', () => {
  const drawn = downsampled(aSeries([1, null, 3]), always);
  expect(drawn).toMatchObject({ at: [0, 60, 120], observed: [1, null, 3], merged: 1 });
});

test('a single high minute among ten thousand is still seen', () => {
  const values = Array.from({ length: 10_000 }, (_, minute) => (minute === 7777 ? 5000 : 1));
  const drawn = downsampled(aSeries(values), always);
  expect(Math.max(...drawn.peak.map((value) => value ?? 0))).toBe(5000);
});

test('minutes without a datum are no zeros', () => {
  const drawn = downsampled(aSeries([null, null, 4, null, 8, 8]), always, 3);
  expect(drawn.observed).toEqual([null, 4, 8]);
});

test('only what lies in the range is drawn', () => {
  expect(downsampled(aSeries([1, 2, 3, 4]), { from: 60_000, to: 120_000 }).observed).toEqual([2, 3]);
});

test('never more points than asked for, and time runs forward', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(1e6)), { maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (values, limit) => {
      const { at, observed, peak, low } = downsampled(aSeries(values), always, limit);
      expect(at.length).toBeLessThanOrEqual(limit);
      expect([observed.length, peak.length, low.length]).toEqual([at.length, at.length, at.length]);
      expect([...at].sort((a, b) => a - b)).toEqual([...at]);
    }),
  );
});
