import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer, request } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager';
import { STSClient } from '@aws-sdk/client-sts';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { anthropicCall } from '../../../lambda/adapters/anthropic/calls.ts';
import { clientOf } from '../../../lambda/adapters/anthropic/client.ts';
import { keyProbe } from '../../../lambda/adapters/anthropic/key-probe.ts';
import { caller } from '../../../lambda/adapters/aws/caller.ts';
import { secretsManager } from '../../../lambda/adapters/aws/clients.ts';
import { readEnvironment } from '../../../lambda/adapters/environment.ts';
import { checkProxies, proxiesText, proxyFor, proxyText } from '../../../lambda/adapters/proxy.ts';
import { proxiedFetch, tunnels } from '../../../lambda/adapters/tunnel.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { failureOf } from '../../../cli/failure.ts';
import { briefly, Unavailable } from '../../../lambda/foundation/errors.ts';
import { deliver } from '../../../lambda/incidents/channels/slack-webhook.ts';
import { keyguard } from '../../cli/shell.ts';
import { aPlatform } from '../../local/anthropic/platform.ts';

const variableNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'];
const awsVariables = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'FAKE', AWS_SECRET_ACCESS_KEY: 'FAKE' };

/** A proxy as companies have one: it tunnels what it is asked to, and writes down where to. */
let proxy: Server;
let asked: { readonly target: string; readonly authorization: string | undefined }[];
let answer: number;
let tunnelled: Duplex[];
beforeEach(async () => {
  for (const name of variableNames) for (const each of [name, name.toLowerCase()]) vi.stubEnv(each, '');
  asked = [];
  answer = 200;
  tunnelled = [];
  proxy = createServer((_incoming, response) => response.writeHead(400).end());
  proxy.on('connect', (incoming, socket) => {
    asked.push({ target: incoming.url ?? '', authorization: incoming.headers['proxy-authorization'] });
    if (answer !== 200) return void socket.end(`HTTP/1.1 ${answer} No\r\n\r\n`);
    // Whatever name is asked for: it is the proxy that looks names up.
    const upstream = connect(Number((incoming.url ?? '').split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    tunnelled.push(upstream, socket);
    for (const end of [upstream, socket]) end.on('error', () => void [upstream, socket].map((each) => each.destroy()));
  });
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of tunnelled) end.destroy();
  proxy.closeAllConnections();
  await new Promise((resolve) => void proxy.close(resolve));
});
const proxyHost = (): string => `127.0.0.1:${(proxy.address() as AddressInfo).port}`;

test.each([
  ['nothing is set', {}, undefined],
  ['one is set', { HTTPS_PROXY: 'http://proxy:3128' }, 'proxy:3128'],
  ['it is set without a scheme', { HTTPS_PROXY: 'proxy:3128' }, 'proxy:3128'],
  ['it is set in small letters, which go first', { HTTPS_PROXY: 'http://other:1', https_proxy: 'http://proxy:3128' }, 'proxy:3128'],
  ['only one for http is set', { HTTP_PROXY: 'http://proxy:3128' }, undefined],
  ['one for everything is set', { HTTP_PROXY: 'http://other:1', ALL_PROXY: 'http://proxy:3128' }, 'proxy:3128'],
  ['one for everything is set, and one of its own', { all_proxy: 'http://other:1', HTTPS_PROXY: 'proxy:3128/' }, 'proxy:3128'],
  ['it is empty', { HTTPS_PROXY: ' ' }, undefined],
  ['the host is exempt', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'localhost, api.anthropic.com' }, undefined],
  ['its domain is exempt', { HTTPS_PROXY: 'http://proxy:3128', no_proxy: '.anthropic.com' }, undefined],
  ['its domain is exempt, without a dot', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'anthropic.com' }, undefined],
  ['its domain is exempt, with a star', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*.anthropic.com' }, undefined],
  ['everything is exempt', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*' }, undefined],
  ['its port is exempt', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'api.anthropic.com:443' }, undefined],
  ['another port is exempt', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'api.anthropic.com:8443' }, 'proxy:3128'],
  ['a host that only ends like it is exempt', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'pi.anthropic.com' }, 'proxy:3128'],
])('where %s', (_name, variables, host) => {
  expect(proxyFor('https://api.anthropic.com/v1/models', variables)?.url.host).toBe(host);
});

