import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { book } from './book.ts';

const root = join(import.meta.dirname, '..', '..', '..');

test.each(book)('$what: what prove:extension adds fits the tree as it is', ({ newFiles, entry, asked }) => {
  expect(newFiles.filter((file) => existsSync(join(root, file)) || !existsSync(join(import.meta.dirname, 'files', `${file}.txt`)))).toEqual(
    [],
  );
  const places = [entry, ...asked].map(({ file, after }) => ({
    file,
    after,
    times: readFileSync(join(root, file), 'utf8').split(after).length - 1,
  }));
  expect(places.filter(({ times }) => times !== 1)).toEqual([]);
});
