import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import type { Command as Program } from 'commander';
import { expect, test } from 'vitest';
import { wholeProgram } from '../../cli/program.ts';
import { ioOf } from '../cli/shell.ts';
import { anchorOf, fences, filesIn, headings, page, pages, read, root, withoutFences } from './pages.ts';

const packageJson: unknown = JSON.parse(read('package.json'));
const scripts: unknown = packageJson instanceof Object ? Reflect.get(packageJson, 'scripts') : undefined;

/** What is wrong with a command's words; undefined where it exists with each flag that is named, and has those that it needs. */
function wrongIn(words: readonly string[], whole: Program): string | undefined {
  let command = whole;
  for (const word of words) {
    const next = command.commands.find((child) => child.name() === word);
    if (next === undefined) break;
    command = next;
  }
  if (command === whole && !words[0]?.startsWith('--')) return `no command ${words[0] ?? ''}`;
  if (command.commands.length > 0 && command !== whole)
    return `${command.name()} needs one of ${command.commands.map((child) => child.name()).join(', ')}`;
  const flags = command.options.map((option) => option.long);
  const unknown = words.filter((word) => word.startsWith('--') && word !== '--help' && !flags.includes(word));
  if (unknown.length > 0) return `${command.name()} has no ${unknown.join(', ')}`;
  const owed = command.options.filter(({ mandatory, long }) => mandatory && !words.includes(long ?? '') && !words.includes('--help'));
  return owed.length === 0 ? undefined : `${command.name()} needs ${owed.map(({ flags: text }) => text).join(', ')}`;
}

test('every npm script that a page names exists', () => {
  const named = pages.flatMap(({ path, text }) => [...text.matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name = '']) => ({ path, name })));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ name }) => !(scripts instanceof Object && name in scripts))).toEqual([]);
});

test('every keyguard command and flag that a page or a message names exists', async () => {
  const whole = await wholeProgram(ioOf({ out: '', err: '' }));
  const sources = ['lambda', 'lib', 'cli'].flatMap((folder) => filesIn(folder, '.ts')).map((path) => ({ path, text: read(path) }));
  const named = [...pages, ...sources].flatMap(({ path, text }) =>
    [...text.replace(/\n/g, ' ⏎ ').matchAll(/npx --no-install keyguard ((?:(?!npx )[^\s`'"\\⏎]+ ?)+)/g)].map(([, words = '']) => ({
      path,
      words,
    })),
  );
  expect(named.length).toBeGreaterThan(20);
  const wrong = named.flatMap(({ path, words }) => {
    const problem = wrongIn(
      words
        .replaceAll(/[,.;:)"]+(?=\s|$)/g, '')
        .trim()
        .split(/\s+/),
      whole,
    );
    return problem === undefined ? [] : [`${path}: npx --no-install keyguard ${words}: ${problem}`];
  });
  expect(wrong).toEqual([]);
});

test('no text names the command in a way that can fetch a package of that name from a registry', () => {
  const folders = ['bin', 'cli', 'contract', 'docs', 'examples', 'lambda', 'lib', 'local', 'report', 'test'];
  const files = folders.flatMap((folder) => ['.ts', '.md', '.json', '.html'].flatMap((ending) => filesIn(folder, ending)));
  const wrong = [...files, 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'].filter((path) => /\bnpx\s+keyguard\b/.test(read(path)));
  expect(wrong).toEqual([]);
});

test('the README is read in one sitting: it has fewer than 1,600 words', () => {
  expect(read('README.md').trim().split(/\s+/).length).toBeLessThan(1600);
});

test('the reference of the log has each event of rotation and retirement, and no other', () => {
  const logged = filesIn('lambda', '.ts').flatMap((path) =>
    [...read(path).matchAll(/'((?:rotation|retirement)\.[a-z-]+)'/g)].map(([, event = '']) => event),
  );
  const explained = [...page('docs/reference/rotation-log.md').text.matchAll(/^\| `([a-z.-]+)` \|/gm)].map(([, event = '']) => event);
  expect(explained.toSorted()).toEqual([...new Set(logged)].toSorted());
});

test('every link within the project leads to a file and a heading that exist', () => {
  const wrong = pages.flatMap(({ path, text }) =>
    [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', anchor] = target.split('#');
      const where = file === '' ? path : normalize(join(dirname(path), file)).replaceAll('\\', '/');
      if (!existsSync(join(root, where))) return [`${path}: ${target}`];
      if (anchor === undefined) return [];
      return headings(read(where)).some(({ title }) => anchorOf(title) === anchor) ? [] : [`${path}: ${target}`];
    }),
  );
  expect(wrong).toEqual([]);
});

test('every file of the project that a page names by its path exists', () => {
  const wrong = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:bin|cli|contract|docs|examples|lambda|lib|local|report|test)\/[A-Za-z0-9_./-]+)`/g)].flatMap(([, file = '']) =>
      existsSync(join(root, file)) ? [] : [`${path}: ${file}`],
    ),
  );
  expect(wrong).toEqual([]);
});

test('every JSON example is JSON', () => {
  for (const { path, text } of pages)
    for (const json of fences(text, 'json')) expect(() => JSON.parse(json) as unknown, `${path}: ${json}`).not.toThrow();
  expect(fences(page('docs/consumers.md').text, 'json').length).toBeGreaterThan(1);
});

test('the example of a test on the local world is one that runs', () => {
  expect(fences(page('docs/local-world.md').text, 'ts')[0]).toBe(read('test/docs/local-world-example.test.ts'));
});

test('no page holds a path of somebody’s machine, or an address that is not meant for readers', () => {
  const hosts = ['api.anthropic.com', 'localhost', '127.0.0.1', 'console.example.com', 'proxy.example.com'];
  const wrong = pages.flatMap(({ path, text }) => [
    ...[...text.matchAll(/(?<![\w.`-])\/(?:work|home|root|tmp|Users|mnt)\/\S*/g)].map(([found]) => `${path}: ${found}`),
    ...[...text.matchAll(/https?:\/\/([^\s/:)`"'$]+)/g)].flatMap(([found, host = '']) =>
      hosts.includes(host) ? [] : [`${path}: ${found}`],
    ),
  ]);
  expect(wrong).toEqual([]);
});
