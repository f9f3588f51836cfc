import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { KeyguardError, briefly } from '../../../lambda/foundation/errors.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import { redact } from '../../../lambda/foundation/redact.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { fakeSecrets } from '../../support/fake-secrets.ts';

const fake = ['sk-ant-api03', 'FAKEFAKEFAKEFAKE'].join('-');

test('a secret shows its value to nobody who does not ask for it by name', () => {
  const secret = new Secret(fake);
  const seen = [
    String(secret),
    'in text: ' + String(secret),
    JSON.stringify({ secret }),
    inspect(secret, { showHidden: true, depth: 9 }),
    inspect({ deep: { secret } }),
    JSON.stringify(Object.assign({}, secret)),
    JSON.stringify(structuredClone(Object.assign({}, secret))),
    Object.entries(secret).join(),
    inspect(new Error('wrapped', { cause: secret })),
  ];
  for (const text of seen) expect(text).not.toContain('FAKEFAKE');
  expect(secret.reveal()).toBe(fake);
});

test.each([
  ...Object.entries(fakeSecrets),
  ['both headers', `{"authorization":"Bearer FAKEFAKEFAKEFAKE","x-api-key":"FAKEFAKEFAKEFAKE"}`],
  ['a Slack webhook for governments', ['https://hooks.slack-gov.com', 'services', 'TFAKE', 'BFAKE', 'FAKEFAKEFAKEFAKE'].join('/')],
])('redaction removes %s, after a line break in JSON too', (_what, secret) => {
  expect(secret).toMatch(/F4KE|FAKEFAKE|fa4e|FA4E/);
  for (const text of [secret, `it was "${secret}", and is not`, JSON.stringify({ because: `first line\n${secret}` })]) {
    expect(redact(text)).not.toMatch(/F4KE|FAKEFAKE|fa4e|FA4E/);
  }
});

test("redaction keeps Anthropic's own hints and ids readable", () => {
  const text = 'apikey_01Rj2N8SVvo6BePZj99NhmiT sk-ant-api03-R2D...igAA wrkspc_01';
  expect(redact(text)).toBe(text);
});

test('a log line never carries a key value, even when somebody passes one', () => {
  const lines: string[] = [];
  jsonLog((line) => lines.push(line)).info('rotation.switched', { apiKeyId: 'apikey_1', because: `leaked ${fake}` });
  expect(lines).toEqual(['{"level":"INFO","event":"rotation.switched","apiKeyId":"apikey_1","because":"leaked [redacted]"}']);
});

test("of a foreign error only name, status and request id are kept, never the response's body", () => {
  const foreign = Object.assign(new Error(`body ${fake}`), {
    name: 'SyntaxError',
    $responseBodyText: fake,
    $metadata: { requestId: 'r-1' },
  });
  expect(briefly(foreign)).toBe('SyntaxError r-1');
  expect(briefly(new KeyguardError('some-code', 'what happened', 'the fix'))).toBe('some-code: what happened');
  expect(briefly('text')).toBe('unknown error');
});

test("Node's word for a failed connection is kept, also where an SDK wraps it, and no other code", () => {
  const refused = Object.assign(new Error(`connect to ${fake}`), { code: 'ECONNREFUSED' });
  expect(briefly(refused)).toBe('Error ECONNREFUSED');
  expect(briefly(new Error('Connection error.', { cause: refused }))).toBe('Error ECONNREFUSED');
  expect(briefly(Object.assign(new Error('no'), { code: fake }))).toBe('Error');
});

test.each(['a1b2c3d4-', 'eyJhbGci', '://x:', 'sk-', 'SG.aaaaaaaaaaaaaaaa', 'xoxb-', '-----BEGIN PRIVATE KEY'])(
  'redaction of a long run of %j takes no longer than its length',
  (piece) => {
    const began = performance.now();
    redact(piece.repeat(10_000));
    expect(performance.now() - began).toBeLessThan(2000);
  },
);
