import { expect, test } from 'vitest';
import { deniesAllBut, letsInvoke, notAllowed } from '../../cli/doctor/policies.ts';

const role = 'arn:aws:iam::000000000000:role/rotation';
const denial = {
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions'],
  Resource: '*',
  Condition: { ArnNotEquals: { 'aws:PrincipalArn': role } },
};
const other = 'arn:aws:iam::000000000000:role/other';

test.each<[string, object]>([
  ['as the stack writes it', denial],
  ['with everybody as a word of its own', { ...denial, Principal: '*' }],
  ['of every action', { ...denial, Action: 'secretsmanager:*' }],
  ['in other letters', { ...denial, Condition: { ArnNotEquals: { 'aws:principalarn': [role] } } }],
])('a denial %s keeps everybody but the role out', (_name, statement) => {
  expect(deniesAllBut({ Statement: [statement] }, [role])).toBe(true);
  expect(deniesAllBut({ Statement: statement }, [role])).toBe(true);
});

test.each<[string, object]>([
  ['that allows', { ...denial, Effect: 'Allow' }],
  ['for one principal only', { ...denial, Principal: { AWS: other } }],
  ['of reading, and not of copying', { ...denial, Action: 'secretsmanager:GetSecretValue' }],
  ['that exempts another role', { ...denial, Condition: { ArnNotEquals: { 'aws:PrincipalArn': other } } }],
  ['that exempts another role too', { ...denial, Condition: { ArnNotEquals: { 'aws:PrincipalArn': [role, other] } } }],
  ['that exempts by a pattern', { ...denial, Condition: { ArnNotEquals: { 'aws:PrincipalArn': role.replace('rotation', '*') } } }],
  ['that holds on Sundays', { ...denial, Condition: { ...denial.Condition, DateLessThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } } }],
  ['by another key', { ...denial, Condition: { ArnNotEquals: { 'aws:SourceArn': role } } }],
  ['without any exemption, which keeps the rotation out too', { ...denial, Condition: undefined }],
])('a statement %s does not', (_name, statement) => {
  expect(deniesAllBut({ Statement: [statement] }, [role])).toBe(false);
});

test.each([undefined, null, 'text', {}, { Statement: 'text' }, { Statement: [] }])('%j is a policy that says nothing', (policy) => {
  expect(deniesAllBut(policy, [role])).toBe(false);
  expect(letsInvoke(policy, 'secretsmanager.amazonaws.com')).toBe(false);
});

const permission = { Effect: 'Allow', Principal: { Service: 'secretsmanager.amazonaws.com' }, Action: 'lambda:InvokeFunction' };
test.each<[string, object, boolean]>([
  ['this service to call', permission, true],
  ['this one among several', { ...permission, Principal: { Service: ['sns.amazonaws.com', 'secretsmanager.amazonaws.com'] } }, true],
  ['every action', { ...permission, Action: 'lambda:*' }, true],
  ['another service', { ...permission, Principal: { Service: 'sns.amazonaws.com' } }, false],
  ['another action', { ...permission, Action: 'lambda:GetFunction' }, false],
  ['nothing, because it denies', { ...permission, Effect: 'Deny' }, false],
])('a function’s policy that allows %s', (_name, statement, lets) => {
  expect(letsInvoke({ Statement: [statement] }, 'secretsmanager.amazonaws.com')).toBe(lets);
});

test('several that are exempted are exactly those, and what a role may do no more is named', () => {
  const both = { ...denial, Condition: { ArnNotEquals: { 'aws:PrincipalArn': [other, role] } } };
  expect(deniesAllBut({ Statement: both }, [role, other])).toBe(true);
  expect(deniesAllBut({ Statement: both }, [role])).toBe(false);
  expect(deniesAllBut({ Statement: denial }, [role, other])).toBe(false);
  const grant = { Effect: 'Allow', Principal: { AWS: role }, Action: 'secretsmanager:DescribeSecret', Resource: '*' };
  const wanted = ['secretsmanager:DescribeSecret', 'secretsmanager:RotateSecret'];
  expect(notAllowed({ Statement: grant }, role, wanted)).toEqual(['secretsmanager:RotateSecret']);
  expect(notAllowed({ Statement: grant }, other, wanted)).toEqual(wanted);
  expect(notAllowed({ Statement: { ...grant, Condition: { Bool: { 'aws:SecureTransport': 'false' } } } }, role, wanted)).toEqual(wanted);
  expect(notAllowed(undefined, role, wanted)).toEqual(wanted);
});
