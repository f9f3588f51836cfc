import { expect, test } from 'vitest';
import { parseConfiguration } from '../../lib/config/load.ts';
import { Synthesised } from './stacks.ts';

const name = (index: number): string => `${'long-name-'.repeat(2)}${'x'.repeat(8)}${100 + index}`;
const base = {
  anthropic: { organizationId: '721fc1a6-1a94-4064-aad0-104a5ddf503d', adminAccess: { kind: 'key' } },
  managedKeys: [{ name: 'production', workspaceId: 'wrkspc_1' }],
  alerts: { emails: ['oncall@example.com'] },
};
const farRegions = [
  'ap-east-1',
  'ap-south-1',
  'ca-central-1',
  'eu-central-1',
  'eu-central-2',
  'eu-north-1',
  'il-central-1',
  'sa-east-1',
  'us-east-2',
  'us-west-2',
];
const largest = {
  ...base,
  installation: name(0),
  managedKeys: Array.from({ length: 50 }, (_, index) => ({
    name: name(index),
    description: 'é'.repeat(200),
    workspaceId: `wrkspc_${'1'.repeat(64)}`,
    replicas: farRegions.map((region) => ({
      region,
      encryptionKeyArn: `arn:aws:kms:${region}:123456789012:key/12345678-1234-1234-1234-123456789012`,
    })),
  })),
  alerts: {
    emails: Array.from({ length: 10 }, (_, index) => `${index}${'a'.repeat(50)}@${'b.'.repeat(90)}example.com`),
    slack: { webhook: true },
  },
};

/** What the check takes, the CDK and CloudFormation take too: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
test.each<[string, object]>([
  ['the least', base],
  ['the most', largest],
  [
    'names that are words of the CDK',
    { ...base, managedKeys: ['default', 'resource', 'constructor'].map((each) => ({ name: each, workspaceId: 'wrkspc_1' })) },
  ],
  [
    'addresses that look alike',
    { ...base, alerts: { emails: ['a.b@example.com', 'ab@example.com', 'a-b@example.com', 'ab+1@example.com'] } },
  ],
  [
    'the fastest rotation',
    {
      ...base,
      managedKeys: [
        { ...base.managedKeys[0], rotation: { every: '4h', minimumGrace: '301s', quiet: '15m', maximumGrace: '3h', lowWater: '2d' } },
      ],
    },
  ],
])('%s that is valid deploys', (_what, configuration) => {
  const stack = new Synthesised(parseConfiguration(JSON.stringify(configuration), 'keyguard.json'));
  const { Resources, Outputs } = stack.template.toJSON() as { Resources: Record<string, { Properties: object }>; Outputs: object };
  expect(Object.keys(Resources).length).toBeLessThanOrEqual(500);
  expect(Object.keys(Outputs).length).toBeLessThanOrEqual(200);
  expect(Buffer.byteLength(stack.text)).toBeLessThan(1_000_000);
  for (const [id, { Properties }] of stack.resources('AWS::SecretsManager::Secret')) {
    expect(String(Properties['Description']).length, id).toBeLessThanOrEqual(2048);
  }
  for (const [id, { Properties }] of stack.resources('AWS::CloudWatch::Alarm')) {
    expect(String(Properties['AlarmName']).length, id).toBeLessThanOrEqual(255);
    expect(String(Properties['AlarmDescription']).length, id).toBeLessThanOrEqual(1024);
  }
});
