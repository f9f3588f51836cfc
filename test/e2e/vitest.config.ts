import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files in the order of their names: each goes on with what the one before left. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
  }
}

/** What runs against a deployed stack; README.md beside this file says how. Only run.sh asks for the part that destroys it. */
export default defineConfig({
  test: {
    include: ['test/e2e/1-*.test.ts', ...(process.env['E2E_LIFECYCLE'] === '1' ? ['test/e2e/2-*.test.ts'] : [])],
    fileParallelism: false,
    sequence: { sequencer: InOrder },
    // One story: after the first failure the rest would only wait for what cannot come.
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: [
      'verbose',
      ...(process.env['E2E_REPORT'] === undefined ? [] : [['json', { outputFile: process.env['E2E_REPORT'] }] satisfies [string, object]]),
    ],
  },
});
