import fc from 'fast-check';
import { expect, test } from 'vitest';
import { envelope, envelopeFolder, startEnvelope } from '../../../lambda/detection/detectors/envelope.ts';
import { envelopeText } from '../../../lambda/detection/detectors/envelope/stored.ts';
import { readLook, recall, untilOf } from '../../../lambda/detection/recall.ts';
import { joined, isWithin } from '../../../lambda/detection/spans.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { daily, drawn, monday } from './series.ts';

const now = monday + dayMs;
const folder = envelopeFolder(startEnvelope(2), { intervalMs: minuteMs, falseAlarmsPerMonth: 1 });
for (const { at, values } of drawn(daily(5000), { days: 0.5 })) folder.fold({ at, values: [values[0] ?? 0, 1] });
const state = folder.state();
const foldedUntil = (state.lastAt ?? 0) + minuteMs;
const stored = { schema: 1, subject: 'production', foldedUntil, state: envelopeText(state) };

test('a baseline comes back as it was stored', () => {
  for (const until of [foldedUntil, foldedUntil + 6 * hourMs]) {
    const recalled = recall({ ...stored, foldedUntil: until }, now, envelope);
    if (typeof recalled === 'string') throw new Error(recalled);
    expect(recalled.foldedUntil).toBe(until);
    expect(JSON.parse(recalled.memory.text())).toMatchObject(JSON.parse(stored.state) as object);
  }
});

const text = (change: object): string => JSON.stringify({ ...(JSON.parse(stored.state) as object), ...change });
test.each([
  ['nothing', undefined, 'missing'],
  ['a minute that has not come', { ...stored, foldedUntil: now + hourMs }, 'names no minute'],
  ['2036', { ...stored, foldedUntil: Date.UTC(2036, 0, 1) }, 'names no minute'],
  ['before the epoch', { ...stored, foldedUntil: -minuteMs }, 'names no minute'],
  ['half a minute', { ...stored, foldedUntil: foldedUntil + 30_000 }, 'names no minute'],
  ['a minute as text', { ...stored, foldedUntil: String(foldedUntil) }, 'names no minute'],
  ['no number', { ...stored, foldedUntil: Number.NaN }, 'names no minute'],
  ['a minute before the last one that it holds', { ...stored, foldedUntil: foldedUntil - hourMs }, 'after the minute'],
  ['a state that is cut short', { ...stored, state: stored.state.slice(0, 900) }, 'all of it'],
  ['a state that is no text', { ...stored, state }, 'all of it'],
  ['a state of another version', { ...stored, state: text({ version: 2 }) }, 'version'],
  ['a state of one metric', { ...stored, state: envelopeText(startEnvelope(1)) }, '1 metric, not 2'],
  ['a state of other minutes', { ...stored, state: text({ intervalMs: hourMs }) }, 'steps of 3600000 ms'],
  ['a bucket that begins later', { ...stored, state: text({ lastAt: now + dayMs }) }, 'after the minute'],
  ['a number beyond all usage', { ...stored, state: text({ hot: 1e200 }) }, 'hot'],
])('a baseline with %s is none', (_name, wrong, because) => {
  expect(recall(wrong, now, envelope)).toContain(because);
});

test('whatever stands in the table, a look has instants that have come and spans that are over', () => {
  const anInstant = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(now, now + dayMs, -1, 0.5, '1', null, undefined));
  const aSpan = fc.oneof(fc.record({ from: anInstant, to: anInstant }), fc.constantFrom(null, 'x', 7));
  const aLook = fc.record({
    lookedAt: anInstant,
    found: fc.oneof(fc.array(aSpan), anInstant),
    unlearnt: fc.array(aSpan),
    failing: fc.oneof(fc.record({ since: anInstant, runs: anInstant }), anInstant),
    afresh: fc.oneof(fc.record({ at: anInstant, because: fc.constantFrom('x', 7) }), anInstant),
  });
  fc.assert(
    fc.property(fc.oneof(aLook, anInstant), (item) => {
      const look = readLook('production', item, now);
      const instants = [
        look.lookedAt,
        ...[...look.found, ...look.unlearnt].flatMap(({ from, to }) => [from, to]),
        look.failing?.since,
        look.afresh?.at,
      ];
      for (const at of instants) if (at !== undefined) expect(Number.isInteger(at) && at >= 0 && at <= now + minuteMs).toBe(true);
      for (const { from, to } of [...look.found, ...look.unlearnt]) expect(from).toBeLessThan(to);
    }),
  );
});

test.each([
  ['as it is', { knownUntil: now - hourMs, readAt: now }, { settled: now - hourMs, open: now, visible: now }],
  ['known beyond what was read', { knownUntil: now + dayMs, readAt: now }, { settled: now - hourMs / 2, open: now, visible: now }],
  ['read in 2036', { knownUntil: now - hourMs, readAt: Date.UTC(2036, 0, 1) }, { settled: now - hourMs, open: now, visible: now }],
  ['of nonsense', { knownUntil: -1, readAt: Number.NaN }, { settled: now - hourMs / 2, open: now, visible: now }],
  [
    'of a report that stands still',
    { knownUntil: now - hourMs, readAt: now, tokensUntil: now - dayMs },
    { settled: now - hourMs, open: now, visible: now - dayMs },
  ],
  [
    'with tokens of 2036',
    { knownUntil: now - hourMs, readAt: now, tokensUntil: Date.UTC(2036, 0, 1) },
    { settled: now - hourMs, open: now, visible: 0 },
  ],
])('a watermark %s says which minutes there are', (_name, watermark, until) => {
  expect(untilOf({ schema: 1, tokensUntil: now, ...watermark }, now)).toEqual(until);
});

test('joined spans hold the minutes that each of them held', () => {
  const spans = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 9 })).map(([from, length]) => ({ from, to: from + length })));
  fc.assert(
    fc.property(spans, (all) => {
      const joint = joined(all, 0);
      for (let at = 0; at < 60; at += 1) expect(isWithin(joint, at)).toBe(isWithin(all, at));
      for (const [index, { to }] of joint.entries()) expect(joint[index + 1]?.from ?? Infinity).toBeGreaterThan(to);
    }),
  );
});
