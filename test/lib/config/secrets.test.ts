import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secretShapes } from '../../../contract/secret-shapes.ts';
import { ConfigurationError, parseConfiguration } from '../../../lib/config/load.ts';
import { fakeSecrets } from '../../support/fake-secrets.ts';

const base = {
  anthropic: { organizationId: '00000000-0000-4000-8000-000000000000', adminAccess: { kind: 'key' } },
  managedKeys: [{ name: 'production', workspaceId: 'wrkspc_1' }],
  alerts: { emails: ['oncall@example.com'] },
};
type Case = readonly [what: string, secret: string, fix: string];
const anthropicKey = fakeSecrets['an Anthropic key or token'] ?? '';
const secrets: readonly Case[] = [
  ['an Anthropic key', anthropicKey, 'npx --no-install keyguard standby add'],
  ['an Admin key', fakeSecrets['an Admin API key'] ?? '', 'npx --no-install keyguard admin-key set'],
  ["Slack's webhook address", fakeSecrets["Slack's webhook address"] ?? '', 'npx --no-install keyguard slack-webhook set'],
  ['the host of a webhook alone', ['https://hooks', 'slack-gov', 'com'].join('.'), 'npx --no-install keyguard slack-webhook set'],
  ...Object.entries(fakeSecrets).map(([what, secret]): Case => [what, secret, 'replace the secret itself too']),
];

function messageOf(text: string): string {
  try {
    parseConfiguration(text, 'keyguard.json');
  } catch (error) {
    if (error instanceof ConfigurationError) return JSON.stringify([error.message, error.problems, error.stack]);
    throw error;
  }
  return 'accepted';
}

test.each(secrets)('%s is refused wherever it stands, and never quoted', (_what, secret, fix) => {
  const places = [
    { ...base, installation: secret },
    { ...base, adminKey: secret },
    { ...base, [secret]: true },
    { ...base, managedKeys: [{ ...base.managedKeys[0], description: `ours is ${secret}` }] },
    { ...base, anthropic: { ...base.anthropic, adminAccess: { kind: 'key', value: secret } } },
    { ...base, alerts: { emails: [secret], slack: { webhook: secret } } },
    { ...base, extra: [[{ deep: secret }]] },
  ];
  for (const place of places) {
    const message = messageOf(JSON.stringify(place));
    expect(message).toContain('holds a secret');
    expect(message).toContain(fix);
    expect(message).not.toContain(secret);
    expect(message).not.toContain('FAKE');
  }
});

test('no field, however it is wrong, brings a secret into the message', () => {
  const secret = anthropicKey;
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('installation', 'anthropic', 'managedKeys', 'alerts', 'detection', 'other'),
      (junk, field) => {
        const text = JSON.stringify({ ...base, [field]: [junk, { [secret]: secret }, secret] });
        expect(messageOf(text)).not.toContain(secret);
      },
    ),
  );
});

test('text that is not JSON is never quoted: the mistake may stand beside a secret', () => {
  const secret = anthropicKey;
  const message = messageOf(`{\n  "installation": "${secret}\n}`);
  expect(message).toContain('line 2, column 19');
  expect(message).not.toContain('FAKE');
});

test('an address with a password in it is refused and not quoted', () => {
  const message = messageOf(JSON.stringify({ ...base, anthropic: { ...base.anthropic, baseUrl: 'https://me:hunter2@example.com' } }));
  expect(message).toContain('holds a secret');
  expect(message).not.toContain('hunter2');
});

test('every shape of the one list has an example here', () => {
  expect(Object.keys(fakeSecrets)).toEqual(secretShapes.map(({ what }) => what));
});

test.each([
  'the bearer administrators of the night shift',
  'risk-management-of-the-whole-department',
  'owner: team-disk-encryption, see https://wiki.example.com/keys?page=secret-handling',
  'key of apikey_01Rj2N8SVvo6BePZj99NhmiT in wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ, arn:aws:iam::123456789012:role/Monkey',
  'rotated by Kim, 2026-11-30, ticket OPS-48121, commit 0d1f5d1b3c6a7e8f9a0b1c2d3e4f5a6b7c8d9e0f',
])('a description without a secret is no secret: %s', (description) => {
  const text = JSON.stringify({ ...base, managedKeys: [{ ...base.managedKeys[0], description }] });
  expect(messageOf(text)).toBe('accepted');
});
