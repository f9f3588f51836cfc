import { defineConfig } from 'vitest/config';

/** The tests of the fit draw weeks of traffic again and again: `npm run prove:traffic`, and not `npm test`. */
export default defineConfig({ test: { include: ['tools/fit-traffic/*.test.ts'], testTimeout: 60_000 } });
