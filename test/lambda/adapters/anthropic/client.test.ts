import { readdirSync, readFileSync } from 'node:fs';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { apiKeys } from '../../../../lambda/adapters/anthropic/api-keys.ts';
import { adminClient } from '../../../../lambda/adapters/anthropic/client.ts';
import { keyProbe } from '../../../../lambda/adapters/anthropic/key-probe.ts';
import { sts } from '../../../../lambda/adapters/aws/clients.ts';
import { minuteMs } from '../../../../lambda/foundation/clock.ts';
import { Secret } from '../../../../lambda/foundation/secret.ts';
import { startWorld, type World } from '../../../../local/world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await world.stop();
});

const holding = (text: string): unknown => expect.stringContaining(text);
const keysOf = (organizationId = world.anthropic.organization.id) => {
  const { installation, secrets, clock } = world;
  return apiKeys(
    adminClient({ baseUrl: installation.anthropicBaseUrl, organizationId, access: installation.adminAccess, secrets, sts, clock }),
  );
};
const store = async (SecretString: string): Promise<void> => {
  const { adminAccess } = world.installation;
  if (adminAccess.kind === 'key') await world.secrets.send(new PutSecretValueCommand({ SecretId: adminAccess.secretName, SecretString }));
};
const routes = (): readonly string[] => world.anthropic.intercept.calls.map(({ route }) => route);

test('Anthropic is asked which organization it is before anything else, once a minute', async () => {
  world.anthropic.intercept.forgetCalls();
  const keys = keysOf();
  await keys.list();
  await keys.list();
  expect(routes()).toEqual(['/v1/organizations/me', '/v1/organizations/api_keys', '/v1/organizations/api_keys']);
  world.clock.advance(minuteMs);
  await keys.list();
  expect(routes().filter((route) => route.endsWith('/me'))).toHaveLength(2);
});

test('that a key is not known is believed only of our own organization, however lately it was asked', async () => {
  const keys = keysOf();
  await keys.list();
  expect(await keys.retrieve('apikey_nobody')).toBe('gone');
  const foreign = world.anthropic.console.createOrganization('somebody else');
  world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'after' && route.endsWith('/me')
      ? { kind: 'altered', alter: (own) => ({ ...own, body: { ...own.body, id: foreign.id } }) }
      : undefined,
  );
  await expect(keys.retrieve('apikey_nobody')).rejects.toMatchObject({ code: 'other-organization' });
});

test('a credential of another organization lists nothing and changes nothing', async () => {
  const foreign = world.anthropic.console.createOrganization('somebody else');
  const theirs = world.anthropic.console.createApiKey({
    name: 'theirs',
    workspaceId: world.anthropic.console.createWorkspace('theirs', foreign.id).id,
  });
  await store(world.anthropic.console.createAdminKey({ organizationId: foreign.id }).value);
  const keys = keysOf();
  for (const call of [() => keys.list(), () => keys.retrieve(theirs.id), () => keys.setStatus(theirs.id, 'inactive')]) {
    await expect(call()).rejects.toMatchObject({ code: 'other-organization', message: holding(foreign.id) });
  }
  expect(world.anthropic.inspect.keys().find(({ id }) => id === theirs.id)).toMatchObject({ status: 'active' });
});

test('the configured organization may stand in capitals', async () => {
  expect(await keysOf(world.anthropic.organization.id.toUpperCase()).list()).toEqual([]);
});

test('an organization that says nothing of itself is not ours', async () => {
  world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'after' && route.endsWith('/me') ? { kind: 'altered', alter: (own) => ({ ...own, body: {} }) } : undefined,
  );
  await expect(keysOf().list()).rejects.toMatchObject({ code: 'answer-malformed', message: holding('organizations.me: the field id ') });
});

test('blanks and line ends around the stored admin key do no harm', async () => {
  await store(`\n  ${world.anthropic.console.createAdminKey().value} \r\n`);
  expect(await keysOf().list()).toEqual([]);
});

test.each(['\n', '–', '\t'])('a stored admin key with %j inside is called that, and is not sent', async (spoiled) => {
  await store(['sk-ant-admin01', spoiled, 'FAKE'].join('-'));
  world.anthropic.intercept.forgetCalls();
  await expect(keysOf().list()).rejects.toMatchObject({ code: 'value-malformed', message: holding('the stored admin key') });
  expect(routes()).toEqual([]);
});

/** Every variable that the SDK reads, by its own source. */
function variablesOfTheSdk(): readonly string[] {
  const root = 'node_modules/@anthropic-ai/sdk/src';
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const names = files.flatMap((file) =>
    [...readFileSync(`${root}/${file}`, 'utf8').matchAll(/readEnv\(\s*'([A-Z_]+)'/g)].map(([, name = '']) => name),
  );
  return [...new Set(names)].filter((name) => name.startsWith('ANTHROPIC_'));
}

test('no variable that the SDK reads changes a request', async () => {
  const key = world.anthropic.console.createApiKey({ name: 'probed', workspaceId: world.definition('production').workspaceId });
  const own = globalThis.fetch;
  const requests = async (): Promise<readonly object[]> => {
    const seen: object[] = [];
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      seen.push({ url, redirect: init.redirect, body: init.body, headers: Object.fromEntries(new Headers(init.headers)) });
      return own(url, init);
    });
    await keyProbe(world.installation.anthropicBaseUrl).probe(new Secret(key.value));
    await keysOf().list();
    return seen;
  };
  const before = await requests();
  const names = variablesOfTheSdk();
  expect(names).toEqual(
    expect.arrayContaining(['ANTHROPIC_CUSTOM_HEADERS', 'ANTHROPIC_BASE_URL', 'ANTHROPIC_LOG', 'ANTHROPIC_AUTH_TOKEN']),
  );
  const logged = vi.spyOn(console, 'debug').mockImplementation(() => undefined);
  for (const name of names) vi.stubEnv(name, 'http://127.0.0.1:9');
  vi.stubEnv('ANTHROPIC_CUSTOM_HEADERS', 'Authorization: Bearer other\nx-api-key: other\nanthropic-version: 2023-06-01\nx-more: more');
  vi.stubEnv('ANTHROPIC_LOG', 'debug');
  expect(await requests()).toEqual(before);
  expect(before).toHaveLength(3);
  expect(logged).not.toHaveBeenCalled();
  logged.mockRestore();
  expect(process.env['ANTHROPIC_LOG']).toBe('debug');
});
