import { expect, test } from 'vitest';
import type { ExpectedUsageRecord } from '../../../contract/records.ts';
import { hourMs } from '../../../lambda/foundation/clock.ts';
import { withPlanned } from '../../../lambda/usage/planned-usage.ts';
import { aDefinition } from '../../support/records.ts';

const batch = { cron: '0 2 * * *', lengthMs: 2 * hourMs, because: 'the nightly batch' };

async function windows(now: string, timeZone: string, own?: string, said: readonly ExpectedUsageRecord[] = []) {
  const key = { ...aDefinition(), expectedUsage: [batch], ...(own === undefined ? {} : { timeZone: own }) };
  const store = withPlanned(
    { all: async () => said },
    { managedKeys: [key, { ...aDefinition(), name: 'other' }], timeZone },
    { now: () => Date.parse(now) },
  );
  return (await store.all()).map(({ subject, from, until, by, because }) =>
    [subject, new Date(from).toISOString().slice(0, 16), (until - from) / hourMs, by, because].join(' '),
  );
}

test('a plan is expected by the clocks of its key, also where they change', async () => {
  const found = await windows('2026-03-30T12:00:00Z', 'UTC', 'Europe/Berlin');
  expect(found.slice(-4)).toEqual([
    'production 2026-03-28T01:00 2 keyguard.json the nightly batch',
    // At two in the morning of that day it is three.
    'production 2026-03-29T01:00 2 keyguard.json the nightly batch',
    'production 2026-03-30T00:00 2 keyguard.json the nightly batch',
    'production 2026-03-31T00:00 2 keyguard.json the nightly batch',
  ]);
  expect(found).toHaveLength(11);
  expect((await windows('2026-11-30T12:00:00Z', 'America/New_York')).at(-1)).toContain('2026-12-01T07:00');
});

test('what an operator says of one window takes its place', async () => {
  const from = Date.parse('2026-11-30T02:00:00Z');
  const said = { schema: 1, subject: 'production', from, until: from + hourMs, by: 'me', because: 'it ended early' } as const;
  const found = await windows('2026-11-30T12:00:00Z', 'UTC', undefined, [said]);
  expect(found.filter((each) => each.includes('2026-11-30T02:00'))).toEqual(['production 2026-11-30T02:00 1 me it ended early']);
});
