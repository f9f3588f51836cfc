import { beforeEach, expect, test } from 'vitest';
import { apiKeys } from '../../../../lambda/adapters/anthropic/api-keys.ts';
import { clientOf } from '../../../../lambda/adapters/anthropic/client.ts';
import { keyProbe } from '../../../../lambda/adapters/anthropic/key-probe.ts';
import { Secret } from '../../../../lambda/foundation/secret.ts';
import type { ApiKeys } from '../../../../lambda/rotation/ports.ts';
import type { OwnAnswer } from '../../../../local/anthropic/intercept.ts';
import { strangers } from '../../../../local/anthropic/strangers.ts';
import { aPlatform, type TestPlatform } from '../../../local/anthropic/platform.ts';

let platform: TestPlatform;
let keys: ApiKeys;
beforeEach(async () => {
  platform = await aPlatform();
  keys = apiKeys(clientOf(new Secret(platform.adminKey.value), platform.baseUrl));
});

const holding = (text: string): unknown => expect.stringContaining(text);
const probed = () => keyProbe(platform.baseUrl).probe(new Secret(platform.key.value));
const stranger = (name: keyof typeof strangers) =>
  platform.intercept.onCall(({ phase }) => (phase === 'before' ? { kind: 'stranger', answer: strangers[name] } : undefined));
const altered = (alter: (own: OwnAnswer) => OwnAnswer) =>
  platform.intercept.onCall(({ phase }) => (phase === 'after' ? { kind: 'altered', alter } : undefined));
const withBody = (change: (body: Record<string, unknown>) => object) =>
  altered((own) => ({ ...own, status: 200, body: change({ ...own.body }) }));

test('the value of an active key is accepted, and answers for its organization and workspace', async () => {
  const { organization, workspaceId } = platform;
  expect(await probed()).toEqual({ answer: 'accepted', organizationId: organization.id, workspaceId });
});

test('the value of an inactive key is refused', async () => {
  platform.console.setStatus(platform.key.id, 'inactive');
  expect(await probed()).toEqual({ answer: 'refused' });
});

test.each<[keyof typeof strangers, string]>([
  ['blockPage', '200 with a page of type text/html'],
  ['signInPage', '401 with a page of type text/html'],
  ['forbiddenPage', '403 with a page of type text/html'],
  ['notFoundPage', '404 with a page of type text/html'],
  ['redirect', 'a redirect (302) to login.example.com'],
  ['emptyBody', '200 with an empty body'],
  ['cutJson', '200 with a body that is no JSON object, or was cut'],
  ['foreignJson401', "401 with JSON that is not Anthropic's"],
  ['foreignJson404', "404 with JSON that is not Anthropic's"],
  ['otherRegion', 'takes no requests from this region or network (403 forbidden)'],
  ['outsideTheAllowList', "the organization's IP allow list does not let this network in (403)"],
  ['onHold', 'Anthropic has put the organization on hold'],
])('%s is no verdict on a value, and is named', async (name, why) => {
  stranger(name);
  expect(await probed()).toEqual({ answer: 'unclear', why: holding(why), lasting: true });
});

test.each<[string, (own: OwnAnswer) => OwnAnswer, string]>([
  ['without the organization', (own) => ({ ...own, headers: {} }), 'does not name the organization'],
  ['that is no list of models', (own) => ({ ...own, body: { ok: true } }), 'no list of models'],
  [
    'that is an error all the same',
    (own) => ({ ...own, body: { type: 'error', error: { type: 'authentication_error' } } }),
    'an error in it',
  ],
])('a 200 %s is no verdict', async (_name, alter, why) => {
  altered(alter);
  expect(await probed()).toMatchObject({ answer: 'unclear', why: holding(why) });
});

test('a 401 of another type is no verdict', async () => {
  platform.console.setStatus(platform.key.id, 'inactive');
  altered((own) => ({ ...own, body: { type: 'error', error: { type: 'session_error', message: 'sign in' } } }));
  expect(await probed()).toMatchObject({ answer: 'unclear' });
});

test.each(['a line\nend', 'a dash — inside', ' blanks around '])(
  'a value that no request can carry is named, and not sent: %s',
  async (value) => {
    const before = platform.intercept.calls.length;
    const answer = await keyProbe(platform.baseUrl).probe(new Secret(value));
    expect(answer).toMatchObject({ answer: 'unclear', why: holding('not one line of plain characters') });
    expect(platform.intercept.calls).toHaveLength(before);
  },
);

test('an organization in capitals is the same one', async () => {
  altered((own) => ({ ...own, headers: { 'anthropic-organization-id': platform.organization.id.toUpperCase() } }));
  expect(await probed()).toMatchObject({ answer: 'accepted', organizationId: platform.organization.id });
});

