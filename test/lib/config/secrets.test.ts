import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigurationError, parseConfiguration } from '../../../lib/config/load.ts';

const base = {
  anthropic: { organizationId: '00000000-0000-4000-8000-000000000000', adminAccess: { kind: 'key' } },
  managedKeys: [{ name: 'production', workspaceId: 'wrkspc_1' }],
  alerts: { emails: ['oncall@example.com'] },
};
const secrets = [
  ['an Anthropic key', ['sk-ant', 'api03', 'FAKE-not-a-key'].join('-'), 'npx keyguard standby add'],
  ['an Admin key', ['sk-ant', 'admin01', 'FAKE-not-a-key'].join('-'), 'npx keyguard admin-key set'],
  ['a bearer token', ['Bearer sk-ant', 'oat01', 'FAKE-not-a-token'].join('-'), 'belongs in Secrets Manager'],
  [
    "Slack's webhook address",
    ['https://hooks.slack.com', 'services', 'T0FAKE', 'B0FAKE', 'fake'].join('/'),
    'npx keyguard slack-webhook set',
  ],
  [
    'an address of Slack for governments',
    ['https://hooks.slack-gov.com', 'services', 'T0FAKE', 'B0FAKE', 'fake'].join('/'),
    'npx keyguard slack-webhook set',
  ],
] as const;

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
  const secret = secrets[0][1];
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
  const secret = secrets[0][1];
  const message = messageOf(`{\n  "installation": "${secret}\n}`);
  expect(message).toContain('line 2, column 19');
  expect(message).not.toContain('FAKE');
});

test('an address with a password in it is refused and not quoted', () => {
  const message = messageOf(JSON.stringify({ ...base, anthropic: { ...base.anthropic, baseUrl: 'https://me:hunter2@example.com' } }));
  expect(message).toContain('holds a secret');
  expect(message).not.toContain('hunter2');
});
