import { expect, test } from 'vitest';
import { guessInterval } from '../../../lambda/detection/interval.ts';

const guessed = (seconds: readonly number[]): (number | undefined)[] => {
  const guess = guessInterval();
  return seconds.map((each) => guess.next(each * 1000));
};

test('nothing is guessed before two different instants', () => {
  expect(guessed([0, 0, 0])).toEqual([undefined, undefined, undefined]);
});

test.each([
  { what: 'minutes', seconds: [0, 60, 120, 180], width: 60 },
  { what: 'minutes that jitter by some seconds', seconds: [0, 62, 119, 181, 240], width: 60 },
  { what: 'five minutes with gaps', seconds: [0, 300, 3900, 4200, 90_000, 90_300], width: 300 },
  {
    what: 'a pair of rows that is nearer than all others',
    seconds: [0, 600, 1200, 1230, ...Array.from({ length: 20 }, (_, index) => 1800 + 600 * index)],
    width: 600,
  },
  { what: 'rows out of order and twice', seconds: [0, 120, 60, 180, 180, 300, 240, 360, 300], width: 60 },
  { what: 'an unusual width', seconds: [0, 420, 840, 1260], width: 420 },
])('the width of $what is $width s', ({ seconds, width }) => {
  expect(guessed(seconds).at(-1)).toBe(width * 1000);
});

test('a guess rests on what has arrived only', () => {
  const seconds = [0, 14_400, 15_000, 15_600, 16_200, 30_000, 30_600];
  const whole = guessed(seconds);
  for (let length = 0; length <= seconds.length; length++) expect(guessed(seconds.slice(0, length))).toEqual(whole.slice(0, length));
  expect(whole).toEqual([undefined, 14_400_000, 600_000, 600_000, 600_000, 600_000, 600_000]);
});