test.each([
  ['https://10.1.2.3', '10.0.0.0/8', true],
  ['https://11.1.2.3', '10.0.0.0/8', false],
  ['https://10.1.2.3', '192.168.0.0/16,10.1.2.0/24', true],
  ['https://10.1.2.3', '10.1.2.3', true],
  ['https://10.1.2.3', '2.3', false],
  ['https://10.1.2.3', '.2.3 1.2.3', false],
  ['https://10.1.2.3', '0.0.0.0/0', true],
  ['https://10.1.2.3', '10.0.0.0/33 10.0.0.0/ 10.0.0.0/x 10/8 10.0.0.0/8/8 /8', false],
  ['https://ten.example.com', '10.0.0.0/8', false],
  ['https://[fd00::12]', 'fd00::/8', true],
  ['https://[fd00::12]', '[fd00::]/8', true],
  ['https://[fd00::12]', 'FD00:0:0:0:0:0:0:12', true],
  ['https://[fd00::12]:8443', '[fd00::12]:8443', true],
  ['https://[fd00::12]', '[fd00::12]:8443', false],
  ['https://[fd00::12]', 'fd00::/129 fe80::/10 10.0.0.0/8', false],
  ['http://[::1]', '::1', true],
  ['http://[::ffff:10.1.2.3]', '10.0.0.0/8', true],
  ['http://127.0.0.1:4566', '127.0.0.1:4566', true],
  ['http://127.0.0.1:4567', '127.0.0.1:4566', false],
  ['https://API.Example.com', ' other.test\t,, .EXAMPLE.com ', true],
  ['https://example.com', '.example.com', true],
  ['https://example.com', '*.example.com', true],
  ['https://api.example.com.', 'example.com', true],
  ['https://api.example.com', 'example.com.', true],
  ['https://api.example.com', 'example.com:443', true],
  ['http://api.example.com', 'example.com:443', false],
  ['https://api.example.com', 'other.test *', true],
  ['https://notexample.com', 'example.com . *. :443', false],
])('%s with NO_PROXY %j: asked directly is %s', (url, noProxy, isDirect) => {
  expect(proxyFor(url, { ALL_PROXY: 'proxy:3128', NO_PROXY: noProxy }) === undefined).toBe(isDirect);
});

test.each([
  ['SOCKS', 'HTTPS_PROXY', 'socks5://me:secret@proxy:1080', 'its scheme is neither http nor https'],
  ['SOCKS for everything', 'all_proxy', 'socks5h://me:secret@proxy:1080', 'its scheme is neither http nor https'],
  ['a scheme alone', 'http_proxy', 'http://', 'it is no address'],
  ['a port that is none', 'HTTP_PROXY', 'me:secret@proxy:http', 'it is no address'],
  ['blanks inside', 'https_proxy', 'the proxy', 'it is no address'],
  ['a password with #', 'HTTPS_PROXY', 'http://me:1#secret@proxy:3128', 'it goes on behind the port'],
  ['a password with / that looks like a port', 'HTTPS_PROXY', 'me:1/secret@proxy:3128', 'it goes on behind the port'],
  ['a slash too few', 'HTTPS_PROXY', 'http:/proxy:3128', 'it goes on behind the port'],
  ['a password with %', 'HTTPS_PROXY', 'http://me:secret%zz@proxy:3128', 'its login holds a % that begins no sign'],
])('a proxy with %s is refused, with the name of its variable and without its password', (_name, variable, value, because) => {
  const check = () => checkProxies({ [variable]: value });
  expect(check).toThrow(`${variable} names no proxy that can be used: ${because}`);
  expect(check).not.toThrow(/secret|1080|3128/);
});

