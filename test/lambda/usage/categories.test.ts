import { expect, test } from 'vitest';
import type { CategoriesRecord } from '../../../contract/records.ts';
import { unfamiliarIn } from '../../../lambda/detection/unfamiliar.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { categoriesOf, withSeen, type SeenCategory } from '../../../lambda/usage/categories.ts';
import { aUsageRow } from './rows.ts';

const start = Date.UTC(2026, 8, 7, 10, 0);
const owner = (apiKeyId: string): string | undefined => (apiKeyId === 'apikey_a' ? 'production' : undefined);
const seenAt = (at: number, value = 'claude-a'): SeenCategory => ({ dimension: 'model', value, firstAt: at, lastAt: at });

/** As the collector does: each sight on what was stored before. */
function after(...sights: readonly (readonly [at: number, value?: string])[]): CategoriesRecord {
  let record: CategoriesRecord | undefined;
  for (const [at, value] of sights) {
    const next = withSeen(record, 'production', [seenAt(at, value)], at + 5 * minuteMs);
    if (next !== undefined) record = { ...next, revision: (record?.revision ?? 0) + 1 };
  }
  if (record === undefined) throw new RangeError('nothing was seen');
  return record;
}
const newsOf = (record: CategoriesRecord, now: number): readonly string[] => unfamiliarIn(record, now).map(({ value }) => value);

test('rows show the categories of managed keys alone, of usage with tokens, with their first and last minute', () => {
  const rows = [
    aUsageRow({ minute: start + minuteMs, apiKeyId: 'apikey_a', model: 'claude-a', inferenceGeo: null }),
    aUsageRow({ minute: start, apiKeyId: 'apikey_a', model: 'claude-a', inferenceGeo: 'us' }),
    aUsageRow({ minute: start, apiKeyId: 'apikey_b', model: 'claude-b' }),
    aUsageRow({ minute: start, apiKeyId: null, model: 'claude-c' }),
    aUsageRow({ minute: start, apiKeyId: 'apikey_a', model: 'claude-d', uncachedInputTokens: 0, cacheReadTokens: 0, outputTokens: 0 }),
  ];
  const seen = categoriesOf(rows, owner);
  expect([...seen.keys()]).toEqual(['production']);
  const ofModel = seen.get('production')?.filter(({ dimension }) => dimension === 'model' || dimension === 'inferenceGeo');
  expect(ofModel).toEqual([
    { dimension: 'model', value: 'claude-a', firstAt: start, lastAt: start + minuteMs },
    { dimension: 'inferenceGeo', value: 'us', firstAt: start, lastAt: start },
  ]);
});

test('in the first week nothing is news, later a new model is for a day, and then it is usual', () => {
  const young = after([start], [start + 6 * dayMs, 'claude-b']);
  expect(newsOf(young, start + 6 * dayMs + hourMs)).toEqual([]);
  const older = after([start], [start + 8 * dayMs, 'claude-b'], [start + 8 * dayMs + hourMs, 'claude-b']);
  expect(newsOf(older, start + 8 * dayMs + hourMs)).toEqual(['claude-b']);
  expect(newsOf(older, start + 9 * dayMs + hourMs)).toEqual([]);
});

test('what is used on and on is stored once a day, and what was not for three months is new again', () => {
  const known = after([start]);
  expect(withSeen(known, 'production', [seenAt(start + hourMs)], start + hourMs)).toBeUndefined();
  expect(withSeen(known, 'production', [seenAt(start + dayMs)], start + dayMs)?.categories).toMatchObject([
    { firstAt: start, lastAt: start + dayMs },
  ]);
  const back = after([start], [start + 50 * dayMs, 'claude-b'], [start + 100 * dayMs]);
  expect(newsOf(back, start + 100 * dayMs + hourMs)).toEqual(['claude-a']);
});

test('usage that the report shows two days late is news when it is read', () => {
  const known = after([start]);
  const late = withSeen(known, 'production', [seenAt(start + 8 * dayMs, 'claude-b')], start + 10 * dayMs);
  expect(newsOf({ ...(late ?? known), revision: 2 }, start + 10 * dayMs + hourMs)).toEqual(['claude-b']);
});

test('however many there are, the record stays small', () => {
  const many = Array.from({ length: 1000 }, (_, index) => [start + index * minuteMs, `claude-${index}`] as const);
  const { categories } = after(...many);
  expect(categories).toHaveLength(200);
  expect(categories[0]?.value).toBe('claude-999');
});
