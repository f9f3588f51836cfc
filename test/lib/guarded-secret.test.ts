import { expect, test } from 'vitest';
import { Synthesised, example, rendered, synthesised } from './stacks.ts';

const operator = 'arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Security_0123456789abcdef';

interface Refusal {
  readonly actions: readonly string[];
  readonly butFor: readonly string[];
  /** The service through which anybody may, all the same. */
  readonly butVia?: unknown;
}

/** Who is refused what by the policy of this secret. */
function refusals(stack: Synthesised, prefix: string): readonly Refusal[] {
  const { resource } = stack.one('AWS::SecretsManager::ResourcePolicy', prefix);
  const { Statement: statements } = resource.Properties.ResourcePolicy as {
    readonly Statement: readonly {
      readonly Effect: string;
      readonly Principal: unknown;
      readonly Action: string | readonly string[];
      readonly Condition: {
        readonly ArnNotEquals: { readonly 'aws:PrincipalArn': unknown };
        readonly 'ForAllValues:StringNotEquals'?: { readonly 'aws:CalledVia': unknown };
      };
    }[];
  };
  return statements.map(({ Effect, Principal, Action, Condition }) => {
    expect([Effect, Principal]).toEqual(['Deny', { AWS: '*' }]);
    const butFor = [Condition.ArnNotEquals['aws:PrincipalArn']].flat().map((arn) => rendered(arn).replace(/[0-9A-F]{8}(?=\.Arn)/, ''));
    const butVia = Condition['ForAllValues:StringNotEquals']?.['aws:CalledVia'];
    return { actions: [Action].flat(), butFor: butFor.sort(), ...(butVia === undefined ? {} : { butVia }) };
  });
}

const reading = ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions'];
const writing = ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'];
const updating = { actions: ['secretsmanager:UpdateSecret'], butFor: [operator], butVia: 'cloudformation.amazonaws.com' };
const readers = ['{DetectionDetectorRole.Arn}', '{RotationRetirementRole.Arn}', '{RotationRole.Arn}', '{UsageCollectorRole.Arn}'];

test('functions and operators read the admin key, operators write it, deployments update it, others nothing', () => {
  const stack = new Synthesised({ ...example, operators: [operator] });
  expect(refusals(stack, 'InstallationAdminAccess')).toEqual([
    { actions: reading, butFor: [operator, ...readers] },
    { actions: writing, butFor: [operator] },
    updating,
  ]);
  expect(refusals(stack, 'InstallationSlackWebhook')).toEqual([
    { actions: reading, butFor: [operator, '{IncidentsNotifierRole.Arn}'] },
    { actions: writing, butFor: [operator] },
    updating,
  ]);
});

test('without operators only the functions read it, and who stores it is a matter of the account', () => {
  const stack = synthesised(example);
  expect(refusals(stack, 'InstallationAdminAccess')).toEqual([{ actions: reading, butFor: readers }]);
});

test('nobody is locked out of the policies themselves, and no secret loses its policy with the stack', () => {
  const stack = new Synthesised({ ...example, operators: [operator] });
  for (const [id, { Properties, DeletionPolicy, UpdateReplacePolicy }] of stack.resources('AWS::SecretsManager::ResourcePolicy')) {
    expect([id, DeletionPolicy, UpdateReplacePolicy]).toEqual([id, 'Retain', 'Retain']);
    expect(JSON.stringify(Properties.ResourcePolicy)).not.toMatch(/ResourcePolicy"|secretsmanager:\*/);
  }
  const key = stack.one('AWS::KMS::Key', 'InstallationEncryptionKey').resource;
  expect([key.DeletionPolicy, key.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  expect(stack.outputs()).toContain('EncryptionKeyArn');
});
