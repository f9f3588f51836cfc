import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { functionNames } from '../../contract/environment.ts';
import { handlerCode } from '../../lib/bundled-handler.ts';
import { declarationsOf } from './declarations.ts';
import { licensesOf } from './licenses.ts';

/** Makes dist/, what the package holds beside the files of the project that package.json lists: docs/decisions/0013-the-package.md. */
const root = join(import.meta.dirname, '..', '..');
const dist = join(root, 'dist');
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

rmSync(dist, { recursive: true, force: true });
const constructs = await build({
  ...common,
  entryPoints: ['lib/index.ts'],
  outfile: 'dist/lib/index.cjs',
  format: 'cjs',
  // The consumer's own CDK; and zod, of which the declarations speak.
  external: ['aws-cdk-lib', 'constructs', 'zod'],
  plugins: [prebuiltHandlers(), placesOfSources('dist/lib', '__dirname')],
});
const commandLine = await build({
  ...common,
  entryPoints: ['bin/keyguard.ts'],
  outdir: 'dist/cli',
  format: 'esm',
  splitting: true,
  minify: true,
  // Libraries in CommonJS ask for Node's modules by `require`.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  plugins: [placesOfSources('dist/cli', 'import.meta.dirname')],
});
const functions = await build({
  ...common,
  entryPoints: functionNames.map((name) => `lambda/${name}.ts`),
  outdir: 'dist/functions',
  write: false,
});
for (const name of functionNames) write(`functions/${name}.cjs`, handlerCode(name));
for (const [file, text] of declarationsOf(join(root, 'lib', 'index.ts'), root)) write(file, text);
write('licenses.txt', licensesOf([constructs, commandLine, functions], root));

function write(file: string, text: string): void {
  const path = join(dist, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A consumer has no bundler, and none of the functions' sources. */
function prebuiltHandlers(): Plugin {
  return {
    name: 'prebuilt handlers',
    setup: (plugin) => plugin.onResolve({ filter: /\/bundled-handler\.ts$/ }, () => ({ path: join(root, 'lib', 'prebuilt-handler.ts') })),
  };
}

/**
 * A module finds files of the project from its own place. In a bundle that place is another, so the way back is written in:
 * the package holds these files where the project does.
 */
function placesOfSources(folder: string, here: '__dirname' | 'import.meta.dirname'): Plugin {
  const place = (path: string): string =>
    `require('node:path').join(${here}, ${JSON.stringify(relative(join(root, folder), path).replaceAll('\\', '/'))})`;
  return {
    name: 'places of sources',
    setup: (plugin) =>
      plugin.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const contents = source.replaceAll(/\bimport\.meta\.(url|dirname)\b/g, (_whole, what: string) =>
          what === 'url' ? `require('node:url').pathToFileURL(${place(path)}).href` : place(dirname(path)),
        );
        return { contents, loader: 'ts' };
      }),
  };
}
