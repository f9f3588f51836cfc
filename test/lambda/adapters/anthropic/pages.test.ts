import { expect, test } from 'vitest';
import { readPages, type Page } from '../../../../lambda/adapters/anthropic/pages.ts';

const snapshot = async (pages: (cursor: string | undefined, nth: number) => Page<string>) => {
  let asked = 0;
  const list = readPages<string>('the list', { nameOf: (item) => item, maxPages: 5 }, async (cursor) => pages(cursor, (asked += 1)));
  return { outcome: await list.catch((error: unknown) => error), asked };
};
const page = (items: readonly string[], next?: string, hasMore = next !== undefined): Page<string> => ({ items, hasMore, next });

test('an honest list is read to its end, page after page', async () => {
  const { outcome, asked } = await snapshot((cursor) => (cursor === undefined ? page(['a', 'b'], 'two') : page(['c'])));
  expect(outcome).toEqual(['a', 'b', 'c']);
  expect(asked).toBe(2);
});

test('a cursor on the last page means nothing', async () => {
  expect((await snapshot(() => page(['a'], 'two', false))).outcome).toEqual(['a']);
});

test.each<[what: string, pages: (cursor: string | undefined, nth: number) => Page<string>, code: string, asked: number]>([
  ['says that there is more, and not where', () => page(['a'], undefined, true), 'answer-cut', 1],
  ['names an empty place', () => page(['a'], '', true), 'answer-cut', 1],
  ['names the same next page again', (_cursor, nth) => page([`${nth}`], 'two'), 'answer-repeats', 2],
  ['goes round in a circle', (_cursor, nth) => page([`${nth}`], nth % 2 === 0 ? 'even' : 'odd'), 'answer-repeats', 3],
  ['shows the same page under another name', (_cursor, nth) => page(['a', 'b'], `${nth}`), 'answer-repeats', 2],
  ['shows one item twice', () => page(['a', 'a']), 'answer-repeats', 1],
  ['has no end', (_cursor, nth) => page([`${nth}`], `${nth}`), 'answer-endless', 5],
  ['has no end and nothing on it', (_cursor, nth) => page([], `${nth}`), 'answer-endless', 5],
])('a list that %s is none', async (_what, pages, code, expected) => {
  const { outcome, asked } = await snapshot(pages);
  expect(outcome).toMatchObject({ code });
  expect(asked).toBe(expected);
});
