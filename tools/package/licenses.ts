import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildResult } from 'esbuild';

/** The licenses of the libraries that the bundles hold, each text once with whom it is of: their terms ask for it. */
export function licensesOf(builds: readonly BuildResult[], root: string): string {
  const files = builds.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
  const holders = new Map<string, string[]>();
  for (const folder of [...folders].sort()) {
    const { name, license, text } = licenseIn(join(root, folder));
    holders.set(text, [...(holders.get(text) ?? []), `${name} (${license})`]);
  }
  return [...holders].map(([text, names]) => `${[...new Set(names)].join('\n')}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}

function licenseIn(folder: string): { readonly name: string; readonly license: string; readonly text: string } {
  const { name, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  if (typeof name !== 'string' || typeof license !== 'string') throw new Error(`${folder}: its package.json names no license`);
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|notice)/i.test(file))
    .sort();
  return { name, license, text: texts.map((file) => readFileSync(join(folder, file), 'utf8').trim()).join('\n\n') };
}
