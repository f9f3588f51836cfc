import { defineConfig } from 'vitest/config';

/** `npm run prove:package`: packs the package, installs it into fresh CDK apps, and looks at what they get. */
export default defineConfig({
  test: {
    include: ['test/package/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
