import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';

export const root = join(import.meta.dirname, '..', '..');

/** What all bundles of the package have in common. */
export const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * A module finds files of the project from its own place. In a bundle that place is another, so the way back is written in:
 * the package holds these files where the project does.
 */
export function placesOfSources(folder: string, here: '__dirname' | 'import.meta.dirname'): Plugin {
  // Not by `require`: the module may have another of that name.
  const builtin = (name: string): string => `process.getBuiltinModule('node:${name}')`;
  const place = (path: string): string =>
    `${builtin('path')}.join(${here}, ${JSON.stringify(relative(join(root, folder), path).replaceAll('\\', '/'))})`;
  return {
    name: 'places of sources',
    setup: (plugin) =>
      plugin.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, 'utf8');
        const contents = source.replaceAll(/\bimport\.meta\.(url|dirname)\b/g, (_whole, what: string) =>
          what === 'url' ? `${builtin('url')}.pathToFileURL(${place(path)}).href` : place(dirname(path)),
        );
        return { contents, loader: 'ts' };
      }),
  };
}