test.each([
  ['is good', { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'proxy' }],
  ['speaks TLS', { HTTPS_PROXY: 'https://me:p%40ss@proxy' }],
  ['gives way to small letters', { HTTPS_PROXY: 'socks5://proxy', https_proxy: 'proxy:3128' }],
  ['gives way to those of both schemes', { ALL_PROXY: 'socks5://proxy', https_proxy: 'proxy:3128', HTTP_PROXY: 'proxy:3128' }],
  ['is asked for nothing', { HTTPS_PROXY: 'socks5://proxy', NO_PROXY: '*' }],
])('a setting that %s is not complained of', (_name, variables) => {
  expect(() => checkProxies(variables)).not.toThrow();
});

test('the command line and functions refuse such a proxy before they ask anybody; help needs none', async () => {
  vi.stubEnv('HTTPS_PROXY', 'socks5://me:secret@proxy:1080');
  expect(await keyguard(['status', '--json'])).toEqual({
    code: 1,
    out: '',
    err: expect.stringMatching(/"proxy-malformed".*unset HTTPS_PROXY/) as unknown,
  });
  expect(await keyguard(['standby', 'add', 'app'])).toMatchObject({ code: 1, err: expect.not.stringMatching(/secret|1080/) as unknown });
  expect(await keyguard(['status', '--help'])).toMatchObject({ code: 0, err: '' });
  expect(() => readEnvironment('notifier', process.env)).toThrow('HTTPS_PROXY names no proxy that can be used');
});

test('messages name the proxy, and never its password', () => {
  const variables = { HTTPS_PROXY: 'http://me:secret@proxy:3128' };
  expect(proxyText('https://api.anthropic.com', variables)).toBe(' (asked through the proxy proxy:3128)');
  expect(proxiesText(variables)).toBe('the proxy proxy:3128 (HTTPS_PROXY, NO_PROXY)');
  vi.stubEnv('HTTPS_PROXY', variables.HTTPS_PROXY);
  expect(failureOf(new Unavailable('asking', 'no answer')).fix).toContain('check your network, the proxy proxy:3128');
});

