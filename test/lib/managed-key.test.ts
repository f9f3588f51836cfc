import { expect, test } from 'vitest';
import { deniesAllBut } from '../../cli/doctor/policies.ts';
import { Synthesised, example, rendered } from './stacks.ts';

const stack = new Synthesised(example);
const secrets = stack.resources('AWS::SecretsManager::Secret');
const region = '{AWS::Region}';

test('no secret is given a value, nor is one generated', () => {
  // Two each for two managed keys, the Admin key, Slack's webhook.
  expect(secrets.size).toBe(6);
  for (const [id, { Properties }] of secrets) {
    expect(Object.keys(Properties).sort(), id).toEqual(['Description', 'KmsKeyId']);
  }
  expect(stack.text).not.toContain('GenerateSecretString');
  expect(stack.text).not.toContain('GetRandomPassword');
});

test('deploying rotates nothing', () => {
  const schedules = stack.resources('AWS::SecretsManager::RotationSchedule');
  expect(schedules.size).toBe(2);
  for (const { Properties } of schedules.values()) expect(Properties.RotateImmediatelyOnUpdate).toBe(false);
});

test("a schedule waits for all that the test call needs: the permission, the secrets' policies, the definition", () => {
  const { resource } = stack.one('AWS::SecretsManager::RotationSchedule', 'ManagedKeysProduction');
  expect(resource.DependsOn).toEqual(
    expect.arrayContaining([
      stack.one('AWS::Lambda::Permission', 'RotationSecretsManagerMayRotate').id,
      stack.one('AWS::SecretsManager::ResourcePolicy', 'ManagedKeysProductionConsumer').id,
      stack.one('AWS::SecretsManager::ResourcePolicy', 'ManagedKeysProductionStandby').id,
      stack.one('AWS::SSM::Parameter', 'ManagedKeysProductionDefinition').id,
    ]),
  );
});

test('the schedules are those of the configuration', () => {
  const rules = (key: string): unknown =>
    stack.one('AWS::SecretsManager::RotationSchedule', `ManagedKeys${key}`).resource.Properties.RotationRules;
  expect(rules('Production')).toEqual({ ScheduleExpression: 'rate(30 days)' });
  expect(rules('NightlyBatch')).toEqual({
    ScheduleExpression: expect.stringMatching(/^cron\(0 8 \? \* [1-7] \*\)$/) as unknown,
    Duration: '4h',
  });
});

test('Secrets Manager may call the rotation function for this account only', () => {
  const { resource } = stack.one('AWS::Lambda::Permission', 'RotationSecretsManagerMayRotate');
  expect(resource.Properties).toMatchObject({
    Principal: 'secretsmanager.amazonaws.com',
    Action: 'lambda:InvokeFunction',
    SourceAccount: { Ref: 'AWS::AccountId' },
  });
  const permissions = [...stack.resources('AWS::Lambda::Permission').values()].map(({ Properties }) => Properties.Principal);
  expect(permissions.sort()).toEqual(['secretsmanager.amazonaws.com', 'sns.amazonaws.com']);
});

test('nobody but the rotation function reads standby keys, administrators included', () => {
  const { resource } = stack.one('AWS::SecretsManager::ResourcePolicy', 'ManagedKeysProductionStandby');
  const role = stack.one('AWS::IAM::Role', 'RotationRole').id;
  expect(resource.Properties.ResourcePolicy).toMatchObject({
    Statement: [
      {
        Effect: 'Allow',
        Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue', 'secretsmanager:UpdateSecretVersionStage'],
        Principal: { AWS: { 'Fn::GetAtt': [role, 'Arn'] } },
      },
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions'],
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [role, 'Arn'] } } },
      },
    ],
  });
});

test('what the stack writes into the standby secret’s policy is what doctor takes for a refusal', () => {
  const { resource } = stack.one('AWS::SecretsManager::ResourcePolicy', 'ManagedKeysProductionStandby');
  const role = `{${stack.one('AWS::IAM::Role', 'RotationRole').id}.Arn}`;
  const named = (_key: string, value: unknown): unknown => (value instanceof Object && 'Fn::GetAtt' in value ? rendered(value) : value);
  const policy: unknown = JSON.parse(JSON.stringify(resource.Properties.ResourcePolicy), named);
  expect(deniesAllBut(policy, role)).toBe(true);
  expect(deniesAllBut(policy, 'another role')).toBe(false);
});

