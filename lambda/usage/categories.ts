import { usageDimensions, type CategoriesRecord, type UsageCategory } from '../../contract/records.ts';
import { dayMs, minuteMs } from '../foundation/clock.ts';
import { tokensOf, rowTotals } from './deltas.ts';
import type { UsageRow } from './ports.ts';

/** What was not used for so long is new again when it comes back. */
const forgottenAfterMs = 90 * dayMs;
/** That something is still used is noted about once a day: more often says nothing new. */
const refreshedAfterMs = dayMs;
/** No key uses as many; what was used longest ago goes first. */
const mostCategories = 200;

/** A category that rows show, and when: epoch ms. */
export type SeenCategory = Omit<UsageCategory, 'notedAt'>;

/** Of each managed key the categories of its usage: the model, the tier and so on of every row with tokens. */
export function categoriesOf(
  rows: readonly UsageRow[],
  ownerOf: (apiKeyId: string) => string | undefined,
): ReadonlyMap<string, readonly SeenCategory[]> {
  const bySubject = new Map<string, Map<string, SeenCategory>>();
  for (const row of rows) {
    const subject = row.apiKeyId === null ? undefined : ownerOf(row.apiKeyId);
    if (subject === undefined || tokensOf(rowTotals(row)) === 0) continue;
    const seen = bySubject.get(subject) ?? new Map<string, SeenCategory>();
    bySubject.set(subject, seen);
    for (const dimension of usageDimensions) {
      const value = row[dimension];
      if (value === null) continue;
      const { firstAt = row.minute, lastAt = row.minute } = seen.get(nameOf({ dimension, value })) ?? {};
      seen.set(nameOf({ dimension, value }), {
        dimension,
        value,
        firstAt: Math.min(firstAt, row.minute),
        lastAt: Math.max(lastAt, row.minute),
      });
    }
  }
  return new Map([...bySubject].map(([subject, seen]) => [subject, [...seen.values()]]));
}

/** What is known of a key's categories after `seen`; undefined where that says nothing new. */
export function withSeen(
  known: CategoriesRecord | undefined,
  subject: string,
  seen: readonly SeenCategory[],
  now: number,
): Omit<CategoriesRecord, 'revision'> | undefined {
  const { since = Math.min(now, ...seen.map(({ firstAt }) => firstAt)), categories = [] } = known ?? {};
  const kept = new Map(categories.filter(({ lastAt }) => now - lastAt < forgottenAfterMs).map((each) => [nameOf(each), each]));
  let isNews = known === undefined;
  for (const each of seen) {
    const before = kept.get(nameOf(each));
    if (before !== undefined && each.lastAt - before.lastAt < refreshedAfterMs) continue;
    isNews = true;
    kept.set(nameOf(each), before === undefined ? { ...each, notedAt: now } : { ...before, lastAt: each.lastAt });
  }
  if (!isNews) return undefined;
  const latest = [...kept.values()].sort((a, b) => b.lastAt - a.lastAt).slice(0, mostCategories);
  return { schema: 1, subject, since: floorToMinute(since), categories: latest };
}

const floorToMinute = (at: number): number => at - (at % minuteMs);

function nameOf({ dimension, value }: Pick<UsageCategory, 'dimension' | 'value'>): string {
  return `${dimension} ${value}`;
}
