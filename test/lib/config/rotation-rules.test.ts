import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMs, durationMs, durationText, hourMs, isDuration } from '../../../lib/config/duration.ts';
import { rotationRules, rotationRulesProblem } from '../../../lib/config/rotation-rules.ts';

test.each([
  ['30d', 'rate(30 days)', undefined],
  ['1d', 'rate(1 day)', undefined],
  ['24h', 'rate(1 day)', undefined],
  ['999d', 'rate(999 days)', undefined],
  ['12h', expect.stringMatching(/^cron\(0 \d+\/12 \* \* \? \*\)$/), '1h'],
])('every %s without a window', (every, scheduleExpression, duration) => {
  const rules = rotationRules(every, undefined, 'production');
  expect(rules.scheduleExpression).toEqual(scheduleExpression);
  expect(rules.duration).toBe(duration);
  expect(rules.longestMs).toBe(durationMs(every));
});

test.each([
  ['1d', /^cron\(0 8 \* \* \? \*\)$/, 1],
  ['7d', /^cron\(0 8 \? \* [1-7] \*\)$/, 7],
  ['30d', /^cron\(0 8 ([1-9]|1\d|2[0-8]) \* \? \*\)$/, 31],
  ['90d', /^cron\(0 8 ([1-9]|1\d|2[0-8]) [1-3]\/3 \? \*\)$/, 92],
])('every %s with a window opens at its hour, for its hours', (every, expression, longestDays) => {
  const rules = rotationRules(every, { startHour: 8, hours: 4 }, 'production');
  expect(rules.scheduleExpression).toMatch(expression);
  expect(rules).toMatchObject({ duration: '4h', longestMs: longestDays * dayMs });
});

test('the keys of a fleet do not rotate all at once, and adding a key moves no other', () => {
  const fleet = Array.from(
    { length: 28 },
    (_, index) => rotationRules('30d', { startHour: 2, hours: 4 }, `team-${index}`).scheduleExpression,
  );
  expect(new Set(fleet).size).toBeGreaterThan(12);
  expect(rotationRules('30d', { startHour: 2, hours: 4 }, 'team-3').scheduleExpression).toBe(fleet[3]);
});

test('every length is either refused with a reason or gets a schedule that Secrets Manager accepts', () => {
  const windows = fc.option(fc.record({ startHour: fc.nat(23), hours: fc.integer({ min: 1, max: 24 }) }), { nil: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1100 }), fc.constantFrom('m', 'h', 'd'), windows, fc.string(), (count, unit, window, name) => {
      const every = `${count}${unit}`;
      const problem = rotationRulesProblem(every, window);
      if (problem !== undefined) {
        expect(() => rotationRules(every, window, name)).toThrow(problem[1]);
        return;
      }
      // The pattern of RotationRulesType.ScheduleExpression, and its limits.
      const { scheduleExpression, longestMs } = rotationRules(every, window, name);
      expect(scheduleExpression).toMatch(/^(rate\([1-9]\d{0,2} days?\)|cron\(0 \d+(\/\d+)? [\d*?]+ [\d*/]+ [\d*?]+ \*\))$/);
      expect(longestMs).toBeGreaterThanOrEqual(4 * hourMs);
    }),
  );
});

test('a length is read back as it was written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
      const ms = durationMs(`${count}${unit}`);
      expect(durationMs(durationText(ms))).toBe(ms);
    }),
  );
});

test.each(['', '0d', '1.5h', '-1d', '1w', '1d12h', ' 1d', '1D', '٣d', '1000000d'])('%j is not a length of time', (text) => {
  expect(isDuration(text)).toBe(false);
  expect(() => durationMs(text)).toThrow('is not a length of time');
});
