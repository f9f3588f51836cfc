import { expect, test } from 'vitest';
import { zoneOffset, zonesOf } from '../../../lambda/detection/time-zone.ts';
import { aDefinition } from '../../support/records.ts';

test.each([
  ['UTC', '2026-07-01T00:00Z', 0],
  ['Europe/Berlin', '2026-10-25T00:59Z', 120],
  ['Europe/Berlin', '2026-10-25T01:00Z', 60],
  ['America/New_York', '2026-11-01T05:59Z', -240],
  ['America/New_York', '2026-11-01T06:00Z', -300],
  ['Asia/Kolkata', '2026-07-01T00:00Z', 330],
  ['America/St_Johns', '2026-01-01T00:00Z', -210],
  ['Australia/Lord_Howe', '2026-07-01T00:00Z', 630],
])('in %s at %s clocks are %i minutes ahead of UTC', (timeZone, at, minutes) => {
  const offset = zoneOffset(timeZone);
  expect(offset(Date.parse(at))).toBe(minutes);
  // Asked again, it is remembered.
  expect(offset(Date.parse(at))).toBe(minutes);
});

test('a zone that nobody knows is refused', () => {
  expect(() => zoneOffset('Europe/Atlantis')).toThrow(RangeError);
});

test('a key has its own clocks, and every other subject those of the installation', () => {
  const managedKeys = [
    { ...aDefinition({}), name: 'night', timeZone: 'Asia/Tokyo' },
    { ...aDefinition({}), name: 'day' },
  ];
  const zoneOf = zonesOf({ timeZone: 'Europe/Berlin', managedKeys });
  const at = Date.parse('2026-01-15T00:00Z');
  expect(['night', 'day', 'unattributed'].map((subject) => zoneOf(subject)(at))).toEqual([540, 60, 60]);
});
