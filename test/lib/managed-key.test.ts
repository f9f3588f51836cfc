import { expect, test } from 'vitest';
import { functionsOf } from '../../contract/heartbeat.ts';
import { deniesAllBut } from '../../cli/doctor/policies.ts';
import { Synthesised, example, rendered, synthesised } from './stacks.ts';

const stack = synthesised(example);
const secrets = stack.resources('AWS::SecretsManager::Secret');

test('no secret is given a value, nor is one generated', () => {
  // Two each for two managed keys, the Admin key, Slack's webhook.
  expect(secrets.size).toBe(6);
  for (const [id, { Properties }] of secrets) {
    expect(Object.keys(Properties).sort(), id).toEqual(['Description', 'KmsKeyId', 'Name']);
  }
  expect(stack.text).not.toContain('GenerateSecretString');
  expect(stack.text).not.toContain('GetRandomPassword');
});

test('deploying rotates nothing', () => {
  const schedules = stack.resources('AWS::SecretsManager::RotationSchedule');
  expect(schedules.size).toBe(2);
  for (const { Properties } of schedules.values()) expect(Properties.RotateImmediatelyOnUpdate).toBe(false);
});

test("a schedule waits for all that the test call needs: the permission and the secrets' policies", () => {
  const { resource } = stack.one('AWS::SecretsManager::RotationSchedule', 'ManagedKeysProduction');
  expect(resource.DependsOn).toEqual(
    expect.arrayContaining([
      stack.one('AWS::Lambda::Permission', 'RotationSecretsManagerMayRotate').id,
      stack.one('AWS::SecretsManager::ResourcePolicy', 'ManagedKeysProductionConsumer').id,
      stack.one('AWS::SecretsManager::ResourcePolicy', 'ManagedKeysProductionStandby').id,
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
      { Effect: 'Allow', Action: 'secretsmanager:DescribeSecret' },
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
  expect(deniesAllBut(policy, [role])).toBe(true);
  expect(deniesAllBut(policy, ['another role'])).toBe(false);
});

test('what travels with the code is the policies of the configuration, in milliseconds, and nothing of AWS', () => {
  expect(stack.definitions).toMatchObject({ schema: 1, installation: 'keyguard-example', managedKeys: [{ name: 'production' }, {}] });
  expect(Object(stack.definitions)).toHaveProperty('managedKeys.1', {
    name: 'nightly-batch',
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
  expect(JSON.stringify(stack.definitions)).not.toMatch(/arn:|https?:/);
});

test('no function takes anything from a parameter, and the code of a function changes with a policy', () => {
  expect(stack.text).not.toMatch(/AWS::SSM::Parameter"|ssm:/);
  const code = ({ template }: Synthesised): unknown => template.findResources('AWS::Lambda::Function');
  const [production, ...others] = example.managedKeys;
  if (production === undefined) throw new Error('the example has no managed key');
  const changed = { ...production, containment: { ...production.containment, mode: 'off' as const } };
  expect(code(new Synthesised({ ...example, managedKeys: [changed, ...others] }))).not.toEqual(code(stack));
  expect(code(new Synthesised(example))).toEqual(code(stack));
});

test('what the command line looks for by name is called so, and no secret has an end that could be one of an ARN', () => {
  const names = (type: string, property: string): readonly unknown[] =>
    [...stack.resources(type).values()].map(({ Properties }) => Properties[property]).sort();
  expect(names('AWS::SecretsManager::Secret', 'Name')).toEqual([
    'keyguard-example/admin-key',
    'keyguard-example/nightly-batch/consumers',
    'keyguard-example/nightly-batch/standby',
    'keyguard-example/production/consumers',
    'keyguard-example/production/standby',
    'keyguard-example/slack-webhook',
  ]);
  expect(names('AWS::SecretsManager::Secret', 'Name').filter((name) => /-.{6}$/.test(String(name)))).toEqual([]);
  expect(names('AWS::SNS::Topic', 'TopicName')).toEqual(['keyguard-example-alarms', 'keyguard-example-alerts']);
  expect(names('AWS::Lambda::Function', 'FunctionName')).toEqual(
    functionsOf({})
      .map((name) => `keyguard-example-${name}`)
      .sort(),
  );
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
