import { expect, test } from 'vitest';
import { zoneOffset } from '../../../lambda/detection/time-zone.ts';
import { seeded } from '../../../local/random.ts';
import { long, shortAndLong } from '../../support/long.ts';
import { alertStarts, dayMs, drawn, hourMs, judged, minuteMs, monday, type Rate } from './series.ts';

const tenMinutes = 10 * minuteMs;

/** Monday to Friday, nine to six by the clocks of a zone. */
function officeIn(timeZone: string): Rate {
  const offset = zoneOffset(timeZone);
  return (at) => {
    const local = new Date(at + offset(at) * minuteMs);
    const isOpen = local.getUTCHours() >= 9 && local.getUTCHours() < 18;
    return isOpen && local.getUTCDay() >= 1 && local.getUTCDay() <= 5 ? 5000 : 0;
  };
}

for (const [zones, options] of shortAndLong(1, ['America/New_York', 'Europe/Berlin', 'Australia/Sydney']))
  test.each(zones)('office hours in %s raise nothing when clocks change, where the zone is set', options, (zone) => {
    // Three weeks before the change and three after it.
    const from = Date.UTC(2026, 9, zone === 'Australia/Sydney' ? 1 : 12) - (zone === 'Australia/Sydney' ? 14 * dayMs : 0);
    const series = drawn(officeIn(zone), { days: 42, from });
    expect(alertStarts(judged(series, { zoneOffset: zoneOffset(zone) }))).toEqual([]);
  });

test('a job on the first of each month is news once or twice, and then usual', () => {
  const job: Rate = (at) => {
    const day = new Date(at);
    return day.getUTCDate() === 1 && day.getUTCHours() >= 2 && day.getUTCHours() < 6 ? 10_000 : 1000;
  };
  const series = drawn(job, { days: 150, from: Date.UTC(2026, 4, 10), intervalMs: tenMinutes });
  const months = alertStarts(judged(series, { intervalMs: tenMinutes })).map((at) => new Date(at).toISOString().slice(0, 10));
  expect(['2026-06-01', '2026-07-01']).toEqual(expect.arrayContaining(months));
});

test('what is shown first raises nothing, whatever came before: a zero, then a use', () => {
  const rows = [
    { at: Date.UTC(2026, 8, 14), values: [0] },
    { at: Date.UTC(2026, 8, 15, 17, 55), values: [1162] },
  ];
  expect(alertStarts(judged(rows))).toEqual([]);
});

test('keys that are used a few times a week stay within the dial', long, () => {
  const keys = 20;
  const days = 60;
  let alarms = 0;
  for (let key = 0; key < keys; key += 1) {
    const random = seeded(key, 'seldom');
    const series = [];
    // Two to four uses a week, at odd minutes.
    for (let at = monday; at < monday + days * dayMs; at += Math.max(1, Math.round((random.gamma(1.5) / 1.5) * 56 * 60)) * minuteMs)
      series.push({ at, values: [Math.round(200 + 2000 * random.uniform())] });
    alarms += alertStarts(judged(series)).length;
  }
  expect(alarms).toBeLessThanOrEqual((keys * days) / 30);
});

test('a key that rests for a week and goes on as before raises nothing', () => {
  const works = drawn((at) => (at % dayMs < 8 * hourMs ? 4000 : 500), { days: 10 });
  const rests = works.map((each) => (each.at >= monday + 3 * dayMs && each.at < monday + 9.5 * dayMs ? { ...each, values: [0] } : each));
  expect(alertStarts(judged(rests))).toEqual([]);
});
