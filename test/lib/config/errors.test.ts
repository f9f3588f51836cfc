import { expect, test } from 'vitest';
import { ConfigurationError, parseConfiguration } from '../../../lib/config/load.ts';

const key = { name: 'production', workspaceId: 'wrkspc_1' };
const valid = {
  anthropic: { organizationId: '00000000-0000-4000-8000-000000000000', adminAccess: { kind: 'key' } },
  managedKeys: [key],
  alerts: { emails: ['oncall@example.com'] },
};
const withKey = (changes: object): object => ({ ...valid, managedKeys: [{ ...key, ...changes }] });
const rotating = (rotation: object): object => withKey({ rotation });
const anthropic = (changes: object): object => ({ ...valid, anthropic: { ...valid.anthropic, ...changes } });
const expecting = (changes: object): object =>
  withKey({ expectedUsage: [{ cron: '0 2 * * *', length: '2h', because: 'the nightly batch', ...changes }] });
const beating = (heartbeat: object): object => ({ ...valid, managedKeys: [key, { ...key, name: 'heartbeat' }], usage: { heartbeat } });

function messageOf(configuration: unknown): string {
  try {
    parseConfiguration(typeof configuration === 'string' ? configuration : JSON.stringify(configuration), 'keyguard.json');
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return 'accepted';
}

/** What is written, and what the message must hold: field, value, problem and fix. */
const cases: readonly [string, unknown, readonly string[]][] = [
  ['a length without a unit', rotating({ every: '30' }), ['managedKeys[0].rotation.every', '"30" is not a length of time', '"30d"']],
  ['a length as a number', rotating({ quiet: 6 }), ['managedKeys[0].rotation.quiet', '6 is not a length of time', 'in quotes']],
  [
    'rotation faster than AWS can',
    rotating({ every: '3h', maximumGrace: '2h', minimumGrace: '1h', quiet: '1h' }),
    ['"3h" is more often', 'at least 4h'],
  ],
  [
    'a replica Region that is none',
    withKey({ replicas: [{ region: 'Ireland' }] }),
    ['managedKeys[0].replicas[0].region', 'is not the name of a Region'],
  ],
  [
    'a replica Region twice',
    withKey({ replicas: [{ region: 'eu-west-1' }, { region: 'eu-west-1' }] }),
    ['managedKeys[0].replicas[1].region', 'is named twice'],
  ],
  ['a Region that AWS does not have', withKey({ replicas: [{ region: 'eu-moon-1' }] }), ['"eu-moon-1" is no Region that AWS has']],
  [
    'one Region in two spellings',
    withKey({ replicas: [{ region: 'eu-west-1' }, { region: ' EU-West-1' }] }),
    ['replicas[1].region', 'is named twice'],
  ],
  [
    'an address that mail has no room for',
    { ...valid, alerts: { emails: [`${'a'.repeat(65)}@acme.io`] } },
    ['alerts.emails[0]', 'at most 64'],
  ],
  [
    'an address twice',
    { ...valid, alerts: { emails: ['oncall@example.com', 'kim@example.com', 'oncall@example.com'] } },
    ['alerts.emails[2]', 'is named twice', 'Give each address once.'],
  ],
  [
    'an address twice, in capitals and with blanks',
    { ...valid, alerts: { emails: ['oncall@example.com', ' OnCall@Example.COM '] } },
    ['alerts.emails[1]', 'is named twice'],
  ],
  [
    'a replica key that is no ARN',
    withKey({ replicas: [{ region: 'eu-west-1', encryptionKeyArn: 'alias/mine' }] }),
    ['replicas[0].encryptionKeyArn', 'is not the ARN of a KMS key'],
  ],
  [
    'a replica key of another Region',
    withKey({ replicas: [{ region: 'us-east-1', encryptionKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1' }] }),
    ['replicas[0].encryptionKeyArn', 'is no key of us-east-1', 'arn:aws:kms:us-east-1:ACCOUNT:key/ID'],
  ],
  [
    'a replica key of another partition',
    withKey({ replicas: [{ region: 'us-east-1', encryptionKeyArn: 'arn:aws-cn:kms:us-east-1:123456789012:key/1' }] }),
    ['replicas[0].encryptionKeyArn', 'is no key of us-east-1'],
  ],
  [
    'replicas in two partitions',
    withKey({ replicas: [{ region: 'eu-west-1' }, { region: 'cn-north-1' }] }),
    ['replicas[1].region', 'lies in another partition of AWS than an earlier Region'],
  ],
  [
    'two names that become one output',
    {
      ...valid,
      managedKeys: [
        { ...key, name: 'a-1' },
        { ...key, name: 'a1' },
      ],
    },
    ['needs the output A1SecretArn'],
  ],
  ...(
    [
      ['a session', 'arn:aws:sts::210987654321:assumed-role/ops/kim', 'is not the ARN of a role or user'],
      ['a pattern', 'arn:aws:iam::210987654321:role/*', 'is not the ARN of a role or user'],
      ['an empty path', 'arn:aws:iam::210987654321:role//', 'is not the ARN of a role or user'],
      ['a path without a name', 'arn:aws:iam::210987654321:role/a/', 'is not the ARN of a role or user'],
      ['a partition that there is not', 'arn:awsfoo:iam::210987654321:role/ops', 'names a partition'],
      ['an account of zeros', 'arn:aws:iam::000000000000:role/ops', 'names an account that there cannot be'],
      ['a name too long', `arn:aws:iam::210987654321:role/${'a'.repeat(65)}`, 'has a name of more than 64 characters'],
      ['a path too long', `arn:aws:iam::210987654321:role/${'p'.repeat(512)}/ops`, 'has a path of more than 512'],
      [
        'a role of Identity Center without its path',
        'arn:aws:iam::210987654321:role/AWSReservedSSO_Admin_0123456789abcdef',
        'aws iam get-role --role-name AWSReservedSSO_Admin_0123456789abcdef --query Role.Arn',
      ],
    ] as const
  ).map(([what, arn, words]): [string, unknown, readonly string[]] => [
    `an operator: ${what}`,
    { ...valid, operators: [arn] },
    ['operators[0]', words],
  ]),
  [
    'an operator twice',
    { ...valid, operators: ['arn:aws:iam::210987654321:role/ops', 'arn:aws:iam::210987654321:role/ops'] },
    ['operators[1]', 'is named twice'],
  ],
  ['a low-water mark of minutes', rotating({ lowWater: '30m' }), ['managedKeys[0].rotation.lowWater', 'at least 1h']],
  [
    'a low-water mark above what the pool can hold',
    rotating({ every: '12h', minimumGrace: '1h', quiet: '1h', maximumGrace: '6h' }),
    ['rotation.lowWater', '"14d" (the default) can never be reached', '19 standby keys', 'Give at most 228h'],
  ],
  ['rotation rarer than AWS can', rotating({ every: '1000d' }), ['"1000d" is rarer', 'at most 999d']],
  [
    'hours that do not divide a day',
    rotating({ every: '5h', maximumGrace: '4h', minimumGrace: '1h', quiet: '1h' }),
    ['"5h" is neither', '4h, 6h, 8h, 12h'],
  ],
  [
    'a window with days that cron cannot count',
    rotating({ every: '10d', window: { startHour: 2, hours: 2 } }),
    ['"10d" cannot be combined', '30d'],
  ],
  [
    'a window across midnight',
    rotating({ window: { startHour: 22, hours: 4 } }),
    ['window.hours', '4 ends after midnight UTC', 'at most 2'],
  ],
  [
    'an hour that no day has',
    rotating({ window: { startHour: 24, hours: 1 } }),
    ['window.startHour', '24 is not an hour of the day', '0 to 23'],
  ],
  ['half an hour of window', rotating({ window: { startHour: 2, hours: 0.5 } }), ['window.hours', '0.5 is not a whole number of hours']],
  [
    'a grace inside the cache time',
    rotating({ minimumGrace: '300s' }),
    ['minimumGrace', '"300s" is too short', '300s', 'Give more than 300s'],
  ],
  ['a silence shorter than the feed is late', rotating({ quiet: '5m' }), ['quiet', '"5m" is too short', 'at least 15m']],
  ['a silence longer than the grace', rotating({ quiet: '8d' }), ['quiet', '"8d" is longer than maximumGrace (7d)', 'at most 7d']],
  [
    'a maximum below the minimum',
    rotating({ minimumGrace: '3d', maximumGrace: '2d' }),
    ['maximumGrace', '"2d" is shorter than minimumGrace (3d)', 'at least 3d'],
  ],
  ['two keys in grace at once', rotating({ every: '7d' }), ['maximumGrace', 'is not shorter than every (7d)', 'less than 7d']],
  ['no time to undo', rotating({ undo: '10m' }), ['undo', '"10m" leaves nobody time', 'at least 1h']],
  [
    'a maximum age that interval and grace exceed',
    rotating({ maximumAge: '30d' }),
    ['maximumAge', '"30d" cannot be kept', 'lets a key live 37d'],
  ],
  [
    'a maximum age that forgets the longer months',
    rotating({ window: { startHour: 2, hours: 2 }, maximumAge: '37d' }),
    ['"37d" cannot be kept', '38d'],
  ],
  [
    'an unknown verdict at the maximum',
    rotating({ atMaximum: 'kut' }),
    ['atMaximum', '"kut" is not one of the choices', '"wait" or "cut"'],
  ],
  ['a name in capitals', withKey({ name: 'Production' }), ['managedKeys[0].name', '"Production" is not a name', 'production-eu']],
  ['a name that ends in a hyphen', withKey({ name: 'a-' }), ['"a-" is not a name']],
  ['a name of 32 letters', withKey({ name: 'a'.repeat(32) }), ['is not a name']],
  ['the name of what is said of all keys', withKey({ name: 'all-keys' }), ['"all-keys" is reserved', 'another name']],
  ['a reserved name', withKey({ name: 'unattributed' }), ['"unattributed" is reserved', 'another name']],
  ["a name whose output is the stack's own", withKey({ name: 'admin-key' }), ['"admin-key" needs the output AdminKeySecretArn']],
  [
    'the same name twice',
    { ...valid, managedKeys: [key, key] },
    ['managedKeys[1].name', '"production" is the name of an earlier managed key'],
  ],
  [
    'names that differ in a hyphen only',
    {
      ...valid,
      managedKeys: [
        { ...key, name: 'a1' },
        { ...key, name: 'a-1' },
      ],
    },
    ['"a-1" needs the output A1SecretArn, as a1 does'],
  ],
  [
    "a name whose output is another key's standby",
    {
      ...valid,
      managedKeys: [
        { ...key, name: 'eu' },
        { ...key, name: 'eu-standby' },
      ],
    },
    ['EuStandbySecretArn'],
  ],
  ['no keys', { ...valid, managedKeys: [] }, ['managedKeys', '[] names no key']],
  [
    'more keys than fit',
    { ...valid, managedKeys: Array.from({ length: 51 }, (_, index) => ({ ...key, name: `k${index}` })) },
    ['a list of 51', 'at most 50'],
  ],
  [
    'a workspace by name',
    withKey({ workspaceId: 'Production' }),
    ['workspaceId', '"Production" is not an id of the form wrkspc_…', 'Console'],
  ],
  ['an organization by name', anthropic({ organizationId: 'acme' }), ['organizationId', '"acme" is not an organization id', 'Console']],
  [
    'a base URL without TLS',
    anthropic({ baseUrl: 'http://example.com' }),
    ['baseUrl', '"http://example.com" is not an address', 'https://'],
  ],
  ['a base URL with a path', anthropic({ baseUrl: 'https://example.com/v1' }), ['is not an address that keys may be sent to']],
  [
    'an unknown kind of access',
    anthropic({ adminAccess: { kind: 'oauth' } }),
    ['anthropic.adminAccess.kind', '"oauth" is not one of the choices', '"key" or "federation"'],
  ],
  [
    'federation without its ids',
    anthropic({ adminAccess: { kind: 'federation' } }),
    ['federationRuleId', 'is missing', 'serviceAccountId'],
  ],
  [
    'a federation rule of the wrong form',
    anthropic({ adminAccess: { kind: 'federation', federationRuleId: 'x', serviceAccountId: 'svac_1' } }),
    ['"x" is not an id of the form fdrl_…'],
  ],
  ['nobody to tell', { ...valid, alerts: { emails: [] } }, ['alerts.emails', 'names nobody', 'at least one address']],
  ['an address that is none', { ...valid, alerts: { emails: ['oncall'] } }, ['alerts.emails[0]', '"oncall" is not an email address']],
  [
    'Slack switched off with false',
    { ...valid, alerts: { emails: ['a@example.com'], slack: { webhook: false } } },
    ['alerts.slack.webhook', 'false is not a setting', 'SlackWebhookSecretArn'],
  ],
  ['a budget of nothing', { ...valid, detection: { falseAlarmsPerMonth: 0 } }, ['falseAlarmsPerMonth', '0 is too small']],
  [
    'a zone that is none',
    { ...valid, detection: { timeZone: 'Berlin' } },
    ['detection.timeZone', '"Berlin" is not a time zone', 'Europe/Berlin'],
  ],
  [
    'a window that begins at no time',
    expecting({ cron: '0 25 * * *' }),
    ['managedKeys[0].expectedUsage[0].cron', '"0 25 * * *" is not a time in cron'],
  ],
  ['a window with seconds', expecting({ cron: '0 0 2 * * *' }), ['cron', 'is not a time in cron', 'five fields']],
  ['a window that never begins', expecting({ cron: '0 0 30 2 *' }), ['cron', 'is a time that never comes']],
  ['a window of a week', expecting({ length: '7d' }), ['expectedUsage[0].length', '"7d" is no length of such a window', '15m to 3d']],
  [
    'a window that hardly ends',
    expecting({ cron: '0 * * * *', length: '30m' }),
    ['length', '"30m" is too long for how often it begins', 'an hour'],
  ],
  [
    'a window that begins while another one lasts',
    withKey({
      expectedUsage: [
        { cron: '0 2 * * *', length: '2h', because: 'a batch' },
        { cron: '30 4 * * 1', length: '1h', because: 'another one' },
      ],
    }),
    ['managedKeys[0].expectedUsage[1].cron', 'less than an hour after the end of window 1', 'at least an hour'],
  ],
  ['a window without a reason', expecting({ because: ' ' }), ['expectedUsage[0].because', 'says nothing']],
  ['an offset for a zone', { ...valid, detection: { timeZone: '+02:00' } }, ['detection.timeZone', 'is not a time zone', 'an IANA name']],
  ['a heartbeat without a key', beating({}), ['usage.heartbeat.managedKey: is missing', 'one of its own, that nobody else uses']],
  [
    'a heartbeat with a key that is not in the file',
    beating({ managedKey: 'heartbeet' }),
    ['usage.heartbeat.managedKey', '"heartbeet" is not the name of a managed key', 'Add a managed key of that name'],
  ],
  [
    'a heartbeat with the only key that there is',
    { ...beating({ managedKey: 'production' }), managedKeys: [key] },
    ['usage.heartbeat.managedKey', '"production" is the only managed key of this file', 'Add a second managed key'],
  ],
  [
    'a heartbeat that asks a model by its display name',
    beating({ managedKey: 'heartbeat', model: 'Claude Haiku 5.5' }),
    ['usage.heartbeat.model', '"Claude Haiku 5.5" is not the id of a model', 'claude-haiku-5-5'],
  ],
  ['a heartbeat switched off with false', { ...valid, usage: { heartbeat: false } }, ['usage.heartbeat', 'false is not an object']],
  ['a heartbeat with an interval', beating({ managedKey: 'heartbeat', every: '1h' }), ['usage.heartbeat.every', 'is not a field']],
  ['a retention that AWS does not have', { ...valid, logRetentionDays: 10 }, ['logRetentionDays', '10 is not a retention', '365']],
  ['a missing section', { ...valid, alerts: undefined }, ['alerts: is missing', 'Who is told.']],
  ['a list where an object belongs', { ...valid, anthropic: [] }, ['anthropic', '[] is not an object']],
  ['an unknown field', { ...valid, managedKey: [] }, ['managedKey', 'is not a field', 'Did you mean "managedKeys"?']],
  [
    'an unknown field deep inside',
    rotating({ minimumGrase: '24h' }),
    ['managedKeys[0].rotation.minimumGrase', 'Did you mean "minimumGrace"?'],
  ],
  ['an unknown field near nothing', { ...valid, zebra: 1 }, ['zebra', 'The fields here are $schema, installation']],
  ['a text instead of an object', '"hello"', ['the file', 'is not an object']],
];

test.each(cases)('%s is refused with field, value and fix', (_what, configuration, parts) => {
  const message = messageOf(configuration);
  for (const part of parts) expect(message).toContain(part);
  expect(message).toMatch(/^keyguard\.json has (one problem|\d+ problems):/);
});

test('all problems come at once, each with its place, rules between fields included', () => {
  const message = messageOf(
    JSON.stringify({ ...rotating({ every: '3h', minimumGrace: '60s', quiet: 40 }), alerts: { emails: [] }, installation: 'A' }, null, 2),
  );
  for (const field of ['installation', 'rotation.every', 'rotation.minimumGrace', 'rotation.quiet', 'alerts.emails']) {
    expect(message).toMatch(new RegExp(`${field} \\(line \\d+, column \\d+\\)`));
  }
  expect(message).toContain('6 problems');
});

test('what is valid is accepted, with every default filled in', () => {
  expect(messageOf(valid)).toBe('accepted');
  expect(parseConfiguration(JSON.stringify(valid), 'keyguard.json')).toMatchObject({
    installation: 'keyguard',
    anthropic: { baseUrl: 'https://api.anthropic.com' },
    managedKeys: [
      {
        rotation: {
          strategy: 'pool',
          every: '30d',
          minimumGrace: '24h',
          quiet: '6h',
          atMaximum: 'wait',
        },
        containment: { mode: 'off', lastCredential: 'keep' },
      },
    ],
    detection: { falseAlarmsPerMonth: 1 },
    logRetentionDays: 365,
  });
});

test('a loopback address may go without TLS, so that the local world can be reached', () => {
  for (const baseUrl of ['http://127.0.0.1:4567', 'http://[::1]:4567', 'http://localhost:4567/', 'https://proxy.example.com']) {
    expect(messageOf(anthropic({ baseUrl }))).toBe('accepted');
  }
});

test('a maximum age that interval and grace keep is accepted', () => {
  expect(messageOf(rotating({ maximumAge: '37d' }))).toBe('accepted');
});

test('without a word about it there is no heartbeat, and one needs no more than its key', () => {
  expect(parseConfiguration(JSON.stringify(valid), 'keyguard.json').usage).toEqual({});
  expect(parseConfiguration(JSON.stringify(beating({ managedKey: 'heartbeat' })), 'keyguard.json').usage).toEqual({
    heartbeat: { managedKey: 'heartbeat', model: 'claude-haiku-5-5' },
  });
});
