import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { KeyguardError, Unavailable } from '../../../lambda/foundation/errors.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { deliver, render } from '../../../lambda/incidents/channels/slack-webhook.ts';
import { alertOf } from '../../../lambda/incidents/message.ts';
import { anIncident, at } from './message-incidents.ts';

const message = render(alertOf(anIncident(), { installation: 'acme', at }));
const path = '/services/T00FAKE/B00FAKE/fakefakefake';
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function slackThatAnswers(status: number, body: string, headers: Record<string, string> = {}) {
  const received: { readonly type: string | undefined; readonly url: string | undefined; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((sent) => {
      received.push({ type: request.headers['content-type'], url: request.url, body: sent });
      response.writeHead(status, headers).end(body);
    });
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { url: new Secret(`http://127.0.0.1:${address.port}${path}`), received };
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts).toString('utf8');
}

async function failure(delivery: Promise<void>): Promise<KeyguardError> {
  const error: unknown = await delivery.then(() => undefined).catch((caught: unknown) => caught);
  if (!(error instanceof KeyguardError)) throw new Error('expected a KeyguardError');
  return error;
}

test('one POST carries the whole card as JSON', async () => {
  const slack = await slackThatAnswers(200, 'ok');
  await deliver(slack.url, message, fetch);
  expect(slack.received).toEqual([{ type: 'application/json; charset=utf-8', url: path, body: JSON.stringify(message) }]);
});

describe('may succeed later', () => {
  test.each([
    [429, 'rate_limited'],
    [500, 'rollup_error'],
    [503, '<html>down</html>'],
  ])('%i %s', async (status, body) => {
    const slack = await slackThatAnswers(status, body);
    expect(await failure(deliver(slack.url, message, fetch))).toBeInstanceOf(Unavailable);
    expect(slack.received).toHaveLength(1);
  });

  test('a connection that is refused', async () => {
    const error = await failure(deliver(new Secret(`http://127.0.0.1:9${path}`), message, fetch));
    expect(error).toBeInstanceOf(Unavailable);
  });

  test('no answer in time: the request is given up, not left hanging', async () => {
    const hangs: typeof fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        expect(init?.signal).toBeInstanceOf(AbortSignal);
        reject(new DOMException(`timed out at ${path}`, 'TimeoutError'));
      });
    const error = await failure(deliver(new Secret(`http://127.0.0.1${path}`), message, hangs));
    expect(error).toBeInstanceOf(Unavailable);
    expect(error.message).toContain('TimeoutError');
  });
});

describe('will not succeed', () => {
  test.each([
    [400, 'invalid_payload'],
    [403, 'action_prohibited'],
    [404, 'no_service'],
    [410, 'channel_is_archived'],
  ])('%i %s', async (status, body) => {
    const slack = await slackThatAnswers(status, body);
    const error = await failure(deliver(slack.url, message, fetch));
    expect(error.code).toBe('slack-refused');
    expect(error.message).toBe(`Slack answered ${status} ${body}`);
  });

  test('a redirect is not followed', async () => {
    const other = await slackThatAnswers(200, 'ok');
    const slack = await slackThatAnswers(302, '', { location: other.url.reveal() });
    expect((await failure(deliver(slack.url, message, fetch))).code).toBe('slack-refused');
    expect(other.received).toEqual([]);
  });

  test('what is stored is no URL', async () => {
    expect((await failure(deliver(new Secret(`not a url ${path}`), message, fetch))).code).toBe('slack-url-malformed');
  });
});

test('no failure shows the URL or what an impostor answers', async () => {
  const echoing = await slackThatAnswers(404, `no such hook ${path}`);
  const throwing: typeof fetch = () =>
    Promise.reject(new TypeError(`Failed to parse URL from http://127.0.0.1${path}`, { cause: new Error(path) }));
  const errors = [
    await failure(deliver(echoing.url, message, fetch)),
    await failure(deliver(echoing.url, message, throwing)),
    await failure(deliver(new Secret(`not a url ${path}`), message, fetch)),
  ];
  for (const error of errors) {
    expect(`${error.message} ${error.fix} ${error.stack ?? ''} ${String(error.cause)}`).not.toContain('fakefake');
  }
});

test('a page with 200 in place of Slack is no delivery, and one word is', async () => {
  const page = await slackThatAnswers(200, '<!doctype html><title>Blocked</title>', { 'content-type': 'text/html' });
  expect(await failure(deliver(page.url, message, fetch))).toBeInstanceOf(Unavailable);
  const slack = await slackThatAnswers(200, 'ok', { 'content-type': 'text/html' });
  await deliver(slack.url, message, fetch);
  expect(slack.received).toHaveLength(1);
});
