import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { FunctionName } from '../contract/registry.ts';

const root = join(import.meta.dirname, '..');
const bundles = new Map<FunctionName, string>();

/** The code of a function, bundled from its source. In the package, prebuilt-handler.ts stands in the place of this file. */
export function handlerCode(name: FunctionName): string {
  const known = bundles.get(name);
  if (known !== undefined) return known;
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [join(root, 'lambda', `${name}.ts`)],
    bundle: true,
    write: false,
    platform: 'node',
    // Measured: CJS that prefers ES sources, the SDK bundled in, loads fastest.
    format: 'cjs',
    mainFields: ['module', 'main'],
    minify: true,
    // Node 20 syntax runs on Lambda's newer runtime too, and where the functions run outside of it.
    target: 'node20',
    logLevel: 'warning',
  });
  const text = outputFiles[0]?.text ?? '';
  bundles.set(name, text);
  return text;
}
