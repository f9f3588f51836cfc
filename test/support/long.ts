import type { TestOptions } from 'vitest';

/** The second argument of a long test: `npm run prove:long` runs it, `npm test` does not (CONTRIBUTING.md, "Long tests"). */
export const long: TestOptions = { tags: 'long' };

/** A table in two: the cases that are `short` (or so many, from the first on), and the others, which are long. */
export function shortAndLong<const T>(
  short: number | ((each: T) => boolean),
  cases: readonly T[],
): readonly (readonly [cases: readonly T[], options: TestOptions])[] {
  const isShort = typeof short === 'number' ? (_each: T, index: number) => index < short : short;
  return [
    [cases.filter(isShort), {}],
    [cases.filter((each, index) => !isShort(each, index)), long],
  ];
}
