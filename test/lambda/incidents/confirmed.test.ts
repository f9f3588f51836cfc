import { expect, test } from 'vitest';
import type { IncidentFacts, UsageQuarterRecord, UsageTotals } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { confirmingSpan, unconfirmed } from '../../../lambda/incidents/confirmed.ts';
import { brakeText } from '../../../lambda/incidents/message/cause-text.ts';
import { quarterOf } from '../../../lambda/usage/deltas.ts';
import { anIncident, at } from './message-incidents.ts';

const startedAt = at - 20 * minuteMs;
const zero: UsageTotals = { inputTokens: 0, cacheReadTokens: 0, outputTokens: 0, costNanoUsd: 0 };

/** A quarter of an hour with these totals in one minute of it; `sent`: whether CloudWatch has them already. */
function quarter(minute: number, totals: Partial<UsageTotals>, sent = true): UsageQuarterRecord {
  const start = quarterOf(minute);
  const one = { [String((minute - start) / minuteMs)]: { ...zero, ...totals } };
  const base = { schema: 1, subject: 'production', start, revision: 1 } as const;
  if (!sent) return { ...base, minutes: {}, intent: { at: minute, minutes: one } };
  return { ...base, minutes: Object.fromEntries(Object.entries(one).map(([offset, each]) => [offset, { totals: each, samples: 1 }])) };
}

function doubt(facts: IncidentFacts, ...quarters: readonly UsageQuarterRecord[]): string | undefined {
  const incident = anIncident({ facts: { startedAt, ...facts } });
  const brake = unconfirmed(incident, quarters, confirmingSpan(incident, at).from);
  return brake === undefined ? undefined : brakeText(brake);
}

const tokens = { metric: 'outputTokens', observed: 48_300, expected: 2_100 };

test.each([
  ['a minute that had as much bears it out', tokens, [quarter(startedAt, { outputTokens: 48_300 })]],
  ['so does one that is being sent', tokens, [quarter(startedAt, { outputTokens: 90_000 }, false)]],
  ['so does one a few minutes before the alert', tokens, [quarter(startedAt - 10 * minuteMs, { outputTokens: 50_000 })]],
  ['money is compared as money', { metric: 'estimatedCostUsd', observed: 0.5 }, [quarter(startedAt, { costNanoUsd: 0.5e9 })]],
  ['CloudWatch has its own names', { ...tokens, metric: 'OutputTokens' }, [quarter(startedAt, { outputTokens: 48_300 })]],
  ['what measures nothing is no figure to doubt', { apiKeyId: 'apikey_one' }, []],
])('%s', (_name, facts, quarters) => {
  expect(doubt(facts, ...quarters)).toBeUndefined();
});

test.each([
  ['no usage at all', tokens, []],
  ['usage as always', tokens, [quarter(startedAt, { outputTokens: 2_000 })]],
  ['much of something else', tokens, [quarter(startedAt, { inputTokens: 9e9, cacheReadTokens: 9e9, costNanoUsd: 9e15 })]],
  ['much, an hour before', tokens, [quarter(startedAt - 60 * minuteMs, { outputTokens: 9e9 })]],
  ['less money', { metric: 'estimatedCostUsd', observed: 0.5 }, [quarter(startedAt, { costNanoUsd: 0.4e9 })]],
])('%s is no reason to cut a key off', (_name, facts, quarters) => {
  expect(doubt(facts, ...quarters)).toMatch(/^the exact totals of production show at most .+ in a minute, so that/);
});

test('a finding that is days old is still looked for where it began', () => {
  const incident = anIncident({ facts: { ...tokens, startedAt } });
  expect(confirmingSpan(incident, at + 30 * dayMs)).toEqual({ from: startedAt - 15 * minuteMs, to: startedAt + dayMs });
  // What a mean over hours rests on may lie before the alert.
  const slow = { ...incident, facts: { ...incident.facts, windowMs: 3 * hourMs } };
  expect(confirmingSpan(slow, at).from).toBe(startedAt - 3 * hourMs);
});
