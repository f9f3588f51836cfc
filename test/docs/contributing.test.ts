import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { channelKinds, detectorKinds, functionNames, incidentKinds, strategyKinds } from '../../contract/registry.ts';
import { book } from '../prove/extension/book.ts';
import { page, read, root } from './pages.ts';

const [, section = ''] = page('CONTRIBUTING.md').text.split('## To add something\n');
const rows = new Map(
  section.split('\n').flatMap((line) => {
    const [, what = '', ...cells] = line.split('|').map((cell) => cell.trim());
    return what === '' || cells.length < 4 ? [] : [[what, cells] as const];
  }),
);

const kinds: Readonly<Record<string, { readonly list: string; readonly all: readonly string[] }>> = {
  'alert channel': { list: 'channels', all: channelKinds },
  detector: { list: 'detectorKinds', all: detectorKinds },
  'incident kind': { list: 'incidentKinds', all: incidentKinds },
  function: { list: 'functions', all: functionNames },
  'rotation strategy': { list: 'strategies', all: strategyKinds },
};

test.each(Object.entries(kinds))('to add: each %s that there is has the files and the list that the table names', (what, { list, all }) => {
  const [files = '', entry = ''] = rows.get(what) ?? [];
  const named = [...files.matchAll(/`([^`]*<kind>[^`]*)`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(0);
  const missing = all.flatMap((kind) => named.map((file) => file.replace('<kind>', kind)).filter((file) => !existsSync(join(root, file))));
  expect(missing).toEqual([]);
  expect(entry).toContain(`\`${list}\``);
  expect(read('contract/registry.ts')).toMatch(new RegExp(`^(?:export )?const ${list}\\b`, 'm'));
});

test.each([...rows.keys()])('to add: each file that the row of %s names is there', (what) => {
  const named = [...(rows.get(what) ?? []).join(' ').matchAll(/`([a-z][\w/-]*\/[\w.-]+\.(?:ts|md|json))`/g)].map(([, file = '']) => file);
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test.each(book)('to add: the table names each file that the compiler asks for, of $what', ({ what, asked }) => {
  const rest = rows.get(what)?.[2] ?? '';
  expect(asked.map(({ file }) => file).filter((file) => !rest.includes(`\`${file}\``))).toEqual([]);
});
