import { expect, test } from 'vitest';
import { commands } from '../../cli/commands.ts';
import { keyguard } from './shell.ts';

test.each([
  ['no command', [], 'Usage: keyguard'],
  ['an unknown command', ['rotat', 'production'], '(Did you mean rotate?)'],
  ['an unknown verb of a group', ['standby', 'ad'], '(Did you mean add?)'],
  ['a group without its verb', ['standby'], 'Usage: keyguard standby'],
  ['an unknown option', ['status', '--jsn'], '(Did you mean --json?)'],
  ['an option before the command', ['--json=1', 'status'], '--json stands before the command'],
  ['an option and no command', ['--config', 'keyguard.json'], '--config stands before the command'],
  ['a missing argument', ['rotate'], "missing required argument 'name'"],
  ['an argument too many', ['status', 'one', 'two'], 'too many arguments'],
  ['an option in place of a value', ['pause', 'production', '--because', '--yes'], 'the value before it is missing'],
  ['an option in place of a file', ['status', '--config', '--verbose'], 'the value before it is missing'],
  ['help about an unknown command', ['help', 'rotat'], '(Did you mean rotate?)'],
  ['help about nothing that is known', ['help', 'bogus'], "unknown command 'bogus'"],
  ['an option without its value', ['status', '--config'], "option '--config <file>' argument missing"],
  ['a reason of two lines', ['undo', 'production', '--because', 'one\ntwo'], '--because holds a line break'],
  ['a reason that colours the terminal', ['undo', 'production', '--because', '\u001b[31mred'], 'another character that cannot be seen'],
  [
    'a reason that turns the direction of text',
    ['undo', 'production', '--because', 'a\u202efreeze'],
    'another character that cannot be seen',
  ],
  ['a reason that says nothing', ['undo', 'production', '--because', ' '], '--because wants a reason of 1 to 200 characters'],
  ['a reason that does not end', ['undo', 'production', '--because', 'x'.repeat(201)], 'a reason of 1 to 200 characters'],
  ['an id that is none', ['standby', 'add', 'production', '--api-key-id', 'key_1'], 'it begins with apikey_'],
])('%s is wrong usage, answered in words', async (_name, args, words) => {
  const said = await keyguard(args);
  expect(said.code).toBe(2);
  expect(said.err).toContain(words);
  expect(said.out).toBe('');
  expect(said.err).not.toMatch(/^ +at /m);
});

test.each<[args: readonly string[], words: string]>([
  [['rotat', '--json'], 'Did you mean rotate?'],
  [['status', '--jsn', '--json'], "unknown option '--jsn'"],
  [['standby', 'ad', '--json'], 'Did you mean add?'],
  [['rotate', '--json'], "missing required argument 'name'"],
  [['status', 'one', 'two', '--json'], 'too many arguments'],
  [['help', 'rotat', '--json'], 'Did you mean rotate?'],
  [['pause', 'production', '--json'], "required option '--because <text>' not specified"],
  [['pause', 'production', '--because', '--yes', '--json'], 'the value before it is missing'],
  ...commands.map(({ name }) => [[name, '--bogus', '--json'], 'option'] satisfies [readonly string[], string]),
])('%j is wrong usage, answered in a line of JSON', async (args, words) => {
  const said = await keyguard(args);
  expect(said).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/^.+\n$/) as unknown });
  expect(JSON.parse(said.err)).toEqual({
    error: { code: 'wrong-usage', message: expect.stringContaining(words) as unknown, fix: 'npx --no-install keyguard --help shows how' },
  });
});

const fake = ['FAKE', 'fake'].join('').repeat(3);
test.each([
  ['an API key', [['sk-ant-api03', fake].join('-')]],
  ['an API key behind an equals sign', ['--api-key-id=' + ['sk-ant-api03', fake].join('-')]],
  ['an admin key', [['sk-ant-admin01', fake].join('-')]],
  ['a webhook', [`https://hooks.slack.com/services/T0/B0/${fake}`]],
  ['a webhook of Slack for governments', [`https://hooks.slack-gov.com/services/T0/B0/${fake}`]],
  ['a signed token', [['eyJ' + fake, fake, fake].join('.')]],
])('%s among the arguments is refused without being repeated', async (_name, secret) => {
  for (const args of [secret, ['standby', 'add', 'production', ...secret], ['status', ...secret, '--json']]) {
    const said = await keyguard(args);
    expect(said.code).toBe(2);
    expect(said.err).toContain('an argument looks like a secret');
    expect(said.err + said.out).not.toContain(fake);
  }
});

test.each([[['--help']], [['help']], ...commands.map(({ name }) => [[name, '--help']]), ...commands.map(({ name }) => [['help', name]])])(
  '%j prints help and succeeds',
  async (args) => {
    const said = await keyguard(args);
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).toMatch(/^Usage: keyguard/);
  },
);

test('--version prints the version of the package, and nothing else', async () => {
  expect(JSON.parse((await keyguard(['--version', '--json'])).out)).toEqual({ version: expect.stringMatching(/^\d+\.\d+/) as unknown });
  expect(await keyguard(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown, err: '' });
});

test('the summary in the list is the one of the command, so that help reads the same wherever it is asked', async () => {
  for (const entry of commands) expect(await entry.load()).toMatchObject({ name: entry.name, summary: entry.summary });
});
