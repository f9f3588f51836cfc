#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The package holds the program as it was built. A clone has its sources, and runs those.
if (existsSync(new URL('keyguard.ts', import.meta.url))) {
  // Node 20 runs no TypeScript by itself: tsx is registered first, from this file's own place, whatever the working directory.
  const tsx = await import('tsx/esm/api').catch(() => undefined);
  if (tsx === undefined) {
    process.stderr.write(
      'error: the dependencies of Key Guard are not installed\nfix:   npm ci, in the folder that holds its package.json\n',
    );
    process.exit(1);
  }
  tsx.register();
  const { main } = await import('./keyguard.ts');
  process.exitCode = await main(process.argv);
} else {
  const { main } = await import('../dist/cli/keyguard.js');
  process.exitCode = await main(process.argv);
}
