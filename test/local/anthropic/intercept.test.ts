import type { CallHook, CallPoint, Fault } from '../../../local/anthropic/intercept.ts';
import { describe, expect, test } from 'vitest';
import { aPlatform, refusalOf, traffic } from './platform.ts';

const UPDATE = '/v1/organizations/api_keys/{api_key_id}';
const hello = { model: 'claude-sonnet-5-5', max_tokens: 40, messages: [{ role: 'user' as const, content: 'Say hello, please.' }] };

/** The fault for the first call only. */
const once = (phase: CallPoint['phase'], fault: Fault): CallHook => {
  let due = true;
  return (call) => {
    if (!due || call.phase !== phase) return undefined;
    due = false;
    return fault;
  };
};

describe('the SDK retries', () => {
  const cases: [what: string, phase: CallPoint['phase'], fault: Fault][] = [
    ['a rate limit, after the time it is told', 'before', { kind: 'status', status: 429, retryAfterSeconds: 0.001 }],
    ['an internal error', 'before', { kind: 'status', status: 500, retryAfterSeconds: 0.001 }],
    ['an overload', 'before', { kind: 'status', status: 529, retryAfterSeconds: 0.001 }],
    ['an answer that failed after the effect', 'after', { kind: 'status', status: 500, retryAfterSeconds: 0.001 }],
    ['a connection that was cut before the effect', 'before', { kind: 'drop' }],
    ['a connection that was cut after the effect', 'after', { kind: 'drop' }],
  ];
  test.each(cases)('%s', async (_what, phase, fault) => {
    const platform = await aPlatform();
    platform.intercept.onCall(once(phase, fault));
    const admin = platform.admin.withOptions({ maxRetries: 1 });
    expect(await admin.organization.apiKeys.update(platform.key.id, { status: 'inactive' })).toMatchObject({ status: 'inactive' });
    expect(platform.intercept.calls.map((call) => [call.route, call.status, call.fault])).toEqual([
      [UPDATE, fault.kind === 'drop' ? 'cut' : fault.kind === 'status' ? fault.status : 0, fault.kind],
      [UPDATE, 200, undefined],
    ]);
    expect(platform.inspect.key(platform.key.id).history.map(({ status }) => status)).toEqual(['active', 'inactive']);
  });
});

describe('without retries', () => {
  test.each([
    ['rate_limit_error', 429],
    ['api_error', 500],
    ['timeout_error', 504],
    ['overloaded_error', 529],
  ] as const)('a scripted %s is what the SDK throws, and nothing happened', async (type, status) => {
    const platform = await aPlatform();
    platform.intercept.onCall(once('before', { kind: 'status', status }));
    expect(await refusalOf(platform.admin.organization.apiKeys.update(platform.key.id, { status: 'inactive' }))).toMatchObject({
      status,
      type,
    });
    expect(platform.inspect.key(platform.key.id).status).toBe('active');
  });

  test('a cut before the call changes nothing, a cut after it leaves the change', async () => {
    const platform = await aPlatform();
    const deactivate = (): PromiseLike<unknown> => platform.admin.organization.apiKeys.update(platform.key.id, { status: 'inactive' });
    const release = platform.intercept.onCall(({ phase }) => (phase === 'before' ? { kind: 'drop' } : undefined));
    await refusalOf(deactivate());
    expect(platform.inspect.key(platform.key.id).status).toBe('active');
    release();
    platform.intercept.onCall(({ phase }) => (phase === 'after' ? { kind: 'drop' } : undefined));
    await refusalOf(deactivate());
    expect(platform.inspect.key(platform.key.id).status).toBe('inactive');
    expect(platform.intercept.calls.map(({ status }) => status)).toEqual(['cut', 'cut']);
  });
});

test('slowness takes time of the world', async () => {
  const platform = await aPlatform();
  const before = platform.clock.now();
  platform.intercept.onCall(({ phase }) => ({ kind: 'slow', ms: phase === 'before' ? 2_000 : 3_000 }));
  await platform.admin.organization.retrieve();
  expect(platform.clock.now() - before).toBe(5_000);
});

