import { expect, test } from 'vitest';
import { filesIn, read } from './pages.ts';

/** A number in a text and the plural behind it. */
const plural =
  /\$\{([^}]+)\} (?:alerts|characters|checks|columns|days|entries|events|failures|hours|incidents|keys|metrics|minutes|problems|records|requests|rotations|rows|seconds|(?:standby|managed|API) keys|subjects|tasks|tokens|versions)\b/g;
/** Numbers that are never one. */
const neverOne = ['mostStandbyKeys', '2 * period.toMinutes()', 'window.hours', 'data.tookSeconds.toFixed(1)'];

test('a number in a message is told in the singular where it is one', () => {
  const unasked = ['lambda', 'lib', 'cli', 'report']
    .flatMap((folder) => filesIn(folder, '.ts'))
    .flatMap((file) =>
      read(file)
        .split('\n')
        .filter((line) => !line.includes('=== 1 ?'))
        .flatMap((line) => [...line.matchAll(plural)])
        .flatMap(([text, number = '']) => (neverOne.includes(number) ? [] : [`${file}: ${text}`])),
    );
  expect(unasked).toEqual([]);
});
