import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { ConfigurationError, Detection, Installation, ManagedKey, Rotation, parseConfiguration } from '../../lib/index.ts';
import type { ManagedKeyInput } from '../../lib/index.ts';
import { definitionsIn, quickApp } from './stacks.ts';

/** A stack of somebody else's that takes what it wants of ours. */
function foreignStack(): { readonly stack: Stack; readonly addKey: (key: ManagedKeyInput) => ManagedKey } {
  const stack = new Stack(quickApp(), 'Platform');
  const configuration = parseConfiguration(
    JSON.stringify({
      installation: 'platform',
      anthropic: { organizationId: '00000000-0000-4000-8000-000000000000', adminAccess: { kind: 'key' } },
      managedKeys: [{ name: 'unused-here', workspaceId: 'wrkspc_1' }],
      alerts: { emails: ['platform@example.com'] },
    }),
    'inline',
  );
  const installation = new Installation(stack, 'KeyGuard', { configuration });
  const rotatedBy = new Rotation(stack, 'Rotation', { installation });
  const watchedBy = new Detection(stack, 'Detection', { installation, rotation: rotatedBy });
  return { stack, addKey: (key) => new ManagedKey(stack, 'Checkout', { ...key, installation, rotatedBy, watchedBy }) };
}

test('a managed key can stand in a stack of your own, with defaults for all but name and workspace', () => {
  const { stack, addKey } = foreignStack();
  addKey({ name: 'checkout', workspaceId: 'wrkspc_1' });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::SecretsManager::RotationSchedule', {
    RotateImmediatelyOnUpdate: false,
    RotationRules: { ScheduleExpression: 'rate(30 days)' },
  });
  expect(definitionsIn(stack)).toMatchObject({ installation: 'platform', managedKeys: [{ name: 'checkout', workspaceId: 'wrkspc_1' }] });
});

test('a consumer that is let in reads the current value, and no other version', () => {
  const { stack, addKey } = foreignStack();
  const role = new Role(stack, 'Consumer', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  addKey({ name: 'checkout', workspaceId: 'wrkspc_1' }).grantRead(role).assertSuccess();
  Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'secretsmanager:GetSecretValue',
          Condition: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': 'AWSCURRENT' } },
        }),
        Match.objectLike({ Action: 'secretsmanager:DescribeSecret' }),
      ]),
    },
  });
});

test("its usage is a metric by the managed key's name, whichever API key it holds", () => {
  const { stack, addKey } = foreignStack();
  const metric = addKey({ name: 'checkout', workspaceId: 'wrkspc_1' }).metricUsage('outputTokens');
  expect(stack.resolve(metric.toMetricConfig().metricStat)).toMatchObject({
    namespace: 'KeyGuard',
    metricName: 'OutputTokens',
    dimensions: [
      { name: 'Installation', value: 'platform' },
      { name: 'ManagedKey', value: 'checkout' },
    ],
  });
});

test('a wrong setting is refused where it stands, with value and fix', () => {
  const wrong = (): ManagedKey => foreignStack().addKey({ name: 'checkout', workspaceId: 'wrkspc_1', rotation: { minimumGrace: '60s' } });
  expect(wrong).toThrow(ConfigurationError);
  expect(wrong).toThrow(/Platform\/Checkout has one problem:\n {2}rotation\.minimumGrace: "60s" is too short.*\n.*Give more than 300s/);
});
