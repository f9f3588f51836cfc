import type { UsageCell } from '../../../local/anthropic/usage-ledger.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { usageLedger } from '../../../local/anthropic/usage-ledger.ts';
import { MINUTE_MS } from './platform.ts';

const NOON = Date.parse('2026-11-23T12:00:00Z');
const DELAY_MS = 5 * MINUTE_MS;
const counts = {
  requests: 1,
  uncachedInputTokens: 2,
  cacheReadTokens: 3,
  cacheCreation5mTokens: 4,
  cacheCreation1hTokens: 5,
  outputTokens: 6,
  webSearches: 7,
};

const dimensionsOf = (apiKeyId: string): UsageCell['dimensions'] => ({
  organizationId: 'org',
  apiKeyId,
  workspaceId: 'wrkspc_1',
  accountId: null,
  serviceAccountId: null,
  model: 'claude-sonnet-5-5',
  serviceTier: 'standard',
  contextWindow: '0-200k',
  inferenceGeo: 'global',
  speed: 'standard',
});

/** Requests of three keys over ten minutes. */
const someUses = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), ms: fc.nat(10 * MINUTE_MS) }), { maxLength: 60 });

const requestsIn = (cells: Iterable<UsageCell>): number => [...cells].reduce((sum, cell) => sum + cell.counts.requests, 0);

test('at every instant exactly the requests that are older than the delay are shown', () => {
  fc.assert(
    fc.property(someUses, fc.array(fc.nat(20 * MINUTE_MS), { maxLength: 8 }), (uses, instants) => {
      const ledger = usageLedger(DELAY_MS);
      for (const { key, ms } of uses) ledger.add(dimensionsOf(key), counts, NOON + ms);
      for (const ms of instants) {
        const shown = requestsIn(ledger.read('org', NOON, NOON + 11 * MINUTE_MS, NOON + ms));
        expect(shown).toBe(uses.filter((use) => use.ms + DELAY_MS <= ms).length);
      }
    }),
  );
});

test('reading by parts of the range gives the same as reading it whole, however often and early it was read before', () => {
  fc.assert(
    fc.property(someUses, fc.nat(11), fc.nat(120 * MINUTE_MS), (uses, minute, early) => {
      const ledger = usageLedger(DELAY_MS);
      for (const { key, ms } of uses) ledger.add(dimensionsOf(key), counts, NOON + ms);
      const [from, middle, until] = [NOON, NOON + minute * MINUTE_MS, NOON + 11 * MINUTE_MS];
      [...ledger.read('org', from, until, NOON + early)].forEach((cell) => expect(cell.counts.requests).toBeGreaterThan(0));
      const asOf = NOON + 121 * MINUTE_MS;
      const parts = requestsIn(ledger.read('org', from, middle, asOf)) + requestsIn(ledger.read('org', middle, until, asOf));
      expect(parts).toBe(uses.length);
      expect(requestsIn(ledger.truth('org', from, until))).toBe(uses.length);
    }),
  );
});

test('every kind of count is added up, and no read changes what is stored', () => {
  const ledger = usageLedger(0);
  ledger.add(dimensionsOf('a'), counts, NOON);
  ledger.add(dimensionsOf('a'), counts, NOON + 1);
  const twice = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, 2 * count]));
  for (let reads = 0; reads < 2; reads += 1) {
    expect([...ledger.read('org', NOON, NOON + 1, NOON + 120 * MINUTE_MS)]).toMatchObject([{ minuteAt: NOON, counts: twice }]);
  }
});

test('usage that arrives after its minute was read and merged is shown too', () => {
  const ledger = usageLedger(DELAY_MS);
  const late = NOON + 120 * MINUTE_MS;
  for (const ms of [0, 1]) ledger.add(dimensionsOf('a'), counts, NOON + ms);
  expect(requestsIn(ledger.read('org', NOON, NOON + MINUTE_MS, late))).toBe(2);
  ledger.add(dimensionsOf('a'), counts, NOON + 2);
  expect(requestsIn(ledger.read('org', NOON, NOON + MINUTE_MS, late))).toBe(3);
});
