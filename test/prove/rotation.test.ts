import { expect, test } from 'vitest';
import { shortAndLong } from '../support/long.ts';
import { caseName, casesOf, runCase, type Case } from './crash.ts';
import { operations } from './operations.ts';
import { mixed, sampleOf, shortLength } from './sample.ts';
import { violationText } from './violation.ts';

const seed = 1;
/** What every operation may meet, at any of so many calls. One that makes fewer calls than the case drawn for it runs without a fault. */
const anyCalls = Array.from({ length: 24 }, () => ({ name: 'secretsmanager:PutSecretValue', isRead: false }));
/** `npm run prove:rotation` takes every call and every kind of fault, with `--short` three of each sort; here is one of each operation. */
const shares = shortLength;
/** Of these also in `npm test`. */
const inShort = new Set(['rotation', 'retirement', 'containment-of-current']);
const each = operations.map((operation, index) => [operation.name, operation, index] as const);

for (const [cases, options] of shortAndLong(([name]) => inShort.has(name), each))
  test.each(cases)(
    '%s: killed, faulted or doubled at a call, every invariant stands',
    { ...options, timeout: 180_000 },
    async (_name, operation, index) => {
      for (const each of sampleOf(casesOf(operation, { calls: anyCalls, beside: 1 }, seed), shares, seed + index)) {
        const { violations } = await runCase(each);
        expect(violations.map((violation) => `${caseName(each)}: ${violationText(violation)}`)).toEqual([]);
      }
    },
  );

test('each quarter of the cases holds its share of every operation, kind of fault and number of runners', () => {
  const calls = Array.from({ length: 60 }, () => ({ name: 'secretsmanager:DescribeSecret', isRead: true }));
  const cases = operations.slice(0, 8).flatMap((operation) => casesOf(operation, { calls, beside: 1 }, seed));
  const tally = (some: readonly Case[]): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>();
    for (const { operation, kind, runners } of some)
      for (const what of [operation, `${kind} ${runners}`]) counts.set(what, (counts.get(what) ?? 0) + 1);
    return counts;
  };
  const all = mixed(cases);
  expect(new Set(all)).toEqual(new Set(cases));
  for (const which of [0, 1, 2, 3]) {
    const quarter = tally(all.filter((_each, index) => index % 4 === which));
    for (const [what, count] of tally(all)) {
      const share = (quarter.get(what) ?? 0) / count;
      expect([which, what, share > 0.15 && share < 0.35]).toEqual([which, what, true]);
    }
  }
});
