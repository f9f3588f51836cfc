import { expect, test } from 'vitest';
import { caseName, casesOf, cleanRun, runCase } from './crash.ts';
import { operations } from './operations.ts';
import { sampleOf } from './sample.ts';
import { violationText } from './violation.ts';

/** `npm run prove:rotation` takes every call and every kind of harm; here is a sample of them. */
const seed = 1;

test.each(operations.map((operation) => [operation.name, operation] as const))(
  '%s: killed, harmed or doubled at any call, every invariant stands',
  { timeout: 180_000 },
  async (_name, operation) => {
    const clean = await cleanRun(operation, seed);
    expect(clean.violations).toEqual([]);
    const violated: string[] = [];
    for (const each of sampleOf(casesOf(operation, clean, seed), operations.length, seed)) {
      const { violations } = await runCase(each);
      violated.push(...violations.map((violation) => `${caseName(each)}: ${violationText(violation)}`));
    }
    expect(violated).toEqual([]);
  },
);