test('a stale read shows the key as it was before the last change', async () => {
  const platform = await aPlatform();
  const { apiKeys } = platform.admin.organization;
  await apiKeys.update(platform.key.id, { status: 'inactive', name: 'renamed' });
  platform.intercept.onCall(({ phase, method }) => (phase === 'before' && method === 'GET' ? { kind: 'stale' } : undefined));
  expect(await apiKeys.retrieve(platform.key.id)).toMatchObject({ status: 'active', name: 'production' });
  expect((await apiKeys.list({ status: 'inactive' })).data).toEqual([]);
  expect(await apiKeys.update(platform.key.id, { status: 'active' })).toMatchObject({ status: 'active', name: 'renamed' });
  expect(await apiKeys.retrieve(platform.key.id)).toMatchObject({ status: 'inactive' });
});

describe('a stream', () => {
  test('that is cut in the middle ends in an error after the events that came, and is billed', async () => {
    const platform = await aPlatform();
    platform.intercept.onCall(once('after', { kind: 'drop', afterEvents: 4 }));
    const events: string[] = [];
    const read = async (): Promise<void> => {
      for await (const event of await platform.client(platform.key.value).messages.create({ ...hello, stream: true }))
        events.push(event.type);
    };
    await expect(read()).rejects.toThrow();
    expect(events).toEqual(['message_start', 'content_block_start', 'content_block_delta']);
    expect(platform.inspect.usage(platform.organization.id, 0, Infinity)).toMatchObject([{ counts: { requests: 1 } }]);
  });

  test('that breaks off with an error event throws that error', async () => {
    const platform = await aPlatform();
    platform.intercept.onCall(once('after', { kind: 'error-event', afterEvents: 2 }));
    const events: string[] = [];
    const read = async (): Promise<void> => {
      for await (const event of await platform.client(platform.key.value).messages.create({ ...hello, stream: true }))
        events.push(event.type);
    };
    expect(await refusalOf(read())).toMatchObject({ type: 'overloaded_error' });
    expect(events).toEqual(['message_start', 'content_block_start']);
  });
});

test('hooks see each call before and after, with route, key and target', async () => {
  const platform = await aPlatform();
  const seen: CallPoint[] = [];
  platform.intercept.onCall((call) => void seen.push(call));
  await platform.admin.organization.apiKeys.retrieve(platform.key.id);
  await platform.client(platform.key.value).models.list();
  await refusalOf(platform.client('sk-ant-api03-FAKE-unknown').models.list());
  expect(
    seen.map(({ phase, method, route, target, credentialId, status }) => [phase, method, route, target, credentialId, status]),
  ).toEqual([
    ['before', 'GET', UPDATE, platform.key.id, platform.adminKey.id, undefined],
    ['after', 'GET', UPDATE, platform.key.id, platform.adminKey.id, 200],
    ['before', 'GET', '/v1/models', undefined, platform.key.id, undefined],
    ['after', 'GET', '/v1/models', undefined, platform.key.id, 200],
    ['before', 'GET', '/v1/models', undefined, undefined, undefined],
    ['after', 'GET', '/v1/models', undefined, undefined, 401],
  ]);
});

test('requests are tallied by key and outcome, and strangers apart', async () => {
  const platform = await aPlatform();
  const client = platform.client(platform.key.value);
  await client.models.list();
  platform.intercept.limitWorkspace(platform.workspaceId, { reason: 'tier-spend' });
  await refusalOf(client.messages.create(hello));
  platform.console.setStatus(platform.key.id, 'inactive', 'anthropic');
  await refusalOf(client.models.list());
  platform.use('sk-ant-api03-FAKE-stranger', traffic({ requests: 5 }));
  expect(platform.inspect.key(platform.key.id).requests).toMatchObject({
    accepted: 1,
    rejected: 2,
    reasons: { enforced_spend_limit_reached: 1, authentication_error: 1 },
  });
  expect(platform.inspect.key(platform.key.id).history.at(-1)).toMatchObject({ status: 'inactive', by: 'anthropic' });
  expect(platform.inspect.unknownCredential()).toMatchObject({ accepted: 0, rejected: 5 });
});