test('the definition that the functions read is the policy of the configuration, in milliseconds', () => {
  const { resource } = stack.one('AWS::SSM::Parameter', 'ManagedKeysNightlyBatchDefinition');
  expect(resource.Properties).toMatchObject({ Name: '/keyguard/managed-keys/nightly-batch', Type: 'String' });
  expect(JSON.parse(rendered(resource.Properties.Value))).toEqual({
    schema: 1,
    name: 'nightly-batch',
    secretArn: `{${stack.one('AWS::SecretsManager::Secret', 'ManagedKeysNightlyBatchConsumer').id}}`,
    standbySecretArn: `{${stack.one('AWS::SecretsManager::Secret', 'ManagedKeysNightlyBatchStandby').id}}`,
    workspaceId: 'wrkspc_01ExampleBatch',
    rotation: {
      strategy: 'pool',
      intervalMs: 7 * 86_400_000,
      minimumGraceMs: 86_400_000,
      quietMs: 6 * 3_600_000,
      maximumGraceMs: 3 * 86_400_000,
      atMaximum: 'wait',
      onDeath: 'rotate',
      undoMs: 7 * 86_400_000,
      maximumAgeMs: (7 + 3 + 1) * 86_400_000,
      lowWaterMs: 14 * 86_400_000,
    },
    containment: { mode: 'off', lastCredential: 'keep' },
  });
});

test('the installation describes itself to the command line, without a value', () => {
  const { resource } = stack.one('AWS::SSM::Parameter', 'InstallationDefinition');
  expect(resource.Properties.Name).toBe('/keyguard/installation');
  expect(JSON.parse(rendered(resource.Properties.Value))).toEqual({
    schema: 1,
    installation: 'keyguard',
    anthropicBaseUrl: 'https://api.anthropic.com',
    organizationId: '00000000-0000-4000-8000-000000000000',
    adminAccess: { kind: 'key', secretArn: `{${stack.one('AWS::SecretsManager::Secret', 'InstallationAdminAccess').id}}` },
    stateTable: `{${stack.one('AWS::DynamoDB::Table', 'InstallationState').id}}`,
    alertTopicArn: `{${stack.one('AWS::SNS::Topic', 'InstallationAlerts').id}}`,
    alarmTopicArn: `{${stack.one('AWS::SNS::Topic', 'InstallationAlarms').id}}`,
    slackWebhookSecretArn: `{${stack.one('AWS::SecretsManager::Secret', 'InstallationSlackWebhook').id}}`,
    dashboardUrl: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/keyguard-${region}`,
    functions: {
      rotation: `{${stack.one('AWS::Lambda::Function', 'RotationFunction').id}}`,
      retirement: `{${stack.one('AWS::Lambda::Function', 'RotationRetirementFunction').id}}`,
      notifier: `{${stack.one('AWS::Lambda::Function', 'IncidentsNotifierFunction').id}}`,
    },
  });
  expect(stack.text).not.toMatch(/sk-ant-|hooks\.slack/);
});

test('a secret has the replicas of the configuration, and the standby secret has none', () => {
  const encryptionKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555';
  const replicas = [{ region: 'eu-west-1', encryptionKeyArn }, { region: 'ap-south-1' }];
  const [first] = example.managedKeys;
  if (first === undefined) throw new Error('the example has no managed key');
  const replicated = new Synthesised({ ...example, managedKeys: [{ ...first, replicas }] });
  expect(replicated.one('AWS::SecretsManager::Secret', 'ManagedKeysProductionConsumer').resource.Properties.ReplicaRegions).toEqual([
    { Region: 'eu-west-1', KmsKeyId: encryptionKeyArn },
    { Region: 'ap-south-1' },
  ]);
  const standby = replicated.one('AWS::SecretsManager::Secret', 'ManagedKeysProductionStandby').resource.Properties;
  expect(standby).not.toHaveProperty('ReplicaRegions');
});
