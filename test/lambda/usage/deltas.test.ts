import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unattributed } from '../../../contract/metrics.ts';
import type { UsageQuarterRecord, UsageTotals } from '../../../contract/records.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { committed, dataOf, lastUsesOf, quarterMs, confirmedByReadBack, totalsOf, unpublished } from '../../../lambda/usage/deltas.ts';
import type { UsageRow } from '../../../lambda/usage/ports.ts';
import { aUsageRow } from './rows.ts';

const start = Date.UTC(2026, 8, 7, 10, 0);
const span = { from: start, to: start + quarterMs };

const aRow = (changes: Partial<UsageRow> = {}): UsageRow => aUsageRow({ minute: start, ...changes });

const someTotals = fc.record({
  inputTokens: fc.nat(1e6),
  cacheReadTokens: fc.nat(1e6),
  outputTokens: fc.nat(1e6),
  costNanoUsd: fc.nat(1e9),
});

/** CloudWatch as far as it matters here: it adds up whatever it is sent, and counts. */
function cloudWatch() {
  const sums = new Map<string, number>();
  const counts = new Map<number, number>();
  return {
    put(record: UsageQuarterRecord) {
      for (const datum of dataOf(record)) {
        const key = `${datum.metric} ${datum.minute}`;
        sums.set(key, (sums.get(key) ?? 0) + datum.value);
        if (datum.metric === 'inputTokens') counts.set(datum.minute, (counts.get(datum.minute) ?? 0) + 1);
      }
    },
    sums,
    counts,
  };
}

test('whatever the feed restates, and whichever put or record is lost, the sums end as the report', () => {
  const aReport = fc.record({
    minutes: fc.dictionary(fc.constantFrom('0', '3', '14'), someTotals),
    fate: fc.constantFrom('committed', 'put but not recorded', 'never put'),
  });
  fc.assert(
    fc.property(fc.array(aReport, { minLength: 1, maxLength: 8 }), (reports) => {
      const world = cloudWatch();
      let record: UsageQuarterRecord = { schema: 1, subject: 'production', start, revision: 0, minutes: {} };
      let last: ReadonlyMap<number, UsageTotals> = new Map();
      const publish = (reported: ReadonlyMap<number, UsageTotals>, fate: string): void => {
        if (record.intent !== undefined) record = { ...confirmedByReadBack(record, world.counts), revision: 0 };
        const minutes = unpublished(record, start, span, reported);
        if (Object.keys(minutes).length === 0) return;
        record = { ...record, intent: { at: 0, minutes } };
        if (fate !== 'never put') world.put(record);
        if (fate === 'committed') record = { ...committed(record), revision: 0 };
      };
      for (const { minutes, fate } of reports) {
        last = new Map(Object.entries(minutes).map(([offset, totals]) => [start + Number(offset) * minuteMs, totals]));
        publish(last, fate);
      }
      publish(last, 'committed');
      for (let minute = start; minute < start + quarterMs; minute += minuteMs) {
        const totals = last.get(minute);
        expect(world.sums.get(`outputTokens ${minute}`) ?? 0).toBe(totals?.outputTokens ?? 0);
        expect(world.sums.get(`inputTokens ${minute}`) ?? 0).toBe(totals?.inputTokens ?? 0);
        expect(world.sums.get(`estimatedCostUsd ${minute}`) ?? 0).toBeCloseTo((totals?.costNanoUsd ?? 0) / 1e9, 9);
      }
    }),
    { numRuns: 500 },
  );
});

test('nothing new to say is nothing to put', () => {
  const record = { schema: 1 as const, subject: 's', start, revision: 1, minutes: { '0': { totals: totals(5), samples: 1 } } };
  expect(unpublished(record, start, span, new Map([[start, totals(5)]]))).toEqual({});
  expect(unpublished(record, start, span, new Map([[start, totals(6)]]))).toEqual({ '0': totals(6) });
});

test('minutes outside of what was read are left alone, because a missing answer is no zero', () => {
  const record = { schema: 1 as const, subject: 's', start, revision: 1, minutes: { '0': { totals: totals(5), samples: 1 } } };
  expect(unpublished(record, start, { from: start + minuteMs, to: start + quarterMs }, new Map())).toEqual({});
});

test('rows of one minute add up across models and tiers; keys that nobody manages are counted, not dropped', () => {
  const rows = [
    aRow(),
    aRow({ model: 'claude-opus-5-5' }),
    aRow({ apiKeyId: 'apikey_two' }),
    aRow({ apiKeyId: null, outputTokens: 7 }),
    aRow({ apiKeyId: 'apikey_stranger', outputTokens: 3 }),
  ];
  const bySubject = totalsOf(rows, (id) => (id === 'apikey_stranger' ? undefined : 'production'));
  expect(bySubject.get('production')?.get(start)).toMatchObject({ outputTokens: 1500, inputTokens: 3000, cacheReadTokens: 600 });
  expect(bySubject.get(unattributed)?.get(start)).toMatchObject({ outputTokens: 10 });
});

test('the last use of a key names its newest minute, and the model that led it', () => {
  const rows = [
    aRow({ minute: start, model: 'claude-opus-5-5' }),
    aRow({ minute: start + minuteMs, model: 'claude-haiku-5-5', outputTokens: 1, uncachedInputTokens: 0, cacheReadTokens: 0 }),
    aRow({ minute: start + minuteMs, model: 'claude-sonnet-5-5' }),
    aRow({ minute: start + 2 * minuteMs, outputTokens: 0, uncachedInputTokens: 0, cacheReadTokens: 0 }),
  ];
  expect(lastUsesOf(rows)).toMatchObject([{ apiKeyId: 'apikey_one', at: start + minuteMs, model: 'claude-sonnet-5-5', tokens: 1701 }]);
});

function totals(outputTokens: number): UsageTotals {
  return { inputTokens: 0, cacheReadTokens: 0, outputTokens, costNanoUsd: 0 };
}
