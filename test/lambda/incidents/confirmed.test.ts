import { expect, test } from 'vitest';
import type { IncidentFacts, UsageQuarterRecord, UsageTotals } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { Unavailable } from '../../../lambda/foundation/errors.ts';
import { confirmingSpan, doubtOf, type Evidence } from '../../../lambda/incidents/confirmed.ts';
import { brakeText } from '../../../lambda/incidents/message/cause-text.ts';
import { quarterOf, reportedMinutes } from '../../../lambda/usage/deltas.ts';
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

const warnings: unknown[] = [];
const log = { info: () => undefined, warn: (event: string) => void warnings.push(event) };

/** `reported`: what Anthropic reports now; by default what was collected. */
async function doubt(
  facts: IncidentFacts,
  quarters: readonly UsageQuarterRecord[],
  reported: Evidence['reread'] = () => Promise.resolve(quarters.flatMap((each) => [...reportedMinutes(each)])),
): Promise<string | undefined> {
  const incident = anIncident({ facts: { startedAt, ...facts } });
  const brake = await doubtOf(incident, at, { quarters: () => Promise.resolve(quarters), reread: reported }, log);
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
])('%s', async (_name, facts, quarters) => {
  expect(await doubt(facts, quarters)).toBeUndefined();
});

test.each([
  ['no usage at all', tokens, []],
  ['usage as always', tokens, [quarter(startedAt, { outputTokens: 2_000 })]],
  ['much of something else', tokens, [quarter(startedAt, { inputTokens: 9e9, cacheReadTokens: 9e9, costNanoUsd: 9e15 })]],
  ['much, an hour before', tokens, [quarter(startedAt - 60 * minuteMs, { outputTokens: 9e9 })]],
  ['less money', { metric: 'estimatedCostUsd', observed: 0.5 }, [quarter(startedAt, { costNanoUsd: 0.4e9 })]],
])('%s is no reason to cut a key off', async (_name, facts, quarters) => {
  expect(await doubt(facts, quarters)).toMatch(/^the exact totals of production show at most .+ in a minute, so that/);
});

test('what was collected, and Anthropic reports no longer, is no reason to cut a key off', async () => {
  const collected = [quarter(startedAt, { outputTokens: 48_300 })];
  const spans: unknown[] = [];
  const restated: Evidence['reread'] = (...span) => {
    spans.push(span);
    return Promise.resolve([[startedAt, { ...zero, outputTokens: 2_000 }]]);
  };
  expect(await doubt(tokens, collected, restated)).toMatch(/^the exact totals of production show at most 2,000 output tokens in a minute/);
  expect(spans).toEqual([['production', startedAt - 15 * minuteMs, at]]);
  // What measures nothing is not read.
  expect(await doubt({ apiKeyId: 'apikey_one' }, [], restated)).toBeUndefined();
  expect(spans).toHaveLength(1);
});

test('a theft does not wait for a report that cannot be read now', async () => {
  const failing: Evidence['reread'] = () => Promise.reject(new Unavailable('usage_report.messages', '529'));
  expect(await doubt(tokens, [quarter(startedAt, { outputTokens: 48_300 })], failing)).toBeUndefined();
  expect(warnings).toEqual(['containment.not-read-again']);
  expect(await doubt(tokens, [], failing)).toContain('show at most 0 output tokens');
});

test('a finding that is days old is still looked for where it began', () => {
  const incident = anIncident({ facts: { ...tokens, startedAt } });
  expect(confirmingSpan(incident, at + 30 * dayMs)).toEqual({ from: startedAt - 15 * minuteMs, to: startedAt + dayMs });
  // What a mean over hours rests on may lie before the alert.
  const slow = { ...incident, facts: { ...incident.facts, windowMs: 3 * hourMs } };
  expect(confirmingSpan(slow, at).from).toBe(startedAt - 3 * hourMs);
});
