import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildResult } from 'esbuild';
import { common, placesOfSources, root } from './bundle.ts';

const folder = 'dist/cli';

/**
 * The command line as ES modules that are split, so that a command loads what it needs. Beside them a list says which sources
 * they were made of: a clone runs them only while it has just these (bin/keyguard.js).
 */
export async function buildCommandLine(): Promise<BuildResult<typeof common>> {
  rmSync(join(root, folder), { recursive: true, force: true });
  const built = await build({
    ...common,
    entryPoints: ['bin/keyguard.ts'],
    outdir: folder,
    format: 'esm',
    splitting: true,
    minify: true,
    // Libraries in CommonJS ask for Node's modules by `require`.
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    plugins: [placesOfSources(folder, 'import.meta.dirname')],
  });
  const sources = Object.keys(built.metafile.inputs).filter((file) => !file.includes('node_modules/'));
  const states = sources.map((file) => {
    const { size, mtimeMs } = statSync(join(root, file));
    return [file, [size, mtimeMs]] as const;
  });
  writeFileSync(join(root, folder, 'sources.json'), JSON.stringify(Object.fromEntries(states)));
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildCommandLine();
