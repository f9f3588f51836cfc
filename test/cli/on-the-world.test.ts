import { execFile } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { CliFailure } from '../../cli/command.ts';
import { runProgram } from '../../cli/program.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../local/world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program as the shell would, with `stdin` piped in. */
async function keyguard(args: readonly string[], stdin = ''): Promise<Said> {
  const written = { out: '', err: '' };
  const sink = (to: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        written[to] += chunk.toString();
        done();
      },
    });
  const code = await runProgram(['node', 'keyguard', ...args], {
    stdin: Readable.from(stdin === '' ? [] : [stdin]),
    stdout: sink('out'),
    stderr: sink('err'),
    readFile: () => Promise.reject(new Error('no file')),
    writeFile: () => Promise.reject(new Error('no file')),
    fail: (message, fix, failed) => {
      throw new CliFailure(message, fix, failed);
    },
  });
  return { code, ...written };
}

/** The command line runs on the machine's own time, so the world starts there too. */
async function aWorld(): Promise<World> {
  world = await startWorld({
    managedKeys: [{ name: 'production' }],
    start: new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString(),
  });
  return world;
}

const here = ['--installation', 'keyguard'];

test('a key made in the Console is taken in from stdin, listed, and rotates', async () => {
  const { anthropic, definition } = await aWorld();
  const made = anthropic.console.createApiKey({ name: 'new', workspaceId: definition('production').workspaceId });
  const added = await keyguard(['standby', 'add', 'production', ...here], `${made.value}\n`);
  expect(added).toMatchObject({ code: 0 });
  expect(added.out).toContain(`${made.id} (`);
  expect(added.out).toContain('stored, inactive, proven dead');
  expect(anthropic.inspect.key(made.id).status).toBe('inactive');

  expect((await keyguard(['standby', 'list', 'production', ...here])).out).toContain(made.id);
  expect((await keyguard(['rotate', 'production', '--dry-run', ...here])).out).toContain(`${made.id} becomes current`);
  const rotating = keyguard(['rotate', 'production', '--yes', '--json', ...here]);
  // The world's background work waits to be asked; the program waits for it.
  const done = { value: false };
  void rotating.then(() => (done.value = true));
  while (!done.value) {
    await world?.aws.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(JSON.parse((await rotating).out)).toMatchObject({ managedKey: 'production', apiKeyId: made.id });
  const status = await keyguard(['status', '--json', ...here]);
  expect(JSON.parse(status.out)).toMatchObject({
    managedKeys: [{ name: 'production', health: 'attention', current: { apiKeyId: made.id }, standbyKeys: 0 }],
  });
  for (const { out, err } of [added, status, await rotating]) expect(out + err).not.toContain(made.value.slice(20, 40));
});

test('status reads as a table and says what a person should do', async () => {
  await aWorld();
  const { out, code } = await keyguard(['status', ...here]);
  expect(code).toBe(0);
  expect(out).toContain('production');
  expect(out).toContain('npx keyguard standby add production');
});

test('an admin key is proven before it is stored', async () => {
  const { anthropic, installation, aws } = await aWorld();
  const stored = (): number =>
    installation.adminAccess.kind === 'key' ? aws.inspect.secrets.versions(installation.adminAccess.secretArn).length : 0;
  const before = stored();
  const wrong = await keyguard(['admin-key', 'set', ...here], ['sk-ant-admin01', 'FAKE'.repeat(8)].join('-'));
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('refuses the admin credential');
  expect(stored()).toBe(before);
  const right = await keyguard(['admin-key', 'set', ...here], anthropic.console.createAdminKey().value);
  expect(right).toMatchObject({ code: 0 });
  expect(stored()).toBe(before + 1);
});

test.each([
  ['a value that is no key', ['standby', 'add', 'production', ...here], 'hello', 1, 'does not look like an Anthropic API key'],
  ['nothing piped in', ['standby', 'add', 'production', ...here], '', 2, 'nothing was given'],
  ['a managed key that does not exist', ['standby', 'add', 'prod', ...here], 'hello', 1, 'choose one of: production'],
  ['an installation that does not exist', ['status', '--installation', 'other'], '', 1, 'no installation "other"'],
  ['an empty pool', ['rotate', 'production', '--yes', ...here], '', 1, 'npx keyguard standby add production'],
  ['a webhook that is none', ['slack-webhook', 'set', ...here], 'https://example.com', 1, 'does not look like a Slack webhook'],
])('%s gets one clear error with its fix', async (_name, args, stdin, code, text) => {
  await aWorld();
  const said = await keyguard(args, stdin);
  expect(said.code).toBe(code);
  expect(said.err).toContain(text);
  expect(said.err).not.toContain('    at ');
});

test('a key that expires before the next rotation is over is refused, and nothing is stored', async () => {
  const { anthropic, definition, aws } = await aWorld();
  const { workspaceId, standbySecretArn } = definition('production');
  const made = anthropic.console.createApiKey({ name: 'short', workspaceId, expiresAt: Date.now() + 7 * dayMs });
  const said = await keyguard(['standby', 'add', 'production', ...here], made.value);
  expect(said).toMatchObject({ code: 1 });
  expect(said.err).toContain('expires too soon');
  expect(aws.inspect.secrets.versions(standbySecretArn)).toHaveLength(0);
});

test.each([
  ['an unknown command', ['rotat'], 'Did you mean rotate?'],
  ['an unknown option', ['status', '--colour'], "unknown option '--colour'"],
  ['a missing argument', ['rotate'], "missing required argument 'managed key'"],
])('%s is wrong usage', async (_name, args, text) => {
  const said = await keyguard(args);
  expect(said).toMatchObject({ code: 2 });
  expect(said.err).toContain(text);
});

test('a secret as an argument is refused without being repeated', async () => {
  const value = ['sk-ant-api03', 'FAKEFAKEFAKE'].join('-');
  const said = await keyguard(['standby', 'add', 'production', value]);
  expect(said).toMatchObject({ code: 2 });
  expect(said.err + said.out).not.toContain('FAKEFAKE');
});

test('the program starts from any folder and shows its help', async () => {
  const program = fileURLToPath(new URL('../../bin/keyguard.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--help'], { cwd: '/' });
  for (const name of ['config', 'admin-key', 'slack-webhook', 'standby', 'rotate', 'status', 'backtest']) expect(stdout).toContain(name);
});
