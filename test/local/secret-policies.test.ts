import { expect, test } from 'vitest';
import { secretPolicies } from '../../local/secret-policies.ts';
import { example, rendered, synthesised } from '../lib/stacks.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Principal: { readonly AWS: unknown };
  readonly Condition?: { readonly ArnNotEquals: { readonly 'aws:PrincipalArn': unknown } };
}

/** The roles of the stack's functions, as its policies name them. */
const roles: Readonly<Record<string, string>> = {
  rotation: '{RotationRole.Arn}',
  retirement: '{RotationRetirementRole.Arn}',
  'usage-collector': '{UsageCollectorRole.Arn}',
  'anomaly-detector': '{DetectionDetectorRole.Arn}',
  notifier: '{IncidentsNotifierRole.Arn}',
};

function plain(statements: readonly object[]): readonly object[] {
  const text = (value: unknown): string => rendered(value).replace(/[0-9A-F]{8}(?=\.Arn)/, '');
  return (statements as readonly Statement[])
    .map(({ Action, Principal, Condition, ...rest }) => ({
      ...rest,
      Action: [Action].flat(),
      Principal: [Principal.AWS].flat().map(text).sort(),
      but: [Condition?.ArnNotEquals['aws:PrincipalArn'] ?? []].flat().map(text).sort(),
    }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

test("the local world's secrets have the policies that the stack gives them", () => {
  const stack = synthesised(example);
  const [name = ''] = example.managedKeys.map((key) => key.name);
  const key = `ManagedKeys${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const role = (of: string): string => roles[of] ?? of;
  for (const [policy, prefix] of [
    ['consumers', `${key}Consumer`],
    ['standby', `${key}Standby`],
    ['adminKey', 'InstallationAdminAccess'],
    ['channel', 'InstallationSlackWebhook'],
  ] as const) {
    const { ResourcePolicy } = stack.one('AWS::SecretsManager::ResourcePolicy', prefix).resource.Properties;
    const { Statement: statements } = ResourcePolicy as { readonly Statement: readonly object[] };
    expect(plain(secretPolicies[policy](role))).toEqual(plain(statements));
  }
});
