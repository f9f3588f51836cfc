import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

test('an admin key is proven before it is stored', async () => {
  me = await anOperator();
  const { anthropic, installation, aws } = me.world;
  const stored = (): number =>
    installation.adminAccess.kind === 'key' ? aws.inspect.secrets.versions(installation.adminAccess.secretName).length : 0;
  const foreign = anthropic.console.createOrganization('somebody else');
  const refusals = [
    [['sk-ant-admin01', 'FAKE'.repeat(8)].join('-'), 'Anthropic refuses this key (401)'],
    [anthropic.console.createAdminKey({ organizationId: foreign.id }).value, `this key belongs to organization ${foreign.id}`],
    [me.made().value, 'this is a Claude API key, not an Admin API key'],
    [['sk-ant-oat01', 'FAKE'.repeat(8)].join('-'), 'this is an OAuth access token, which ends within hours, not an Admin API key'],
    [`${['sk-ant-admin01', 'FAKE'.repeat(8)].join('-')} and more`, 'this does not look like an Admin API key'],
  ] as const;
  const before = stored();
  for (const [value, reason] of refusals) {
    me.guards(value);
    const said = await me.run(['admin-key', 'set'], value);
    expect(said.code).toBe(1);
    expect(said.err).toContain(reason);
    expect(said.err.toLowerCase()).toContain('nothing was stored');
  }
  expect((await me.run(['admin-key', 'set'], 'not-a-key')).err).toContain('this does not look like an Admin API key');
  expect(stored()).toBe(before);
  const { value } = anthropic.console.createAdminKey();
  me.guards(value);
  const said = await me.run(['admin-key', 'set'], ` \t${value} \r\n\n`);
  expect(said).toMatchObject({ code: 0 });
  expect(said.out).toContain('The admin key works (it sees 1 API key) and is stored in keyguard/admin-key');
  expect(stored()).toBe(before + 1);
});

test('with federation there is no admin key to store', async () => {
  me = await anOperator({ adminAccess: 'federation' });
  const said = await me.run(['admin-key', 'set'], 'never read');
  expect(said).toMatchObject({ code: 1 });
  expect(said.err).toContain('reaches Anthropic by federation');
});

test('a webhook is stored only if it has the form of one', async () => {
  me = await anOperator();
  const { aws, installation } = me.world;
  const versions = (): number => aws.inspect.secrets.versions(installation.channelSecrets.get('slack-webhook') ?? '').length;
  const before = versions();
  const at = (...parts: readonly string[]): string => ['https://hooks.slack.com', ...parts].join('/');
  const token = 'fake'.repeat(6);
  const wrong = [
    'https://example.com/services/T0/B0/fake',
    'http://hooks.slack.com/services/T0',
    'http://127.0.0.1.example.com/x',
    at('services', 'TFAKE', 'BFAKE'),
    at('services', 'TFAKE', 'BFAKE', `${token}#frag`),
    at('services', 'TFAKE', 'BFAKE', token, 'more'),
    at('services', '..', '..', token),
    at('triggers', 'TFAKE', '123', token),
    at('services', 'T00000000', 'B00000000', 'X'.repeat(24)),
  ];
  for (const value of wrong) expect(await me.run(['slack-webhook', 'set'], value)).toMatchObject({ code: 1 });
  expect(versions()).toBe(before);
  const url = me.guards(at('services', 'TFAKE', 'BFAKE', token));
  for (const pasted of [`${url}\n`, `<${url}|hook>`, `${url}.`]) {
    expect(await me.run(['slack-webhook', 'set'], pasted)).toMatchObject({ code: 0 });
    const stored = await me.world.secrets.send(new GetSecretValueCommand({ SecretId: installation.channelSecrets.get('slack-webhook') }));
    expect(stored.SecretString).toBe(url);
  }
  expect(versions()).toBe(before + 3);
});

test('a value of another kind, or with a stranger in it, is told by what it is and never shown', async () => {
  me = await anOperator();
  const admin = me.world.anthropic.console.createAdminKey().value;
  me.guards(admin);
  const cases: readonly (readonly [string[], string, string])[] = [
    [['admin-key', 'set'], admin.replace('-', '\u2013'), 'a character that none has (U+2013, at place 3)'],
    [['standby', 'add', 'production'], admin, 'an Admin API key'],
    [['slack-webhook', 'set'], ' \n', 'nothing was given'],
  ];
  for (const [command, value, words] of cases) expect((await me.run(command, value)).err).toContain(words);
});
