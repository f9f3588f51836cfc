import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { functionNames } from '../../contract/registry.ts';
import { handlerCode } from '../../lib/bundled-handler.ts';
import { common, placesOfSources, root } from './bundle.ts';
import { buildCommandLine } from './command-line.ts';
import { declarationsOf } from './declarations.ts';
import { licensesOf } from './licenses.ts';

/** Makes dist/, what the package holds beside the files of the project that package.json lists: docs/decisions/0013-the-package.md. */
const dist = join(root, 'dist');

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
const commandLine = await buildCommandLine();
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
