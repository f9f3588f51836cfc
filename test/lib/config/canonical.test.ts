import { RegionInfo } from 'aws-cdk-lib/region-info';
import { expect, test } from 'vitest';
import { ConfigurationError, parseConfiguration } from '../../../lib/config/load.ts';
import { regionsByPartition } from '../../../lib/config/regions.ts';

const written = {
  anthropic: {
    organizationId: ' 721FC1A6-1A94-4064-AAD0-104A5DDF503D',
    baseUrl: 'HTTPS://API.Anthropic.com:443/',
    adminAccess: { kind: 'key' },
  },
  managedKeys: [{ name: 'production', workspaceId: 'wrkspc_01WGVb98dJFEYMYzVG3TrVWc\n', replicas: [{ region: 'US-East-1 ' }] }],
  alerts: { emails: [' OnCall@Example.com'] },
};

test('what means the same is read as the same text', () => {
  const { anthropic, managedKeys, alerts } = parseConfiguration(JSON.stringify(written), 'keyguard.json');
  expect(anthropic.organizationId).toBe('721fc1a6-1a94-4064-aad0-104a5ddf503d');
  expect(anthropic.baseUrl).toBe('https://api.anthropic.com');
  expect(managedKeys[0]).toMatchObject({ workspaceId: 'wrkspc_01WGVb98dJFEYMYzVG3TrVWc', replicas: [{ region: 'us-east-1' }] });
  expect(alerts.emails).toEqual(['oncall@example.com']);
});

test.each(['https://user@api.anthropic.com', 'https://api.anthropic.com/v1', 'http://api.anthropic.com', 'api.anthropic.com'])(
  '%s stays refused as an address that keys may be sent to',
  (baseUrl) => {
    const text = JSON.stringify({ ...written, anthropic: { ...written.anthropic, baseUrl } });
    expect(() => parseConfiguration(text, 'keyguard.json')).toThrow('is not an address that keys may be sent to');
  },
);

test('the Regions are those that the CDK knows', () => {
  const known = RegionInfo.regions.map(({ name, partition }) => `${partition ?? ''} ${name}`).sort();
  const ours = Object.entries(regionsByPartition).flatMap(([partition, regions]) => regions.map((region) => `${partition} ${region}`));
  expect(ours.sort()).toEqual(known);
});

test.each([
  ['us-east-1', 'is the Region of the deployment'],
  ['us-gov-west-1', 'lies in another partition of AWS than us-gov-west-1'],
  ['cn-north-1', 'lies in another partition of AWS than cn-north-1'],
  ['eu-central-1', undefined],
  ['xx-unknown-1', undefined],
])('a replica in us-east-1 is checked against the home Region %s', (home, problem) => {
  const check = (): unknown => parseConfiguration(JSON.stringify(written), 'keyguard.json', home);
  if (problem === undefined) expect(check).not.toThrow();
  else {
    expect(check).toThrow(problem);
    expect(check).toThrow(ConfigurationError);
  }
});

test('an operator of another partition than the home Region is refused, and one of its own is not', () => {
  const operators = [
    'arn:aws:iam::210987654321:role/ops',
    'arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_1',
  ];
  const check = (home: string, more: readonly string[] = []): unknown =>
    parseConfiguration(JSON.stringify({ ...written, operators: [...operators, ...more] }), 'keyguard.json', home);
  expect(() => check('eu-central-1')).not.toThrow();
  expect(() => check('eu-central-1', ['arn:aws-cn:iam::210987654321:role/ops'])).toThrow(
    /operators\[2\].*lies in another partition of AWS/,
  );
});
