import { PutResourcePolicyCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** ARN of the role of a function of this world, by the function's short name. */
export type RoleOf = (name: string) => string;

const letIn = (role: string | readonly string[], ...actions: readonly string[]): object => ({
  Effect: 'Allow',
  Principal: { AWS: role },
  Action: actions.map((action) => `secretsmanager:${action}`),
  Resource: '*',
});

const refuse = (Sid: string, ...roles: readonly string[]): object => ({
  Sid,
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions'],
  Resource: '*',
  Condition: { ArnNotEquals: { 'aws:PrincipalArn': roles } },
});

/** The secrets' own policies, written by hand after what the stack says; the local AWS shows them and does not enforce them. */
export const secretPolicies = {
  consumers: (role: RoleOf) => [
    letIn(role('rotation'), 'DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'),
    letIn(role('retirement'), 'DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'RotateSecret'),
    letIn(role('anomaly-detector'), 'DescribeSecret', 'GetSecretValue', 'RotateSecret'),
  ],
  standby: (role: RoleOf) => [
    letIn(role('rotation'), 'DescribeSecret', 'GetSecretValue', 'UpdateSecretVersionStage'),
    letIn([role('retirement'), role('anomaly-detector')], 'DescribeSecret'),
    refuse('OnlyTheRotationReads', role('rotation')),
  ],
  adminKey: (role: RoleOf) => [
    refuse('OnlyFunctionsAndOperatorsRead', ...['rotation', 'retirement', 'usage-collector', 'anomaly-detector'].map(role)),
  ],
  channel: (role: RoleOf) => [refuse('OnlyFunctionsAndOperatorsRead', role('notifier'))],
} as const;

export async function guard(secretId: string, statements: readonly object[], client: SecretsManagerClient): Promise<void> {
  const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await client.send(new PutResourcePolicyCommand({ SecretId: secretId, ResourcePolicy }));
}