test('Anthropic is asked through the proxy that is set, also one that wants a password', async () => {
  const platform = await aPlatform();
  const probed = () => keyProbe(platform.baseUrl).probe(new Secret(platform.key.value));
  vi.stubEnv('HTTP_PROXY', `http://me:p%40ss@${proxyHost()}`);
  expect(await probed()).toMatchObject({ answer: 'accepted' });
  expect(asked).toEqual([{ target: new URL(platform.baseUrl).host, authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` }]);
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  expect(await probed()).toMatchObject({ answer: 'accepted' });
  expect(asked).toHaveLength(1);
});

test.each([
  [407, '', /^proxy-login-refused: the proxy 127.0.0.1:\d+ wants a login in http_proxy \(407\)$/],
  [407, 'me:secret@', /^proxy-login-refused: the proxy 127.0.0.1:\d+ wants another login than the one in http_proxy \(407\)$/],
  [403, '', /^proxy-refused: the proxy 127.0.0.1:\d+ lets nobody through to 127.0.0.1:9 \(403\)$/],
  [405, '', /^proxy-refused: .* \(405\)$/],
  [302, '', /^proxy-refused: .* \(302\)$/],
  [502, '', /^unavailable: .*EPROXY502/],
  [429, '', /^unavailable: .*EPROXY429/],
])('a proxy that answers %i to %j is named so by each client, and is no verdict on a value', async (status, login, named) => {
  const url = 'http://127.0.0.1:9';
  vi.stubEnv('http_proxy', `http://${login}${proxyHost()}`);
  for (const [name, value] of Object.entries(awsVariables)) vi.stubEnv(name, value);
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  answer = status;
  const said = (asking: Promise<unknown>) => asking.then(() => 'an answer', briefly);
  const value = new Secret('sk-ant-FAKE');
  expect(await said(anthropicCall('GET /v1/models', () => clientOf(value, url).get('/v1/models')))).toMatch(named);
  expect(await said(deliver(new Secret(url), { text: '', blocks: [] }, proxiedFetch))).toMatch(named);
  expect(await said(caller(new STSClient({ maxAttempts: 1, requestHandler: tunnels() })))).toMatch(named);
  const probed = await keyProbe(url).probe(value);
  expect(probed).toMatchObject({ answer: 'unclear' });
  expect('lasting' in probed).toBe(![429, 502].includes(status));
});

test('what a proxy refuses ends a command with the way to mend it, and without the login', async () => {
  vi.stubEnv('http_proxy', `http://me:secret@${proxyHost()}`);
  const failure = async (status: number) => {
    answer = status;
    return failureOf(await proxiedFetch('http://api.example.com/').catch((error: unknown) => error));
  };
  expect(await failure(407)).toMatchObject({
    code: 'proxy-login-refused',
    fix: expect.stringContaining(`export http_proxy=http://USER:PASSWORD@${proxyHost()}`) as unknown,
  });
  expect(await failure(403)).toMatchObject({ code: 'proxy-refused', fix: expect.stringContaining('NO_PROXY') as unknown });
});

test('AWS and Slack are asked through it too', async () => {
  const target = createServer((_incoming, response) =>
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify({ SecretList: [] })),
  );
  const host = `127.0.0.1:${await listening(target)}`;
  vi.stubEnv('HTTP_PROXY', `http://${proxyHost()}`);
  vi.stubEnv('AWS_ENDPOINT_URL', `http://${host}`);
  for (const [name, value] of Object.entries(awsVariables)) vi.stubEnv(name, value);
  const client = secretsManager();
  expect(await client.send(new ListSecretsCommand({}))).toMatchObject({ SecretList: [] });
  expect(asked.map((each) => each.target)).toEqual([host]);
  const posted = await proxiedFetch(`http://${host}/services`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect(await posted.json()).toEqual({ SecretList: [] });
  expect(asked).toHaveLength(2);
  client.destroy();
});

const pem = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../support/test-only-tls-${name}.pem`, import.meta.url)), 'utf8');
/** Of `api.test-only.invalid`, by nobody but itself. */
const certificate = { cert: pem('certificate'), key: pem('key') };

test('HTTPS is spoken through the tunnel, with whom the certificate is for and nobody else', async () => {
  const target = createSecureServer(certificate, (incoming, response) => response.end(`secure ${incoming.url ?? ''}`));
  const port = await listening(target);
  vi.stubEnv('HTTPS_PROXY', proxyHost());
  const asking = (host: string, ca?: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { httpsAgent: agent } = tunnels();
      request({ host, port, path: '/v1', agent, ...(ca === undefined ? {} : { ca }) }, (response) => {
        response.once('data', (data: Buffer) => resolve(data.toString()));
      })
        .once('error', reject)
        .end();
    });
  expect(await asking('api.test-only.invalid', certificate.cert)).toBe('secure /v1');
  expect(asked.map((each) => each.target)).toEqual([`api.test-only.invalid:${port}`]);
  const [foreign, unknown] = ['ERR_TLS_CERT_ALTNAME_INVALID', 'DEPTH_ZERO_SELF_SIGNED_CERT'];
  await expect(asking('other.test-only.invalid', certificate.cert)).rejects.toMatchObject({ code: foreign });
  await expect(asking('127.0.0.1', certificate.cert)).rejects.toMatchObject({ code: foreign });
  await expect(asking('api.test-only.invalid')).rejects.toMatchObject({ code: unknown });
  const probed = await keyProbe(`https://api.test-only.invalid:${port}`).probe(new Secret('sk-ant-FAKE'));
  expect(probed).toMatchObject({ answer: 'unclear', why: expect.stringContaining(unknown) as unknown });
  expect(asked).toHaveLength(5);
});

test.each([
  ['localhost', 'localhost'],
  ['127.0.0.1', undefined],
])('a proxy on %s that speaks TLS is asked by its own name, and must prove itself', async (host, named) => {
  const names: unknown[] = [];
  const secureProxy = createSecureServer(certificate);
  secureProxy.on('tlsClientError', (_error, socket) => names.push(socket.servername));
  vi.stubEnv('HTTP_PROXY', `https://${host}:${await listening(secureProxy)}`);
  await expect(proxiedFetch('http://api.test-only.invalid/')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  await vi.waitUntil(() => names.length > 0);
  expect(names.map((name) => name || undefined)).toEqual([named]);
});

/** On a port of its own, until the test is over. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