test('a key that Anthropic does not know is gone; a page that says 404 is not', async () => {
  expect(await keys.retrieve('apikey_nobody')).toBe('gone');
  for (const name of ['notFoundPage', 'foreignJson404'] as const) {
    const stop = stranger(name);
    await expect(keys.retrieve(platform.key.id)).rejects.toMatchObject({ code: 'foreign-answer' });
    stop();
  }
});

test.each<[keyof typeof strangers, string]>([
  ['forbiddenPage', 'foreign-answer'],
  ['blockPage', 'foreign-answer'],
  ['redirect', 'foreign-answer'],
  ['otherRegion', 'network-not-allowed'],
  ['outsideTheAllowList', 'network-not-allowed'],
  ['onHold', 'organization-on-hold'],
])('%s is no missing permission on the admin side', async (name, code) => {
  stranger(name);
  for (const call of [keys.list(), keys.retrieve(platform.key.id), keys.setStatus(platform.key.id, 'inactive')]) {
    await expect(call).rejects.toMatchObject({ code });
  }
  expect(platform.inspect.keys().map((key) => key.status)).toEqual(['active']);
});

test('a credential without the permission is called that', async () => {
  const asking = apiKeys(clientOf(new Secret(platform.key.value), platform.baseUrl));
  await expect(asking.list()).rejects.toMatchObject({
    code: 'admin-access-too-narrow',
    message: holding('lacks the permission'),
  });
  const unknown = apiKeys(clientOf(new Secret('sk-ant-admin01-FAKE-unknown'), platform.baseUrl));
  await expect(unknown.list()).rejects.toMatchObject({ code: 'admin-access-refused' });
});

test.each<[string, object, string]>([
  ['a scope that nobody knew', { scope: { type: 'galaxy' } }, 'scope.type is "galaxy"'],
  ['no scope', { scope: undefined }, 'scope.type is missing or of another kind'],
  ['a status that nobody knew', { status: 'paused' }, 'status is "paused"'],
  ['no status', { status: undefined }, 'status is missing'],
  ['no expiry', { expires_at: undefined }, 'expires_at is missing'],
  ['an expiry that is no instant', { expires_at: 'tomorrow, perhaps' }, 'expires_at is missing or of another kind'],
  ['a workspace without its id', { scope: { type: 'workspace' } }, 'scope.workspace_id is missing'],
  ['an actor that nobody knew', { principal: { type: 'robot_actor' } }, 'principal.type is "robot_actor"'],
])('a key with %s is shown with that doubt', async (_name, change, unclear) => {
  withBody((body) => ({ ...body, ...change }));
  expect(await keys.retrieve(platform.key.id)).toMatchObject({ apiKeyId: platform.key.id, unclear: holding(unclear) });
});

test('an answer about another key is no answer', async () => {
  withBody((body) => ({ ...body, id: 'apikey_other' }));
  await expect(keys.retrieve(platform.key.id)).rejects.toMatchObject({
    code: 'answer-malformed',
    message: holding('the field id '),
  });
});

test('one key in the list that nobody understands leaves the others as they are', async () => {
  const other = platform.console.createApiKey({ name: 'other', workspaceId: platform.workspaceId });
  withBody(({ data, ...rest }) => ({
    ...rest,
    data: (data as { id: string }[]).map((key) => (key.id === other.id ? { ...key, scope: { type: 'galaxy' } } : key)),
  }));
  const list = await keys.list();
  expect(list.find(({ apiKeyId }) => apiKeyId === platform.key.id)).not.toHaveProperty('unclear');
  expect(list.find(({ apiKeyId }) => apiKeyId === other.id)).toHaveProperty('unclear');
});

test.each<[string, object, string]>([
  ['that was cut', { has_more: true, last_id: null }, 'answer-cut'],
  ['that begins again', { has_more: true, last_id: 'apikey_again', data: [], type: undefined, error: undefined }, 'answer-repeats'],
  ['that does not say whether it ends', { has_more: undefined }, 'answer-malformed'],
  ['that is none', { data: {} }, 'answer-malformed'],
])('a list %s is not believed', async (_name, change, code) => {
  withBody((body) => ({ ...body, ...change }));
  await expect(keys.list()).rejects.toMatchObject({ code });
});

test('a list of several pages is read to its end', async () => {
  const made = Array.from({ length: 3 }, (_each, index) =>
    platform.console.createApiKey({ name: `key ${index}`, workspaceId: platform.workspaceId }),
  );
  platform.intercept.onCall(({ phase }) =>
    phase === 'after'
      ? {
          kind: 'altered',
          // Pages of one key: the platform's own pages are larger.
          alter: (own) => {
            const body = own.body as { data: { id: string }[]; has_more: boolean };
            const [first] = body.data;
            return { ...own, body: { ...body, data: body.data.slice(0, 1), has_more: body.data.length > 1, last_id: first?.id ?? null } };
          },
        }
      : undefined,
  );
  const ids = (await keys.list()).map(({ apiKeyId }) => apiKeyId);
  expect(new Set(ids)).toEqual(new Set([platform.key.id, ...made.map(({ id }) => id)]));
});
