import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withQuickTimers } from '../prove/quick-timers.ts';
import { keyguard } from './shell.ts';

const names = Object.keys(process.env).filter((name) => name.startsWith('AWS_'));
const kept = new Map(names.map((name) => [name, process.env[name]]));
let server: Server | undefined;

/** Nothing of the machine's own AWS settings, and nobody on EC2 to ask. */
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere/config',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere/credentials',
  });
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
  for (const [name, value] of kept) process.env[name] = value;
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

const signedIn = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIAFAKE', AWS_SECRET_ACCESS_KEY: 'fake', AWS_MAX_ATTEMPTS: '1' };

/** An AWS that answers every call with one error, whose text repeats what it was sent. */
async function refusing(code: string): Promise<string> {
  const started = createServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: code, message: 'LEAK of the body' }));
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const address = started.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

async function asked(): Promise<string> {
  const said = await withQuickTimers(() => keyguard(['status', '--config', 'test/e2e/keyguard.json']));
  expect(said).toMatchObject({ code: 1, out: '' });
  // Two lines: what happened, and the fix.
  expect(said.err).toMatch(/^error: .+\nfix: {3}.+\n$/);
  return said.err;
}

test('without a Region it says which variable to set', async () => {
  expect(await asked()).toBe(
    'error: no AWS Region is set\nfix:   set AWS_REGION to the Region of the deployment, for example: export AWS_REGION=eu-west-1\n',
  );
});

test('without credentials it says how to sign in', async () => {
  Object.assign(process.env, { AWS_REGION: 'eu-west-1' });
  expect(await asked()).toContain('there are no AWS credentials\nfix:   sign in to AWS, for example with: aws sso login');
});

test.each([
  ['AccessDeniedException', 'docs/security.md lists what the person at the command line needs'],
  ['ExpiredTokenException', 'aws sso login'],
  ['UnrecognizedClientException', 'aws sso login'],
  ['InvalidSignatureException', 'aws sso login'],
  ['ThrottlingException', 'try again in a minute'],
])('%s is answered with what to do about it, and nothing of the answer’s body', async (code, fix) => {
  Object.assign(process.env, signedIn, { AWS_ENDPOINT_URL: await refusing(code) });
  const said = await asked();
  expect(said).toContain(code);
  expect(said).toContain(fix);
  expect(said).not.toContain('LEAK');
});

test('an AWS that cannot be reached is said to be that', async () => {
  Object.assign(process.env, signedIn, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
  expect(await asked()).toContain('check your network, and AWS_ENDPOINT_URL where you set it');
});
