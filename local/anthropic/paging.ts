import { invalidRequest } from './errors.ts';
import { limitOf } from './fields.ts';

/** A page by ids, the shape that the Admin API's lists and the model list share. */
export interface IdPage<Item> {
  readonly data: readonly Item[];
  readonly has_more: boolean;
  readonly first_id: string | null;
  readonly last_id: string | null;
}

/**
 * Cuts one page out of `items` (all that match the filters, in the list's order). `after_id` and `before_id` may name
 * an item that has left the filter meanwhile, so they are looked up in `order`, the ids of everything.
 */
export function pageById<Item extends { readonly id: string }>(
  items: readonly Item[],
  order: readonly string[],
  query: URLSearchParams,
): IdPage<Item> {
  const limit = limitOf(query, { fallback: 20, maximum: 1000 });
  const after = query.get('after_id');
  const before = query.get('before_id');
  if (after !== null && before !== null) throw invalidRequest('after_id and before_id exclude each other');
  const rank = new Map(order.map((id, index) => [id, index]));
  const rankOf = (id: string, name: string): number => {
    const index = rank.get(id);
    if (index === undefined) throw invalidRequest(`${name}: unknown id`);
    return index;
  };
  if (before !== null) {
    const bound = rankOf(before, 'before_id');
    const earlier = items.filter((item) => (rank.get(item.id) ?? 0) < bound);
    return page(earlier.slice(-limit), earlier.length > limit);
  }
  const bound = after === null ? -1 : rankOf(after, 'after_id');
  const later = items.filter((item) => (rank.get(item.id) ?? 0) > bound);
  return page(later.slice(0, limit), later.length > limit);
}

const page = <Item extends { readonly id: string }>(data: readonly Item[], hasMore: boolean): IdPage<Item> => ({
  data,
  has_more: hasMore,
  first_id: data.at(0)?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
});
