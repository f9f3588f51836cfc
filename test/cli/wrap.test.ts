import fc from 'fast-check';
import { expect, test } from 'vitest';
import { line, table } from '../../cli/output.ts';
import { wrapped } from '../../cli/wrap.ts';
import { ioOf } from './shell.ts';

test('a line that is too long is broken between words, and hangs under its last column', () => {
  const text = 'broken   production, schedule: its rotation schedule is off; fix: npx --no-install keyguard resume production';
  expect(wrapped(text, 50)).toBe(
    [
      'broken   production, schedule: its rotation',
      '         schedule is off; fix: npx --no-install',
      '         keyguard resume production',
    ].join('\n'),
  );
});

test('without columns, or with very wide ones, it hangs two further than it begins', () => {
  expect(wrapped('  ! one two three four five six seven eight nine', 40)).toBe('  ! one two three four five six seven\n    eight nine');
  const wide = `${'x'.repeat(30)}  a few words at the end`;
  expect(wrapped(wide, 40)).toBe(`${'x'.repeat(30)}  a few\n  words at the end`);
});

test('colours take no room, and a word that is too long stays whole', () => {
  const red = (text: string) => `\u001b[31m${text}\u001b[39m`;
  expect(wrapped(`${red('broken')}   ${'word '.repeat(6)}end`, 42)).toBe(`${red('broken')}   ${'word '.repeat(6)}end`);
  const arn = `arn:aws:${'a'.repeat(60)}`;
  expect(wrapped(`see ${arn} there`, 40)).toBe(`see\n  ${arn}\n  there`);
});

test('nothing but blanks is changed, and no line is longer than the width but by one word', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(words, fc.integer({ min: 40, max: 120 }), fc.constantFrom(' ', '  '), (all, width, gap) => {
      const broken = wrapped(all.join(gap), width);
      expect(broken.split(/\s+/)).toEqual(all);
      for (const each of broken.split('\n')) expect(each.length).toBeLessThanOrEqual(width);
    }),
    { numRuns: 50 },
  );
});

test('only a terminal gets broken lines', async () => {
  const text = 'word '.repeat(30).trim();
  const print = async (terminal: object): Promise<string> => {
    const said = { out: '', err: '' };
    const io = ioOf(said);
    Object.assign(io.stdout, terminal);
    line(text, io);
    await table([], [['  label', text]], io);
    return said.out;
  };
  expect(await print({})).toBe(`${text}\n  label  ${text}\n`);
  const [first, second, , , fifth] = (await print({ isTTY: true, columns: 60 })).split('\n');
  expect([first?.length, second?.slice(0, 6), fifth]).toEqual([59, '  word', `         ${'word '.repeat(10).trim()}`]);
});
