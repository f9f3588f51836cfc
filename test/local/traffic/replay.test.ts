import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MinuteUsage } from '../../../local/traffic/draw.ts';
import { keysOf, replayUsage } from '../../../local/traffic/replay.ts';
import type { ReplayOptions } from '../../../local/traffic/replay.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyguard-traffic-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const header = 'key,timestamp,requests,input_tokens,output_tokens';
const file = (name: string, content: string | Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const monday = Date.parse('2026-11-02T00:00:00Z');
const minute = 60_000;
const day = 1440;
const replay = (path: string, options: Partial<ReplayOptions> = {}): MinuteUsage[] => [
  ...replayUsage(path, { from: monday, minutes: 7 * day, seed: 1, ...options }),
];
const total = (usage: readonly MinuteUsage[], part: 'requests' | 'uncachedInputTokens' | 'outputTokens'): number =>
  usage.reduce((sum, each) => sum + each[part], 0);

/** Two weeks from Monday 2026-09-07, each hour as many requests as its number; the key "evening" only at 20:00. */
function twoWeeks(): string {
  const rows: string[] = [];
  for (let hour = 0; hour < 336; hour += 1) {
    const at = new Date(Date.parse('2026-09-07T00:00:00Z') + hour * 3_600_000).toISOString();
    rows.push(`steady,${at},${hour + 1},${(hour + 1) * 500},${(hour + 1) * 7}`);
    if (hour % 24 === 20) rows.push(`evening,${at},100,5000,100`);
  }
  return [header, ...rows].join('\n');
}

describe('a replayed trace', () => {
  test('keeps the sums of its buckets and scatters them over their minutes', () => {
    const path = file('sums.csv', `${header}\nk1,2026-09-07T00:00:00Z,1000,50001,777\nk1,2026-09-07T00:10:00Z,3,40,2\n`);
    const usage = replay(path);
    const first = usage.filter(({ at }) => at < monday + 10 * minute);
    expect([total(first, 'requests'), total(first, 'uncachedInputTokens'), total(first, 'outputTokens')]).toEqual([1000, 50001, 777]);
    const second = usage.filter(({ at }) => at >= monday + 10 * minute && at < monday + 20 * minute);
    expect([total(second, 'requests'), total(second, 'uncachedInputTokens'), total(second, 'outputTokens')]).toEqual([3, 40, 2]);
    expect(first).toHaveLength(10);
    expect(new Set(first.map(({ requests }) => requests)).size).toBeGreaterThan(3);
    expect(Math.max(...first.map(({ requests }) => requests))).toBeLessThan(160);
  });

  test('is the same for the same seed, whatever the length and the start of the window', () => {
    const path = file('window.csv', twoWeeks());
    const week = replay(path, { key: 'steady' });
    expect(replay(path, { key: 'steady', seed: 2 })).not.toEqual(week);
    fc.assert(
      fc.property(fc.nat(7 * day), fc.nat(7 * day), (start, length) => {
        const [from, minutes] = [monday + start * minute, Math.min(length, 7 * day - start)];
        const within = week.filter(({ at }) => at >= from && at < from + minutes * minute);
        expect(JSON.stringify(replay(path, { key: 'steady', from, minutes }))).toBe(JSON.stringify(within));
      }),
      { numRuns: 20 },
    );
  });

  test('of two weeks keeps weekday and time of day wherever the world begins, and starts over at its end', () => {
    const path = file('two-weeks.csv', twoWeeks());
    const wednesday = Date.parse('2026-11-04T13:30:00Z');
    const usage = replay(path, { key: 'steady', from: wednesday, minutes: 21 * day });
    const inHour = (instant: string) =>
      total(
        usage.filter(({ at }) => at >= Date.parse(instant) && at < Date.parse(instant) + 60 * minute),
        'requests',
      );
    expect(inHour('2026-11-04T14:00:00Z')).toBe(2 * 24 + 14 + 1);
    expect(inHour('2026-11-15T23:00:00Z')).toBe(336);
    expect(inHour('2026-11-16T00:00:00Z')).toBe(1);
    expect(usage.slice(0, 1).every(({ at }) => at >= wednesday && at < wednesday + 10 * minute)).toBe(true);
    const hours = new Set(replay(path, { key: 'evening', from: wednesday }).map(({ at }) => new Date(at).getUTCHours()));
    expect([...hours]).toEqual([20]);
  });

  test('of one day keeps the time of day', () => {
    const rows = Array.from({ length: 24 }, (_, hour) => `k1,2026-09-07T${String(hour).padStart(2, '0')}:00:00Z,${hour},0,0`);
    const usage = replay(file('day.csv', [header, ...rows].join('\n')), { from: Date.parse('2026-11-04T22:00:00Z'), minutes: 240 });
    const hours = usage.map(({ at, requests }) => [new Date(at).getUTCHours(), requests] as const);
    const sum = (hour: number) => hours.filter(([each]) => each === hour).reduce((all, [, requests]) => all + requests, 0);
    expect([22, 23, 0, 1].map(sum)).toEqual([22, 23, 0, 1]);
  });

  test('with numbered minutes begins with the window, minute by minute', () => {
    const path = file('minutes.csv', 'service,minute,requests,input_tokens,output_tokens\nchat,0,5,50,10\nchat,1,7,70,14\nchat,3,1,10,2\n');
    const from = Date.parse('2026-11-04T13:37:00Z');
    const usage = replay(path, { from, minutes: 5 }).map(({ at, requests, uncachedInputTokens }) => [
      (at - from) / minute,
      requests,
      uncachedInputTokens,
    ]);
    expect(usage).toEqual([
      [0, 5, 50],
      [1, 7, 70],
      [3, 1, 10],
      [4, 5, 50],
    ]);
  });

  test('is read packed as well, with a byte order mark, columns in any order and Windows line ends', () => {
    const text = '\uFEFFrequests,key,output_tokens,input_tokens,timestamp,note\r\n4,k1,2,8,2026-09-07T00:00:00Z,x\r\n';
    const plain = replay(file('plain.csv', text));
    expect(
      total(
        plain.filter(({ at }) => at < monday + 10 * minute),
        'requests',
      ),
    ).toBe(4);
    expect(replay(file('packed.csv.gz', gzipSync(text)))).toEqual(plain);
  });

  test('names its keys in the order of the file', () => {
    expect(keysOf(file('keys.csv', twoWeeks()))).toEqual(['steady', 'evening']);
  });
});

describe('a trace that cannot be replayed is refused in one sentence:', () => {
  const good = 'k1,2026-09-07T00:00:00Z,1,2,3';
  test.each([
    ['an empty file', 'a.csv', '', /a\.csv: the file is empty\. Its first line must be "key,timestamp,requests/],
    ['no rows', 'b.csv', `${header}\n`, /b\.csv:1: a header and no row under it\. Give a file with at least one bucket/],
    [
      'no header',
      'c.csv',
      good,
      /c\.csv:1: its header is "k1,.*" and lacks key, timestamp, requests, input_tokens, output_tokens\. The first line must be/,
    ],
    [
      'a column that is absent',
      'd.csv',
      `key,timestamp,requests,input_tokens\n`,
      /d\.csv:1: .* lacks output_tokens\. The first line must be/,
    ],
    [
      'too few values in a line',
      'e.csv',
      `${header}\n${good}\nk1,2026-09-07T00:10:00Z,1\n`,
      /e\.csv:3: not CSV \(CSV_RECORD_INCONSISTENT_\w+\)\. Give each line as many values/,
    ],
    ['a quote left open', 'f.csv', `${header}\n"k1,2026\n`, /f\.csv:\d: not CSV \(CSV_QUOTE_NOT_CLOSED\)\. Give each line/],
    [
      'a number that is none',
      'g.csv',
      `${header}\n${good}\nk1,2026-09-07T00:10:00Z,many,2,3\n`,
      /g\.csv:3, column requests: "many" is not a whole number, 0 or more\. Write a whole number/,
    ],
    [
      'a negative number',
      'h.csv',
      `${header}\nk1,2026-09-07T00:10:00Z,1,-2,3\n`,
      /h\.csv:2, column input_tokens: "-2" is not a whole number/,
    ],
    ['a fraction', 'i.csv', `${header}\nk1,2026-09-07T00:10:00Z,1,2,3.5\n`, /i\.csv:2, column output_tokens: "3\.5" is not a whole number/],
    ['a value left out', 'j.csv', `${header}\nk1,2026-09-07T00:10:00Z,,2,3\n`, /j\.csv:2, column requests: "" is not a whole number/],
    [
      'a local time',
      'k.csv',
      `${header}\nk1,2026-09-07 00:10:00,1,2,3\n`,
      /k\.csv:2, column timestamp: "2026-09-07 00:10:00" is not an instant in UTC such as 2026-09-07T00:10:00Z/,
    ],
    [
      'a date that is none',
      'l.csv',
      `${header}\nk1,2026-13-07T00:10:00Z,1,2,3\n`,
      /l\.csv:2, column timestamp: "2026-13-07T00:10:00Z" is not an instant/,
    ],
    ['a key without a name', 'm.csv', `${header}\n,2026-09-07T00:10:00Z,1,2,3\n`, /m\.csv:2, column key: "" is not a name/],
    [
      'a bucket twice',
      'n.csv',
      `${header}\n${good}\n${good}\n`,
      /n\.csv:3, column timestamp: k1 has "2026-09-07T00:00:00Z" twice\. Keep one line for each key and timestamp/,
    ],
    [
      'buckets of seconds',
      'o.csv',
      `${header}\n${good}\nk1,2026-09-07T00:00:30Z,1,2,3\n`,
      /o\.csv, column timestamp: its instants are whole steps of 30 s apart\. Buckets last a whole number of minutes/,
    ],
    [
      'packed in name only',
      'p.csv.gz',
      `${header}\n${good}\n`,
      /p\.csv\.gz: the name ends in \.gz, the content is not whole gzip\. Name it \.csv/,
    ],
    ['packed and cut off', 'q.csv.gz', gzipSync(`${header}\n${good}\n`).subarray(0, 40), /q\.csv\.gz: .* not whole gzip/],
    [
      'several keys and none chosen',
      'r.csv',
      `${header}\n${good}\nk2,2026-09-07T00:00:00Z,1,2,3\n`,
      /r\.csv: it has 2 keys and none was chosen\. Choose one of k1, k2/,
    ],
  ])('%s', (_case, name, content, message) => {
    expect(() => replayUsage(file(name, content), { from: monday, minutes: 1, seed: 1 })).toThrow(message);
  });

  test('a key that is not there, with those that are', () => {
    const path = file('s.csv', `${header}\n${good}\nk2,2026-09-07T00:00:00Z,1,2,3\n`);
    expect(() => replay(path, { key: 'k9' })).toThrow(/s\.csv: it has no key "k9"\. Choose one of k1, k2/);
  });

  test('a file that is not there, and a folder', () => {
    expect(() => replay(join(folder, 'none.csv'))).toThrow(/none\.csv: the file cannot be read \(ENOENT\)\. Check the path/);
    expect(() => keysOf(folder)).toThrow(/the file cannot be read \(EISDIR\)/);
  });

  test('a start between two minutes', () => {
    expect(() => replay(file('t.csv', `${header}\n${good}\n`), { from: monday + 1 })).toThrow('a replay starts at the start of a minute');
  });
});
