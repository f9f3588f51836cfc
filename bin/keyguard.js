#!/usr/bin/env node
import { existsSync, readFileSync, statSync } from 'node:fs';

// The package holds the program as it was built. A clone has its sources, and runs what was built only while they are the same.
const isClone = existsSync(new URL('keyguard.ts', import.meta.url));
const { main } = isClone && !isBuiltOfTheseSources() ? await fromSource() : await import('../dist/cli/keyguard.js');
process.exitCode = await main(process.argv);

/** tools/package/command-line.ts writes the list. */
function isBuiltOfTheseSources() {
  try {
    const built = JSON.parse(readFileSync(new URL('../dist/cli/sources.json', import.meta.url), 'utf8'));
    return Object.entries(built).every(([file, [size, mtimeMs]]) => {
      const now = statSync(new URL(`../${file}`, import.meta.url));
      return now.size === size && now.mtimeMs === mtimeMs;
    });
  } catch {
    return false; // nothing was built, or a source is gone
  }
}

async function fromSource() {
  // Node 20 runs no TypeScript by itself: tsx is registered first, from this file's own place, whatever the working directory.
  const tsx = await import('tsx/esm/api').catch(() => undefined);
  if (tsx === undefined) {
    process.stderr.write(
      'error: the dependencies of Key Guard are not installed\nfix:   npm ci, in the folder that holds its package.json\n',
    );
    process.exit(1);
  }
  tsx.register();
  return import('./keyguard.ts');
}
