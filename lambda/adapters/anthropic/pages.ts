import { KeyguardError } from '../../foundation/errors.ts';

/** One page of a list at Anthropic. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasMore: boolean;
  /** What to ask for next; undefined where the answer names nothing. */
  readonly next: string | undefined;
}

const fix = 'nothing: nothing of this answer was believed, and it is asked for again; ask Anthropic where it lasts';

/**
 * Reads a list page by page, all or nothing. Throws a KeyguardError for a list that is cut (`answer-cut`), begins again
 * (`answer-repeats`) or has no end (`answer-endless`): whatever was read of such a list is no list.
 * @param what names the list in messages
 * @param nameOf what makes an item one of its kind: no name may come twice
 * @param maxPages how many pages the longest honest list has
 */
export async function readPages<T>(
  what: string,
  { nameOf, maxPages }: { readonly nameOf: (item: T) => string; readonly maxPages: number },
  read: (cursor: string | undefined) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const items: T[] = [];
  const names = new Set<string>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const page = await read(cursor);
    for (const item of page.items) {
      const name = nameOf(item);
      if (names.has(name)) throw new KeyguardError('answer-repeats', `${what}: Anthropic sent ${name} twice in one list`, fix);
      names.add(name);
      items.push(item);
    }
    if (!page.hasMore) return items;
    cursor = page.next;
    if (cursor === undefined || cursor === '') {
      throw new KeyguardError('answer-cut', `${what}: Anthropic says that there is more, and does not say where`, fix);
    }
    if (cursors.has(cursor)) throw new KeyguardError('answer-repeats', `${what}: Anthropic names the same next page twice`, fix);
    cursors.add(cursor);
  }
  throw new KeyguardError('answer-endless', `${what}: Anthropic says that there is more after ${maxPages} pages`, fix);
}
