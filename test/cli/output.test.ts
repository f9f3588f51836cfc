import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Declined, type CliIo } from '../../cli/command.ts';
import { failureOf } from '../../cli/failure.ts';
import { colours, failure, json, line, progress, table } from '../../cli/output.ts';
import { ioOf } from './shell.ts';

const hostile = [
  '\u001b]0;title\u0007',
  '\u001b[2J',
  '\u202egnp.exe',
  '\u2066x\u2069',
  '\u009b1m',
  'a\rb',
  '\u0000',
  'z\u200bw',
  '\u{e0041}',
];
const obeyed = /(?![\t\n])[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;

async function everyWay(text: string, io: CliIo): Promise<void> {
  line(text, io);
  await table(['NAME'], [[text]], io);
  progress(text, io);
  failure({ message: text, fix: text, exitCode: 1 }, io);
  failure(failureOf(new Declined()), io);
}

test.each(hostile)('%j reaches no terminal, by no way', async (text) => {
  for (const jsonForm of [false, true]) {
    const said = { out: '', err: '' };
    const io = { ...ioOf(said), json: jsonForm };
    await everyWay(text, io);
    json({ name: text }, io);
    expect(said.out + said.err).not.toMatch(obeyed);
    expect(said.out).toContain('\\u');
  }
});

test('on a terminal only our own colours are left', () => {
  const said = { out: '', err: '' };
  const io = ioOf(said);
  const stdout = Object.assign(io.stdout, { isTTY: true });
  const before = process.env['NO_COLOR'];
  delete process.env['NO_COLOR'];
  line(`${colours(stdout).red('broken')} \u001b[5mblinks\u001b[8mhidden \u001b]8;;http://example.com\u0007link`, io);
  if (before !== undefined) process.env['NO_COLOR'] = before;
  expect(said.out).toContain('\u001b[31mbroken\u001b[39m \\u001b[5mblinks\\u001b[8mhidden \\u001b]8;;http://example.com\\u0007link');
});

test('in JSON every text stays the same value', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...hostile), (text, evil) => {
      const said = { out: '', err: '' };
      json({ [evil]: text }, ioOf(said));
      expect(JSON.parse(said.out)).toEqual({ [evil]: text });
    }),
    { numRuns: 20 },
  );
});

test('a line break in a name begins no row of its own', async () => {
  const said = { out: '', err: '' };
  await table(['NAME', 'STATE'], [['prod\nfake ok', 'broken']], ioOf(said));
  expect(said.out.trimEnd().split('\n')).toHaveLength(2);
});

test('letters of every script stay as they are', () => {
  const said = { out: '', err: '' };
  line('заморозка, 保守, تجميد, naïve, 👩‍👩‍👧', ioOf(said));
  expect(said.out).toBe('заморозка, 保守, تجميد, naïve, 👩‍👩‍👧\n');
});

test('with --json progress and refusals are a line of JSON each', () => {
  const said = { out: '', err: '' };
  const io = { ...ioOf(said), json: true };
  progress('Waiting …', io);
  failure({ code: 'some-code', message: 'it failed', fix: 'mend it', exitCode: 1 }, io);
  expect(
    said.err
      .trimEnd()
      .split('\n')
      .map((each): unknown => JSON.parse(each)),
  ).toEqual([{ progress: 'Waiting …' }, { error: { code: 'some-code', message: 'it failed', fix: 'mend it' } }]);
});

test('a no is no error: one line, and exit code 1', () => {
  const said = { out: '', err: '' };
  expect(failure(failureOf(new Declined()), ioOf(said))).toBe(1);
  expect(said.err).toBe('nothing was changed\n');
});
