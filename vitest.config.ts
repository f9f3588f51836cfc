import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm run prove:long` runs them: CONTRIBUTING.md says which tests are long.
    tags: [{ name: 'long', description: 'runs in prove:long and not in npm test', timeout: 600_000 }],
    exclude: ['test/e2e/**', 'test/package/**'],
    // Threads without isolation start fast; so modules keep no state.
    pool: 'threads',
    isolate: false,
    // Vitest leaves one core to itself; each thread has its own copy of the environment, so two worlds do not meet.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
